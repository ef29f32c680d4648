"""Indicators of how a borrower pays: late, short, or not at the first attempt (R-03, R-05, R-06,
R-08).

Instalments of all loans are pooled by due date.
"""

from typing import Final

from services.scoring.domain.arrears.instalments import (
    SHORTFALL_DAYS,
    has_schedule,
    latest_due,
    paid_in_time,
)
from services.scoring.domain.borrower.borrower import FAILED_COLLECTION, Borrower
from services.scoring.domain.indicators.repayment_arrears import late_loan_as_evidence
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
    rounded_quotient,
    unmeasurable,
)
from services.scoring.domain.rulebook.rulebook import REPAYMENT, Arm, Indicator, Rules, one_arm

LAST_INSTALMENTS: Final = 6
LATE_DAYS: Final = 5
SLIGHTLY_LATE_DAYS: Final = 1
RECENT: Final = 3
PREVIOUS: Final = 6
FEWEST_PREVIOUS: Final = 3
SHORTFALL_INSTALMENTS: Final = 3
BOUNCE_DAYS: Final = 30
HABIT_INPUTS: Final = touched.LOANS | touched.PAYMENTS | touched.DUES


def late_payments(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-03: how many of the last six due instalments were, or are, at least five days late.

    The second arm counts those late by at least one day, for short loans.
    """
    if not has_schedule(borrower):
        return unmeasurable(Reason.NO_SCHEDULE) if borrower.loans else not_applicable()
    latest = latest_due(borrower, as_of, LAST_INSTALMENTS, rules.tolerance)
    if not latest:
        return unmeasurable(Reason.FEW_OBSERVATIONS)
    late = sum(one.days_late >= LATE_DAYS for one in latest)
    slightly = sum(one.days_late >= SLIGHTLY_LATE_DAYS for one in latest)
    return measured_arms([late * MICRO, slightly * MICRO])


def delay_creep(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-05: mean days late of the last three due instalments less that of the six before."""
    if not has_schedule(borrower):
        return unmeasurable(Reason.NO_SCHEDULE) if borrower.loans else not_applicable()
    latest = latest_due(borrower, as_of, RECENT + PREVIOUS, rules.tolerance)
    recent, previous = latest[-RECENT:], latest[:-RECENT]
    if len(previous) < FEWEST_PREVIOUS:
        return unmeasurable(Reason.FEW_OBSERVATIONS)
    now = sum(one.days_late for one in recent)
    before = sum(one.days_late for one in previous)
    count = len(previous)
    creep = rounded_quotient((now * count - before * RECENT) * MICRO, RECENT * count)
    mean_now = rounded_quotient(now * MICRO, RECENT)
    return measured_arms([creep, mean_now], baseline=rounded_quotient(before * MICRO, count))


def payment_shortfall(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-06: the share of the last three instalments not paid within ten days of falling due."""
    if not has_schedule(borrower):
        return unmeasurable(Reason.NO_SCHEDULE) if borrower.loans else not_applicable()
    before = as_of + 1 if borrower.counters.is_over(as_of, as_of) else as_of
    paid, due = paid_in_time(borrower, before, SHORTFALL_DAYS, SHORTFALL_INSTALMENTS)
    if not due:
        return unmeasurable(Reason.FEW_OBSERVATIONS)
    return measured(MICRO - micro_ratio(paid, due))


def failed_collections(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """R-08: collections that failed for lack of funds in 30 days."""
    if not borrower.loans:
        return not_applicable()
    found = borrower.bounces.of_kind(FAILED_COLLECTION, as_of - BOUNCE_DAYS + 1, as_of)
    age = as_of - borrower.bounces.days[found[-1]] if found else 0
    return measured(len(found) * MICRO, age_days=age)


def failures_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the failed collections in the window, newest first."""
    found = borrower.bounces.of_kind(FAILED_COLLECTION, as_of - BOUNCE_DAYS + 1, as_of)
    return [borrower.bounces.refs[index] for index in reversed(found)][:5]


INDICATORS: Final[tuple[Indicator, ...]] = (
    Indicator(
        id="R-03",
        name="Late payments",
        family=REPAYMENT,
        group="late",
        risk_type="PAYMENT_DELAY",
        arms=(
            Arm("late", Unit.COUNT, "of the last six instalments at least 5 days late"),
            Arm("slightly_late", Unit.COUNT, "of the last six instalments at least 1 day late"),
        ),
        inputs=HABIT_INPUTS,
        measure=late_payments,
        evidence=late_loan_as_evidence,
    ),
    Indicator(
        id="R-05",
        name="Payments come later and later",
        family=REPAYMENT,
        group="late",
        risk_type="PAYMENT_DELAY",
        arms=(
            Arm("creep", Unit.DAYS, "mean days late, last three less the six before"),
            Arm("recent", Unit.DAYS, "mean days late of the last three"),
        ),
        inputs=HABIT_INPUTS,
        measure=delay_creep,
        evidence=late_loan_as_evidence,
    ),
    Indicator(
        id="R-06",
        name="Payment shortfall",
        family=REPAYMENT,
        group="late",
        risk_type="PAYMENT_DELAY",
        arms=one_arm(Unit.RATIO, "unpaid share of the last three instalments, 10 days on"),
        inputs=HABIT_INPUTS,
        measure=payment_shortfall,
        evidence=late_loan_as_evidence,
    ),
    Indicator(
        id="R-08",
        name="Failed collections",
        family=REPAYMENT,
        group="bounce",
        risk_type="COLLECTION_FAIL",
        arms=one_arm(Unit.COUNT, "collections without funds in 30 days"),
        inputs=touched.LOANS | touched.BOUNCES,
        measure=failed_collections,
        evidence=failures_as_evidence,
    ),
)
