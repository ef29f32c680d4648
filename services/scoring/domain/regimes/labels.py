"""All regimes of a borrower: their clocks, and their labels from the counters and a few facts.

The fold runs the clocks; labels are read when an assessment is due or requested. Must stay true:
labels change nothing; a borrower without arrears, flags or a default that lasts has the same labels
as every other one.
"""

from typing import Final

from services.scoring.domain.arrears import days_past_due
from services.scoring.domain.borrower.borrower import DECISIONS_PART, NOTHING_OPEN, Borrower
from services.scoring.domain.borrower.decisions import Decisions
from services.scoring.domain.borrower.risk import FORBORNE
from services.scoring.domain.primitives.measurement import MICRO, micro_ratio
from services.scoring.domain.primitives.vocabulary import CARD
from services.scoring.domain.regimes import china, eu_default, ifrs9, rbi
from services.scoring.domain.rulebook.rulebook import Rules

IFRS9: Final = "ifrs9"
EU: Final = "eu"
RBI: Final = "rbi"
CHINA: Final = "china"
ALL: Final = (IFRS9, EU, RBI, CHINA)
Labels = dict[str, str | bool]


def follow_regimes(borrower: Borrower, day: int, *, is_close: bool, is_correction: bool) -> None:
    """Run the clocks of regimes that outlast what started them; nearly nobody has one."""
    counters, decisions, flags = borrower.counters, borrower.decisions, borrower.risk.flags
    days = counters.regulatory_days
    if not (days > eu_default.MOST_DAYS or flags or decisions.eu_since or decisions.npa_since) and (
        counters.counted_days < eu_default.MOST_DAYS
    ):
        return
    before = _clocks(decisions)
    if is_correction:
        eu_default.corrected(decisions, flags, days, day)
    if is_close:
        eu_default.close_day(decisions, flags, days, day)
        decisions.npa_since = rbi.npa_since(
            decisions.npa_since, counters.counted_days, counters.past_due_minor, day
        )
    else:
        eu_default.follow(decisions, flags, days, day)
    if before != _clocks(decisions):
        borrower.changed |= DECISIONS_PART


def _clocks(decisions: Decisions) -> tuple[int, int, bool, int]:
    return decisions.eu_since, decisions.eu_clear_since, decisions.eu_by_days, decisions.npa_since


def is_clean(borrower: Borrower) -> bool:
    """Return whether every regime has its best label."""
    counters, decisions = borrower.counters, borrower.decisions
    return not (
        counters.counted_days > NOTHING_OPEN
        or counters.regulatory_days
        or counters.past_due_minor
        or borrower.risk.flags
        or decisions.eu_since
        or decisions.npa_since
        or borrower.credit_file.reports
    )


def labels(borrower: Borrower, rules: Rules, day: int) -> Labels:
    """Return the labels of the regimes that the rulebook shows."""
    by_regime: Labels = {}
    wanted, decisions = rules.counting.regimes, borrower.decisions
    flags, counters = borrower.risk.flags, borrower.counters
    in_default, forborne = bool(decisions.eu_since), bool(flags & FORBORNE)
    days = max(0, counters.counted_days)
    if IFRS9 in wanted:
        by_regime["ifrs9"] = ifrs9.stage(days, is_in_default=in_default, is_forborne=forborne)
        by_regime["ifrs9_backstop"] = ifrs9.is_backstop(
            days, is_in_default=in_default, is_forborne=forborne
        )
    if EU in wanted:
        by_regime["eu_default"] = in_default
        by_regime["eu_reason"] = eu_default.shown(decisions, flags, counters.regulatory_days, day)
        if rules.is_per_facility:
            by_regime["eu_facilities"] = " ".join(_facilities_in_default(borrower))
    if RBI in wanted:
        is_npa = bool(decisions.npa_since)
        by_regime["rbi"] = rbi.class_of(counters.counted_days, is_npa=is_npa)
    if CHINA in wanted:
        by_regime["china"] = china.TIERS[_china(borrower, rules, day, is_forborne=forborne)]
    return by_regime


def _facilities_in_default(borrower: Borrower) -> list[str]:
    loans = [(loan.loan_id, loan.regulatory_days) for loan in borrower.loans]
    lines = [(line.facility_id, line.regulatory_days) for line in borrower.facilities]
    return [name for name, days in loans + lines if days > eu_default.MOST_DAYS]


def _china(borrower: Borrower, rules: Rules, day: int, *, is_forborne: bool) -> int:
    tiers = [china.NORMAL]
    if borrower.counters.counted_days > 0:
        cards = {loan.loan_id for loan in borrower.loans if loan.loan_type == CARD}
        for loan in borrower.loans:
            days = days_past_due.ages(loan, day, rules.tolerance).counted
            tiers.append(china.tier_of(days, is_card=loan.loan_id in cards))
        for line in borrower.facilities:
            days = days_past_due.line_days(line, day, rules.tolerance)
            tiers.append(china.tier_of(days, is_card=line.loan_id in cards))
    late = _late_elsewhere(borrower)
    return china.debtor_tier(tiers, is_forborne=is_forborne, late_elsewhere_micro=late)


def _late_elsewhere(borrower: Borrower) -> int:
    """Return the share of all known debt that others report as more than 90 days overdue."""
    reports = borrower.credit_file.reports
    if not reports:
        return 0
    currency = borrower.profile.reporting_currency
    known = [
        report for report in reports if report.amount_minor > 0 and report.currency == currency
    ]
    late = sum(
        report.amount_minor for report in known if report.days_past_due > eu_default.MOST_DAYS
    )
    total = sum(report.amount_minor for report in known) + borrower.counters.exposure_minor
    return min(MICRO, micro_ratio(late, total)) if total else 0
