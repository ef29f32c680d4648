"""Indicators of what used to come round and no longer does (A-07, A-16, A-17).

Rhythms are the borrower's own. Who never paid wages, taxes or bills from here has no habit to
break: the figure is not applicable. One whose habit cannot be told yet is unmeasurable.
"""

from bisect import bisect_right
from itertools import pairwise
from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.handlers.recurring_payments import (
    RUN_DAYS,
    cycle_of,
    latest_runs,
    runs_of,
)
from services.scoring.domain.indicators.account_inflow import credits_as_evidence
from services.scoring.domain.indicators.account_lines import median_of
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.dates import last_day_of
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
from services.scoring.domain.primitives.series import Series
from services.scoring.domain.primitives.vocabulary import OVERDRAFT
from services.scoring.domain.rulebook.rulebook import ACCOUNT, Arm, Indicator, Rules, one_arm

RHYTHM_DAYS: Final = 180
FEWEST_CREDIT_GAPS: Final = 5
SILENT_LINE_DAYS: Final = 90
FLAG_HARD: Final = 3 * MICRO
FEWEST_EARLIER_RUNS: Final = 3
MISS_WINDOW_DAYS: Final = 120
GRACE_DAYS: Final = 10


def credit_silence(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-07: days since the last operating credit, and that gap over the borrower's own long gap.

    The own long gap is the 90th percentile (nearest rank) of the days between days with credits, in
    the 180 days up to the last credit, so that a growing silence does not become its own yardstick.
    Both figures must agree. The third figure speaks alone, and only where it is true: a line or
    overdraft without any operating credit for 90 days.
    """
    if not borrower.accounts:
        return not_applicable()
    credits = borrower.flows.operating_credits.days
    days = credits[: bisect_right(credits, as_of)]
    silent = as_of - days[-1] if days else _silent_since_months(borrower, as_of)
    if silent is None:
        return unmeasurable(Reason.FEW_OBSERVATIONS)
    if silent >= SILENT_LINE_DAYS and _has_line(borrower):
        return measured_arms([None, None, FLAG_HARD])
    if not days:
        return measured_arms([silent * MICRO, None, None])
    rhythm = [day for day in days if day > days[-1] - RHYTHM_DAYS]
    gaps = sorted(later - earlier for earlier, later in pairwise(rhythm))
    if len(gaps) < FEWEST_CREDIT_GAPS:
        return unmeasurable(Reason.FEW_OBSERVATIONS)
    long_gap = gaps[-(-9 * len(gaps) // 10) - 1]
    return measured_arms([silent * MICRO, micro_ratio(silent, long_gap), None])


def _silent_since_months(borrower: Borrower, as_of: int) -> int | None:
    """Return the silence where the days are no longer kept: since the last month with credits."""
    flows = borrower.flows
    if not flows.operating_credit_months:
        return None
    newest = flows.first_month + len(flows.operating_credit_months) - 1
    return max(0, as_of - last_day_of(newest))


def _has_line(borrower: Borrower) -> bool:
    return bool(borrower.facilities) or any(
        loan.loan_type == OVERDRAFT and loan.closed_day is None for loan in borrower.loans
    )


def payroll_interruption(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-16: days past the expected payroll, full cycles missed, and the change of its amount.

    For people it is the pay that comes in (domain 3.7). Payments within five days are one run. The
    cycle is the median distance of the runs of half a year; the amount of the newest complete run
    is held against the median of those before it.
    """
    wages = borrower.recurring.wages
    if not wages.days:
        return not_applicable()
    starts, amounts = latest_runs(wages)
    cycle = cycle_of(starts)
    if not cycle:
        return unmeasurable(Reason.FEW_OBSERVATIONS)
    late = max(0, as_of - starts[-1] - cycle)
    is_complete = borrower.counters.is_over(starts[-1] + RUN_DAYS, as_of)
    change = _change_of_amount(amounts if is_complete else amounts[:-1])
    return measured_arms([late * MICRO, micro_ratio(late, cycle), change])


def _change_of_amount(complete: list[int]) -> int | None:
    """Return the newest amount / median of the earlier ones - 1; None with too few of them."""
    earlier = complete[:-1]
    if len(earlier) < FEWEST_EARLIER_RUNS:
        return None
    usual = median_of(earlier)
    return micro_ratio(complete[-1] - usual, usual) if usual > 0 else None


def duties_missed(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-17: expected payments of tax, social charges and utilities that did not come, 120 days.

    Each of the three has its own rhythm, the median distance of its runs in the year kept. One is
    missed when ten days have passed since it was expected.
    """
    recurring = borrower.recurring
    kinds = [one for one in (recurring.taxes, recurring.social, recurring.utilities) if one.days]
    if not kinds:
        return not_applicable()
    counts = [_missed(payments, as_of) for payments in kinds]
    known = [count for count in counts if count is not None]
    if not known:
        return unmeasurable(Reason.FEW_OBSERVATIONS)
    return measured(sum(known) * MICRO)


def _missed(payments: Series, as_of: int) -> int | None:
    """Return how many expected payments were missed, None while there is no rhythm."""
    starts, _ = runs_of(payments)
    cycle = cycle_of(starts)
    if not cycle:
        return None
    first = as_of - MISS_WINDOW_DAYS + 1
    missed = 0
    for start, end in zip(starts, [*starts[1:], as_of + 1], strict=True):
        expected = start + cycle
        while expected + GRACE_DAYS < end:
            missed += expected >= first
            expected += cycle
    return missed


def wages_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the newest wages."""
    return [borrower.recurring.ref]


INDICATORS: Final[tuple[Indicator, ...]] = (
    Indicator(
        id="A-07",
        name="No money comes in",
        family=ACCOUNT,
        group="inflow",
        risk_type="LIQUIDITY",
        arms=(
            Arm("gap", Unit.DAYS, "days since the last operating credit"),
            Arm("rhythm", Unit.NUMBER, "that gap over the borrower's own long gap"),
            Arm("line", Unit.FLAG, "90 days without a credit on a line"),
        ),
        inputs=touched.CREDITS | touched.DAY | touched.FACILITIES | touched.LOANS | touched.PROFILE,
        measure=credit_silence,
        evidence=credits_as_evidence,
    ),
    Indicator(
        id="A-16",
        name="Wages are late or cut",
        family=ACCOUNT,
        group="oblig",
        risk_type="OBLIGATIONS",
        arms=(
            Arm("late", Unit.DAYS, "days after wages were expected"),
            Arm("missed", Unit.NUMBER, "full cycles without wages"),
            Arm("amount", Unit.RATIO, "change of the amount against the usual one"),
        ),
        inputs=touched.WAGES | touched.PROFILE,
        measure=payroll_interruption,
        evidence=wages_as_evidence,
    ),
    Indicator(
        id="A-17",
        name="Taxes or bills stopped",
        family=ACCOUNT,
        group="oblig",
        risk_type="OBLIGATIONS",
        arms=one_arm(Unit.COUNT, "expected payments missed in 120 days"),
        inputs=touched.DUTIES | touched.DAY | touched.PROFILE,
        measure=duties_missed,
    ),
)
