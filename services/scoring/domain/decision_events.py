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
class ClaimDisputed(Event):
    """A part of what is due under a loan is formally disputed, or the dispute is settled.

    `due_day` names the instalment, 0 for the oldest ones; `status` is a code of
    `vocabulary.DISPUTE_STATUSES`; `settled_day` is 0 while the dispute is open.
    """

    dispute_id: str
    loan_id: str
    disputed_minor: int
    currency: str
    due_day: int
    raised_day: int
    status: int
    settled_day: int


@dataclass(slots=True)
class LoanClosed(Event):
    """A loan ended on `closed_day`, for a reason of `vocabulary.CLOSING_REASONS`."""

    loan_id: str
    closed_day: int
    reason: str
