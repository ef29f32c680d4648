"""What alerting reads of an assessment: the part of `assessment.changed.v1` that decides.

The rest (regimes, unmeasurable indicators, what changed) stays in the stored document for
the card. Made by the adapters from the wire; `at` is the moment of knowledge, and every
decision takes its time from there.
"""

from dataclasses import dataclass
from datetime import date, datetime

from services.alerts.primitives.vocabulary import Level, RiskState


@dataclass(frozen=True, slots=True, kw_only=True)
class Contributor:
    """One indicator that is not green, as scoring explained it. Numbers are for display."""

    indicator: str
    name: str
    risk_type: str
    level: Level
    value: str
    unit: str
    amber: str
    red: str
    baseline: str | None
    share: float
    since: date | None
    evidence_event_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """A borrower's assessment, contributors in the order of their share."""

    borrower_id: str
    sequence: int
    at: datetime
    as_of: date
    state: RiskState
    from_state: RiskState | None
    state_since: date
    score: float
    contributors: tuple[Contributor, ...]
    segment: str | None
    officer_id: str | None
    branch_id: str | None
    is_corrected: bool

    @property
    def worst_level(self) -> Level:
        """Return the worst level among the contributors; green when there is none."""
        return max((one.level for one in self.contributors), key=_rank, default=Level.GREEN)


def _rank(level: Level) -> int:
    return level.rank
