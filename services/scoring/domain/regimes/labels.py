"""Derives the labels of all regimes from the counters and the record of default.

Labels are read when an assessment is due or requested. Must stay true: labels change nothing; a
borrower without arrears, flags or a default that lasts has the same labels as every other one, and
so has one whose loans all ended.
"""

from collections.abc import Sequence
from typing import Final

from services.scoring.domain.arrears import days_past_due
from services.scoring.domain.borrower.borrower import NOTHING_OPEN, Borrower
from services.scoring.domain.borrower.default_record import OTHER_RULE, DefaultRecord
from services.scoring.domain.borrower.risk import CLOSED, DEFAULT, FORBORNE, WRITTEN_OFF
from services.scoring.domain.primitives.measurement import MICRO, micro_ratio
from services.scoring.domain.primitives.vocabulary import CARD
from services.scoring.domain.regimes import china, eu_default, ifrs9, life_cycle, npe, rbi
from services.scoring.domain.regimes.facility_default import names_in_default
from services.scoring.domain.rulebook.rulebook import Rules

IFRS9: Final = "ifrs9"
EU: Final = "eu"
NPE: Final = "npe"
RBI: Final = "rbi"
CHINA: Final = "china"
ALL: Final = (IFRS9, EU, NPE, RBI, CHINA)
NOT_HELD: Final = (0, 0, 0)
Labels = dict[str, str | bool]


def is_clean(borrower: Borrower) -> bool:
    """Return whether every regime has its best label."""
    counters, record = borrower.counters, borrower.decisions.default
    return not (
        counters.counted_days > NOTHING_OPEN
        or counters.regulatory_days
        or counters.past_due_minor
        or borrower.risk.flags
        or record.since
        or record.tested_since
        or borrower.credit_file.reports
    )


def labels(borrower: Borrower, rules: Rules, day: int) -> Labels:
    """Return the labels of the regimes that the rulebook shows."""
    by_regime: Labels = {}
    wanted, decisions = rules.counting.regimes, borrower.decisions
    counters, record = borrower.counters, _shown_record(borrower)
    triggers = life_cycle.triggers(borrower) if record.since else 0
    if not borrower.risk.no_default_since:
        triggers |= record.causes & OTHER_RULE
    impaired, forborne = bool(record.since), bool(borrower.risk.flags & FORBORNE)
    days = max(counters.counting_days, counters.arrears_days)
    held = _held(borrower, record, day)
    if IFRS9 in wanted:
        stage = ifrs9.stage(days, is_in_default=impaired, is_forborne=forborne)
        by_regime["ifrs9"] = max(stage, ifrs9.STAGES[held[0]])
        by_regime["ifrs9_backstop"] = ifrs9.is_backstop(
            days, is_in_default=impaired, is_forborne=forborne
        )
    if EU in wanted:
        by_regime["eu_default"] = record.is_default_by_law
        by_regime["eu_reason"] = eu_default.reason(record, decisions, triggers, day)
        if rules.is_per_facility:
            by_regime["eu_facilities"] = " ".join(names_in_default(borrower))
    if NPE in wanted:
        by_regime["npe"] = impaired
        by_regime["npe_reason"] = npe.reason(record, decisions, triggers, day)
    if RBI in wanted:
        label = rbi.class_of(counters.counted_days, is_npa=record.npa_since > 0)
        by_regime["rbi"] = rbi.CLASSES[max(rbi.CLASSES.index(label), held[1])]
    if CHINA in wanted:
        tier = _china(borrower, rules, day, record)
        by_regime["china"] = china.TIERS[max(tier, held[2])]
    return by_regime


def _held(borrower: Borrower, record: DefaultRecord, day: int) -> Sequence[int]:
    """Return the labels that may not get better before cash equals what was extinguished."""
    return record.held if record.held and life_cycle.is_held(borrower, day) else NOT_HELD


def held_labels(borrower: Borrower) -> list[int]:
    """Return how bad stage, Indian class and Chinese tier are by what was counted last."""
    record, counters = borrower.decisions.default, borrower.counters
    elapsed, is_forborne = counters.counted_days, bool(borrower.risk.flags & FORBORNE)
    days = max(counters.counting_days, counters.arrears_days)
    stage = ifrs9.stage(days, is_in_default=record.since > 0, is_forborne=is_forborne)
    label = rbi.class_of(elapsed, is_npa=record.npa_since > 0)
    tier = max(
        china.tier_of(max(0, elapsed)), china.SUBSTANDARD if record.is_substandard else china.NORMAL
    )
    labels = [ifrs9.STAGES.index(stage), rbi.CLASSES.index(label), tier]
    return [max(pair) for pair in zip(labels, record.held or NOT_HELD, strict=True)]


def _shown_record(borrower: Borrower) -> DefaultRecord:
    """Return the record of default; without a claim that is open, nothing is in default."""
    return DefaultRecord() if borrower.risk.state == CLOSED else borrower.decisions.default


def _china(borrower: Borrower, rules: Rules, day: int, record: DefaultRecord) -> int:
    tiers = [china.SPECIAL_MENTION if record.observed_since else china.NORMAL]
    if record.is_substandard or (record.since and borrower.risk.state == DEFAULT):
        tiers.append(china.SUBSTANDARD)
    if borrower.risk.flags & WRITTEN_OFF:
        tiers.append(china.LOSS)
    if borrower.counters.counted_days > 0:
        cards = {loan.loan_id for loan in borrower.loans if loan.loan_type == CARD}
        for loan in borrower.loans:
            days = days_past_due.ages(loan, day, rules.tolerance).counted
            tiers.append(china.tier_of(days, is_card=loan.loan_id in cards))
        for line in borrower.facilities:
            days = days_past_due.line_days(line, day, rules.tolerance)
            tiers.append(china.tier_of(days, is_card=line.loan_id in cards))
    return china.debtor_tier(tiers, _late_elsewhere(borrower))


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
        report.amount_minor for report in known if report.days_past_due > life_cycle.MOST_DAYS
    )
    total = sum(report.amount_minor for report in known) + borrower.counters.exposure_minor
    return min(MICRO, micro_ratio(late, total)) if total else 0
