"""Indicators of money that leaves in unusual ways (A-11)."""

from typing import TYPE_CHECKING, Final

from services.scoring.domain import series
from services.scoring.domain.facts import Borrower
from services.scoring.domain.indicators.declaration import (
    ACCOUNT,
    CASH,
    PROFILE,
    Arm,
    Indicator,
)
from services.scoring.domain.measurement import (
    MICRO,
    Measurement,
    Reason,
    Unit,
    measured_arms,
    micro_ratio,
    not_applicable,
    unmeasurable,
)
from services.scoring.domain.months import month_sum
from services.scoring.domain.windows import first_full_month, newest_full_month

if TYPE_CHECKING:
    from services.scoring.domain.rulebook import Rules

QUARTER_DAYS: Final = 90
YEAR_MONTHS: Final = 12
FEWEST_BASE_MONTHS: Final = 6
MOST_TIMES: Final = 1_000 * MICRO


def cash_share(borrower: Borrower, as_of: int, rules: "Rules") -> Measurement:
    """A-11: cash taken out over all debits, 90 days, and that share over the own share of a year.

    The own share is that of the last twelve full months, of at least six. Both figures must agree
    (domain reading 5). Who took out no cash in 90 days has a share of 0.
    """
    if not borrower.accounts:
        return not_applicable()
    flows, start = borrower.flows, as_of - QUARTER_DAYS + 1
    cash = series.total(flows.cash_debits, start, as_of)
    if cash <= 0:
        return measured_arms([0, 0])
    debits = series.total(flows.debits, start, as_of)
    if debits <= 0:
        return unmeasurable(Reason.ZERO_BASE)
    last = newest_full_month(borrower, as_of)
    first = max(first_full_month(borrower), last - YEAR_MONTHS + 1)
    if last - first + 1 < FEWEST_BASE_MONTHS:
        return unmeasurable(Reason.SHORT_HISTORY)
    months = range(first, last + 1)
    usual_cash = sum(month_sum(flows.first_month, flows.cash_debit_months, one) for one in months)
    usual_debits = sum(month_sum(flows.first_month, flows.debit_months, one) for one in months)
    share = micro_ratio(cash, debits)
    if usual_cash <= 0 or usual_debits <= 0:
        return measured_arms([share, MOST_TIMES], baseline=0)
    times = micro_ratio(cash * usual_debits, debits * usual_cash)
    usual = micro_ratio(usual_cash, usual_debits)
    return measured_arms([share, min(times, MOST_TIMES)], baseline=usual)


def debits_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the newest debits of note, newest first."""
    return borrower.evidence.debits[::-1]


INDICATORS: Final[tuple[Indicator, ...]] = (
    Indicator(
        id="A-11",
        name="Much cash taken out",
        family=ACCOUNT,
        group="conduct",
        risk_type="USE_OF_FUNDS",
        arms=(
            Arm("share", Unit.RATIO, "cash over all debits, 90 days"),
            Arm("times", Unit.NUMBER, "that share over the own share of a year"),
        ),
        inputs=CASH | PROFILE,
        measure=cash_share,
        evidence=debits_as_evidence,
    ),
)
