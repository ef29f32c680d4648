"""Indicators of who brings the money in, and whether all of it comes here (A-15, A-20)."""

from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.indicators.account_inflow import (
    credits_as_evidence,
    credits_of,
    mostly_unknown,
)
from services.scoring.domain.indicators.from_statements import expects_statements
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.dates import month_sum
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
from services.scoring.domain.rulebook.rulebook import ACCOUNT, Arm, Indicator, Rules, one_arm
from services.scoring.domain.views.statements import CannotFormError, StatementFigures, figures_of

RECENT_MONTHS: Final = 2
BASE_MONTHS: Final = 10
FEWEST_BASE_MONTHS: Final = 4
KEY_SHARE_PCT: Final = 20
ROUTING_MONTHS: Final = 12
MOST_ROUTED: Final = 10 * MICRO


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


def key_customer_loss(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
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
    last = borrower.counters.newest_full_month(as_of)
    first = max(borrower.flows.first_full_month(), last - RECENT_MONTHS - BASE_MONTHS + 1)
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
        id="A-15",
        name="Sales go elsewhere",
        family=ACCOUNT,
        group="inflow",
        risk_type="USE_OF_FUNDS",
        arms=one_arm(Unit.RATIO, "operating credits over the sales expected here, 12 months"),
        inputs=touched.MONTHS
        | touched.STATEMENTS
        | touched.LOANS
        | touched.PAYMENTS
        | touched.FACILITIES
        | touched.DUES
        | touched.LINE_DAY
        | touched.PROFILE,
        measure=sales_routing,
        evidence=credits_as_evidence,
    ),
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
        inputs=touched.MONTHS | touched.PROFILE,
        measure=key_customer_loss,
        evidence=credits_as_evidence,
    ),
)
