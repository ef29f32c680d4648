"""What an assessment says that nobody has been told yet, and whether it may be said now.

A person is told about an indicator once per level and state spell. News is an indicator not
told of, a level that rose, or a score that rose by 10 since it was last told. Amber news
waits 14 days after the last notice of any kind; red news 7 days after the last notice that
was itself red or worse, so that the first red is never held back by an amber one; a hard
trigger never waits. What had to wait is still news later.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.alerts.decisions.domain.assessment import Assessment, Contributor
from services.alerts.primitives.vocabulary import Level

SCORE_RISE = 10.0
COOL_OFF = {
    Level.AMBER: timedelta(days=14),
    Level.RED: timedelta(days=7),
    Level.HARD: timedelta(0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the people in charge know of a borrower in the present state spell."""

    levels: Mapping[str, Level] = field(default_factory=dict)
    score: float = 0.0
    any_at: datetime | None = None
    red_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What is new, worst first, and its level; empty contributors mean the score alone."""

    contributors: tuple[Contributor, ...]
    score_rise: float
    level: Level

    @property
    def why(self) -> str:
        """Return the news in words."""
        parts = [f"{one.indicator} {one.level.lower()}" for one in self.contributors]
        if self.score_rise >= SCORE_RISE:
            parts.append(f"score up {self.score_rise:.1f}")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """News that has to wait, until when and why."""

    until: datetime
    why: str


def find_news(assessment: Assessment, told: Told) -> News | None:
    """Return what is new against what was told; None when nothing is."""
    fresh = tuple(
        sorted(
            (
                one
                for one in assessment.contributors
                if one.level.rank > told.levels.get(one.indicator, Level.GREEN).rank
            ),
            key=lambda one: (-one.level.rank, -one.share, one.indicator),
        )
    )
    rise = assessment.score - told.score if told.any_at is not None else 0.0
    if fresh:
        return News(contributors=fresh, score_rise=rise, level=fresh[0].level)
    if rise >= SCORE_RISE:
        level = Level.RED if assessment.worst_level.rank >= Level.RED.rank else Level.AMBER
        return News(contributors=(), score_rise=rise, level=level)
    return None


def must_wait(news: News, *, told: Told, at: datetime) -> Wait | None:
    """Return until when news has to wait; None when it may be told now."""
    last = told.any_at if news.level is Level.AMBER else told.red_at
    if last is None or news.level is Level.HARD:
        return None
    until = last + COOL_OFF[news.level]
    if at >= until:
        return None
    days = COOL_OFF[news.level].days
    return Wait(
        until=until, why=f"{news.level.lower()} news waits {days} days after the last notice"
    )


def told_of(assessment: Assessment, *, before: Told | None) -> Told:
    """Return what is known after a notice; `before` is None when a new spell begins.

    A level told stays told while the spell lasts, also when the indicator recovers between:
    an indicator that swings round its threshold is told once.
    """
    levels = dict(before.levels) if before is not None else {}
    for one in assessment.contributors:
        if one.level.rank > levels.get(one.indicator, Level.GREEN).rank:
            levels[one.indicator] = one.level
    is_red = assessment.worst_level.rank >= Level.RED.rank
    red_before = before.red_at if before is not None else None
    return Told(
        levels=levels,
        score=assessment.score,
        any_at=assessment.at,
        red_at=assessment.at if is_red else red_before,
    )
