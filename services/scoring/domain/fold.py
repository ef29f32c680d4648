"""One event into one borrower: the only place where a borrower's state changes.

Called by the scoring shell for every event of the log in order, by `tocsin score` and by `tocsin
verify`. It takes the event into the facts, notes which kinds of fact it touched, and lets `assess`
judge exactly the indicators that read them.

Must stay true: no clock, no I/O, no randomness, no order of hashing. The borrower passed in is
changed in place and belongs to the fold from then on. Nothing relaxes or falls due except through
an event's own day or a day close.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from services.scoring.domain import (
    account_flows,
    advised_limits,
    calendars,
    contagion,
    conversion,
    counters,
    dealings,
    deciding,
    filing,
    flow_days,
    reference_data,
    reminders,
    repayments,
    retention,
)
from services.scoring.domain.assess import Occasion, reassess, step
from services.scoring.domain.assessment import Assessment, Cause
from services.scoring.domain.context import Context
from services.scoring.domain.counters import PAST
from services.scoring.domain.effects import Effect
from services.scoring.domain.events import (
    AccountBalanceClosed,
    AccountItemReturned,
    AccountTransacted,
    BorrowerRegistered,
    CalendarPublished,
    DayClosed,
    Event,
    FacilityBalanceClosed,
    FxPublished,
    LoanBooked,
    RepaymentFailed,
    RepaymentPosted,
    RepaymentReversed,
    RulebookActivated,
    ScheduleChanged,
    SchedulePublished,
    StatementReceived,
)
from services.scoring.domain.facts import (
    ACCOUNTS_PART,
    ALL_PARTS,
    BOUNCES_PART,
    CREDIT_FILE_PART,
    DECISIONS_PART,
    FACILITIES_PART,
    FLOWS_PART,
    LOANS_PART,
    STATEMENTS_PART,
    Borrower,
)
from services.scoring.domain.file_events import LimitChanged
from services.scoring.domain.indicators.declaration import (
    BALANCE_DAY,
    BALANCES,
    BOUNCES,
    DAY,
    DECISIONS,
    DUES,
    EVERYTHING,
    EXTERNAL,
    FACILITIES,
    FILE_DAY,
    INSPECTIONS,
    LINE_DAY,
    LOANS,
    MONTHS,
    PAYMENTS,
    PROFILE,
    SCAR_DAY,
    SECTORS,
    STATEMENTS,
)
from services.scoring.domain.instalment_history import SHORTFALL_DAYS
from services.scoring.domain.risk import DISPUTED, FORBORNE
from services.scoring.domain.rulebook import Rules
from services.scoring.domain.signals import slot_of
from services.scoring.domain.vocabulary import NO_CORRECTION

WORST_DELAY_SLOT: Final = slot_of("R-04")
CONCESSIONS_SLOT: Final = slot_of("R-10")
MOVES_COUNTERS: Final = LOANS | PAYMENTS | FACILITIES | PAST
MOVES_FLAGS: Final = EXTERNAL | INSPECTIONS | DECISIONS


@dataclass(slots=True)
class Outcome:
    """The borrower after the event, the assessment if there is news, and what to tell others."""

    borrower: Borrower
    assessment: Assessment | None = None
    effects: list[Effect] = field(default_factory=list)


def new_borrower(borrower_id: str) -> Borrower:
    """Return a borrower of whom nothing is known."""
    return Borrower(borrower_id)


def fold(borrower: Borrower, event: Event, context: Context) -> Outcome:
    """Apply one event, judge the borrower, and say what others must be told."""
    month_before = borrower.counters.month_start
    outcome = _folded(borrower, event, context)
    if 0 < month_before != borrower.counters.month_start:
        day = borrower.counters.month_start - 1
        outcome.effects += reminders.maturities(borrower, day, event.at_us)
    if contagion.is_concerned(borrower.credit_file, event):
        outcome.effects += contagion.effects(borrower, event, context.rules_for(borrower))
    return outcome


def _folded(borrower: Borrower, event: Event, context: Context) -> Outcome:
    borrower.rates = context.rates
    if borrower.news:
        borrower.news = []
    if isinstance(event, DayClosed):
        return _close_day(borrower, event, context)
    rules_before = context.rules_for(borrower)
    touched = _taken(borrower, event, context)
    if not touched:
        return Outcome(borrower)
    as_of = max(event.day, borrower.counters.closed_day)
    if counters.begin_month(borrower, as_of):
        touched |= MONTHS
    _prepare(borrower, rules_before, as_of, touched)
    rules = context.rules_for(borrower) if touched & PROFILE else rules_before
    if rules is rules_before and _moves_nothing(borrower, rules, touched):
        return Outcome(borrower)
    occasion = _occasion(borrower, event, rules, as_of, touched)
    judge = step if rules is rules_before else reassess
    return Outcome(borrower, judge(borrower, rules, occasion))


def _taken(borrower: Borrower, event: Event, context: Context) -> int:
    """Take the event into the facts; return which kinds of fact it touched, 0 for none."""
    take = TAKE.get(type(event))
    if take is None:
        return 0
    if is_foreign(borrower, event):
        currency = borrower.profile.reporting_currency
        converted = conversion.converted(event, currency, context.rates)
        if converted is None:
            return 0
        event = converted
    touched = take(borrower, event)
    borrower.changed |= ALL_PARTS if touched & PROFILE else _parts_changed(event, touched)
    if touched & LOANS and context.calendars:
        calendars.move_due_days(borrower, context.calendars)
    return touched


def _parts_changed(event: Event, touched: int) -> int:
    """Return the stored parts that an event of this type changes."""
    changed = PARTS[type(event)]
    if touched & BALANCES:
        changed |= ACCOUNTS_PART
    return changed | DECISIONS_PART if touched & DECISIONS else changed


def _prepare(borrower: Borrower, rules: Rules, as_of: int, touched: int) -> None:
    """Weigh decisions; note that the close of this day need not judge balances or lines again."""
    if touched & DECISIONS:
        deciding.weigh(borrower, rules.policy, as_of)
    if touched & BALANCES:
        borrower.counters.balances_judged_on = as_of
    if touched & FACILITIES:
        borrower.counters.lines_judged_on = as_of


def is_foreign(borrower: Borrower, event: Event) -> bool:
    """Return whether the event's money is in another currency than the borrower is measured in.

    Sums of two currencies are no figure: flows, balances and lines are taken in at the rate of
    their day, and while the log has none they are kept in the ledger and counted nowhere. Loans are
    counted in their own currency and only their totals are converted.
    """
    return isinstance(event, conversion.CONVERTED) and (
        event.currency != borrower.profile.reporting_currency != ""
    )


def _moves_nothing(borrower: Borrower, rules: Rules, touched: int) -> bool:
    """Return whether no indicator in use reads what was touched, and no counter or flag either."""
    return (
        not touched & (MOVES_COUNTERS | MOVES_FLAGS)
        and borrower.risk.sequence > 0
        and not rules.touched_by(touched)
    )


def _occasion(borrower: Borrower, event: Event, rules: Rules, as_of: int, touched: int) -> Occasion:
    """Bring the counters up to date; return what is to be judged."""
    is_correction = False
    if touched & MOVES_COUNTERS:
        if touched & PAST:
            is_correction = _corrected(borrower, event, rules)
        counters.refresh(borrower, as_of, rules)
    cause = Cause(event.source, event.id, type_name(event))
    kinds = touched & EVERYTHING
    return Occasion(as_of, event.at_us, kinds, cause, is_correction=is_correction)


def _corrected(borrower: Borrower, event: Event, rules: Rules) -> bool:
    """Derive the counter again; return whether what was said about closed days may be wrong.

    A payment booked a day after its value date is no correction while nothing was past due, and a
    line's balance that comes late is one only if it moves the counter.
    """
    kept = borrower.counters
    counted, owed = kept.regulatory_days, kept.past_due_minor
    counters.recount(borrower, rules)
    if event.correction_kind != NO_CORRECTION or kept.regulatory_days != counted:
        return True
    return owed > 0 and not isinstance(event, FacilityBalanceClosed)


def _close_day(borrower: Borrower, event: DayClosed, context: Context) -> Outcome:
    """Close a business day; one that is closed already, or earlier, moves nothing."""
    day = event.closed_day
    if day <= borrower.counters.closed_day:
        return Outcome(borrower)
    rules = context.rules_for(borrower)
    touched = _touched_by_close(borrower, day)
    if day == context.calendars_day and calendars.move_due_days(borrower, context.calendars):
        touched |= LOANS | DUES
        counters.recount(borrower, rules)
    if borrower.decisions.overrides or borrower.risk.flags & FORBORNE:
        touched |= deciding.pass_day(borrower, rules.policy, day)
    due = reminders.inspection(borrower, rules, day, event.at_us)
    touched |= _touched_for_all(context, day)
    has_new_rules = day == context.since_day
    if touched & DUES:
        counters.refresh(borrower, day, rules)
    counters.close_day(borrower, day, rules)
    if counters.begin_month(borrower, day):
        touched |= MONTHS
    if retention.is_due(day):
        retention.prune(borrower, day, rules.tolerance)
        borrower.changed = ALL_PARTS
    cause = Cause(event.source, event.id, type_name(event))
    occasion = Occasion(day, event.at_us, touched, cause, is_day_close=True)
    judge = reassess if has_new_rules else step
    said = judge(borrower, rules, occasion)
    return Outcome(borrower, said, [] if due is None else [due])


def _touched_for_all(context: Context, day: int) -> int:
    """Return what the close of a day brings to every borrower: new rules, figures about sectors."""
    if day == context.since_day:
        return EVERYTHING
    return SECTORS if day == context.stress_day else 0


def _touched_by_close(borrower: Borrower, day: int) -> int:
    """Return which indicators the close of a day can move."""
    kept = borrower.counters
    touched = DAY | flow_days.touched_by_close(borrower, kept.closed_day, day)
    if borrower.bounces.days:
        touched |= BOUNCES
    if borrower.loans or borrower.facilities:
        if counters.dues_may_move(borrower, kept.closed_day, day, SHORTFALL_DAYS):
            touched |= DUES
        values = borrower.signals.value
        if values[WORST_DELAY_SLOT] or values[CONCESSIONS_SLOT]:
            touched |= SCAR_DAY
    if borrower.accounts and kept.balances_judged_on != day:
        kept.balances_judged_on = day
        touched |= BALANCE_DAY
    if borrower.facilities and kept.lines_judged_on != day:
        kept.lines_judged_on = day
        touched |= LINE_DAY
    if borrower.credit_file.is_dated:
        touched |= FILE_DAY
    return touched


def type_name(event: Event) -> str:
    """Return the CloudEvents type of an event."""
    return TYPE_NAMES.get(type(event), "")


def _registered(borrower: Borrower, event: BorrowerRegistered) -> int:
    reference_data.register(borrower, event)
    return EVERYTHING


def _booked(borrower: Borrower, event: LoanBooked) -> int:
    repayments.book_loan(borrower, event)
    return LOANS


def _published(borrower: Borrower, event: SchedulePublished) -> int:
    return LOANS | PAST if repayments.publish_schedule(borrower, event) else LOANS


def _changed(borrower: Borrower, event: ScheduleChanged) -> int:
    touched = LOANS | PAST if repayments.change_schedule(borrower, event) else LOANS
    return touched if borrower.decisions.forbearance.is_weighed else touched | DECISIONS


def _posted(borrower: Borrower, event: RepaymentPosted) -> int:
    touched = PAYMENTS | PAST if repayments.post_payment(borrower, event) else PAYMENTS
    return touched | DECISIONS if event.dispute_flag or borrower.risk.flags & DISPUTED else touched


def _reversed(borrower: Borrower, event: RepaymentReversed) -> int:
    return PAYMENTS | PAST if repayments.reverse_payment(borrower, event) else 0


def _failed(borrower: Borrower, event: RepaymentFailed) -> int:
    return BOUNCES if repayments.fail_collection(borrower, event) else 0


def _returned(borrower: Borrower, event: AccountItemReturned) -> int:
    return BOUNCES if account_flows.take_returned_item(borrower, event) else 0


def _statement(borrower: Borrower, event: StatementReceived) -> int:
    reference_data.take_statement(borrower, event)
    return STATEMENTS


# Any: each function takes its own event type, and the table is keyed by exactly that type.
Take = Callable[[Borrower, Any], int]

TYPE_NAMES: Final[dict[type[Event], str]] = {
    BorrowerRegistered: "borrower.registered.v1",
    LoanBooked: "loan.booked.v1",
    SchedulePublished: "schedule.published.v1",
    ScheduleChanged: "schedule.changed.v1",
    RepaymentPosted: "repayment.posted.v1",
    RepaymentFailed: "repayment.failed.v1",
    RepaymentReversed: "repayment.reversed.v1",
    AccountTransacted: "account.transacted.v1",
    AccountBalanceClosed: "account.balance-closed.v1",
    AccountItemReturned: "account.item-returned.v1",
    FacilityBalanceClosed: "facility.balance-closed.v1",
    StatementReceived: "statement.received.v1",
    DayClosed: "day.closed.v1",
    RulebookActivated: "rulebook.activated.v1",
    CalendarPublished: "calendar.published.v1",
    FxPublished: "fx.published.v1",
    **filing.TYPE_NAMES,
    **deciding.TYPE_NAMES,
    **dealings.TYPE_NAMES,
}
PARTS: Final[dict[type[Event], int]] = {
    BorrowerRegistered: ALL_PARTS,
    LoanBooked: LOANS_PART,
    SchedulePublished: LOANS_PART,
    ScheduleChanged: LOANS_PART,
    RepaymentPosted: LOANS_PART,
    RepaymentFailed: BOUNCES_PART,
    RepaymentReversed: LOANS_PART,
    AccountTransacted: FLOWS_PART,
    AccountBalanceClosed: ACCOUNTS_PART,
    AccountItemReturned: BOUNCES_PART,
    FacilityBalanceClosed: FACILITIES_PART,
    StatementReceived: STATEMENTS_PART,
    **dict.fromkeys(filing.TAKE, CREDIT_FILE_PART),
    LimitChanged: FACILITIES_PART,
    **deciding.PARTS,
    **dealings.PARTS,
}
TAKE: Final[dict[type[Event], Take]] = {
    BorrowerRegistered: _registered,
    LoanBooked: _booked,
    SchedulePublished: _published,
    ScheduleChanged: _changed,
    RepaymentPosted: _posted,
    RepaymentFailed: _failed,
    RepaymentReversed: _reversed,
    AccountTransacted: account_flows.take_flow,
    AccountBalanceClosed: account_flows.close_balance,
    AccountItemReturned: _returned,
    FacilityBalanceClosed: account_flows.close_facility,
    StatementReceived: _statement,
    LimitChanged: advised_limits.change_limit,
    **filing.TAKE,
    **deciding.TAKE,
    **dealings.TAKE,
}
