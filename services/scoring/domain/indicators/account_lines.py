"""Indicators of how hard the lines are used (A-03 to A-06, A-08).

Several lines count as one: drawn amounts over limits, day by day. A borrower without a line has
none of these.
"""

from typing import Final

from services.scoring.domain.arrears import facility_use
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.risk import slot_of
from services.scoring.domain.indicators import lit
from services.scoring.domain.indicators.declaration import Theme, indicator, single
from services.scoring.domain.indicators.subjects import exceeded_lines, used_lines
from services.scoring.domain.primitives import series, touched
from services.scoring.domain.primitives.measurement import (
    MICRO,
    Measurement,
    Reason,
    Unit,
    measured,
    measured_components,
    micro_ratio,
    not_applicable,
    rounded_quotient,
    unmeasurable,
)
from services.scoring.domain.rulebook.classification import Classification
from services.scoring.domain.rulebook.rulebook import ACCOUNT, About, Component, Rules
from services.scoring.domain.views.lines import ALL_DAYS, measured_shares, view_of

RECENT_DAYS: Final = 30
FEWEST_BASE_DAYS: Final = 90
JUMP_SLOT: Final = slot_of("A-04")
QUARTER_DAYS: Final = 90
MOST_COVER: Final = 1_000 * MICRO


UTILISATION: Final = Theme(ACCOUNT, "util", "OVER_USE")


def line_use_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the newest line balances, newest first."""
    return borrower.evidence.facilities[::-1]


@indicator(
    "A-03",
    "Line utilisation",
    UTILISATION.at(
        Classification("CAPACITY", "FINANCIAL", "APPROVAL", "Little of the line is drawn")
    ),
    single(Unit.RATIO, "mean share of the limit drawn, 30 days"),
    reads=touched.FACILITIES | touched.LINE_DAY,
    evidence=About(used_lines),
)
def line_utilisation(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-03: mean share of the limits that is drawn, over 30 days."""
    if not borrower.facilities:
        return not_applicable()
    shares = measured_shares(view_of(borrower, as_of), RECENT_DAYS - 1, 0)
    if not shares:
        return unmeasurable(Reason.NO_LIMIT)
    return measured(rounded_quotient(sum(shares), len(shares)))


@indicator(
    "A-04",
    "Jump of utilisation",
    UTILISATION.at(Classification("CAPACITY", "FINANCIAL", "MONITORING")),
    single(Unit.POINTS, "utilisation of 30 days above the usual"),
    reads=touched.FACILITIES | touched.LINE_DAY,
    evidence=About(used_lines),
)
def utilisation_jump(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-04: mean utilisation of 30 days less the median of the 180 days before."""
    if not borrower.facilities:
        return not_applicable()
    view = view_of(borrower, as_of)
    recent = measured_shares(view, RECENT_DAYS - 1, 0)
    before = measured_shares(view, ALL_DAYS - 1, RECENT_DAYS)
    if not recent:
        return unmeasurable(Reason.NO_LIMIT)
    if len(before) < FEWEST_BASE_DAYS:
        return unmeasurable(Reason.SHORT_HISTORY)
    usual = lit.usual(borrower, rules, JUMP_SLOT, as_of, median_of(before))
    mean = rounded_quotient(sum(recent), len(recent))
    measurement = measured(mean - usual, baseline=usual)
    measurement.base = usual
    return measurement


@indicator(
    "A-05",
    "Limit exceeded",
    Theme(ACCOUNT, "dpd", "OVER_USE").at(Classification("RECORD", "PAYMENT", "MONITORING")),
    (
        Component("days", Unit.DAYS, "days above the limit, of 90"),
        Component("run", Unit.DAYS, "days above the limit in a row"),
    ),
    reads=touched.FACILITIES | touched.LINE_DAY,
    evidence=About(exceeded_lines),
)
def limit_excess(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-05: days above the lower of limit and drawing power, in 90 days and in a row until now.

    Several lines: a day counts when any of them is exceeded, the run is the longest of them.
    """
    if not borrower.facilities:
        return not_applicable()
    if not any(facility.limit_days for facility in borrower.facilities):
        return unmeasurable(Reason.NO_LIMIT)
    days = sum(view_of(borrower, as_of).over[-QUARTER_DAYS:])
    run = 0
    for facility in borrower.facilities:
        since = facility_use.excess_since(facility, as_of)
        if since is not None:
            run = max(run, as_of - since + 1)
    return measured_components([days * MICRO, run * MICRO])


@indicator(
    "A-06",
    "Line never cleaned down",
    UTILISATION.at(Classification("CAPACITY", "FINANCIAL", "APPROVAL", "The line is cleaned down")),
    single(Unit.RATIO, "lowest utilisation of 90 days"),
    reads=touched.FACILITIES | touched.LINE_DAY,
    evidence=About(used_lines),
)
def hard_core_usage(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-06: the lowest utilisation of 90 days: what the line never cleans down."""
    if not borrower.facilities:
        return not_applicable()
    shares = measured_shares(view_of(borrower, as_of), QUARTER_DAYS - 1, 0)
    if not shares:
        return unmeasurable(Reason.NO_LIMIT)
    if len(shares) < QUARTER_DAYS:
        return unmeasurable(Reason.SHORT_HISTORY)
    return measured(min(shares))


@indicator(
    "A-08",
    "Credits against interest charged",
    Theme(ACCOUNT, "inflow", "OVER_USE").at(Classification("CAPACITY", "FINANCIAL", "MONITORING")),
    single(Unit.NUMBER, "operating credits over interest debited, 90 days"),
    reads=touched.FACILITIES | touched.CREDITS | touched.LINE_DAY,
    evidence=line_use_as_evidence,
)
def credits_over_interest(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-08: operating credits over the interest debited to the lines, 90 days.

    Who draws nothing owes no interest: there is nothing to cover. A line that is drawn and has no
    interest debited is one whose interest nobody reports.
    """
    if not borrower.facilities:
        return not_applicable()
    start = as_of - QUARTER_DAYS + 1
    interest = sum(
        series.total(facility.interest_debited, start, as_of) for facility in borrower.facilities
    )
    shares = measured_shares(view_of(borrower, as_of), QUARTER_DAYS - 1, 0)
    if interest <= 0 and shares and max(shares) <= 0:
        return not_applicable()
    if not borrower.flows.known_day or borrower.flows.known_day > start:
        return unmeasurable(Reason.SHORT_HISTORY)
    if interest <= 0:
        return unmeasurable(Reason.ZERO_BASE)
    credits = series.total(borrower.flows.operating_credits, start, as_of)
    return measured(min(MOST_COVER, micro_ratio(credits, interest)))


def median_of(figures: list[int]) -> int:
    """Return the median; of an even count the lower mean of the middle two."""
    ordered = sorted(figures)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) // 2
