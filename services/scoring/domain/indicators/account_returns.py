"""Indicators of items that came back (A-09 the borrower's own, A-10 its customers').

While no item is known both are zero whatever flows, so flows and day closes touch BOUNCES only
where there is one.
"""

from typing import Final

from services.scoring.domain.borrower.borrower import RETURNED_INCOMING, RETURNED_OUTGOING, Borrower
from services.scoring.domain.primitives import series, touched
from services.scoring.domain.primitives.measurement import (
    MEASURED,
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
from services.scoring.domain.rulebook.rulebook import ACCOUNT, Arm, Indicator, Rules, one_arm

COUNT_DAYS: Final = 30
VALUE_DAYS: Final = 90


def returned_outgoing(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-09: own items returned for lack of funds: how many in 30 days, and their share of debits.

    The share is of all debits of 90 days; without debits only the count speaks.
    """
    if not borrower.accounts:
        return not_applicable()
    bounces = borrower.bounces
    if not bounces.days:
        return measured_arms([0, 0])
    recent = bounces.of_kind(RETURNED_OUTGOING, as_of - COUNT_DAYS + 1, as_of)
    in_quarter = bounces.of_kind(RETURNED_OUTGOING, as_of - VALUE_DAYS + 1, as_of)
    debits = series.total(borrower.flows.debits, as_of - VALUE_DAYS + 1, as_of)
    value = sum(bounces.minor[index] for index in in_quarter)
    share = micro_ratio(value, debits) if debits > 0 else None
    age = as_of - bounces.days[in_quarter[-1]] if in_quarter else 0
    return Measurement(MEASURED, [len(recent) * MICRO, share], age_days=age)


def returned_incoming(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-10: value of customers' items that came back over gross operating credits, 90 days."""
    if not borrower.accounts:
        return not_applicable()
    if not borrower.bounces.days:
        return measured(0)
    start = as_of - VALUE_DAYS + 1
    found = borrower.bounces.of_kind(RETURNED_INCOMING, start, as_of)
    credits = series.total(borrower.flows.operating_credits, start, as_of)
    if credits <= 0:
        return unmeasurable(Reason.ZERO_BASE)
    return measured(micro_ratio(sum(borrower.bounces.minor[one] for one in found), credits))


def _evidence(borrower: Borrower, as_of: int, kind: int) -> list[str]:
    found = borrower.bounces.of_kind(kind, as_of - VALUE_DAYS + 1, as_of)
    return [borrower.bounces.refs[index] for index in reversed(found)][:5]


def outgoing_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the borrower's own returned items, newest first."""
    return _evidence(borrower, as_of, RETURNED_OUTGOING)


def incoming_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the customers' returned items, newest first."""
    return _evidence(borrower, as_of, RETURNED_INCOMING)


INDICATORS: Final[tuple[Indicator, ...]] = (
    Indicator(
        id="A-09",
        name="Returned payments",
        family=ACCOUNT,
        group="bounce",
        risk_type="COLLECTION_FAIL",
        arms=(
            Arm("count", Unit.COUNT, "own items returned without funds in 30 days"),
            Arm("share", Unit.RATIO, "their value over all debits, 90 days"),
        ),
        inputs=touched.BOUNCES | touched.PROFILE,
        measure=returned_outgoing,
        evidence=outgoing_as_evidence,
    ),
    Indicator(
        id="A-10",
        name="Customers' items returned",
        family=ACCOUNT,
        group="cust",
        risk_type="CUSTOMER",
        arms=one_arm(Unit.RATIO, "value returned over operating credits, 90 days"),
        inputs=touched.BOUNCES | touched.PROFILE,
        measure=returned_incoming,
        evidence=incoming_as_evidence,
    ),
)
