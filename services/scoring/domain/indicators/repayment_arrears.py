"""Indicators of how far behind a borrower is (R-01, R-02, R-04, R-09, R-13, R-15).

All counts are EXCLUSIVE days. A borrower without a loan has no repayment indicators.
"""

from typing import Final

from services.scoring.domain.arrears import days_past_due, exposure
from services.scoring.domain.arrears.instalments import has_schedule
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.measurement import (
    MICRO,
    Measurement,
    Reason,
    Unit,
    measured,
    measured_arms,
    micro_ratio,
    not_applicable,
    unmeasurable,
)
from services.scoring.domain.rulebook.rulebook import REPAYMENT, Arm, Indicator, Rules, one_arm

ARREARS_INPUTS: Final = touched.LOANS | touched.PAYMENTS | touched.DUES
YEAR_DAYS: Final = 365
MONTH_ENDS: Final = 12
LATE_30: Final = 30
LATE_90: Final = 90


def operational_days(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-01: the fold's operational counter, worst over all loans and lines."""
    if not borrower.loans:
        return not_applicable()
    if not has_schedule(borrower) and not borrower.facilities:
        return unmeasurable(Reason.NO_SCHEDULE)
    return measured(borrower.counters.operational_days * MICRO)


def regulatory_days(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-02: consecutive day closes with arrears above both materiality thresholds.

    A card system that counts months states no amount, so materiality cannot be judged.
    """
    if not borrower.loans:
        return not_applicable()
    counted = [line for line in borrower.facilities if not line.late_days]
    if not has_schedule(borrower) and not counted:
        return unmeasurable(Reason.NO_SCHEDULE)
    return measured(borrower.counters.regulatory_days * MICRO)


def worst_days_in_a_year(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-04: the worst operational count on any of the last 365 days, by what is known now."""
    if not _has_history(borrower):
        return unmeasurable(Reason.NO_SCHEDULE) if borrower.loans else not_applicable()
    start = as_of - YEAR_DAYS + 1
    worst = days_past_due.worst_reported_days(borrower, start, as_of)
    for loan in borrower.loans:
        worst = max(worst, days_past_due.worst_days(loan, start, as_of, rules.tolerance))
    return measured(worst * MICRO)


def _has_history(borrower: Borrower) -> bool:
    """Return whether past arrears are known: by instalments, or stated by a card system."""
    return has_schedule(borrower) or days_past_due.has_reported_months(borrower)


def interest_days(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-09: days since the oldest instalment with interest unpaid above the tolerance."""
    if not has_schedule(borrower):
        return unmeasurable(Reason.NO_SCHEDULE) if borrower.loans else not_applicable()
    worst = 0
    for loan in borrower.loans:
        due_day = days_past_due.oldest_unpaid_interest_day(loan, as_of, rules.tolerance)
        if due_day is not None:
            worst = max(worst, as_of - due_day)
    return measured(worst * MICRO)


def months_in_arrears(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-13: how many of the last twelve month-ends stood in material arrears.

    The second arm is the sum of months late over the same month-ends. Months that a card system
    states count as material: it states them beside no amount.
    """
    if not _has_history(borrower):
        return unmeasurable(Reason.NO_SCHEDULE) if borrower.loans else not_applicable()
    material, months_late = exposure.month_end_arrears(borrower, as_of, MONTH_ENDS, rules)
    return measured_arms([material * MICRO, months_late * MICRO])


def cross_facility_spread(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-15: share of what is outstanding that sits on loans more than 30 days past due.

    The second arm is the share more than 90 days past due while the borrower's arrears are
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
    return measured_arms([micro_ratio(late_30, outstanding), pulling])


def _owed_and_days(borrower: Borrower, as_of: int, rules: Rules) -> list[tuple[int, int]]:
    tolerance = rules.tolerance
    found = exposure.loans_outstanding(borrower, as_of)
    rows = [(owed, days_past_due.loan_days(loan, as_of, tolerance)) for loan, owed in found]
    lines = exposure.lines_outstanding(borrower, as_of)
    return rows + [(owed, days_past_due.line_days(line, as_of, tolerance)) for line, owed in lines]


def late_loan_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the latest payments and the schedule of the loan with most open instalments."""
    refs: list[str] = []
    for loan in borrower.loans:
        refs += reversed(loan.paid_refs)
    for loan in borrower.loans:
        if loan.schedule_ref:
            refs.append(loan.schedule_ref)
    return refs[:5]


INDICATORS: Final[tuple[Indicator, ...]] = (
    Indicator(
        id="R-01",
        name="Days past due",
        family=REPAYMENT,
        group="dpd",
        risk_type="PAYMENT_DELAY",
        arms=one_arm(Unit.DAYS, "days since the oldest unpaid due date"),
        inputs=ARREARS_INPUTS,
        measure=operational_days,
        evidence=late_loan_as_evidence,
    ),
    Indicator(
        id="R-02",
        name="Days in material arrears",
        family=REPAYMENT,
        group="dpd",
        risk_type="PAYMENT_DELAY",
        arms=one_arm(Unit.DAYS, "consecutive days above both materiality thresholds"),
        inputs=ARREARS_INPUTS,
        measure=regulatory_days,
        evidence=late_loan_as_evidence,
    ),
    Indicator(
        id="R-04",
        name="Worst delay of the year",
        family=REPAYMENT,
        group="dpd",
        risk_type="PAYMENT_DELAY",
        arms=one_arm(Unit.DAYS, "most days past due in 365 days"),
        inputs=touched.LOANS
        | touched.PAYMENTS
        | touched.FACILITIES
        | touched.DUES
        | touched.SCAR_DAY,
        measure=worst_days_in_a_year,
        evidence=late_loan_as_evidence,
    ),
    Indicator(
        id="R-09",
        name="Interest in arrears",
        family=REPAYMENT,
        group="dpd",
        risk_type="PAYMENT_DELAY",
        arms=one_arm(Unit.DAYS, "days since the oldest unpaid interest"),
        inputs=touched.LOANS | touched.PAYMENTS | touched.DUES,
        measure=interest_days,
        evidence=late_loan_as_evidence,
    ),
    Indicator(
        id="R-13",
        name="Chronic arrears",
        family=REPAYMENT,
        group="dpd",
        risk_type="PAYMENT_DELAY",
        arms=(
            Arm("month_ends", Unit.COUNT, "month-ends in material arrears, of twelve"),
            Arm("months_late", Unit.COUNT, "sum of months late at the last twelve month-ends"),
        ),
        inputs=touched.LOANS | touched.PAYMENTS | touched.FACILITIES | touched.MONTHS,
        measure=months_in_arrears,
        evidence=late_loan_as_evidence,
    ),
    Indicator(
        id="R-15",
        name="Arrears across facilities",
        family=REPAYMENT,
        group="dpd",
        risk_type="FORBEARANCE",
        arms=(
            Arm("over_30", Unit.RATIO, "share outstanding on facilities over 30 days late"),
            Arm("over_90", Unit.RATIO, "share outstanding on facilities over 90 days late"),
        ),
        inputs=ARREARS_INPUTS | touched.FACILITIES,
        measure=cross_facility_spread,
        evidence=late_loan_as_evidence,
    ),
)
