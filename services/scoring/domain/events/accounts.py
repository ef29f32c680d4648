"""Events of accounts and lines: flows, balances, returned items, blocks, limits; see `event`."""

from dataclasses import dataclass

from services.scoring.domain.events.event import Event


@dataclass(slots=True)
class AccountTransacted(Event):
    """One flow on an account.

    With `correction_kind` reversal the data repeats the flow that is withdrawn (same account,
    direction, category, amount, value date, counterparty); it is removed from every window. What is
    to be amended or back-dated is reversed, and the right transaction follows as one of its own.

    Args:
        is_guess: The source is not sure of the category: no habit is learnt from the flow.
    """

    account_id: str
    direction: int
    amount_minor: int
    currency: str
    category: int
    value_day: int
    channel: int
    facility_id: str | None
    counterparty_id: str | None
    counterparty_type: int
    balance_after_minor: int | None
    expected_cycle_key: str | None
    is_guess: bool = False


@dataclass(slots=True)
class AccountBalanceClosed(Event):
    """The end-of-day balance of one account on `balance_day`."""

    account_id: str
    balance_day: int
    eod_minor: int
    available_minor: int | None
    currency: str


@dataclass(slots=True)
class AccountItemReturned(Event):
    """A payment that came back. Outgoing: the borrower's own item; else one of its customers'."""

    account_id: str
    amount_minor: int
    currency: str
    return_reason: int
    is_outgoing: bool
    value_day: int


@dataclass(slots=True)
class AccountBlocked(Event):
    """An account was seized, blocked or released; ``kind`` is of `vocabulary.BLOCK_KINDS`."""

    account_id: str
    kind: int
    effective_day: int


@dataclass(slots=True)
class FacilityBalanceClosed(Event):
    """The end-of-day use of one line on `balance_day`."""

    facility_id: str
    loan_id: str | None
    account_id: str | None
    balance_day: int
    limit_minor: int
    drawn_minor: int
    drawing_power_minor: int | None
    undrawn_usable_minor: int | None
    interest_debited_minor: int
    currency: str
    months_past_due: int | None = None


@dataclass(slots=True)
class LimitChanged(Event):
    """The advised limit of a line from a day on; a temporary one ends on ``until``, else 0."""

    facility_id: str
    limit_minor: int
    power_minor: int | None
    currency: str
    effective_day: int
    until: int
