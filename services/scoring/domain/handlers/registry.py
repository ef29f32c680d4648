"""Which function takes which event into the facts, and which kinds of fact that touches.

Called by the fold for every event. Must stay true: what an event touched is said in full, because
only the indicators that read it are measured again; what is stored of the borrower is marked as
changed by the same table.
"""

from collections.abc import Callable
from typing import Any, Final

from services.scoring.domain.borrower.borrower import (
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
from services.scoring.domain.borrower.risk import DISPUTED
from services.scoring.domain.events.accounts import (
    AccountBalanceClosed,
    AccountItemReturned,
    AccountTransacted,
    FacilityBalanceClosed,
    LimitChanged,
)
from services.scoring.domain.events.control import (
    CalendarPublished,
    DayClosed,
    FxPublished,
    RulebookActivated,
)
from services.scoring.domain.events.credit_file import (
    BorrowerRegistered,
    StatementDue,
    StatementReceived,
)
from services.scoring.domain.events.event import Event
from services.scoring.domain.events.loans import (
    LoanBooked,
    RepaymentFailed,
    RepaymentPosted,
    RepaymentReversed,
    ScheduleChanged,
    SchedulePublished,
)
from services.scoring.domain.handlers import (
    account_flows,
    advised_limits,
    conversion,
    credit_file,
    dealings,
    overrides,
    reference_data,
    repayments,
    statements,
)
from services.scoring.domain.primitives import touched
from services.scoring.domain.rulebook import calendars
from services.scoring.domain.rulebook.context import Context


def is_foreign(borrower: Borrower, event: Event) -> bool:
    """Return whether the event's money is in another currency than the borrower is measured in.

    Sums of two currencies are no figure: flows, balances and lines are taken in at the rate of
    their day, and while the log has none they are kept in the ledger and counted nowhere. Loans are
    counted in their own currency and only their totals are converted.
    """
    return isinstance(event, conversion.CONVERTED) and (
        event.currency != borrower.profile.reporting_currency != ""
    )


def taken(borrower: Borrower, event: Event, context: Context) -> int:
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
    facts = take(borrower, event)
    borrower.changed |= ALL_PARTS if facts & touched.PROFILE else _parts_changed(event, facts)
    if facts & touched.LOANS and context.calendars:
        calendars.move_due_days(borrower, context.calendars)
    return facts


def _parts_changed(event: Event, facts: int) -> int:
    """Return the stored parts that an event of this type changes."""
    changed = PARTS[type(event)]
    if facts & touched.BALANCES:
        changed |= ACCOUNTS_PART
    return changed | DECISIONS_PART if facts & touched.DECISIONS else changed


def type_name(event: Event) -> str:
    """Return the CloudEvents type of an event."""
    return TYPE_NAMES.get(type(event), "")


def _registered(borrower: Borrower, event: BorrowerRegistered) -> int:
    reference_data.register(borrower, event)
    return touched.EVERYTHING


def _booked(borrower: Borrower, event: LoanBooked) -> int:
    repayments.book_loan(borrower, event)
    return touched.LOANS


def _published(borrower: Borrower, event: SchedulePublished) -> int:
    return (
        touched.LOANS | touched.PAST
        if repayments.publish_schedule(borrower, event)
        else touched.LOANS
    )


def _changed(borrower: Borrower, event: ScheduleChanged) -> int:
    facts = (
        touched.LOANS | touched.PAST
        if repayments.change_schedule(borrower, event)
        else touched.LOANS
    )
    return facts if borrower.decisions.forbearance.is_weighed else facts | touched.DECISIONS


def _posted(borrower: Borrower, event: RepaymentPosted) -> int:
    facts = (
        touched.PAYMENTS | touched.PAST
        if repayments.post_payment(borrower, event)
        else touched.PAYMENTS
    )
    return (
        facts | touched.DECISIONS if event.dispute_flag or borrower.risk.flags & DISPUTED else facts
    )


def _reversed(borrower: Borrower, event: RepaymentReversed) -> int:
    return touched.PAYMENTS | touched.PAST if repayments.reverse_payment(borrower, event) else 0


def _failed(borrower: Borrower, event: RepaymentFailed) -> int:
    return touched.BOUNCES if repayments.fail_collection(borrower, event) else 0


def _returned(borrower: Borrower, event: AccountItemReturned) -> int:
    return touched.BOUNCES if account_flows.take_returned_item(borrower, event) else 0


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
    StatementDue: "statement.due.v1",
    DayClosed: "day.closed.v1",
    RulebookActivated: "rulebook.activated.v1",
    CalendarPublished: "calendar.published.v1",
    FxPublished: "fx.published.v1",
    **credit_file.TYPE_NAMES,
    **overrides.TYPE_NAMES,
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
    StatementReceived: STATEMENTS_PART | CREDIT_FILE_PART,
    StatementDue: CREDIT_FILE_PART,
    **dict.fromkeys(credit_file.TAKE, CREDIT_FILE_PART),
    LimitChanged: FACILITIES_PART,
    **overrides.PARTS,
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
    StatementReceived: statements.take,
    StatementDue: statements.announce,
    LimitChanged: advised_limits.change_limit,
    **credit_file.TAKE,
    **overrides.TAKE,
    **dealings.TAKE,
}
