"""Indicators of money coming in: amount, payers, rhythm (A-01, A-07, A-15 to A-17, A-20).

Months are full calendar months. Rhythms are the borrower's own: who never paid wages, taxes or
bills from here has no habit to break, so the figure is not applicable; a habit of too few payments
is unmeasurable.
"""

from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import pairwise
from math import sqrt
from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.risk import slot_of
from services.scoring.domain.handlers.recurring_payments import (
    RUN_DAYS,
    YEAR_DAYS,
    cycle_of,
    latest_runs,
    run_a_year_before,
    runs_before_the_newest,
    runs_of,
)
from services.scoring.domain.indicators import lit
from services.scoring.domain.indicators.account_lines import median_of
from services.scoring.domain.indicators.declaration import Theme, indicator, single
from services.scoring.domain.indicators.from_statements import (
    expects_statements,
)
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.dates import last_day_of, month_sum, months_sum
from services.scoring.domain.primitives.measurement import (
    FLAG_HARD,
    MICRO,
    Measurement,
    Reason,
    Unit,
    measured,
    measured_components,
    micro_float,
    micro_ratio,
    not_applicable,
    rounded_quotient,
    unmeasurable,
)
from services.scoring.domain.primitives.series import Series
from services.scoring.domain.primitives.vocabulary import OVERDRAFT, RETAIL
from services.scoring.domain.rulebook.classification import Classification
from services.scoring.domain.rulebook.rulebook import ACCOUNT, Component, Rules
from services.scoring.domain.views.statements import CannotFormError, StatementFigures, figures_of

RECENT_MONTHS: Final = 3
SEASON_MONTHS: Final = 15
YEAR_MONTHS: Final = 12
MOST_HISTORY: Final = 12
FEWEST_BASE_MONTHS: Final = 4
MOST_UNKNOWN_PCT: Final = 30
SLOT: Final = slot_of("A-01")
WAGES_SLOT: Final = slot_of("A-16")
CUSTOMER_SLOT: Final = slot_of("A-20")
CUSTOMER_MONTHS: Final = 2
BASE_MONTHS: Final = 10
KEY_SHARE_PCT: Final = 20
ROUTING_MONTHS: Final = 12
MOST_ROUTED: Final = 10 * MICRO
RHYTHM_DAYS: Final = 180
FEWEST_CREDIT_GAPS: Final = 5
SILENT_LINE_DAYS: Final = 90
FEWEST_EARLIER_RUNS: Final = 3
MISS_WINDOW_DAYS: Final = 120
GRACE_DAYS: Final = 10
RHYTHM_YEAR_DAYS: Final = 400
OBLIGATIONS: Final = Theme(ACCOUNT, "oblig", "OBLIGATIONS")


def credits_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the newest operating credits, newest first."""
    return borrower.evidence.credits[::-1]


@dataclass(frozen=True, slots=True)
class Base:
    """The usual monthly operating credits, `numerator` / `denominator`, and the months behind."""

    numerator: int
    denominator: int
    months: range
    recent: range
    is_seasonal: bool = False


@indicator(
    "A-01",
    "Drop of incoming money",
    Theme(ACCOUNT, "inflow", "LIQUIDITY").at(
        Classification("PERFORMANCE", "FINANCIAL", "MONITORING", "Incoming money grows")
    ),
    (
        Component("drop", Unit.RATIO, "operating credits of three months below the usual"),
        Component("distance", Unit.NUMBER, "standard deviations from the usual, if lumpy"),
    ),
    reads=touched.MONTHS | touched.PROFILE,
    evidence=credits_as_evidence,
)
def inflow_drop(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-01: how far the operating credits of three months lie below the borrower's own base.

    Base: the same three months a year before where 15 full months are known, else the median of the
    months before them. A rulebook may begin with 13 (`seasons`): then the newest month, or the two
    newest, are compared with those of the year before. For a lumpy borrower (standard deviation
    above half the mean of the base months) the second component, the last month's distance from the
    base in standard deviations, must confirm the fall. Where a rulebook requires the season only,
    there is no other base. While the signal is lit the base is the one that it turned on, unless it
    is a season's.
    """
    if not borrower.accounts:
        return not_applicable()
    if not borrower.flows.known_day:
        return unmeasurable(Reason.NO_DATA)
    last = borrower.counters.newest_full_month(as_of)
    rule = rules.by_slot[SLOT]
    is_season_only = rule is not None and rule.is_season_only
    base = base_of(borrower, last, season_months=rules.season_months, is_season_only=is_season_only)
    base_month = lit.base_month(borrower, rules, SLOT, as_of)
    if base is not None and not base.is_seasonal and base_month < last:
        of_then = base_of(borrower, base_month)
        base = base if of_then is None else replace(of_then, recent=base.recent)
    if base is None:
        return unmeasurable(Reason.SHORT_HISTORY)
    if mostly_unknown(borrower, base.recent) or mostly_unknown(borrower, base.months):
        return unmeasurable(Reason.UNKNOWN_CATEGORIES)
    if base.numerator <= 0:
        return unmeasurable(Reason.ZERO_BASE)
    recent = credits_of(borrower, base.recent)
    share = rounded_quotient(sum(recent) * base.denominator * MICRO, len(recent) * base.numerator)
    z = distance_if_lumpy(recent[-1], credits_of(borrower, base.months))
    measurement = measured_components([MICRO - share, z])
    measurement.base = rounded_quotient(base.numerator, base.denominator)
    measurement.is_seasonal = base.is_seasonal
    return measurement


def is_seasonal(borrower: Borrower, as_of: int, rules: Rules) -> bool:
    """Return whether incoming money is compared with the same months of the year before."""
    if not borrower.flows.known_day:
        return False
    last = borrower.counters.newest_full_month(as_of)
    return last - borrower.flows.first_full_month() + 1 >= rules.season_months


def base_of(
    borrower: Borrower,
    last: int,
    *,
    season_months: int = SEASON_MONTHS,
    is_season_only: bool = False,
) -> Base | None:
    """Return the base of the newest months up to `last`; `None` with less than seven months.

    With nothing but the season as a base, `None` before the months from which there is one.
    """
    known = last - borrower.flows.first_full_month() + 1
    recent = range(last - RECENT_MONTHS + 1, last + 1)
    if known >= season_months:
        count = min(RECENT_MONTHS, known - YEAR_MONTHS)
        recent = range(last - count + 1, last + 1)
        months = range(recent.start - YEAR_MONTHS, recent.stop - YEAR_MONTHS)
        return Base(sum(credits_of(borrower, months)), count, months, recent, is_seasonal=True)
    if is_season_only:
        return None
    months = range(max(last - MOST_HISTORY, last - known) + 1, last - RECENT_MONTHS + 1)
    if len(months) < FEWEST_BASE_MONTHS:
        return None
    ordered = sorted(credits_of(borrower, months))
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return Base(ordered[middle], 1, months, recent)
    return Base(ordered[middle - 1] + ordered[middle], 2, months, recent)


def credits_of(borrower: Borrower, months: range) -> list[int]:
    """Return the operating credits of each month."""
    flows = borrower.flows
    sums, first = flows.operating_credit_months, flows.first_month
    return [month_sum(first, sums, month) for month in months]


def distance_if_lumpy(newest: int, base: list[int]) -> int | None:
    """Return how many standard deviations the newest month lies from the base months' mean.

    `None` where the borrower is not lumpy: standard deviation at most half the mean.
    """
    count, total = len(base), sum(base)
    # count² x variance, exactly.
    spread = count * sum(amount * amount for amount in base) - total * total
    if 4 * spread <= total * total:
        return None
    return micro_float((newest * count - total) / sqrt(spread))


def mostly_unknown(borrower: Borrower, months: range) -> bool:
    """Return whether the source could not name more than 30 % of the credits of the months."""
    flows = borrower.flows
    first = flows.first_month
    unknown = months_sum(first, flows.unknown_credit_months, months)
    known = months_sum(first, flows.operating_credit_months, months)
    return unknown * 100 > (unknown + known) * MOST_UNKNOWN_PCT


@indicator(
    "A-15",
    "Sales go elsewhere",
    Theme(ACCOUNT, "inflow", "USE_OF_FUNDS").at(
        Classification("WILLINGNESS", "CONDUCT", "MONITORING")
    ),
    single(Unit.RATIO, "operating credits over the sales expected here, 12 months"),
    reads=(
        touched.MONTHS
        | touched.STATEMENTS
        | touched.LOANS
        | touched.PAYMENTS
        | touched.FACILITIES
        | touched.DUES
        | touched.LINE_DUES
        | touched.LINE_DAY
        | touched.PROFILE
    ),
    evidence=credits_as_evidence,
)
def sales_routing(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-15: operating credits of twelve full months over the part of the sales expected here.

    Expected is the share agreed in a contract (the largest of the open loans), else this bank's
    share of the borrower's debts: what it owes here now over short- and long-term debt in the
    newest statement, at most all. Who owes nothing and has agreed nothing is expected nowhere.
    """
    if not borrower.accounts or not expects_statements(borrower):
        return not_applicable()
    if not borrower.flows.known_day:
        return unmeasurable(Reason.NO_DATA)
    last = borrower.counters.newest_full_month(as_of)
    months = range(last - ROUTING_MONTHS + 1, last + 1)
    if months.start < borrower.flows.first_full_month():
        return unmeasurable(Reason.SHORT_HISTORY)
    if mostly_unknown(borrower, months):
        return unmeasurable(Reason.UNKNOWN_CATEGORIES)
    try:
        figures = figures_of(borrower)
        revenue, share = figures.flow("revenue"), _expected_share(borrower, figures)
    except CannotFormError as gap:
        return unmeasurable(gap.reason)
    if share <= 0:
        return not_applicable()
    if revenue <= 0:
        return unmeasurable(Reason.ZERO_BASE)
    came = sum(credits_of(borrower, months))
    return measured(min(MOST_ROUTED, rounded_quotient(came * MICRO * MICRO, revenue * share)))


def _expected_share(borrower: Borrower, figures: StatementFigures) -> int:
    """Return the share of the sales expected on the accounts here, micro-units.

    Raises:
        CannotFormError: If nothing was agreed and the statement shows no debts.
    """
    agreed = [loan.routing_share_micro or 0 for loan in borrower.loans if loan.closed_day is None]
    if any(agreed):
        return max(agreed)
    owed = borrower.counters.exposure_minor
    if owed <= 0:
        return 0
    debts = figures.balance("short_term_debt") + figures.balance("long_term_debt")
    return min(MICRO, micro_ratio(owed, debts)) if debts > 0 else MICRO


@indicator(
    "A-20",
    "Key customer lost",
    Theme(ACCOUNT, "cust", "CUSTOMER").at(Classification("PERFORMANCE", "FINANCIAL", "MONITORING")),
    (
        Component("loss", Unit.RATIO, "less paid by a key customer than usual"),
        Component("share", Unit.RATIO, "its share of the operating credits before"),
    ),
    reads=touched.MONTHS | touched.PROFILE,
    evidence=credits_as_evidence,
)
def key_customer_loss(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-20: how much less a key customer pays than it used to, and its share of the credits.

    Reading of the windows: customers pay by the month, so the last 60 days are the last two full
    months and the base d-61 to d-360 the ten before them, of at least four. A key customer brought
    a fifth of the operating credits of the base; of several, the one whose loss takes away most
    counts. Without any the loss is 0, with the largest customer's share.
    """
    if not borrower.accounts:
        return not_applicable()
    if not borrower.flows.known_day:
        return unmeasurable(Reason.NO_DATA)
    last = borrower.counters.newest_full_month(as_of)
    end = lit.base_month(borrower, rules, CUSTOMER_SLOT, as_of) - CUSTOMER_MONTHS + 1
    base = range(max(borrower.flows.first_full_month(), end - BASE_MONTHS), end)
    if len(base) < FEWEST_BASE_MONTHS:
        return unmeasurable(Reason.SHORT_HISTORY)
    total = sum(credits_of(borrower, base))
    if total <= 0:
        return unmeasurable(Reason.ZERO_BASE)
    if not borrower.payers:
        return unmeasurable(Reason.NO_DATA)
    recent = range(last - CUSTOMER_MONTHS + 1, last + 1)
    loss, brought = _worst_loss(borrower, base, recent, total)
    measurement = measured_components([loss, micro_ratio(brought, total)])
    measurement.base = total // len(base)
    return measurement


def _worst_loss(borrower: Borrower, base: range, recent: range, total: int) -> tuple[int, int]:
    """Return how much less one payer brings, and what it brought in the base months.

    Without a key customer that pays less: 0, and what the largest payer brought.
    """
    brought = [_paid(borrower, payer, base) for payer in range(len(borrower.payers))]
    worst, loss, before = 0, 0, max(brought)
    for payer, amount in enumerate(brought):
        if amount * 100 < total * KEY_SHARE_PCT:
            continue
        now = _paid(borrower, payer, recent)
        lost = MICRO - rounded_quotient(now * len(base) * MICRO, amount * CUSTOMER_MONTHS)
        if lost * amount > worst:
            worst, loss, before = lost * amount, lost, amount
    return loss, before


def _paid(borrower: Borrower, position: int, months: range) -> int:
    sums, first = borrower.payer_months[position], borrower.payer_first_months[position]
    return months_sum(first, sums, months)


def wages_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the newest wages."""
    return [borrower.recurring.ref]


@indicator(
    "A-07",
    "No money comes in",
    Theme(ACCOUNT, "inflow", "LIQUIDITY").at(
        Classification("PERFORMANCE", "FINANCIAL", "MONITORING")
    ),
    (
        Component("gap", Unit.DAYS, "days since the last operating credit"),
        Component("rhythm", Unit.NUMBER, "that gap over the borrower's own long gap"),
        Component("line", Unit.FLAG, "90 days without a credit on a line"),
    ),
    reads=touched.CREDITS | touched.DAY | touched.FACILITIES | touched.LOANS | touched.PROFILE,
    evidence=credits_as_evidence,
)
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
        return measured_components([None, None, FLAG_HARD])
    if not days:
        return measured_components([silent * MICRO, None, None])
    rhythm = [day for day in days if day > days[-1] - RHYTHM_DAYS]
    gaps = sorted(later - earlier for earlier, later in pairwise(rhythm))
    if len(gaps) < FEWEST_CREDIT_GAPS:
        return unmeasurable(Reason.FEW_OBSERVATIONS)
    long_gap = gaps[-(-9 * len(gaps) // 10) - 1]
    return measured_components([silent * MICRO, micro_ratio(silent, long_gap), None])


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


@indicator(
    "A-16",
    "Wages are late or cut",
    OBLIGATIONS.at(Classification("CAPACITY", "FINANCIAL", "MONITORING")),
    (
        Component("late", Unit.DAYS, "days after wages were expected"),
        Component("missed", Unit.NUMBER, "full cycles without wages"),
        Component("amount", Unit.RATIO, "change of the amount against the usual one"),
    ),
    reads=touched.WAGES | touched.MONTHS | touched.PROFILE,
    evidence=wages_as_evidence,
)
def payroll_interruption(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-16: days past the expected payroll, full cycles missed, and the change of its amount.

    For people it is the pay that comes in (domain 3.7). Payments within five days are one run. The
    cycle is the median distance of the runs of half a year. The amount of the newest complete run
    is compared with the run a year before it where the season is known (`is_seasonal`), else with
    the median of those before it: who pays by the season pays less every winter. A person's pay is
    compared with the lower of the two, for an extra month's pay is no season.
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
    complete = len(amounts) if is_complete else len(amounts) - 1
    measurement = measured_components([late * MICRO, micro_ratio(late, cycle), None])
    if complete <= FEWEST_EARLIER_RUNS:
        return measurement
    turned = lit.base_day(borrower, rules, WAGES_SLOT, as_of)
    before_it = amounts[: complete - 1]
    if turned < as_of:
        before_it = runs_before_the_newest(wages, turned) or before_it
    usual = median_of(before_it)
    measurement.is_seasonal = is_seasonal(borrower, as_of, rules)
    if measurement.is_seasonal:
        before = run_a_year_before(wages, starts[complete - 1], cycle)
        is_person = borrower.profile.segment == RETAIL
        usual = before if before is not None and not (is_person and before > usual) else usual
    measurement.base = usual
    if usual > 0:
        measurement.values[2] = micro_ratio(amounts[complete - 1] - usual, usual)
    return measurement


@indicator(
    "A-17",
    "Taxes or bills stopped",
    OBLIGATIONS.at(Classification("CAPACITY", "FINANCIAL", "MONITORING")),
    single(Unit.COUNT, "expected payments missed in 120 days"),
    reads=touched.DUTIES | touched.MONTHS | touched.DAY | touched.PROFILE,
)
def duties_missed(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-17: expected payments of tax, social charges and utilities that did not come, 120 days.

    Each of the three has its own rhythm, the median distance of its runs in a year. One is missed
    when ten days have passed since it was expected: a rhythm after the one before it or, where the
    season is known (`is_seasonal`) and the year before the window too, a year after one.
    """
    recurring = borrower.recurring
    duties = (recurring.taxes, recurring.social, recurring.utilities)
    has_season = is_seasonal(borrower, as_of, rules)
    counts = [_missed(payments, as_of, has_season) for payments in duties if payments.days]
    if not counts:
        return not_applicable()
    known = [count for count in counts if count is not None]
    if not known:
        return unmeasurable(Reason.FEW_OBSERVATIONS)
    measurement = measured(sum(known) * MICRO)
    measurement.is_seasonal = has_season
    return measurement


def _missed(payments: Series, as_of: int, has_season: bool) -> int | None:
    """Return how many expected payments were missed, None while there is no rhythm."""
    starts, _ = runs_of(payments, as_of - RHYTHM_YEAR_DAYS)
    cycle = cycle_of(starts)
    if not cycle:
        return None
    first = as_of - MISS_WINDOW_DAYS + 1
    if has_season and payments.days[0] <= first - YEAR_DAYS:
        return _missed_by_season(payments, as_of, cycle)
    missed = 0
    for start, end in zip(starts, [*starts[1:], as_of + 1], strict=True):
        expected = start + cycle
        while expected + GRACE_DAYS < end:
            missed += expected >= first
            expected += cycle
    return missed


def _missed_by_season(payments: Series, as_of: int, cycle: int) -> int:
    """Return how many payments of the year before have no counterpart within half a rhythm."""
    reach = cycle // 2
    starts, _ = runs_of(payments, as_of - MISS_WINDOW_DAYS + 1 - YEAR_DAYS - reach)
    expected = [start + YEAR_DAYS for start in starts]
    return sum(
        as_of - MISS_WINDOW_DAYS < day <= as_of - GRACE_DAYS
        and not any(abs(start - day) <= max(reach, GRACE_DAYS) for start in starts)
        for day in expected
    )
