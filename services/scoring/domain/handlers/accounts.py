"""Applies what happens on accounts and lines: flows, balances, limits, blocks and returned items.

A flow belongs to its value day, however late it arrives; a reversal takes exactly that flow out of
every window. Single flows are not stored, so a flow that amends another in one step cannot take it
away and would count twice: the wire refuses it, and here it counts nothing. A value day far from
the booking (more than 31 days ahead or 730 back) is a mistake of the source: the flow then counts
on its booking day.

Of the payers a dozen are stored, in the order of their ids: A-20 reads only payers with at least a
fifth of the credits. When another one comes, the one that paid least in all (then the one with the
smallest id) is dropped.

Failed collections and returned items are rare and each is evidence, so each is stored with its
reference while it is inside a window.
"""

from bisect import bisect_left
from typing import Final

from services.scoring.domain.arrears import days_past_due, facility_use
from services.scoring.domain.borrower.borrower import (
    ACCOUNTS_PART,
    FAILED_COLLECTION,
    RETURNED_INCOMING,
    RETURNED_OUTGOING,
    Account,
    Borrower,
    Bounces,
    Facility,
    Flows,
)
from services.scoring.domain.borrower.risk import slot_of
from services.scoring.domain.events.accounts import (
    AccountBalanceClosed,
    AccountBlocked,
    AccountItemReturned,
    AccountTransacted,
    FacilityBalanceClosed,
    LimitChanged,
)
from services.scoring.domain.events.loans import RepaymentFailed
from services.scoring.domain.handlers import (
    lender_flows,
    measures,
    recurring_payments,
    use_of_funds,
)
from services.scoring.domain.primitives import daily_values, series, touched
from services.scoring.domain.primitives.dates import add_to_month, month_of
from services.scoring.domain.primitives.flow_kinds import (
    CASH,
    CREDIT_KINDS,
    DEBIT_KINDS,
    FROM_RELATED,
    OPERATING_CREDIT,
    OPERATING_DEBIT,
    OUTSIDE_FUNDS,
    PENALTY,
    RARE,
    RECURRING,
    RELATED,
    SPENT,
    UNKNOWN_CREDIT,
)
from services.scoring.domain.primitives.vocabulary import CASH as CASH_CHANNEL
from services.scoring.domain.primitives.vocabulary import (
    DEBIT,
    INSUFFICIENT_FUNDS,
    LEGAL_BLOCK,
    LOAN_IN_OWN,
    NO_CORRECTION,
    RELEASED,
    REVERSAL_OF,
    SEIZURE,
)
from services.scoring.domain.views import balances, lines

MOST_DAYS_AHEAD: Final = 31
MOST_DAYS_BACK: Final = 730
MOST_REFS: Final = 3
MOST_PAYERS: Final = 12
MOST_BOUNCES: Final = 200
PASS_THROUGH_SLOT: Final = slot_of("A-21")
ENFORCEMENTS: Final = {SEIZURE: "SEIZURE", LEGAL_BLOCK: "LEGAL"}


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
    """Record that accounts are known from this day at the latest; return whether that is new."""
    if flows.known_day and day >= flows.known_day:
        return False
    flows.known_day = day
    return True


def flow_day(value_day: int, booked_day: int) -> int:
    """Return the day on which a flow counts."""
    if booked_day - MOST_DAYS_BACK <= value_day <= booked_day + MOST_DAYS_AHEAD:
        return value_day
    return booked_day


def transact(borrower: Borrower, event: AccountTransacted) -> int:
    """Add a flow to its windows, or take a reversed one out."""
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
        facts |= touched.DEBITS | _add_debit(borrower, event, day, amount)
    else:
        facts |= touched.CREDITS | _add_credit(borrower, event, day, amount)
    if borrower.bounces.days:
        facts |= touched.BOUNCES
    if borrower.drawdowns.days:
        facts |= use_of_funds.trace(borrower, event, day, amount)
    if borrower.signals.status[PASS_THROUGH_SLOT]:
        use_of_funds.pass_through(borrower, event, day, amount)
    balance = event.balance_after_minor
    if balance is not None and not account.has_eod_events and not is_reversal:
        _record_balance(borrower, account, event.day, balance)
        facts |= touched.BALANCES
    return facts


def _add_credit(borrower: Borrower, event: AccountTransacted, day: int, amount: int) -> int:
    flows, kinds = borrower.flows, CREDIT_KINDS[event.category][event.counterparty_type]
    if kinds & (OPERATING_CREDIT | UNKNOWN_CREDIT) and borrower.credit_file.is_related(
        event.counterparty_id
    ):
        kinds = FROM_RELATED
    if kinds & OPERATING_CREDIT:
        series.add(flows.operating_credits, day, amount)
        month = _month(flows, day)
        add_to_month(flows.first_month, flows.operating_credit_months, month, amount)
        _remember(borrower.evidence.credits, event.ref)
        if event.counterparty_id is not None:
            _add_payer(borrower, event.counterparty_id, month, amount)
    elif kinds & UNKNOWN_CREDIT:
        month = _month(flows, day)
        add_to_month(flows.first_month, flows.unknown_credit_months, month, amount)
    elif kinds & RELATED:
        series.add(flows.related_net, day, -amount)
    elif event.category == LOAN_IN_OWN:
        return use_of_funds.receive_own_loan(borrower, day, amount)
    return _add_rare(borrower, event, kinds, day, amount) if kinds & RARE else 0


def _add_debit(borrower: Borrower, event: AccountTransacted, day: int, amount: int) -> int:
    flows, kinds = borrower.flows, DEBIT_KINDS[event.category][event.counterparty_type]
    if not kinds & SPENT:
        return 0
    month = _month(flows, day)
    series.add(flows.debits, day, amount)
    add_to_month(flows.first_month, flows.debit_months, month, amount)
    if kinds & OPERATING_DEBIT:
        add_to_month(flows.first_month, flows.operating_debit_months, month, amount)
    facts = 0
    if kinds & RELATED or borrower.credit_file.is_related(event.counterparty_id):
        facts |= touched.OTHERS
        series.add(flows.related_net, day, amount)
    if kinds & RARE:
        facts |= _add_rare(borrower, event, kinds, day, amount)
    if kinds & CASH or event.channel == CASH_CHANNEL:
        facts |= touched.CASH
        borrower.evidence.debits = [event.ref]
        series.add(flows.cash_debits, day, amount)
        add_to_month(flows.first_month, flows.cash_debit_months, month, amount)
    return facts


def _add_rare(
    borrower: Borrower, event: AccountTransacted, kinds: int, day: int, amount: int
) -> int:
    facts = 0
    if kinds & RECURRING:
        facts |= recurring_payments.add(borrower, event, kinds, day, amount)
    if kinds & OUTSIDE_FUNDS:
        facts |= lender_flows.add(borrower, event, kinds, day, amount)
    if kinds & PENALTY:
        series.add(borrower.flows.penalty_interest, day, amount)
        if amount > 0:
            _remember(borrower.evidence.penalties, event.ref)
        facts |= touched.BOUNCES
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


def _record_balance(borrower: Borrower, account: Account, day: int, minor: int) -> None:
    daily_values.put(account.eod, day, minor)
    daily_values.forget_before(account.eod, daily_values.first_read(account.eod))
    balances.reported(borrower, day)


def close_balance(borrower: Borrower, event: AccountBalanceClosed) -> int:
    """Record an end-of-day balance; one ahead of time is left out."""
    if event.balance_day > event.day + 1:
        return 0
    account = account_of(borrower, event.account_id)
    is_new = know_from(borrower.flows, event.balance_day)
    account.has_eod_events = True
    _record_balance(borrower, account, event.balance_day, event.eod_minor)
    if event.available_minor is not None and event.balance_day >= account.available_day:
        account.available_day = event.balance_day
        account.available_minor = event.available_minor
    _remember(borrower.evidence.balances, event.ref)
    return touched.EVERYTHING if is_new else touched.BALANCES


def block(borrower: Borrower, event: AccountBlocked) -> int:
    """Record an enforcement against an account, or its end; the newest event counts.

    A block that the customer requested is none, and suspected fraud is another track.
    """
    if event.kind != RELEASED and event.kind not in ENFORCEMENTS:
        return 0
    account = account_of(borrower, event.account_id)
    is_replaced = account.block_ref == event.corrected_ref
    if event.effective_day < account.block_day and not is_replaced:
        return 0
    account.block_day = event.effective_day
    account.block_kind = ENFORCEMENTS.get(event.kind, "")
    account.block_ref = event.ref
    return touched.EXTERNAL


def _add_payer(borrower: Borrower, payer: str, month: int, amount: int) -> None:
    """Add to what a payer paid in a month."""
    payers = borrower.payers
    index = bisect_left(payers, payer)
    if index == len(payers) or payers[index] != payer:
        if len(payers) >= MOST_PAYERS:
            _drop_smallest_payer(borrower)
            index = bisect_left(payers, payer)
        payers.insert(index, payer)
        borrower.payer_months.insert(index, [])
        borrower.payer_first_months.insert(index, month)
    sums = borrower.payer_months[index]
    missing = borrower.payer_first_months[index] - month
    if missing > 0:
        borrower.payer_first_months[index] = month
        sums[:0] = [0] * missing
    add_to_month(borrower.payer_first_months[index], sums, month, amount)
    if amount < 0 or not any(sums):
        _leave_no_trace(borrower, index)


def _leave_no_trace(borrower: Borrower, index: int) -> None:
    """Drop the months before a payer's first, and a payer of whom everything was taken back."""
    sums = borrower.payer_months[index]
    while sums and not sums[0]:
        del sums[0]
        borrower.payer_first_months[index] += 1
    if not sums:
        _drop_payer(borrower, index)


def _drop_smallest_payer(borrower: Borrower) -> None:
    totals = [sum(sums) for sums in borrower.payer_months]
    _drop_payer(borrower, min(range(len(totals)), key=lambda index: (totals[index], index)))


def _drop_payer(borrower: Borrower, index: int) -> None:
    del borrower.payers[index], borrower.payer_months[index], borrower.payer_first_months[index]


def forget_payers_before(borrower: Borrower, month: int) -> None:
    """Drop months before `month`, and payers that paid nothing since."""
    for index in range(len(borrower.payers) - 1, -1, -1):
        gone = month - borrower.payer_first_months[index]
        if gone <= 0:
            continue
        sums = borrower.payer_months[index]
        del sums[:gone]
        borrower.payer_first_months[index] = month
        if not any(sums):
            _drop_payer(borrower, index)


def _facility_of(borrower: Borrower, facility_id: str, currency: str) -> Facility:
    """Return the line, made if it is not known yet."""
    for facility in borrower.facilities:
        if facility.facility_id == facility_id:
            return facility
    facility = Facility(facility_id, currency=currency)
    borrower.facilities.append(facility)
    return facility


def _is_in_currency(borrower: Borrower, facility: Facility, currency: str) -> bool:
    """Return whether the line is in the currency now, restated where a rate has become known."""
    if facility.currency == currency:
        return True
    borrower.line_view = None
    return facility_use.restate(facility, currency, borrower.rates)


def close_facility_balance(borrower: Borrower, event: FacilityBalanceClosed) -> int:
    """Record the end-of-day use of a line; a report ahead of time is left out.

    So is one in another currency than the reports before it while no rate between the two is known.
    """
    day = event.balance_day
    facility = _facility_of(borrower, event.facility_id, event.currency)
    line_before = facility.currency, facility.loan_id
    if day > event.day + 1 or not _is_in_currency(borrower, facility, event.currency):
        return 0
    facility.loan_id = event.loan_id or facility.loan_id
    is_late = day < daily_values.last_day(facility.drawn)
    had_excess = facility_use.excess_on(facility, day)
    if not is_late:
        facility.undrawn_usable_minor = event.undrawn_usable_minor
    facility_use.record(
        facility, day, event.drawn_minor, event.limit_minor, event.drawing_power_minor
    )
    facts = touched.FACILITIES | _follow_limits(borrower, facility, day)
    if day < borrower.counters.month_start:
        facts |= touched.MONTHS
    months = event.months_past_due
    if months is not None and days_past_due.record_reported_months(facility, day, months):
        facts |= touched.DUES
    lines.reported(borrower, day)
    series.put(facility.interest_debited, day, event.interest_debited_minor)
    refs = borrower.evidence.facilities
    refs.append(event.ref)
    if len(refs) > MOST_REFS:
        del refs[0]
    if line_before != (facility.currency, facility.loan_id):
        facts |= touched.DUES  # what past month-ends are compared with may be another exposure
    if is_late or had_excess or facility_use.excess_on(facility, day):
        # An excess is arrears of its day: a report about a closed day changes the count.
        return facts | _dues_touched(borrower, day)
    owed = borrower.counters.past_due_minor or borrower.counters.late_days
    return facts | _dues_touched(borrower, day) if owed else facts


def _dues_touched(borrower: Borrower, day: int) -> int:
    """Return what a report about the arrears of a day touches."""
    is_closed = day <= borrower.counters.closed_day
    return touched.DUES | touched.PAST if is_closed else touched.DUES


def _follow_limits(borrower: Borrower, facility: Facility, day: int) -> int:
    """Note the limits that were raised while exceeded, and draws that paid arrears.

    A correction of a day or a late report may make later raises measures, or none.
    """
    facts = measures.weigh_draws(borrower, day)
    return facts | measures.weigh_raises(borrower, facility, day)


def change_limit(borrower: Borrower, event: LimitChanged) -> int:
    """Advise another limit of a line; an excess may begin or end with it."""
    facility = _facility_of(borrower, event.facility_id, event.currency)
    if not _is_in_currency(borrower, facility, event.currency):
        return 0
    if event.correction_kind != NO_CORRECTION:
        facility_use.drop_limit(facility, event.effective_day)
    facility_use.change_limit(
        facility, event.effective_day, event.limit_minor, event.power_minor, event.until
    )
    borrower.line_view = None
    facts = touched.FACILITIES | touched.DUES
    facts |= _follow_limits(borrower, facility, event.effective_day)
    if event.effective_day < borrower.counters.month_start:
        facts |= touched.MONTHS
    if event.effective_day <= borrower.counters.closed_day:
        facts |= touched.PAST
    return facts


def fail_collection(borrower: Borrower, event: RepaymentFailed) -> int:
    """Record a collection that failed for lack of funds."""
    if event.failure_reason != INSUFFICIENT_FUNDS:
        return 0
    _add_bounce(borrower.bounces, event.value_day, FAILED_COLLECTION, event.amount_minor, event.ref)
    return touched.BOUNCES


def return_item(borrower: Borrower, event: AccountItemReturned) -> int:
    """Record a returned item.

    An outgoing item counts when funds were lacking; an incoming one for any reason, because a
    customer of the borrower did not pay.
    """
    bounces = borrower.bounces
    if event.is_outgoing and event.return_reason != INSUFFICIENT_FUNDS:
        return 0
    account_of(borrower, event.account_id)
    kind = RETURNED_OUTGOING if event.is_outgoing else RETURNED_INCOMING
    _add_bounce(bounces, flow_day(event.value_day, event.day), kind, event.amount_minor, event.ref)
    return touched.BOUNCES


def _add_bounce(bounces: Bounces, day: int, kind: int, minor: int, ref: str) -> None:
    """Add one item in order of its day; on one day by reference."""
    index = bisect_left(bounces.days, day)
    while index < len(bounces.days) and bounces.days[index] == day and bounces.refs[index] < ref:
        index += 1
    bounces.days.insert(index, day)
    bounces.kinds.insert(index, kind)
    bounces.minor.insert(index, minor)
    bounces.refs.insert(index, ref)
    if len(bounces.days) > MOST_BOUNCES:
        _drop_bounces(bounces, 0, 1)


def take_back_bounce(borrower: Borrower, ref: str) -> int:
    """Take a failed collection or a returned item back."""
    bounces = borrower.bounces
    if ref not in bounces.refs:
        return 0
    index = bounces.refs.index(ref)
    _drop_bounces(bounces, index, index + 1)
    return touched.BOUNCES


def forget_bounces_before(bounces: Bounces, day: int) -> None:
    """Drop the items before `day`."""
    _drop_bounces(bounces, 0, bisect_left(bounces.days, day))


def _drop_bounces(bounces: Bounces, start: int, end: int) -> None:
    del bounces.days[start:end], bounces.kinds[start:end]
    del bounces.minor[start:end], bounces.refs[start:end]
