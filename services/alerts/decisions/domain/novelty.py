"""What an assessment contains that nobody was notified of, and whether the cooldown is over.

People are notified of an indicator once per level and state spell. Novel is an indicator of which
they were not notified, a level that rose, or a score that rose by 10 since the last notice. Amber
novelties wait 14 days after the last notice of any level; red ones wait 7 days after the last
notice that was red or worse, so that no amber notice delays the first red one; a hard trigger never
waits. What had to wait is still novel later.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.alerts.decisions.domain.assessment import AssessmentSummary, ContributorSummary
from services.alerts.primitives.vocabulary import Level, RiskState

SCORE_RISE = 10.0
COOLDOWNS = {
    Level.AMBER: timedelta(days=14),
    Level.RED: timedelta(days=7),
    Level.HARD: timedelta(0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LastNotified:
    """The levels and the score of which people were notified in the present state spell.

    `is_withheld` says that the spell opened no alert, because no money was at risk. `held_state` is
    the state that people know while a notice is held back.
    """

    levels: Mapping[str, Level] = field(default_factory=dict)
    score: float = 0.0
    any_at: datetime | None = None
    red_at: datetime | None = None
    is_withheld: bool = False
    held_state: RiskState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Novelty:
    """What is new, worst first, and its level; without contributors it is the score alone."""

    contributors: tuple[ContributorSummary, ...]
    score_rise: float
    level: Level

    @property
    def why(self) -> str:
        """Describes the novelty in words."""
        parts = [
            f"{contributor.indicator} {contributor.level.lower()}"
            for contributor in self.contributors
        ]
        if self.score_rise >= SCORE_RISE:
            parts.append(f"score up {self.score_rise:.1f}")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cooldown:
    """Until when a novelty waits, and why."""

    until: datetime
    why: str


def find_novelty(assessment: AssessmentSummary, notified: LastNotified) -> Novelty | None:
    """Returns what is new compared with the last notice; None when nothing is."""
    novel = tuple(
        sorted(
            (
                contributor
                for contributor in assessment.contributors
                if contributor.level.rank
                > notified.levels.get(contributor.indicator, Level.GREEN).rank
            ),
            key=worst_first,
        )
    )
    rise = assessment.score - notified.score if notified.any_at is not None else 0.0
    if novel:
        return Novelty(contributors=novel, score_rise=rise, level=novel[0].level)
    if rise >= SCORE_RISE:
        level = Level.RED if assessment.worst_level.rank >= Level.RED.rank else Level.AMBER
        return Novelty(contributors=(), score_rise=rise, level=level)
    return None


def worst_first(contributor: ContributorSummary) -> tuple[int, float, str]:
    """Orders contributors by level, then by share."""
    return (-contributor.level.rank, -contributor.share, contributor.indicator)


def cooldown(novelty: Novelty, *, notified: LastNotified, at: datetime) -> Cooldown | None:
    """Returns the cooldown that delays a novelty; None when people may be notified now."""
    last = notified.any_at if novelty.level is Level.AMBER else notified.red_at
    if last is None or novelty.level is Level.HARD:
        return None
    until = last + COOLDOWNS[novelty.level]
    if at >= until:
        return None
    days = COOLDOWNS[novelty.level].days
    return Cooldown(
        until=until, why=f"{novelty.level.lower()} news waits {days} days after the last notice"
    )


def notified_of(assessment: AssessmentSummary, *, before: LastNotified | None) -> LastNotified:
    """Returns the state after a notice; `before` is None when a new spell begins.

    A level stays notified while the spell lasts, also when the indicator recovers between: an
    indicator that swings round its threshold causes one notice.
    """
    levels = dict(before.levels) if before is not None else {}
    for contributor in assessment.contributors:
        if contributor.level.rank > levels.get(contributor.indicator, Level.GREEN).rank:
            levels[contributor.indicator] = contributor.level
    is_red = assessment.worst_level.rank >= Level.RED.rank
    red_before = before.red_at if before is not None else None
    return LastNotified(
        levels=levels,
        score=assessment.score,
        any_at=assessment.at,
        red_at=assessment.at if is_red else red_before,
    )
