"""Indicators of money coming in (A-01). Months are full calendar months."""

from dataclasses import dataclass
from math import sqrt
from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.risk import slot_of
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.dates import month_sum
from services.scoring.domain.primitives.measurement import (
    MICRO,
    Measurement,
    Reason,
    Unit,
    measured_arms,
    micro_float,
    not_applicable,
    rounded_quotient,
    unmeasurable,
)
from services.scoring.domain.rulebook.rulebook import ACCOUNT, Arm, Indicator, Rules

RECENT_MONTHS: Final = 3
SEASON_MONTHS: Final = 15
MOST_HISTORY: Final = 12
FEWEST_BASE_MONTHS: Final = 4
MOST_UNKNOWN_PCT: Final = 30
SLOT: Final = slot_of("A-01")


@dataclass(frozen=True, slots=True)
class Base:
    """The usual monthly operating credits, `numerator` / `denominator`, and the months behind."""

    numerator: int
    denominator: int
    months: range


def inflow_drop(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-01: how far the operating credits of three months lie below the borrower's own base.

    Base: the same three months a year before where 15 full months are known, else the median of the
    months before them. For a lumpy borrower (standard deviation above half the mean of the base
    months) the second arm, the last month's distance from the base in standard deviations, must
    confirm the fall. Where a rulebook asks for the season only, there is no other base.
    """
    if not borrower.accounts:
        return not_applicable()
    if not borrower.flows.known_day:
        return unmeasurable(Reason.NO_DATA)
    last = borrower.counters.newest_full_month(as_of)
    rule = rules.by_slot[SLOT]
    base = base_of(borrower, last, is_season_only=rule is not None and rule.is_season_only)
    if base is None:
        return unmeasurable(Reason.SHORT_HISTORY)
    recent_months = range(last - RECENT_MONTHS + 1, last + 1)
    if mostly_unknown(borrower, recent_months) or mostly_unknown(borrower, base.months):
        return unmeasurable(Reason.UNKNOWN_CATEGORIES)
    if base.numerator <= 0:
        return unmeasurable(Reason.ZERO_BASE)
    recent = credits_of(borrower, recent_months)
    kept = rounded_quotient(sum(recent) * base.denominator * MICRO, RECENT_MONTHS * base.numerator)
    z = distance_if_lumpy(recent[-1], credits_of(borrower, base.months))
    return measured_arms([MICRO - kept, z])


def base_of(borrower: Borrower, last: int, *, is_season_only: bool = False) -> Base | None:
    """Return the base of the three months up to `last`; `None` with less than seven months.

    With nothing but the season as a base, `None` with less than fifteen.
    """
    known = last - borrower.flows.first_full_month() + 1
    if known >= SEASON_MONTHS:
        first = last - SEASON_MONTHS + 1
        months = range(first, first + RECENT_MONTHS)
        return Base(sum(credits_of(borrower, months)), RECENT_MONTHS, months)
    if is_season_only:
        return None
    months = range(max(last - MOST_HISTORY, last - known) + 1, last - RECENT_MONTHS + 1)
    if len(months) < FEWEST_BASE_MONTHS:
        return None
    ordered = sorted(credits_of(borrower, months))
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return Base(ordered[middle], 1, months)
    return Base(ordered[middle - 1] + ordered[middle], 2, months)


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
    unknown = sum(month_sum(first, flows.unknown_credit_months, month) for month in months)
    known = sum(month_sum(first, flows.operating_credit_months, month) for month in months)
    return unknown * 100 > (unknown + known) * MOST_UNKNOWN_PCT


def credits_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the newest operating credits, newest first."""
    return borrower.evidence.credits[::-1]


INDICATORS: Final[tuple[Indicator, ...]] = (
    Indicator(
        id="A-01",
        name="Drop of incoming money",
        family=ACCOUNT,
        group="inflow",
        risk_type="LIQUIDITY",
        arms=(
            Arm("drop", Unit.RATIO, "operating credits of three months below the usual"),
            Arm("distance", Unit.NUMBER, "standard deviations from the usual, if lumpy"),
        ),
        inputs=touched.MONTHS | touched.PROFILE,
        measure=inflow_drop,
        evidence=credits_as_evidence,
    ),
)
