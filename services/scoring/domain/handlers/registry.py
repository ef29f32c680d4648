"""Applies each type of event to the facts: one row per type names its handler and stored parts.

Called by the fold for every event. Must stay true: a handler returns every bit of `touched` that it
changed, because only the indicators that read one of them are measured again; what is stored of the
borrower is marked as changed by the same row.

Money of another currency is converted at the rate of its day before it is added to other money.
Without a rate nothing is guessed: the event stays in the ledger and is counted nowhere.
"""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Any, Final

from services.scoring.domain.borrower.borrower import (
    ACCOUNTS_PART,
    ALL_PARTS,
    BOUNCES_PART,
    CONDUCT_PART,
    CREDIT_FILE_PART,
    DECISIONS_PART,
    FACILITIES_PART,
    FLOWS_PART,
    LOANS_PART,
    STATEMENTS_PART,
    Borrower,
)
from services.scoring.domain.events.accounts import (
    AccountBalanceClosed,
    AccountBlocked,
    AccountItemReturned,
    AccountTransacted,
    FacilityBalanceClosed,
    LimitChanged,
)
from services.scoring.domain.events.control import (
    CalendarPublished,
    DayClosed,
    DayCloseWithdrawn,
    FxPublished,
    RulebookActivated,
    SectorStressPublished,
)
from services.scoring.domain.events.credit_file import (
    BorrowerRegistered,
    CollateralValued,
    CovenantCertified,
    DependantLinked,
    ExternalDelinquencyReported,
    FindingRaised,
    ForecastReceived,
    GroupLinked,
    GuarantorLinked,
    InspectionRecorded,
    OverrideApproved,
    RelatedPartiesDeclared,
    RelatedStateChanged,
    StatementDue,
    StatementReceived,
)
from services.scoring.domain.events.event import Event
from services.scoring.domain.events.loans import (
    ClaimDisputed,
    LoanBooked,
    LoanClosed,
    LoanDisbursed,
    PromiseMade,
    RepaymentFailed,
    RepaymentPosted,
    RepaymentReversed,
    ScheduleChanged,
    SchedulePublished,
)
from services.scoring.domain.handlers import (
    accounts,
    corrections,
    credit_file,
    loans,
    overrides,
    repayments,
    statements,
    use_of_funds,
)
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.money import Rates
from services.scoring.domain.primitives.vocabulary import NO_CORRECTION
from services.scoring.domain.rulebook import calendars
from services.scoring.domain.rulebook.context import Context

# Any: each handler takes its own event type, and the table is keyed by exactly that type.
Apply = Callable[[Borrower, Any], int]
CONVERTED: Final = (
    AccountTransacted,
    AccountBalanceClosed,
    AccountItemReturned,
    FacilityBalanceClosed,
    LimitChanged,
)


@dataclass(frozen=True, slots=True)
class EventHandler:
    """How events of one type change a borrower.

    Args:
        type_name: The CloudEvents type.
        apply: Changes the facts and returns the bits of `touched`, 0 where nothing changed.
        parts: The stored parts that an event of this type changes.
    """

    type_name: str
    apply: Apply
    parts: int


def _apply_nothing(borrower: Borrower, event: Event) -> int:
    return 0


HANDLERS: Final[dict[type[Event], EventHandler]] = {
    BorrowerRegistered: EventHandler("borrower.registered.v1", credit_file.register, ALL_PARTS),
    LoanBooked: EventHandler("loan.booked.v1", loans.book, LOANS_PART),
    SchedulePublished: EventHandler("schedule.published.v1", loans.publish_schedule, LOANS_PART),
    ScheduleChanged: EventHandler("schedule.changed.v1", loans.change_schedule, LOANS_PART),
    LoanDisbursed: EventHandler("loan.disbursed.v1", use_of_funds.disburse, CONDUCT_PART),
    LoanClosed: EventHandler("loan.closed.v1", loans.close, LOANS_PART),
    RepaymentPosted: EventHandler("repayment.posted.v1", repayments.post, LOANS_PART),
    RepaymentReversed: EventHandler("repayment.reversed.v1", repayments.reverse, LOANS_PART),
    RepaymentFailed: EventHandler("repayment.failed.v1", accounts.fail_collection, BOUNCES_PART),
    PromiseMade: EventHandler("promise.made.v1", loans.promise, CONDUCT_PART),
    ClaimDisputed: EventHandler("claim.disputed.v1", loans.dispute, LOANS_PART),
    AccountTransacted: EventHandler("account.transacted.v1", accounts.transact, FLOWS_PART),
    AccountBalanceClosed: EventHandler(
        "account.balance-closed.v1", accounts.close_balance, ACCOUNTS_PART
    ),
    AccountItemReturned: EventHandler(
        "account.item-returned.v1", accounts.return_item, BOUNCES_PART
    ),
    AccountBlocked: EventHandler("account.blocked.v1", accounts.block, ACCOUNTS_PART),
    FacilityBalanceClosed: EventHandler(
        "facility.balance-closed.v1", accounts.close_facility_balance, FACILITIES_PART
    ),
    LimitChanged: EventHandler("limit.changed.v1", accounts.change_limit, FACILITIES_PART),
    StatementReceived: EventHandler(
        "statement.received.v1", statements.receive, STATEMENTS_PART | CREDIT_FILE_PART
    ),
    StatementDue: EventHandler("statement.due.v1", statements.announce, CREDIT_FILE_PART),
    ForecastReceived: EventHandler("forecast.received.v1", statements.forecast, CONDUCT_PART),
    CollateralValued: EventHandler(
        "collateral.valued.v1", credit_file.value_collateral, CREDIT_FILE_PART
    ),
    CovenantCertified: EventHandler(
        "covenant.certified.v1", credit_file.certify_covenant, CREDIT_FILE_PART
    ),
    GuarantorLinked: EventHandler(
        "guarantor.linked.v1", credit_file.link_guarantor, CREDIT_FILE_PART
    ),
    GroupLinked: EventHandler("group.linked.v1", credit_file.link_group, CREDIT_FILE_PART),
    DependantLinked: EventHandler(
        "dependant.linked.v1", credit_file.link_dependant, CREDIT_FILE_PART
    ),
    RelatedStateChanged: EventHandler(
        "related-state.changed.v1", credit_file.change_related_state, CREDIT_FILE_PART
    ),
    RelatedPartiesDeclared: EventHandler(
        "related-parties.declared.v1", credit_file.declare_related_parties, CREDIT_FILE_PART
    ),
    ExternalDelinquencyReported: EventHandler(
        "external-delinquency.reported.v1", credit_file.report_delinquency, CREDIT_FILE_PART
    ),
    FindingRaised: EventHandler("finding.raised.v1", credit_file.raise_finding, CREDIT_FILE_PART),
    InspectionRecorded: EventHandler(
        "inspection.recorded.v1", credit_file.record_inspection, CREDIT_FILE_PART
    ),
    OverrideApproved: EventHandler("override.approved.v1", overrides.approve, DECISIONS_PART),
    # Control events change no facts here: the fold closes days, `timeline` reads the others.
    DayClosed: EventHandler("day.closed.v1", _apply_nothing, 0),
    DayCloseWithdrawn: EventHandler("day-close.withdrawn.v1", _apply_nothing, 0),
    RulebookActivated: EventHandler("rulebook.activated.v1", _apply_nothing, 0),
    CalendarPublished: EventHandler("calendar.published.v1", _apply_nothing, 0),
    FxPublished: EventHandler("fx.published.v1", _apply_nothing, 0),
    SectorStressPublished: EventHandler("sector-stress.published.v1", _apply_nothing, 0),
}


def type_name(event: Event) -> str:
    """Return the CloudEvents type of an event."""
    return HANDLERS[type(event)].type_name


def apply_event(borrower: Borrower, event: Event, context: Context) -> int:
    """Apply the event to the facts; return the bits of `touched`, 0 where nothing changed."""
    handler = HANDLERS[type(event)]
    if _is_foreign(borrower, event):
        in_reporting = converted(event, borrower.profile.reporting_currency, context.rates)
        if in_reporting is None and not isinstance(event, FacilityBalanceClosed | LimitChanged):
            return _note_no_rate(borrower, event)
        event = in_reporting or event
    facts, is_over = 0, False
    if event.correction_kind or borrower.reversed_keys:
        facts, is_over = corrections.prepare(borrower, event)
    if not is_over:
        facts |= handler.apply(borrower, event)
    borrower.changed |= ALL_PARTS if facts & touched.PROFILE else _changed_parts(handler, facts)
    if facts & touched.LOANS and context.calendars:
        calendars.move_due_days(borrower, context.calendars)
    return facts


def _note_no_rate(borrower: Borrower, event: Event) -> int:
    """Note that an event is missing in the windows, because no rate is known; return the bits.

    A flow that was never counted cannot be taken back: its correction is refused.
    """
    if isinstance(event, AccountTransacted | AccountItemReturned | AccountBalanceClosed):
        accounts.account_of(borrower, event.account_id)
    if isinstance(event, AccountTransacted) and event.correction_kind == NO_CORRECTION:
        corrections.note_corrected(borrower, corrections.key_of(event.ref))
    if event.day <= borrower.flows.no_rate_day:
        return 0
    borrower.flows.no_rate_day = event.day
    borrower.changed |= FLOWS_PART
    return touched.CONVERTED | touched.FACILITIES


def _changed_parts(handler: EventHandler, facts: int) -> int:
    parts = handler.parts
    if facts & touched.BALANCES:
        parts |= ACCOUNTS_PART
    return parts | DECISIONS_PART if facts & touched.DECISIONS else parts


def _is_foreign(borrower: Borrower, event: Event) -> bool:
    """Return whether the event's money is in another currency than the borrower is measured in.

    Loans are counted in their own currency and only their totals are converted; so is a line while
    no rate is known.
    """
    return isinstance(event, CONVERTED) and (
        event.currency != borrower.profile.reporting_currency != ""
    )


class NoRate(LookupError):
    """The log has no rate between the two currencies."""


@dataclass(slots=True)
class _Exchange:
    """Converts amounts of one currency into another at the rate of one day."""

    rates: Rates
    source: str
    target: str
    day: int

    def of(self, minor: int) -> int:
        amount = self.rates.converted(minor, self.source, self.target, self.day)
        if amount is None:
            raise NoRate(self.source)
        return amount

    def of_optional(self, minor: int | None) -> int | None:
        return None if minor is None else self.of(minor)


def converted(event: Event, currency: str, rates: Rates | None) -> Event | None:
    """Return the event with its amounts in the currency, None where no rate is known."""
    if rates is None:
        return None
    event = copy(event)
    try:
        if isinstance(event, AccountTransacted | AccountItemReturned):
            _convert_flow(event, _Exchange(rates, event.currency, currency, event.value_day))
        elif isinstance(event, AccountBalanceClosed):
            _convert_balance(event, _Exchange(rates, event.currency, currency, event.balance_day))
        elif isinstance(event, FacilityBalanceClosed):
            _convert_line(event, _Exchange(rates, event.currency, currency, event.balance_day))
        elif isinstance(event, LimitChanged):
            _convert_limit(event, _Exchange(rates, event.currency, currency, event.effective_day))
    except NoRate:
        return None
    return event


def _convert_flow(event: AccountTransacted | AccountItemReturned, exchange: _Exchange) -> None:
    event.amount_minor = exchange.of(event.amount_minor)
    if isinstance(event, AccountTransacted):
        event.balance_after_minor = exchange.of_optional(event.balance_after_minor)
    event.currency = exchange.target


def _convert_balance(event: AccountBalanceClosed, exchange: _Exchange) -> None:
    event.eod_minor = exchange.of(event.eod_minor)
    event.available_minor = exchange.of_optional(event.available_minor)
    event.currency = exchange.target


def _convert_line(event: FacilityBalanceClosed, exchange: _Exchange) -> None:
    """Convert limit and use alike, so that the share used stays the same."""
    event.limit_minor = exchange.of(event.limit_minor)
    event.drawn_minor = exchange.of(event.drawn_minor)
    event.drawing_power_minor = exchange.of_optional(event.drawing_power_minor)
    event.undrawn_usable_minor = exchange.of_optional(event.undrawn_usable_minor)
    event.interest_debited_minor = exchange.of(event.interest_debited_minor)
    event.currency = exchange.target


def _convert_limit(event: LimitChanged, exchange: _Exchange) -> None:
    event.limit_minor = exchange.of(event.limit_minor)
    event.power_minor = exchange.of_optional(event.power_minor)
    event.currency = exchange.target
