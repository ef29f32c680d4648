"""What changed since people last read about a borrower: since the last message or state.

`LastMessage` is the assessment of the last message that was sent about the borrower; before the
first one it is that of the last change of state. Texts are written in the languages of the readers
by `AssessmentWords`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from services.alerts.primitives.vocabulary import Level, RiskState

LEAST_SCORE_MOVE = 0.05


class DifferenceKind(StrEnum):
    """What differs between two assessments."""

    STATE = "STATE"
    LEVEL = "LEVEL"
    SCORE = "SCORE"
    LOST = "LOST"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentDifference:
    """One difference: before and now; ``LOST`` is a level that a correction took away."""

    kind: DifferenceKind
    before: str
    after: str
    indicator: str | None = None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastMessage:
    """The assessment that people read last; ``was_sent`` is false for that of a change of state."""

    sequence: int
    as_of: date
    at: datetime
    state: RiskState
    score: float
    was_sent: bool
    levels: Mapping[str, Level] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentLevels:
    """State, score and lit indicators of the assessment that is compared, by indicator."""

    state: RiskState
    score: float
    levels: Mapping[str, Level]
    names: Mapping[str, str]


def differences(last: LastMessage, now: CurrentLevels) -> tuple[AssessmentDifference, ...]:
    """Returns what differs now: the state, then levels, the worst first, then the score."""
    changes = []
    if last.state is not now.state:
        changes.append(
            AssessmentDifference(
                kind=DifferenceKind.STATE, before=last.state.value, after=now.state.value
            )
        )
    changes += _levels(last, now)
    if abs(now.score - last.score) >= LEAST_SCORE_MOVE:
        changes.append(
            AssessmentDifference(
                kind=DifferenceKind.SCORE, before=f"{last.score:.1f}", after=f"{now.score:.1f}"
            )
        )
    return tuple(changes)


def _levels(last: LastMessage, now: CurrentLevels) -> list[AssessmentDifference]:
    names = {**last.names, **now.names}
    pairs = [
        (indicator, last.levels.get(indicator, Level.GREEN), now.levels.get(indicator, Level.GREEN))
        for indicator in sorted(names)
    ]
    changed = [pair for pair in pairs if pair[1] is not pair[2]]
    changed.sort(key=lambda pair: (-pair[2].rank, -pair[1].rank, pair[0]))
    return [
        AssessmentDifference(
            kind=DifferenceKind.LEVEL,
            indicator=indicator,
            name=names[indicator],
            before=before.value,
            after=after.value,
        )
        for indicator, before, after in changed
    ]
