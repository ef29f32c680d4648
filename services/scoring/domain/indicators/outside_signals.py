"""Indicators of what others report (C-08), of the bank's own PD (X-01) and of the
sector (X-02).

A borrower of whom no bureau, court or lender ever reported has no C-08: silence of a feed that is
not connected is no good news.
"""

from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.credit_file import Report
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.measurement import (
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
from services.scoring.domain.primitives.vocabulary import (
    ARREARS_ELSEWHERE,
    COURT,
    DEFAULT_ELSEWHERE,
    INSOLVENCY,
    WRITTEN_OFF_ELSEWHERE,
)
from services.scoring.domain.rulebook.rulebook import (
    EXTERNAL_FAMILY,
    Arm,
    Indicator,
    Rules,
    one_arm,
)
from services.scoring.domain.views.statements import CannotFormError, figures_of

FLAG_AMBER: Final = MICRO
FLAG_RED: Final = 2 * MICRO
# Who calls it a default counts more than ninety days.
DEFAULT_DAYS: Final = 91
LONG_LATE_DAYS: Final = 90
MOST_REFS: Final = 5


def external_delinquency(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """C-08: days past due elsewhere, claims in court over equity, insolvency, share long past due.

    A claim that cannot be compared with equity is amber by itself. The last figure is what is more
    than 90 days past due elsewhere over all borrowed money in the newest statement.
    """
    reports = borrower.credit_file.reports
    if not reports:
        return not_applicable()
    days = max((_days(one) for one in reports), default=0)
    insolvent = FLAG_RED if any(one.kind == INSOLVENCY for one in reports) else 0
    claims = [one for one in reports if one.kind == COURT]
    suit = _share_of(borrower, claims, "equity") if claims else 0
    unsized = FLAG_AMBER if claims and suit is None else 0
    late = [one for one in reports if _days(one) > LONG_LATE_DAYS]
    elsewhere = _share_of(borrower, late, "debt") if late else 0
    return measured_arms([days * MICRO, suit, unsized, insolvent, elsewhere])


def _days(report: Report) -> int:
    """Return the days past due that a report stands for."""
    if report.kind in (DEFAULT_ELSEWHERE, WRITTEN_OFF_ELSEWHERE):
        return max(DEFAULT_DAYS, report.days_past_due)
    if report.kind == ARREARS_ELSEWHERE:
        return max(1, report.days_past_due)
    return 0


def _share_of(borrower: Borrower, reports: list[Report], base: str) -> int | None:
    """Return the reported amounts over equity or debt; None where either is not known."""
    currency = borrower.profile.reporting_currency
    if any(one.amount_minor < 0 or one.currency != currency for one in reports):
        return None
    try:
        figures = figures_of(borrower)
        if base == "equity":
            whole = figures.balance("equity")
        else:
            whole = figures.balance("short_term_debt") + figures.balance("long_term_debt")
    except CannotFormError:
        return None
    return micro_ratio(sum(one.amount_minor for one in reports), whole) if whole > 0 else None


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
    return measured_arms([micro_ratio(now, before), now - before])


def sector_stress(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """X-02: how far the stressed share of the borrower's sector is above its 24-month mean.

    What was published for the longest beginning of the industry code counts; a sector that nobody
    publishes says nothing, and what is older than two months is no longer known.
    """
    if rules.sector_z is None:
        return not_applicable()
    if as_of > rules.sector_until:
        return unmeasurable(Reason.STALE_DATA)
    return measured(rules.sector_z)


def reports_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the reports, newest first."""
    newest = sorted((-one.day, one.reporter, one.ref) for one in borrower.credit_file.reports)
    return [ref for _, _, ref in newest[:MOST_REFS]]


INDICATORS: Final[tuple[Indicator, ...]] = (
    Indicator(
        id="C-08",
        name="Trouble reported elsewhere",
        family=EXTERNAL_FAMILY,
        group="legal",
        risk_type="LEGAL_EXTERNAL",
        arms=(
            Arm("days", Unit.DAYS, "days past due elsewhere"),
            Arm("suit", Unit.RATIO, "claims in court as a share of equity"),
            Arm("unsized_suit", Unit.FLAG, "claim in court of unknown weight"),
            Arm("insolvency", Unit.FLAG, "insolvency proceedings"),
            Arm("elsewhere_90", Unit.RATIO, "share of borrowed money over 90 days late elsewhere"),
        ),
        inputs=touched.EXTERNAL | touched.STATEMENTS | touched.PROFILE,
        measure=external_delinquency,
        evidence=reports_as_evidence,
    ),
    Indicator(
        id="X-01",
        name="Probability of default has risen",
        family=EXTERNAL_FAMILY,
        group="model",
        risk_type="PROFIT_LEVERAGE",
        arms=(
            Arm("ratio", Unit.NUMBER, "probability of default now, times that at origination"),
            Arm("points", Unit.POINTS, "probability of default now less that at origination"),
        ),
        inputs=touched.PROFILE,
        measure=pd_drift,
    ),
    Indicator(
        id="X-02",
        name="Sector under stress",
        family=EXTERNAL_FAMILY,
        group="surcharge",
        risk_type="PROFIT_LEVERAGE",
        arms=one_arm(Unit.NUMBER, "standard deviations of the sector above its usual stress"),
        inputs=touched.SECTORS | touched.PROFILE,
        measure=sector_stress,
    ),
)
