"""Indicators of the money left on the accounts (A-02, A-19, A-23).

Balances are those of all accounts together at the end of each day. A borrower without a known
account has no account indicators.
"""

from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.primitives import series, touched
from services.scoring.domain.primitives.measurement import (
    MICRO,
    Measurement,
    Reason,
    Unit,
    measured,
    micro_ratio,
    not_applicable,
    rounded_quotient,
    unmeasurable,
)
from services.scoring.domain.rulebook.rulebook import ACCOUNT, Indicator, Rules, one_arm
from services.scoring.domain.views.balances import RECENT_DAYS, are_balances_stale, pooled, view_of

FEWEST_BASE_DAYS: Final = 90
OUTFLOW_DAYS: Final = 90
DRAWDOWN_DAYS: Final = 180
FEWEST_DRAWDOWN_DAYS: Final = 60
# Ten years: beyond it a runway or a cover is not a figure but "no end in sight".
LONGEST_RUNWAY: Final = 3_650 * MICRO
MOST_COVER: Final = 1_000 * MICRO


def balance_erosion(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-02: mean balance of 30 days over the median of the 180 days before."""
    gap = _no_balances(borrower, as_of)
    if gap is not None:
        return gap
    view = view_of(borrower, as_of)
    base = view.base
    if len(base) < FEWEST_BASE_DAYS:
        return unmeasurable(Reason.SHORT_HISTORY)
    middle = len(base) // 2
    # Twice the median, so that an even count needs no fraction.
    median_2 = 2 * base[middle] if len(base) % 2 else base[middle - 1] + base[middle]
    if median_2 <= 0:
        return unmeasurable(Reason.NEGATIVE_BASE if median_2 < 0 else Reason.ZERO_BASE)
    recent_2 = 2 * sum(view.balances[-RECENT_DAYS:])
    ratio = rounded_quotient(recent_2 * MICRO, RECENT_DAYS * median_2)
    return measured(ratio)


def cash_runway(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-19: how many days the balance lasts at the gross daily outflow of the last 90 days."""
    gap = _no_balances(borrower, as_of)
    if gap is not None:
        return gap
    balance = pooled(borrower, as_of)
    days = min(OUTFLOW_DAYS, borrower.flows.known_days(as_of))
    if balance is None or days <= 0:
        return unmeasurable(Reason.NO_BALANCE)
    outflow = series.total(borrower.flows.debits, as_of - OUTFLOW_DAYS + 1, as_of)
    if outflow <= 0:
        return measured(LONGEST_RUNWAY)
    runway = rounded_quotient(max(0, balance) * days * MICRO, outflow)
    return measured(min(runway, LONGEST_RUNWAY))


def drawdown_cover(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-23: the balance over the worst fall within 30 days that ended in the last 180."""
    gap = _no_balances(borrower, as_of)
    if gap is not None:
        return gap
    view = view_of(borrower, as_of)
    if len(view.balances) < FEWEST_DRAWDOWN_DAYS:
        return unmeasurable(Reason.SHORT_HISTORY)
    worst = max(view.falls[-DRAWDOWN_DAYS:])
    if worst <= 0:
        return measured(MOST_COVER)
    return measured(min(MOST_COVER, micro_ratio(max(0, view.balances[-1]), worst)))


def _no_balances(borrower: Borrower, as_of: int) -> Measurement | None:
    if not borrower.accounts:
        return not_applicable()
    if not any(account.eod.reported for account in borrower.accounts):
        return unmeasurable(Reason.NO_BALANCE)
    if are_balances_stale(borrower, as_of):
        return unmeasurable(Reason.STALE_DATA)
    return None


def balances_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the newest balance events, newest first, or else the newest credits."""
    refs = borrower.evidence.balances or borrower.evidence.credits
    return refs[::-1]


INDICATORS: Final[tuple[Indicator, ...]] = (
    Indicator(
        id="A-02",
        name="Balance erosion",
        family=ACCOUNT,
        group="liq",
        risk_type="LIQUIDITY",
        arms=one_arm(Unit.RATIO, "mean balance of 30 days over the usual balance"),
        inputs=touched.BALANCES | touched.BALANCE_DAY | touched.PROFILE,
        measure=balance_erosion,
        evidence=balances_as_evidence,
    ),
    Indicator(
        id="A-19",
        name="Cash runway",
        family=ACCOUNT,
        group="liq",
        risk_type="LIQUIDITY",
        arms=one_arm(Unit.DAYS, "days that the balance lasts at the usual outflow"),
        inputs=touched.BALANCES | touched.DEBITS | touched.BALANCE_DAY | touched.PROFILE,
        measure=cash_runway,
        evidence=balances_as_evidence,
    ),
    Indicator(
        id="A-23",
        name="Balance against its worst fall",
        family=ACCOUNT,
        group="liq",
        risk_type="LIQUIDITY",
        arms=one_arm(Unit.NUMBER, "balance over the worst 30-day fall of 180 days"),
        inputs=touched.BALANCES | touched.BALANCE_DAY | touched.PROFILE,
        measure=drawdown_cover,
        evidence=balances_as_evidence,
    ),
)
