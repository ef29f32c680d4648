"""Applies the end-of-day use of lines, and limits advised between two reports."""

from typing import Final

from services.scoring.domain.arrears import days_past_due, facility_use
from services.scoring.domain.borrower.borrower import Borrower, Facility
from services.scoring.domain.events.accounts import FacilityBalanceClosed, LimitChanged
from services.scoring.domain.primitives import daily_values, series, touched
from services.scoring.domain.views import lines

MOST_REFS: Final = 3


def _facility_of(borrower: Borrower, facility_id: str, currency: str) -> Facility:
    """Return the line, made if it is not known yet."""
    for facility in borrower.facilities:
        if facility.facility_id == facility_id:
            return facility
    facility = Facility(facility_id, currency=currency)
    borrower.facilities.append(facility)
    return facility


def close_balance(borrower: Borrower, event: FacilityBalanceClosed) -> int:
    """Record the end-of-day use of a line; a report ahead of time is left out."""
    day = event.balance_day
    if day > event.day + 1:
        return 0
    facility = _facility_of(borrower, event.facility_id, event.currency)
    facility.loan_id = event.loan_id or facility.loan_id
    is_late = day < daily_values.last_day(facility.drawn)
    had_excess = facility_use.excess_on(facility, day)
    if not is_late:
        facility.undrawn_usable_minor = event.undrawn_usable_minor
    facility_use.record(
        facility, day, event.drawn_minor, event.limit_minor, event.drawing_power_minor
    )
    facts = touched.FACILITIES
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
    owed = had_excess or borrower.counters.past_due_minor
    if owed or is_late or facility_use.excess_on(facility, day):
        # An excess is arrears of its day: a report about a closed day changes the count.
        facts |= touched.DUES
        if day <= borrower.counters.closed_day:
            facts |= touched.PAST
    return facts


def change_limit(borrower: Borrower, event: LimitChanged) -> int:
    """Advise another limit of a line; an excess may begin or end with it."""
    facility = _facility_of(borrower, event.facility_id, event.currency)
    facility_use.change_limit(
        facility, event.effective_day, event.limit_minor, event.power_minor, event.until
    )
    borrower.line_view = None
    facts = touched.FACILITIES | touched.DUES
    if event.effective_day < borrower.counters.month_start:
        facts |= touched.MONTHS
    if event.effective_day <= borrower.counters.closed_day:
        facts |= touched.PAST
    return facts
