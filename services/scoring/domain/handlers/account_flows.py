"""Take account flows, balances, returned items and line use into the facts.

Called by `fold`. A flow belongs to its value day, whenever it arrives; a reversal takes exactly
that flow out of every window. Single flows are not kept, so one that puts another right in one step
cannot take it away and would count twice: the wire refuses it, and here it counts nothing. A value
day far from the booking (more than 31 days ahead or 730 back) is a mistake of the source: the flow
then counts on its booking day.
"""

from typing import Final

from services.scoring.domain.arrears import days_past_due, facility_use
from services.scoring.domain.borrower.borrower import (
    ACCOUNTS_PART,
    RETURNED_INCOMING,
    RETURNED_OUTGOING,
    Account,
    Borrower,
    Facility,
    Flows,
    event_ref,
)
from services.scoring.domain.borrower.risk import slot_of
from services.scoring.domain.events.accounts import (
    AccountBalanceClosed,
    AccountItemReturned,
    AccountTransacted,
    FacilityBalanceClosed,
)
from services.scoring.domain.handlers import lender_flows, pass_through, payers, recurring_payments
from services.scoring.domain.handlers.returned_items import add_bounce, correct_bounce
from services.scoring.domain.primitives import daily_values, series, touched
from services.scoring.domain.primitives.dates import add_to_month, month_of
from services.scoring.domain.primitives.flow_kinds import (
    CASH,
    CREDIT_KINDS,
    DEBIT_KINDS,
    FROM_RELATED,
    OPERATING_CREDIT,
    OPERATING_DEBIT,
    OTHERS_MONEY,
    RARE,
    RELATED,
    ROUTINE,
    SPENT,
    UNKNOWN_CREDIT,
)
from services.scoring.domain.primitives.vocabulary import CASH as CASH_CHANNEL
from services.scoring.domain.primitives.vocabulary import (
    DEBIT,
    INSUFFICIENT_FUNDS,
    NO_CORRECTION,
    REVERSAL_OF,
)
from services.scoring.domain.views import balances, lines

MOST_DAYS_AHEAD: Final = 31
MOST_DAYS_BACK: Final = 730
MOST_REFS: Final = 3
PASS_THROUGH_SLOT: Final = slot_of("A-21")


def account_of(borrower: Borrower, account_id: str) -> Account:
    """Return the account, made if it is not known yet."""
    for account in borrower.accounts:
        if account.account_id == account_id:
            return account
    account = Account(account_id)
    borrower.accounts.append(account)
    borrower.changed |= ACCOUNTS_PART
    return account


def know_from(flows: Flows, day: int) -> bool:
    """Remember that accounts are known from this day at the latest; return whether it is news."""
    if flows.known_day and day >= flows.known_day:
        return False
    flows.known_day = day
    return True


def flow_day(value_day: int, booked_day: int) -> int:
    """Return the day on which a flow counts."""
    if booked_day - MOST_DAYS_BACK <= value_day <= booked_day + MOST_DAYS_AHEAD:
        return value_day
    return booked_day


def take_flow(borrower: Borrower, event: AccountTransacted) -> int:
    """Add a flow to its windows, or take a reversed one out; return what it touched."""
    is_reversal = event.correction_kind == REVERSAL_OF
    if event.correction_kind != NO_CORRECTION and not is_reversal:
        return 0
    account = account_of(borrower, event.account_id)
    flows = borrower.flows
    day = flow_day(event.value_day, event.day)
    facts = touched.MONTHS if day < borrower.counters.month_start else 0
    if not is_reversal and know_from(flows, day):
        facts = touched.EVERYTHING
    amount = -event.amount_minor if is_reversal else event.amount_minor
    if event.direction == DEBIT:
        facts |= touched.DEBITS | _take_debit(borrower, event, day, amount)
    else:
        facts |= touched.CREDITS | _take_credit(borrower, event, day, amount)
    if borrower.bounces.days:
        facts |= touched.BOUNCES
    if borrower.dealings.drawn_days:
        facts |= lender_flows.trace(borrower, event, day, amount)
    if borrower.signals.status[PASS_THROUGH_SLOT]:
        pass_through.take(borrower, event, day, amount)
    balance = event.balance_after_minor
    if balance is not None and not account.has_eod_events and not is_reversal:
        daily_values.put(account.eod, event.day, balance)
        balances.reported(borrower, event.day)
        facts |= touched.BALANCES
    return facts


def _take_credit(borrower: Borrower, event: AccountTransacted, day: int, amount: int) -> int:
    flows, kinds = borrower.flows, CREDIT_KINDS[event.category][event.counterparty_type]
    if kinds & (OPERATING_CREDIT | UNKNOWN_CREDIT) and lender_flows.is_related(borrower, event):
        kinds = FROM_RELATED
    if kinds & OPERATING_CREDIT:
        series.add(flows.operating_credits, day, amount)
        month = _month(flows, day)
        add_to_month(flows.first_month, flows.operating_credit_months, month, amount)
        _remember(borrower.evidence.credits, event_ref(event.source, event.id))
        if event.counterparty_id is not None:
            payers.add(borrower, event.counterparty_id, month, amount)
    elif kinds & UNKNOWN_CREDIT:
        month = _month(flows, day)
        add_to_month(flows.first_month, flows.unknown_credit_months, month, amount)
    elif kinds & RELATED:
        series.add(flows.related_net, day, -amount)
    return _take_rare(borrower, event, kinds, day, amount) if kinds & RARE else 0


def _take_debit(borrower: Borrower, event: AccountTransacted, day: int, amount: int) -> int:
    flows, kinds = borrower.flows, DEBIT_KINDS[event.category][event.counterparty_type]
    if not kinds & SPENT:
        return 0
    month = _month(flows, day)
    series.add(flows.debits, day, amount)
    add_to_month(flows.first_month, flows.debit_months, month, amount)
    if kinds & OPERATING_DEBIT:
        add_to_month(flows.first_month, flows.operating_debit_months, month, amount)
    facts = 0
    if kinds & RELATED or lender_flows.is_related(borrower, event):
        facts |= touched.OTHERS
        series.add(flows.related_net, day, amount)
    if kinds & RARE:
        facts |= _take_rare(borrower, event, kinds, day, amount)
    if kinds & CASH or event.channel == CASH_CHANNEL:
        facts |= touched.CASH
        borrower.evidence.debits = [event_ref(event.source, event.id)]
        series.add(flows.cash_debits, day, amount)
        add_to_month(flows.first_month, flows.cash_debit_months, month, amount)
    return facts


def _take_rare(
    borrower: Borrower, event: AccountTransacted, kinds: int, day: int, amount: int
) -> int:
    facts = 0
    if kinds & ROUTINE:
        facts |= recurring_payments.take(borrower, event, kinds, day, amount)
    if kinds & OTHERS_MONEY:
        facts |= lender_flows.take(borrower, event, kinds, day, amount)
    return facts


def _month(flows: Flows, day: int) -> int:
    """Return the month of the day, making room before the first month where it is earlier."""
    month = month_of(day)
    if not flows.first_month:
        flows.first_month = month
    missing = flows.first_month - month
    if missing > 0:
        flows.first_month = month
        for sums in monthly_sums(flows):
            if sums:
                sums[:0] = [0] * missing
    return month


def monthly_sums(flows: Flows) -> tuple[list[int], ...]:
    """Return all lists of monthly sums."""
    return (
        flows.operating_credit_months,
        flows.unknown_credit_months,
        flows.operating_debit_months,
        flows.debit_months,
        flows.cash_debit_months,
    )


def _remember(refs: list[str], ref: str) -> None:
    refs.append(ref)
    if len(refs) > MOST_REFS:
        del refs[0]


def close_balance(borrower: Borrower, event: AccountBalanceClosed) -> int:
    """Record an end-of-day balance; return what it touched (one ahead of time is not taken)."""
    if event.balance_day > event.day + 1:
        return 0
    account = account_of(borrower, event.account_id)
    facts = touched.EVERYTHING if know_from(borrower.flows, event.balance_day) else touched.BALANCES
    account.has_eod_events = True
    daily_values.put(account.eod, event.balance_day, event.eod_minor)
    balances.reported(borrower, event.balance_day)
    if event.available_minor is not None and event.balance_day >= account.available_day:
        account.available_day = event.balance_day
        account.available_minor = event.available_minor
    _remember(borrower.evidence.balances, event_ref(event.source, event.id))
    return facts


def take_returned_item(borrower: Borrower, event: AccountItemReturned) -> bool:
    """Remember a returned item; return whether that changes what counts.

    An outgoing item counts when funds were lacking; an incoming one whatever the reason, because a
    customer of the borrower did not pay. A correction removes the item that it names.
    """
    is_removed = correct_bounce(borrower.bounces, event)
    if event.correction_kind == REVERSAL_OF:
        return is_removed
    if event.is_outgoing and event.return_reason != INSUFFICIENT_FUNDS:
        return is_removed
    account_of(borrower, event.account_id)
    kind = RETURNED_OUTGOING if event.is_outgoing else RETURNED_INCOMING
    day = flow_day(event.value_day, event.day)
    ref = event_ref(event.source, event.id)
    add_bounce(borrower.bounces, day, kind, event.amount_minor, ref)
    return True


def facility_of(borrower: Borrower, facility_id: str, currency: str) -> Facility:
    """Return the line, made if it is not known yet."""
    for facility in borrower.facilities:
        if facility.facility_id == facility_id:
            return facility
    facility = Facility(facility_id, currency=currency)
    borrower.facilities.append(facility)
    return facility


def close_facility(borrower: Borrower, event: FacilityBalanceClosed) -> int:
    """Record the end-of-day use of a line; return what it touched (not one ahead of time)."""
    day = event.balance_day
    if day > event.day + 1:
        return 0
    facility = facility_of(borrower, event.facility_id, event.currency)
    facility.loan_id = event.loan_id or facility.loan_id
    is_late = day < daily_values.last_day(facility.drawn)
    had_excess = facility_use.excess_on(facility, day)
    if day >= daily_values.last_day(facility.drawn):
        facility.undrawn_usable_minor = event.undrawn_usable_minor
    facility_use.record(
        facility, day, event.drawn_minor, event.limit_minor, event.drawing_power_minor
    )
    facts = (
        touched.MONTHS | touched.FACILITIES
        if day < borrower.counters.month_start
        else touched.FACILITIES
    )
    stated = event.months_past_due
    if stated is not None and days_past_due.record_reported_months(facility, day, stated):
        facts |= touched.DUES
    lines.reported(borrower, day)
    series.put(facility.interest_debited, day, event.interest_debited_minor)
    _remember(borrower.evidence.facilities, event_ref(event.source, event.id))
    owed = had_excess or borrower.counters.past_due_minor
    if owed or is_late or facility_use.excess_on(facility, day):
        # An excess is arrears of its day: a report about a closed day changes the count.
        facts |= (
            touched.DUES | touched.PAST if day <= borrower.counters.closed_day else touched.DUES
        )
    return facts
