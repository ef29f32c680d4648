"""Indicators of what others want from a borrower: new lenders and enforcement (A-18, A-22)."""

from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.flows import LenderFlows
from services.scoring.domain.indicators.account_inflow import credits_of
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
)
from services.scoring.domain.rulebook.rulebook import ACCOUNT, Arm, Indicator, Rules, one_arm

NEW_DAYS: Final = 90
RECENT_MONTHS: Final = 3
EARLIER_MONTHS: Final = 6


def lender_stacking(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-18: lenders that are new within 90 days, and how much more of the credits lenders take.

    A lender is new when its first flow, in or out, came in the last 90 days, and the accounts had
    been known for 90 days before that flow: at the beginning every lender looks new. The rise is
    measured in full months, the last three against the six before. Which lenders are expensive the
    events do not say; an officer who knows raises a finding.
    """
    if not borrower.accounts:
        return not_applicable()
    flows = borrower.lender_flows
    if not flows.days and not flows.known and not flows.months:
        return measured_arms([0, 0])
    new = _new_lenders(borrower, as_of)
    return measured_arms([new, _rise_of_share(borrower, as_of)], gap=Reason.SHORT_HISTORY)


def _new_lenders(borrower: Borrower, as_of: int) -> int | None:
    known_day = borrower.flows.known_day
    if not known_day or as_of - known_day < NEW_DAYS:
        return None
    first_days: dict[int, int] = {}
    for day, key in _lender_flows(borrower.lender_flows, as_of):
        first_days.setdefault(key, day)
    earlier = borrower.lender_flows.known
    since = max(as_of - NEW_DAYS + 1, known_day + NEW_DAYS)
    new = sum(day >= since for key, day in first_days.items() if key not in earlier)
    return new * MICRO


def _lender_flows(flows: LenderFlows, as_of: int) -> list[tuple[int, int]]:
    rows = zip(flows.days, flows.keys, flows.counts, strict=True)
    return [(day, key) for day, key, count in rows if count > 0 and day <= as_of]


def _rise_of_share(borrower: Borrower, as_of: int) -> int | None:
    """Return the share of the credits paid to other lenders now less that before, if both exist."""
    if not borrower.flows.known_day:
        return None
    last = borrower.counters.newest_full_month(as_of)
    recent = range(last - RECENT_MONTHS + 1, last + 1)
    earlier = range(recent.start - EARLIER_MONTHS, recent.start)
    if earlier.start < borrower.flows.first_full_month():
        return None
    shares = []
    for months in (recent, earlier):
        came = sum(credits_of(borrower, months))
        if came <= 0:
            return None
        first, sums = borrower.lender_flows.first_month, borrower.lender_flows.months
        shares.append(micro_ratio(sum(month_sum(first, sums, one) for one in months), came))
    return shares[0] - shares[1]


def accounts_under_enforcement(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-22: accounts that are seized or blocked by law. A flag is a fact: it is never unmeasurable.

    A block that the customer asked for is none; suspected fraud is another track.
    """
    if not borrower.accounts:
        return not_applicable()
    blocked = sum(1 for account in borrower.accounts if account.block_kind)
    return measured(blocked * MICRO)


def lenders_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the newest flow with another lender."""
    return [borrower.lender_flows.ref] if borrower.lender_flows.ref else []


def blocks_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the enforcements that stand."""
    return [account.block_ref for account in borrower.accounts if account.block_ref][:5]


INDICATORS: Final[tuple[Indicator, ...]] = (
    Indicator(
        id="A-18",
        name="Borrows elsewhere",
        family=ACCOUNT,
        group="debt",
        risk_type="OBLIGATIONS",
        arms=(
            Arm("new", Unit.COUNT, "new lenders in 90 days"),
            Arm("rise", Unit.POINTS, "more of the operating credits paid to other lenders"),
        ),
        inputs=touched.LENDERS | touched.MONTHS | touched.PROFILE,
        measure=lender_stacking,
        evidence=lenders_as_evidence,
    ),
    Indicator(
        id="A-22",
        name="Account seized or blocked",
        family=ACCOUNT,
        group="legal",
        risk_type="LEGAL_EXTERNAL",
        arms=one_arm(Unit.COUNT, "accounts under enforcement"),
        inputs=touched.EXTERNAL | touched.PROFILE,
        measure=accounts_under_enforcement,
        evidence=blocks_as_evidence,
    ),
)
