"""Take in what a borrower does beside its business: drawdowns, promises, forecasts, blocks.

Called by `fold`, one function per event type; each returns the kinds of fact it touched, 0 where
the event says nothing new. A correction removes what it names first.
"""

from bisect import bisect_left
from collections.abc import Callable
from typing import Any, Final

from services.scoring.domain.borrower.borrower import (
    ACCOUNTS_PART,
    DEALINGS_PART,
    Borrower,
    event_ref,
)
from services.scoring.domain.borrower.flows import Dealings
from services.scoring.domain.events.accounts import AccountBlocked
from services.scoring.domain.events.credit_file import ForecastReceived
from services.scoring.domain.events.event import Event
from services.scoring.domain.events.loans import LoanDisbursed, PromiseMade
from services.scoring.domain.handlers import lender_flows
from services.scoring.domain.handlers.account_flows import account_of
from services.scoring.domain.handlers.credit_file import party_digest
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.vocabulary import (
    LEGAL_BLOCK,
    NO_CORRECTION,
    RELEASED,
    REVERSAL_OF,
    SEIZURE,
)

# Where the money of a drawdown went first.
TO_OWN_ACCOUNT: Final = 0
TO_RELATED_PARTY: Final = 1
TO_THIRD_PARTY: Final = 2
# The longest window of ninety days, and a week because pruning happens only every seventh day.
DEALINGS_KEPT: Final = 100
MOST_FORECASTS: Final = 12
ENFORCEMENTS: Final = {SEIZURE: "SEIZURE", LEGAL_BLOCK: "LEGAL"}


def disburse(borrower: Borrower, event: LoanDisbursed) -> int:
    """Remember a drawdown and where its money went first."""
    dealings = borrower.dealings
    removed = _corrected(event, dealings.drawn_refs, _drawdowns(dealings))
    if removed:
        lender_flows.forget_untraced(dealings)
    if event.correction_kind == REVERSAL_OF:
        return touched.PROCEEDS if removed else 0
    if event.currency != borrower.profile.reporting_currency != "":
        return touched.PROCEEDS if removed else 0
    place = _place(dealings.drawn_days, dealings.drawn_refs, event.value_day, event)
    dealings.drawn_days.insert(place, event.value_day)
    dealings.drawn_minor.insert(place, event.drawn_minor)
    dealings.drawn_loans.insert(place, event.loan_id)
    dealings.drawn_to.insert(place, _payee(borrower, event.payee_account_id))
    dealings.drawn_refs.insert(place, event_ref(event.source, event.id))
    return touched.PROCEEDS


def _place(days: list[int], refs: list[str], day: int, event: Event) -> int:
    """Return where an entry goes: by its day, inside the day by its reference."""
    place, ref = bisect_left(days, day), event_ref(event.source, event.id)
    while place < len(days) and days[place] == day and refs[place] < ref:
        place += 1
    return place


def _payee(borrower: Borrower, payee_account_id: str) -> int:
    if any(account.account_id == payee_account_id for account in borrower.accounts):
        return TO_OWN_ACCOUNT
    related = borrower.credit_file.related_parties
    if related and party_digest(payee_account_id) in related:
        return TO_RELATED_PARTY
    return TO_THIRD_PARTY


def promise(borrower: Borrower, event: PromiseMade) -> int:
    """Remember a promise to pay."""
    dealings = borrower.dealings
    removed = _corrected(event, dealings.promise_refs, _promises(dealings))
    if event.correction_kind == REVERSAL_OF:
        return touched.PROMISES if removed else 0
    place = _place(dealings.promise_days, dealings.promise_refs, event.promise_day, event)
    dealings.promise_days.insert(place, event.promise_day)
    dealings.promise_made_days.insert(place, event.made_day)
    dealings.promise_minor.insert(place, event.promised_minor)
    dealings.promise_loans.insert(place, event.loan_id)
    dealings.promise_refs.insert(place, event_ref(event.source, event.id))
    return touched.PROMISES


def forecast(borrower: Borrower, event: ForecastReceived) -> int:
    """Keep a forecast made before its period was over; a later one for the period replaces it."""
    dealings = borrower.dealings
    removed = _corrected(event, dealings.forecast_refs, _forecasts(dealings))
    facts = touched.STATEMENTS if removed else 0
    is_foreign = event.currency != borrower.profile.reporting_currency != ""
    is_hindsight = event.received_day > event.period_end_day
    if event.correction_kind == REVERSAL_OF or is_foreign or is_hindsight:
        return facts
    of_period = (event.period_end_day, event.period_months, event.metric)
    known = zip(
        dealings.forecast_ends, dealings.forecast_months, dealings.forecast_metrics, strict=True
    )
    for place, one in enumerate(known):
        if one == of_period:
            _drop(_forecasts(dealings), place, place + 1)
            break
    place = bisect_left(dealings.forecast_ends, event.period_end_day)
    dealings.forecast_ends.insert(place, event.period_end_day)
    dealings.forecast_months.insert(place, event.period_months)
    dealings.forecast_metrics.insert(place, event.metric)
    dealings.forecast_minor.insert(place, event.forecast_minor)
    dealings.forecast_refs.insert(place, event_ref(event.source, event.id))
    _drop(_forecasts(dealings), 0, len(dealings.forecast_ends) - MOST_FORECASTS)
    return touched.STATEMENTS


def block(borrower: Borrower, event: AccountBlocked) -> int:
    """Note an enforcement against an account, or its end; the newest word counts.

    A block that the customer asked for is none, and suspected fraud is another track.
    """
    if event.kind != RELEASED and event.kind not in ENFORCEMENTS:
        return 0
    account = account_of(borrower, event.account_id)
    if event.effective_day < account.block_day:
        return 0
    account.block_day = event.effective_day
    account.block_kind = ENFORCEMENTS.get(event.kind, "")
    account.block_ref = event_ref(event.source, event.id) if account.block_kind else ""
    return touched.EXTERNAL


def _corrected(event: Event, refs: list[str], columns: tuple[list[Any], ...]) -> bool:
    """Remove the entry that the event corrects; return whether there was one."""
    if event.correction_kind == NO_CORRECTION or event.corrects_id is None:
        return False
    ref = event_ref(event.source, event.corrects_id)
    if ref not in refs:
        return False
    place = refs.index(ref)
    _drop(columns, place, place + 1)
    return True


def _drop(columns: tuple[list[Any], ...], start: int, end: int) -> None:
    if end > start:
        for column in columns:
            del column[start:end]


def _drawdowns(dealings: Dealings) -> tuple[list[Any], ...]:
    return (
        dealings.drawn_days,
        dealings.drawn_minor,
        dealings.drawn_loans,
        dealings.drawn_to,
        dealings.drawn_refs,
    )


def _promises(dealings: Dealings) -> tuple[list[Any], ...]:
    return (
        dealings.promise_days,
        dealings.promise_made_days,
        dealings.promise_minor,
        dealings.promise_loans,
        dealings.promise_refs,
    )


def _forecasts(dealings: Dealings) -> tuple[list[Any], ...]:
    return (
        dealings.forecast_ends,
        dealings.forecast_months,
        dealings.forecast_metrics,
        dealings.forecast_minor,
        dealings.forecast_refs,
    )


def forget_before(dealings: Dealings, day: int) -> None:
    """Drop what no window reaches any more at the close of the day."""
    first = day - DEALINGS_KEPT
    _drop(_drawdowns(dealings), 0, bisect_left(dealings.drawn_days, first))
    _drop(_promises(dealings), 0, bisect_left(dealings.promise_days, first))
    lender_flows.forget_before(dealings, day, first)


# Any: each function takes its own event type, and the table is keyed by exactly that type.
TAKE: Final[dict[type[Event], Callable[[Borrower, Any], int]]] = {
    LoanDisbursed: disburse,
    PromiseMade: promise,
    ForecastReceived: forecast,
    AccountBlocked: block,
}
TYPE_NAMES: Final[dict[type[Event], str]] = {
    LoanDisbursed: "loan.disbursed.v1",
    PromiseMade: "promise.made.v1",
    ForecastReceived: "forecast.received.v1",
    AccountBlocked: "account.blocked.v1",
}
PARTS: Final[dict[type[Event], int]] = {
    LoanDisbursed: DEALINGS_PART,
    PromiseMade: DEALINGS_PART,
    ForecastReceived: DEALINGS_PART,
    AccountBlocked: ACCOUNTS_PART,
}
