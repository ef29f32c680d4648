"""Decoded events about drawdowns, promises, blocks and forecasts: see `events` for what all carry.

`adapters/wire_dealings.py` makes them, `dealings` applies them.
"""

from dataclasses import dataclass

from services.scoring.domain.events import Event


@dataclass(slots=True)
class LoanDisbursed(Event):
    """Money was paid out under a loan, to an account of the borrower's or of somebody else."""

    loan_id: str
    drawn_minor: int
    currency: str
    value_day: int
    payee_account_id: str


@dataclass(slots=True)
class PromiseMade(Event):
    """The borrower promised on ``made_day`` to pay an amount by ``promise_day``."""

    loan_id: str
    promised_minor: int
    currency: str
    promise_day: int
    made_day: int


@dataclass(slots=True)
class AccountBlocked(Event):
    """An account was seized, blocked or released; ``kind`` is of `vocabulary.BLOCK_KINDS`."""

    account_id: str
    kind: int
    effective_day: int


@dataclass(slots=True)
class ForecastReceived(Event):
    """The borrower's own forecast of one figure for one period."""

    metric: int
    period_end_day: int
    period_months: int
    forecast_minor: int
    currency: str
    received_day: int
