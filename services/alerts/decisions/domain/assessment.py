"""The part of `assessment.changed.v1` that alerting decides on, and its place in the sequence.

The rest of the assessment stays in the stored document for the card. `at` is the moment of
knowledge; every decision takes its time from there. Scoring numbers the assessments of a borrower
from 1 without a gap: a number that skips others means that something between scoring and alerts
was lost, and nobody guesses what.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final, Protocol

from services.alerts.decisions.domain.differences import (
    AssessmentDifference,
    CurrentLevels,
    LastMessage,
)
from services.alerts.decisions.domain.playbooks import Situation
from services.alerts.primitives.vocabulary import Level, RiskState

# Inspections and findings of officers, and covenants.
FOR_A_PERSON: Final = frozenset({"C-07", "F-18"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributorSummary:
    """One indicator that is not green; `AssessmentWords` has its figures."""

    indicator: str
    name: str
    risk_type: str
    factor: str
    trigger: str
    stage: str
    level: Level
    share: float
    evidence_event_ids: tuple[str, ...]


class AssessmentWords(Protocol):
    """Words one assessment in the languages of the readers; `adapters` implement it."""

    languages: tuple[str, ...]

    def headline(self, language: str) -> str:
        """Returns the state and the strongest present cause."""
        ...

    def cause(self, language: str, indicator: str) -> str:
        """Returns a contributor with thresholds, usual figure and what it is about."""
        ...

    def step(self, language: str, risk_type: str, code: str) -> str:
        """Returns a step of a playbook."""
        ...

    def why(self, language: str) -> tuple[str, ...]:
        """Returns when and why the present state was entered, as recorded then."""
        ...

    def difference(self, language: str, difference: AssessmentDifference) -> str:
        """Returns one difference from an earlier assessment."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentSummary:
    """A borrower's assessment, contributors in the order of their share.

    `also` are lit signals that repeat the fact of a contributor: indicator, name and level. Which
    one of them contributes may change while none of their levels does. `tasks` are the codes of
    what waits for a person though it makes no alert.
    """

    borrower_id: str
    sequence: int
    at: datetime
    as_of: date
    state: RiskState
    from_state: RiskState | None
    state_since: date
    score: float
    contributors: tuple[ContributorSummary, ...]
    segment: str | None
    officer_id: str | None
    branch_id: str | None
    is_corrected: bool
    is_money_at_risk: bool = True
    is_officer_signal: bool = False
    has_debt: bool = True
    has_line: bool = True
    is_undrawn: bool = True
    days_late: int = 0
    measured_green: frozenset[str] = frozenset()
    tasks: tuple[str, ...] = ()
    words: AssessmentWords = field(repr=False, compare=False)
    also: tuple[tuple[str, str, Level], ...] = ()

    @property
    def current(self) -> CurrentLevels:
        """Returns what is compared with the assessment that people read last."""
        lit = [(item.indicator, item.name, item.level) for item in self.contributors]
        lit += self.also
        return CurrentLevels(
            state=self.state,
            score=self.score,
            levels={indicator: level for indicator, _, level in lit},
            names={indicator: name for indicator, name, _ in lit},
        )

    def as_message(self, *, was_sent: bool) -> LastMessage:
        """Returns this assessment as the one that people read last."""
        now = self.current
        return LastMessage(
            sequence=self.sequence,
            as_of=self.as_of,
            at=self.at,
            state=now.state,
            score=now.score,
            was_sent=was_sent,
            levels=now.levels,
            names=now.names,
        )

    @property
    def factors(self) -> tuple[str, ...]:
        """Returns the factors of the causes, that of the largest share first."""
        return tuple(dict.fromkeys(item.factor for item in self.contributors))

    @property
    def triggers(self) -> tuple[str, ...]:
        """Returns the trigger classes of the causes."""
        return tuple(dict.fromkeys(item.trigger for item in self.contributors))

    @property
    def stages(self) -> tuple[str, ...]:
        """Returns the process stages whose weakness the causes show."""
        return tuple(dict.fromkeys(item.stage for item in self.contributors))

    @property
    def situation(self) -> Situation:
        """Returns what the next steps must fit."""
        return Situation(
            state=self.state,
            segment=self.segment,
            has_debt=self.has_debt,
            has_line=self.has_line,
            is_undrawn=self.is_undrawn,
            days_late=self.days_late,
        )

    @property
    def is_for_a_person(self) -> bool:
        """Returns whether a hard trigger, a finding or a covenant needs a person to close it."""
        return (
            self.is_officer_signal
            or self.worst_level is Level.HARD
            or any(item.indicator in FOR_A_PERSON for item in self.contributors)
        )

    @property
    def worst_level(self) -> Level:
        """Returns the worst level among the contributors; green when there is none."""
        return max(
            (contributor.level for contributor in self.contributors),
            key=lambda level: level.rank,
            default=Level.GREEN,
        )


class SequencePosition(StrEnum):
    """Where a sequence number is relative to the last one applied."""

    NEXT = "next"
    DUPLICATE = "duplicate"
    GAP = "gap"


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceVerdict:
    """The position of a number, and the reason for the log."""

    position: SequencePosition
    reason: str


def check_sequence(*, last_applied: int, number: int) -> SequenceVerdict:
    """Compares a number with the last one applied (0 for a new borrower)."""
    if number == last_applied + 1:
        return SequenceVerdict(position=SequencePosition.NEXT, reason="the next number")
    if number <= last_applied:
        return SequenceVerdict(
            position=SequencePosition.DUPLICATE,
            reason=f"number {number} was applied; {last_applied} is the last",
        )
    return SequenceVerdict(
        position=SequencePosition.GAP,
        reason=f"number {number} follows {last_applied}; {number - last_applied - 1} are missing",
    )
