"""Events by which people decide about a borrower or a loan ends; see `events`."""

from dataclasses import dataclass

from services.scoring.domain.events import Event


@dataclass(slots=True)
class OverrideApproved(Event):
    """Two people decided something; see `decisions.Override` for the fields."""

    override_id: str
    kind: int
    state: int
    reason: str
    proposed_by: str
    approved_by: list[str]
    effective_day: int
    expires_day: int | None
    loan_id: str
    points_micro: int
    flags: int
    trigger: str


@dataclass(slots=True)
class LoanClosed(Event):
    """A loan ended on `closed_day`, for a reason of `vocabulary.CLOSING_REASONS`."""

    loan_id: str
    closed_day: int
    reason: str
