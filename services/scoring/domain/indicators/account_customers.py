"""Indicators of who brings the money in (A-20)."""

from typing import TYPE_CHECKING, Final

from services.scoring.domain.facts import Borrower
from services.scoring.domain.indicators.account_inflow import credits_as_evidence, credits_of
from services.scoring.domain.indicators.declaration import (
    ACCOUNT,
    MONTHS,
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
    rounded_quotient,
    unmeasurable,
)
from services.scoring.domain.months import month_sum
from services.scoring.domain.windows import first_full_month, newest_full_month

if TYPE_CHECKING:
    from services.scoring.domain.rulebook import Rules

RECENT_MONTHS: Final = 2
BASE_MONTHS: Final = 10
FEWEST_BASE_MONTHS: Final = 4
KEY_SHARE_PCT: Final = 20


def key_customer_loss(borrower: Borrower, as_of: int, rules: "Rules") -> Measurement:
    """A-20: how much less a key customer pays than it used to, and its share of the credits.

    Reading of the windows: customers pay by the month, so the last 60 days are the last two full
    months and the base d-61 to d-360 the ten before them, of at least four. A key customer brought
    a fifth of the operating credits of the base; of several, the one whose loss takes away most
    speaks. Without any the loss is 0, with the largest customer's share beside it.
    """
    if not borrower.accounts:
        return not_applicable()
    if not borrower.flows.known_day:
        return unmeasurable(Reason.NO_DATA)
    last = newest_full_month(borrower, as_of)
    first = max(first_full_month(borrower), last - RECENT_MONTHS - BASE_MONTHS + 1)
    base = range(first, last - RECENT_MONTHS + 1)
    if len(base) < FEWEST_BASE_MONTHS:
        return unmeasurable(Reason.SHORT_HISTORY)
    total = sum(credits_of(borrower, base))
    if total <= 0:
        return unmeasurable(Reason.ZERO_BASE)
    if not borrower.payers:
        return unmeasurable(Reason.NO_DATA)
    recent = range(last - RECENT_MONTHS + 1, last + 1)
    loss, brought = _worst_loss(borrower, base, recent, total)
    return measured_arms([loss, micro_ratio(brought, total)])


def _worst_loss(borrower: Borrower, base: range, recent: range, total: int) -> tuple[int, int]:
    """Return how much less one payer brings, and what it brought in the base months.

    Without a key customer that pays less: 0, and what the largest payer brought.
    """
    brought = [_paid(borrower, one, base) for one in range(len(borrower.payers))]
    worst, loss, before = 0, 0, max(brought)
    for one, amount in enumerate(brought):
        if amount * 100 < total * KEY_SHARE_PCT:
            continue
        now = _paid(borrower, one, recent)
        lost = MICRO - rounded_quotient(now * len(base) * MICRO, amount * RECENT_MONTHS)
        if lost * amount > worst:
            worst, loss, before = lost * amount, lost, amount
    return loss, before


def _paid(borrower: Borrower, position: int, months: range) -> int:
    sums, first = borrower.payer_months[position], borrower.payer_first_months[position]
    return sum(month_sum(first, sums, month) for month in months)


INDICATORS: Final[tuple[Indicator, ...]] = (
    Indicator(
        id="A-20",
        name="Key customer lost",
        family=ACCOUNT,
        group="cust",
        risk_type="CUSTOMER",
        arms=(
            Arm("loss", Unit.RATIO, "less paid by a key customer than usual"),
            Arm("share", Unit.RATIO, "its share of the operating credits before"),
        ),
        inputs=MONTHS | PROFILE,
        measure=key_customer_loss,
        evidence=credits_as_evidence,
    ),
)
