"""Indicators of outside reports, the bank's PD, the sector, the feed (C-08, X-01 to X-03).

A borrower that no bureau, court or lender ever reported has no C-08: silence of a feed that is not
connected is no good news. X-03 marks the quality of data and is no risk: rulebooks give it no
weight. What a borrower does not book is A-07's; X-03 is about nothing being reported at all.
"""

from itertools import pairwise
from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.credit_file import Report
from services.scoring.domain.indicators.declaration import Theme, indicator, single
from services.scoring.domain.indicators.subjects import reporters
from services.scoring.domain.primitives import daily_values, series, touched
from services.scoring.domain.primitives.daily_values import Daily
from services.scoring.domain.primitives.measurement import (
    FLAG_AMBER,
    FLAG_RED,
    MICRO,
    Measurement,
    Reason,
    Unit,
    measured,
    measured_components,
    micro_ratio,
    not_applicable,
    unmeasurable,
)
from services.scoring.domain.primitives.vocabulary import (
    ARREARS_ELSEWHERE,
    COURT,
    DEFAULT_ELSEWHERE,
    INSOLVENCY,
    WRITTEN_OFF_ELSEWHERE,
)
from services.scoring.domain.rulebook.classification import Classification
from services.scoring.domain.rulebook.rulebook import (
    ACCOUNT,
    EXTERNAL_FAMILY,
    About,
    Component,
    Rules,
)
from services.scoring.domain.views.statements import CannotFormError, figures_of

# Who calls it a default counts more than ninety days.
DEFAULT_DAYS: Final = 91
LONG_LATE_DAYS: Final = 90
WINDOW_DAYS: Final = 100
LEAST_GAPS: Final = 10
# A feed may pause over a weekend and a holiday.
SHORTEST_INTERVAL: Final = 5


@indicator(
    "C-08",
    "Trouble reported elsewhere",
    Theme(EXTERNAL_FAMILY, "legal", "LEGAL_EXTERNAL").at(
        Classification("RECORD", "PAYMENT", "APPLICATION")
    ),
    (
        Component("days", Unit.DAYS, "days past due elsewhere"),
        Component("suit", Unit.RATIO, "claims in court as a share of equity"),
        Component("unsized_suit", Unit.FLAG, "claim in court of unknown weight"),
        Component("insolvency", Unit.FLAG, "insolvency proceedings"),
        Component(
            "elsewhere_90", Unit.RATIO, "share of borrowed money over 90 days late elsewhere"
        ),
    ),
    reads=touched.EXTERNAL | touched.STATEMENTS | touched.PROFILE,
    evidence=About(reporters),
)
def external_delinquency(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """C-08: days past due elsewhere, claims in court over equity, insolvency, share long past due.

    A claim that cannot be compared with equity is amber on its own. The last figure is what is more
    than 90 days past due elsewhere over all borrowed money in the newest statement.
    """
    reports = borrower.credit_file.reports
    if not reports:
        return not_applicable()
    days = max((_days(report) for report in reports), default=0)
    insolvent = FLAG_RED if any(report.kind == INSOLVENCY for report in reports) else 0
    claims = [report for report in reports if report.kind == COURT]
    suit = _share_of(borrower, claims, "equity") if claims else 0
    unsized = FLAG_AMBER if claims and suit is None else 0
    late = [report for report in reports if _days(report) > LONG_LATE_DAYS]
    elsewhere = _share_of(borrower, late, "debt") if late else 0
    return measured_components([days * MICRO, suit, unsized, insolvent, elsewhere])


def _days(report: Report) -> int:
    """Return the days past due that a report amounts to."""
    if report.kind in (DEFAULT_ELSEWHERE, WRITTEN_OFF_ELSEWHERE):
        return max(DEFAULT_DAYS, report.days_past_due)
    if report.kind == ARREARS_ELSEWHERE:
        return max(1, report.days_past_due)
    return 0


def _share_of(borrower: Borrower, reports: list[Report], base: str) -> int | None:
    """Return the reported amounts over equity or debt; None where either is not known."""
    currency = borrower.profile.reporting_currency
    if any(report.amount_minor < 0 or report.currency != currency for report in reports):
        return None
    try:
        figures = figures_of(borrower)
        if base == "equity":
            whole = figures.balance("equity")
        else:
            whole = figures.balance("short_term_debt") + figures.balance("long_term_debt")
    except CannotFormError:
        return None
    return micro_ratio(sum(report.amount_minor for report in reports), whole) if whole > 0 else None


@indicator(
    "X-01",
    "Probability of default has risen",
    Theme(EXTERNAL_FAMILY, "model", "PROFIT_LEVERAGE").at(
        Classification("RECORD", "FINANCIAL", "MONITORING")
    ),
    (
        Component("ratio", Unit.NUMBER, "probability of default now, times that at origination"),
        Component("points", Unit.POINTS, "probability of default now less that at origination"),
    ),
    reads=touched.PROFILE,
)
def pd_drift(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """X-01: the bank's PD now over the one at origination, and the difference in points."""
    profile = borrower.profile
    before = profile.origination_pd_micro
    if before is None:
        return not_applicable()
    now = profile.current_pd_micro
    if now is None:
        return unmeasurable(Reason.NO_DATA)
    if before == 0:
        return unmeasurable(Reason.ZERO_BASE)
    return measured_components([micro_ratio(now, before), now - before])


@indicator(
    "X-02",
    "Sector under stress",
    Theme(EXTERNAL_FAMILY, "surcharge", "PROFIT_LEVERAGE").at(
        Classification("PERFORMANCE", "FINANCIAL", "APPROVAL")
    ),
    single(Unit.NUMBER, "standard deviations of the sector above its usual stress"),
    reads=touched.SECTORS | touched.PROFILE,
)
def sector_stress(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """X-02: how far the stressed share of the borrower's sector is above its 24-month mean.

    What was published for the longest beginning of the industry code counts; a sector that nobody
    publishes is not applicable, and what is older than two months is no longer known.
    """
    if rules.sector_z is None:
        return not_applicable()
    if as_of > rules.sector_until:
        return unmeasurable(Reason.STALE_DATA)
    return measured(rules.sector_z)


@indicator(
    "X-03",
    "Account data have gone silent",
    Theme(ACCOUNT, "quality", "INFORMATION").at(Classification("RECORD", "CONDUCT", "MONITORING")),
    single(Unit.NUMBER, "days without data, times the usual interval"),
    reads=touched.CREDITS | touched.DEBITS | touched.BALANCES | touched.DAY,
)
def data_silence(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """X-03: days without any account data over the usual interval between two days with data.

    Usual is the interval that nine in ten of the last 100 days' intervals do not exceed, at least
    five days.
    """
    if not borrower.flows.known_day:
        return not_applicable()
    start = as_of - WINDOW_DAYS + 1
    days = set(series.active_days(borrower.flows.operating_credits, start, as_of))
    days.update(series.active_days(borrower.flows.debits, start, as_of))
    newest = borrower.flows.known_day
    for account in borrower.accounts:
        days.update(_reported_days(account.eod, start, as_of))
        if account.eod.reported:
            newest = max(newest, min(as_of, daily_values.last_day(account.eod)))
    for flows in (borrower.flows.operating_credits, borrower.flows.debits):
        if flows.days:
            newest = max(newest, min(as_of, flows.days[-1]))
    active = sorted(days)
    gaps = sorted(later - earlier for earlier, later in pairwise(active))
    if len(gaps) < LEAST_GAPS:
        return unmeasurable(Reason.FEW_OBSERVATIONS)
    usual = max(SHORTEST_INTERVAL, gaps[(len(gaps) * 9 + 9) // 10 - 1])
    return measured(micro_ratio(as_of - newest, usual))


def _reported_days(eod: Daily, start: int, end: int) -> list[int]:
    first = max(0, start - eod.first_day)
    last = max(0, end - eod.first_day + 1)
    return [
        eod.first_day + first + offset
        for offset, figure in enumerate(eod.reported[first:last])
        if figure is not None
    ]
