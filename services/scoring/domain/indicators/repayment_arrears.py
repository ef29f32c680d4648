"""Indicators of arrears and late, short or missing payments (R-01 to R-09, R-13 to R-17).

All counts are EXCLUSIVE days. A borrower without a loan has no repayment indicators. Instalments of
all loans are pooled by due date. Cards and lines have no due amount to compare a payment with, so
it is compared with the limit, and months without any payment are counted: such a month counts as
late only if something was owed in it; for the mean of R-16 every month of a known balance counts.
"""

from dataclasses import dataclass
from typing import Final

from services.scoring.domain.arrears import days_past_due, exposure, facility_use
from services.scoring.domain.arrears.instalments import (
    SHORTFALL_DAYS,
    has_schedule,
    latest_delays,
    paid_in_time,
)
from services.scoring.domain.borrower.borrower import FAILED_COLLECTION, Borrower, Facility, Loan
from services.scoring.domain.borrower.risk import DATA_INCIDENT
from services.scoring.domain.indicators.declaration import Theme, indicator, single
from services.scoring.domain.indicators.subjects import (
    ITEM_DAYS,
    failed_items,
    late_loans,
    paid_loans,
)
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.dates import first_day_of, last_day_of
from services.scoring.domain.primitives.measurement import (
    MICRO,
    Measurement,
    Reason,
    Unit,
    measured,
    measured_components,
    micro_ratio,
    not_applicable,
    rounded_quotient,
    unmeasurable,
)
from services.scoring.domain.rulebook.classification import Classification
from services.scoring.domain.rulebook.rulebook import REPAYMENT, About, Component, Rules

ARREARS_INPUTS: Final = touched.LOANS | touched.PAYMENTS | touched.DUES | touched.LINE_DUES
YEAR_DAYS: Final = 365
MONTH_ENDS: Final = 12
LATE_30: Final = 30
LATE_90: Final = 90


ARREARS: Final = Theme(REPAYMENT, "dpd", "PAYMENT_DELAY")
LAST_INSTALMENTS: Final = 6
LATE_DAYS: Final = 5
SLIGHTLY_LATE_DAYS: Final = 1
RECENT: Final = 3
PREVIOUS: Final = 6
FEWEST_PREVIOUS: Final = 3
SHORTFALL_INSTALMENTS: Final = 3
HABIT_INPUTS: Final = touched.LOANS | touched.PAYMENTS | touched.DUES
LATENESS: Final = Theme(REPAYMENT, "late", "PAYMENT_DELAY")
MONTHS_LOOKED_AT: Final = 6
FEWEST_MONTHS: Final = 3
RECENT_MONTHS: Final = 3


@indicator(
    "R-01",
    "Days past due",
    ARREARS.at(Classification("RECORD", "PAYMENT", "COLLECTION")),
    single(Unit.DAYS, "days since the oldest unpaid due date"),
    reads=ARREARS_INPUTS | touched.FACILITIES,
    evidence=About(late_loans),
)
def operational_days(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-01: the days in arrears, worst over all loans and lines.

    Where the rulebook has a threshold, the days in a row on which the overdue amount exceeds it.
    """
    if not borrower.loans and not borrower.facilities:
        return not_applicable()
    if not has_schedule(borrower) and not borrower.facilities:
        return unmeasurable(Reason.NO_SCHEDULE)
    return measured(borrower.counters.arrears_days * MICRO)


@indicator(
    "R-02",
    "Days in material arrears",
    ARREARS.at(Classification("RECORD", "PAYMENT", "COLLECTION")),
    single(Unit.DAYS, "consecutive days above both materiality thresholds"),
    reads=ARREARS_INPUTS | touched.FACILITIES,
    evidence=About(late_loans),
)
def regulatory_days(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-02: consecutive day closes with arrears above both materiality thresholds.

    A card system that counts months states no amount, and arrears without a rate have none in the
    borrower's currency: materiality cannot be judged, and the rules go by the days without it.
    """
    if not borrower.loans and not borrower.facilities:
        return not_applicable()
    days = borrower.counters.regulatory_days * MICRO
    counted = [line for line in borrower.facilities if not line.late_days]
    if not has_schedule(borrower) and not counted:
        return unmeasurable(Reason.NO_SCHEDULE, fallback=days)
    if borrower.risk.flags & DATA_INCIDENT and (
        exposure.is_untested(borrower, rules, as_of)
        or exposure.has_no_threshold(borrower, rules, as_of)
    ):
        return unmeasurable(Reason.NO_RATE, fallback=days)
    return measured(days)


@indicator(
    "R-04",
    "Worst delay of the year",
    ARREARS.at(Classification("RECORD", "PAYMENT", "COLLECTION")),
    single(Unit.DAYS, "most days past due in 365 days"),
    reads=ARREARS_INPUTS | touched.FACILITIES | touched.SCAR_DAY,
    evidence=About(paid_loans),
)
def worst_days_in_a_year(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-04: the worst operational count on any of the last 365 days, by what is known now.

    Where the rulebook has a threshold, of an instalment of which enough is unpaid to count. Where
    it counts a fact once, the score counts what lies before the present arrears.
    """
    if not _has_history(borrower):
        return unmeasurable(Reason.NO_SCHEDULE) if borrower.loans else not_applicable()
    start = as_of - YEAR_DAYS + 1
    present = 0 if rules.counted_arrears is None else borrower.counters.arrears_days
    worst = _worst_delay(borrower, start, as_of, rules, present)
    measurement = measured(worst * MICRO)
    if rules.facts and worst:
        before = exposure.present_since(borrower, as_of) - 1
        scar = _worst_delay(borrower, start, before, rules) if before < as_of else worst
        measurement.scored = [scar * MICRO]
    return measurement


def _worst_delay(borrower: Borrower, start: int, end: int, rules: Rules, known: int = 0) -> int:
    """Return the most days past due on any day from ``start`` to ``end``, ``known`` at least."""
    if end < start:
        return known
    worst = max(known, days_past_due.worst_reported_days(borrower, start, end))
    counts = None if rules.counted_arrears is None else _instalments_that_count(borrower, rules)
    for loan in borrower.loans:
        worst = days_past_due.worst_days(loan, start, end, rules.tolerance, counts, worst)
    return worst


def _instalments_that_count(borrower: Borrower, rules: Rules) -> days_past_due.CountsOn:
    """Return the test whether an instalment counts on a day."""

    def counts(schedule: Loan, index: int, day: int) -> bool:
        if not days_past_due.is_share_unpaid(schedule, index, day, rules):
            return False
        return exposure.is_enough(borrower, rules, day)

    return counts


def _has_history(borrower: Borrower) -> bool:
    """Return whether past arrears are known: by instalments, or stated by a card system."""
    return has_schedule(borrower) or days_past_due.has_reported_months(borrower)


@indicator(
    "R-09",
    "Interest in arrears",
    ARREARS.at(Classification("RECORD", "PAYMENT", "COLLECTION")),
    single(Unit.DAYS, "days since the oldest unpaid interest"),
    reads=ARREARS_INPUTS,
    evidence=About(late_loans),
)
def interest_days(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-09: days since the oldest instalment with interest unpaid above the tolerance."""
    if not has_schedule(borrower):
        return unmeasurable(Reason.NO_SCHEDULE) if borrower.loans else not_applicable()
    worst = 0
    if not borrower.counters.arrears_days:
        return measured(0)
    for loan in borrower.loans:
        due_day = days_past_due.oldest_unpaid_interest_day(loan, as_of, rules.tolerance)
        if due_day is not None:
            worst = max(worst, as_of - due_day)
    return measured(worst * MICRO)


@indicator(
    "R-13",
    "Chronic arrears",
    ARREARS.at(Classification("RECORD", "PAYMENT", "COLLECTION")),
    (
        Component("month_ends", Unit.COUNT, "month-ends in material arrears, of twelve"),
        Component("months_late", Unit.COUNT, "sum of months late at the last twelve month-ends"),
    ),
    reads=touched.LOANS | touched.PAYMENTS | touched.DUES | touched.MONTHS,
    evidence=About(paid_loans),
)
def months_in_arrears(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-13: how many of the last twelve month-ends were in material arrears.

    The second component is the sum of months late over the same month-ends. Months that a card
    system states count as material: it states them without an amount. Where a rulebook counts a
    fact once, the score counts what lies before the present arrears; the rest is R-01's.
    """
    if not _has_history(borrower):
        return unmeasurable(Reason.NO_SCHEDULE) if borrower.loans else not_applicable()
    ends = exposure.month_end_arrears(borrower, as_of, MONTH_ENDS, rules)
    measurement = measured_components(_added_up(ends))
    if rules.facts and ends:
        present = exposure.present_since(borrower, as_of)
        measurement.scored = _added_up([end for end in ends if end.day < present])
    return measurement


def _added_up(ends: list[exposure.LateMonthEnd]) -> list[int | None]:
    material = sum(end.is_material for end in ends)
    return [material * MICRO, sum(end.months_late for end in ends) * MICRO]


@indicator(
    "R-15",
    "Arrears across facilities",
    Theme(REPAYMENT, "dpd", "FORBEARANCE").at(Classification("RECORD", "PAYMENT", "COLLECTION")),
    (
        Component("over_30", Unit.RATIO, "share outstanding on facilities over 30 days late"),
        Component("over_90", Unit.RATIO, "share outstanding on facilities over 90 days late"),
    ),
    reads=ARREARS_INPUTS | touched.FACILITIES,
    evidence=About(late_loans),
)
def cross_facility_spread(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-15: share of what is outstanding that sits on loans more than 30 days past due.

    The second component is the share more than 90 days past due while the borrower's arrears are
    material.
    """
    if not borrower.loans:
        return not_applicable()
    outstanding, late_30, late_90 = 0, 0, 0
    for owed, days in _owed_and_days(borrower, as_of, rules):
        outstanding += owed
        late_30 += owed if days > LATE_30 else 0
        late_90 += owed if days > LATE_90 else 0
    if not outstanding:
        return unmeasurable(Reason.NO_EXPOSURE)
    is_material = borrower.counters.regulatory_days > 0
    pulling = micro_ratio(late_90, outstanding) if is_material else 0
    return measured_components([micro_ratio(late_30, outstanding), pulling])


def _owed_and_days(borrower: Borrower, as_of: int, rules: Rules) -> list[tuple[int, int]]:
    tolerance = rules.tolerance
    loans = exposure.loans_outstanding(borrower, as_of)
    rows = [(owed, days_past_due.loan_days(loan, as_of, tolerance)) for loan, owed in loans]
    lines = exposure.lines_outstanding(borrower, as_of)
    return rows + [(owed, days_past_due.line_days(line, as_of, tolerance)) for line, owed in lines]


@indicator(
    "R-03",
    "Late payments",
    LATENESS.at(
        Classification(
            "RECORD", "PAYMENT", "MONITORING", "None of the last six instalments was paid late"
        )
    ),
    (
        Component("late", Unit.COUNT, "of the last six instalments at least 5 days late"),
        Component("slightly_late", Unit.COUNT, "of the last six instalments at least 1 day late"),
    ),
    reads=HABIT_INPUTS,
    evidence=About(paid_loans),
)
def late_payments(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-03: how many of the last six due instalments were, or are, at least five days late.

    The second component counts those late by at least one day, for short loans.
    """
    if not has_schedule(borrower):
        return unmeasurable(Reason.NO_SCHEDULE) if borrower.loans else not_applicable()
    delays = latest_delays(borrower, as_of, LAST_INSTALMENTS, rules.habit_tolerance)
    if not delays:
        return unmeasurable(Reason.FEW_OBSERVATIONS)
    late = sum(days >= LATE_DAYS for days in delays)
    slightly = sum(days >= SLIGHTLY_LATE_DAYS for days in delays)
    return measured_components([late * MICRO, slightly * MICRO])


@indicator(
    "R-05",
    "Payments come later and later",
    LATENESS.at(
        Classification("WILLINGNESS", "PAYMENT", "MONITORING", "Payments come earlier than before")
    ),
    (
        Component("creep", Unit.DAYS, "mean days late, last three less the six before"),
        Component("recent", Unit.DAYS, "mean days late of the last three"),
    ),
    reads=HABIT_INPUTS,
    evidence=About(paid_loans),
)
def delay_creep(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-05: mean days late of the last three due instalments less that of the six before."""
    if not has_schedule(borrower):
        return unmeasurable(Reason.NO_SCHEDULE) if borrower.loans else not_applicable()
    delays = latest_delays(borrower, as_of, RECENT + PREVIOUS, rules.habit_tolerance)
    count = len(delays) - RECENT
    if count < FEWEST_PREVIOUS:
        return unmeasurable(Reason.FEW_OBSERVATIONS)
    now, before = sum(delays[-RECENT:]), sum(delays[:-RECENT])
    creep = rounded_quotient((now * count - before * RECENT) * MICRO, RECENT * count)
    mean_now = rounded_quotient(now * MICRO, RECENT)
    return measured_components([creep, mean_now], baseline=rounded_quotient(before * MICRO, count))


@indicator(
    "R-06",
    "Payment shortfall",
    LATENESS.at(Classification("CAPACITY", "PAYMENT", "COLLECTION")),
    single(Unit.RATIO, "unpaid share of the last three instalments, 10 days on"),
    reads=HABIT_INPUTS,
    evidence=About(paid_loans),
)
def payment_shortfall(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-06: the share of the last three instalments not paid within ten days of falling due."""
    if not has_schedule(borrower):
        return unmeasurable(Reason.NO_SCHEDULE) if borrower.loans else not_applicable()
    before = as_of + 1 if borrower.counters.is_over(as_of, as_of) else as_of
    paid, due = paid_in_time(borrower, before, SHORTFALL_DAYS, SHORTFALL_INSTALMENTS)
    if not due:
        return unmeasurable(Reason.FEW_OBSERVATIONS)
    return measured(MICRO - micro_ratio(paid, due))


@indicator(
    "R-08",
    "Failed collections",
    Theme(REPAYMENT, "bounce", "COLLECTION_FAIL").at(
        Classification("CAPACITY", "PAYMENT", "COLLECTION")
    ),
    single(Unit.COUNT, "collections without funds in 30 days"),
    reads=touched.LOANS | touched.BOUNCES,
    evidence=About(failed_items),
)
def failed_collections(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-08: collections that failed for lack of funds in 30 days."""
    if not borrower.loans:
        return not_applicable()
    positions = borrower.bounces.of_kind(FAILED_COLLECTION, as_of - ITEM_DAYS + 1, as_of)
    age = as_of - borrower.bounces.days[positions[-1]] if positions else 0
    return measured(len(positions) * MICRO, age_days=age)


def _paid_lines(borrower: Borrower) -> list[tuple[Facility, Loan]]:
    """Return the lines whose payments are booked on a loan without instalments."""
    loans = {loan.loan_id: loan for loan in borrower.loans if not loan.due_days}
    return [
        (line, loans[line.loan_id])
        for line in borrower.facilities
        if line.loan_id in loans and line.late_days
    ]


def payments_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the latest payments and line balances, newest first."""
    paid = [ref for _, loan in _paid_lines(borrower) for ref in reversed(loan.paid_refs)]
    return [*paid, *borrower.evidence.facilities[::-1]][:5]


@dataclass(frozen=True, slots=True)
class PaidMonth:
    """What was paid on a line in one month, its limit, and whether anything was owed."""

    paid: int
    limit: int
    is_owed: bool


@indicator(
    "R-16",
    "Little is paid back on the card",
    Theme(REPAYMENT, "paydown", "PAYMENT_DELAY").at(
        Classification("CAPACITY", "PAYMENT", "MONITORING")
    ),
    single(Unit.RATIO, "mean share of the limit paid back a month, six months"),
    reads=touched.FACILITIES | touched.LOANS | touched.PAYMENTS | touched.MONTHS,
    evidence=payments_as_evidence,
)
def payment_against_limit(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-16: mean share of the limit that was paid back a month, over six months.

    A card on which nothing moves at all pays back nothing: in the public data its holders default
    far more often.
    """
    lines = _paid_lines(borrower)
    if not lines:
        return not_applicable()
    months = _paid_months(lines, borrower.counters.newest_full_month(as_of), MONTHS_LOOKED_AT)
    if len(months) < FEWEST_MONTHS:
        return unmeasurable(Reason.FEW_OBSERVATIONS)
    shares = [micro_ratio(month.paid, month.limit) for month in months]
    return measured(rounded_quotient(sum(shares), len(shares)))


@indicator(
    "R-17",
    "Months without any payment",
    Theme(REPAYMENT, "unpaid_months", "PAYMENT_DELAY").at(
        Classification("WILLINGNESS", "PAYMENT", "COLLECTION")
    ),
    single(Unit.COUNT, "of the last three months owed, those without a payment"),
    reads=touched.FACILITIES | touched.LOANS | touched.PAYMENTS | touched.MONTHS,
    evidence=payments_as_evidence,
)
def months_without_payment(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-17: of the last three months, those without any payment although something was owed."""
    lines = _paid_lines(borrower)
    if not lines:
        return not_applicable()
    months = _paid_months(lines, borrower.counters.newest_full_month(as_of), RECENT_MONTHS)
    if not months:
        return unmeasurable(Reason.FEW_OBSERVATIONS)
    owed = [month for month in months if month.is_owed]
    if not owed:
        return not_applicable()
    return measured(sum(month.paid == 0 for month in owed) * MICRO)


def _paid_months(lines: list[tuple[Facility, Loan]], newest: int, most: int) -> list[PaidMonth]:
    months = []
    for line, loan in lines:
        for month in range(newest - most + 1, newest + 1):
            paid = _paid_month(line, loan, month)
            if paid is not None:
                months.append(paid)
    return months


def _paid_month(line: Facility, loan: Loan, month: int) -> PaidMonth | None:
    """Return the month if limit and balance are known.

    What is owed is the balance at the end of the month before; where that is not known, the
    month's own.
    """
    start, end = first_day_of(month), last_day_of(month)
    limit = facility_use.limit_on(line, end) or 0
    closing = facility_use.drawn_on(line, end)
    if limit <= 0 or closing is None:
        return None
    opening = facility_use.drawn_on(line, start - 1)
    owed = closing if opening is None else opening
    days = zip(loan.paid_days, loan.paid_minor, strict=True)
    paid = sum(amount for day, amount in days if start <= day <= end)
    return PaidMonth(paid, limit, is_owed=paid > 0 or owed > 0)
