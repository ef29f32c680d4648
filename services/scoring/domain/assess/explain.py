"""Explains a judgement: contributors with value, threshold, baseline, since when and evidence.

Called only when an assessment is emitted or read, because logarithms, evidence and texts cost
more than a fold. Must stay true: reads the borrower, changes nothing.
"""

from bisect import bisect_right
from collections.abc import Iterable
from functools import cache
from typing import Final

from services.scoring.domain.arrears.exposure import in_reporting
from services.scoring.domain.assess import facts
from services.scoring.domain.assess.assessment import (
    Assessment,
    CardPosition,
    Cause,
    Contributor,
    SameFact,
    Unmeasured,
)
from services.scoring.domain.assess.money_at_risk import money_at_risk
from services.scoring.domain.assess.profile import factor_profiles, positives, tasks
from services.scoring.domain.assess.reasons import (
    MOST_SUBJECTS,
    component_of,
    evidence_of,
)
from services.scoring.domain.assess.score import (
    Share,
    combined,
    shares,
    surcharge_shares,
    with_surcharge,
)
from services.scoring.domain.assess.states import distance_to_next
from services.scoring.domain.assess.worsening import NextDue, worsening
from services.scoring.domain.borrower.borrower import Borrower, Facility, Loan
from services.scoring.domain.borrower.reasons import Subject
from services.scoring.domain.borrower.risk import FLAG_NAMES, FRAUD_RED_FLAG, STATE_NAMES, slot_of
from services.scoring.domain.indicators.account_flows import is_seasonal
from services.scoring.domain.primitives import daily_values
from services.scoring.domain.primitives.measurement import (
    AMBER,
    GREEN,
    MEASURED,
    MICRO,
    RED,
    UNMEASURABLE,
    Reason,
    rounded_quotient,
)
from services.scoring.domain.primitives.vocabulary import SEGMENTS
from services.scoring.domain.regimes.labels import Labels, labels
from services.scoring.domain.rulebook.pd import Opinion, opinion
from services.scoring.domain.rulebook.rulebook import (
    FAMILY_NAMES,
    About,
    IndicatorRule,
    Rules,
)
from services.scoring.domain.rulebook.thresholds import Threshold

MOST_EVIDENCE: Final = 20
DIVERSION_SLOT: Final = slot_of("A-12")


def contributors(borrower: Borrower, rules: Rules, as_of: int) -> list[Contributor]:
    """Return the causes of the score, largest share first, then the notes that are lit."""
    score = combined(borrower.risk.families)
    repeated = facts.repeated(borrower.signals, rules, borrower.risk)
    parts = shares(borrower.signals, rules, score, repeated) + surcharge_shares(
        borrower.signals, rules, score
    )
    lit = _LitSignals(borrower, rules, as_of)
    contribution = borrower.signals.contribution
    causes = [
        lit.described(share.slot, share.points_micro, share.also)
        for share in sorted(parts, key=_largest_first)
    ]
    return causes + [
        lit.described(slot, 0, [])
        for slot, level in enumerate(borrower.signals.level)
        if level >= AMBER and not contribution[slot] and rules.by_slot[slot] is not None
    ]


def _largest_first(share: Share) -> tuple[int, int]:
    return -share.points_micro, share.slot


class _LitSignals:
    """Describes the signals of one moment; what several are about is formed once."""

    def __init__(self, borrower: Borrower, rules: Rules, as_of: int) -> None:
        self.borrower = borrower
        self.rules = rules
        self.as_of = as_of
        self._subjects: dict[object, list[Subject]] = {}

    def described(self, slot: int, points: int, also: list[int]) -> Contributor:
        """Return the signal with everything that an officer needs to check it."""
        signals, rule = self.borrower.signals, rule_at(self.rules, slot)
        if rule.seasoned is not None and is_seasonal(self.borrower, self.as_of, self.rules):
            rule = rule.seasoned
        indicator = rule.indicator
        position = component_of(signals, slot)
        component, judged = indicator.components[position], rule.components[position]
        subjects = self._subjects_of(rule)
        evidence = evidence_of(rule, self.borrower, self.as_of, subjects)
        weight = rule.weight or MICRO
        return Contributor(
            indicator=indicator.id,
            name=indicator.name,
            family=FAMILY_NAMES[indicator.family],
            risk_type=indicator.risk_type,
            level=signals.level[slot],
            value=signals.value[slot],
            unit=component.unit,
            component=component.name,
            figure=component.label,
            amber=shown_threshold(judged.amber if judged else None),
            red=shown_threshold(judged.red if judged else None),
            baseline=signals.baseline[slot] or None,
            share=points,
            intensity=min(MICRO, rounded_quotient(signals.contribution[slot] * MICRO, weight)),
            since=signals.since[slot],
            evidence=evidence[:MOST_EVIDENCE],
            subjects=subjects[:MOST_SUBJECTS],
            classification=indicator.classification,
            also=[_same_fact(self.borrower, self.rules, other) for other in also],
        )

    def _subjects_of(self, rule: IndicatorRule) -> list[Subject]:
        evidence = rule.indicator.evidence
        if not isinstance(evidence, About):
            return []
        subjects = self._subjects.get(evidence.subjects)
        if subjects is None:
            subjects = evidence.subjects(self.borrower, self.as_of, self.rules)
            self._subjects[evidence.subjects] = subjects
        return subjects


def _same_fact(borrower: Borrower, rules: Rules, slot: int) -> SameFact:
    indicator = rule_at(rules, slot).indicator
    signals = borrower.signals
    return SameFact(
        indicator=indicator.id,
        name=indicator.name,
        level=signals.level[slot],
        value=signals.value[slot],
        unit=indicator.components[component_of(signals, slot)].unit,
    )


def rule_at(rules: Rules, slot: int) -> IndicatorRule:
    """Return the rule of an indicator that is known to be in use."""
    rule = rules.by_slot[slot]
    if rule is None:
        raise LookupError(f"no indicator at slot {slot} in rulebook {rules.name} {rules.version}")
    return rule


def shown_threshold(threshold: Threshold | None) -> str:
    """Return a threshold as the catalogue prints it, in the figure's own unit: ``>= 0.2``."""
    return "" if threshold is None else f"{threshold.operator} {_shown_once(threshold.value)}"


@cache
def _shown_once(value: int) -> str:
    return shown_micro(value)


def shown_micro(value: int) -> str:
    """Return micro-units as the shortest exact decimal: 400,000 is ``0.4``."""
    sign = "-" if value < 0 else ""
    whole, fraction = divmod(abs(value), MICRO)
    text = f"{sign}{whole}.{fraction:06d}".rstrip("0")
    return text.rstrip(".")


def flags(borrower: Borrower, rules: Rules, as_of: int) -> list[str]:
    """Return the marks on the borrower, those that the system adds included."""
    risk, policy = borrower.risk, rules.policy
    names = [name for bit, name in enumerate(FLAG_NAMES) if risk.flags >> bit & 1]
    if risk.completeness < policy.least_completeness:
        names.append("DATA_LOW_CONFIDENCE")
    if risk.recent_turns(as_of, policy.moves_window_days) > policy.most_moves:
        names.append("FLIP_GUARD")
    if risk.proposed_to >= 0:
        names.append("RELAXATION_PROPOSED")
    is_diverted = borrower.signals.level[DIVERSION_SLOT] >= RED
    if is_diverted and not risk.flags & FRAUD_RED_FLAG:
        names.append("FRAUD_RED_FLAG_PROPOSED")
    if borrower.decisions.overrides and borrower.decisions.reviews_due(as_of):
        names.append("REVIEW_DUE")
    return names


def opinions(borrower: Borrower, rules: Rules) -> list[Opinion]:
    """Return the opinions of the PD models, the champion first; they never move the state."""
    opinions = []
    for model in rules.models:
        weights = []
        for feature in model.features:
            rule = rules.by_slot[feature.slot]
            weights.append(rule.weight if rule is not None else 0)
        opinions.append(opinion(model, borrower.signals, weights, borrower.risk.score))
    return opinions


def snapshot(
    borrower: Borrower,
    rules: Rules,
    as_of: int,
    at_us: int,
    cause: Cause,
    regimes: Labels | None = None,
) -> Assessment:
    """Return the assessment of this moment; `assess` adds what made it due and what changed.

    ``regimes`` are the labels of the day, where the caller has them.
    """
    risk, signals, profile = borrower.risk, borrower.signals, borrower.profile
    following, money = distance_to_next(risk, rules.cuts), position(borrower, as_of)
    unmeasured, measured_green = _by_status(borrower, rules)
    causes = contributors(borrower, rules, as_of)
    return Assessment(
        borrower_id=borrower.borrower_id,
        sequence=0,
        at_us=at_us,
        as_of=as_of,
        state=STATE_NAMES[risk.state],
        from_state=None,
        # An event of the next day may come before the close of this one.
        state_since=min(risk.since or as_of, as_of),
        trigger_rule_ids=list(risk.rule_ids),
        reasons=[],
        score=risk.shown_score,
        family_scores=list(risk.families),
        completeness=risk.completeness,
        low_confidence=risk.completeness < rules.policy.least_completeness,
        contributors=causes,
        unmeasurable=unmeasured,
        dpd_operational=borrower.counters.operational_days,
        dpd_regulatory=borrower.counters.regulatory_days,
        position=money,
        flags=flags(borrower, rules, as_of),
        changes=[],
        distance_to_next=(STATE_NAMES[following[0]], following[1]) if following else None,
        regimes=labels(borrower, rules, as_of) if regimes is None else regimes,
        segment=SEGMENTS[profile.segment],
        officer_id=profile.officer_id,
        branch_id=profile.branch_id,
        rulebook=rules.name,
        rulebook_version=rules.version,
        cuts_population=rules.cuts.population or None,
        cause=cause,
        corrected=False,
        cuts=(rules.cuts.attention, rules.cuts.watch, rules.cuts.high_risk),
        days_late=borrower.counters.late_days,
        money_at_risk=money_at_risk(borrower, as_of),
        measured_green=measured_green,
        factors=factor_profiles(causes, signals, rules),
        positives=positives(borrower, rules, as_of),
        tasks=tasks(borrower, rules, as_of),
        opinions=opinions(borrower, rules) if rules.models else [],
        tests=list(borrower.state_tests),
        worsening=worsening(borrower, rules, as_of, _next_due_of(money)),
        score_override=risk.score - with_surcharge(combined(risk.families), signals, rules),
    )


def _by_status(borrower: Borrower, rules: Rules) -> tuple[list[Unmeasured], list[str]]:
    """Return the signals that could not be measured, and those that are measured and green."""
    status, level = borrower.signals.status, borrower.signals.level
    unmeasured, green = list[Unmeasured](), list[str]()
    for rule in rules.indicators:
        if status[rule.slot] == MEASURED:
            if level[rule.slot] == GREEN:
                green.append(rule.indicator.id)
        elif status[rule.slot] == UNMEASURABLE:
            unmeasured.append(_unmeasured(borrower, rule))
    return unmeasured, green


def _unmeasured(borrower: Borrower, rule: IndicatorRule) -> Unmeasured:
    signals, slot = borrower.signals, rule.slot
    return Unmeasured(
        rule.indicator.id,
        Reason(signals.detail[slot]).name.lower(),
        signals.value[slot] or None,
        rule.indicator.components[0].unit,
    )


def _next_due_of(money: CardPosition) -> NextDue | None:
    day = money.next_due_day
    return (
        None if day is None or money.next_due_amount <= 0 else NextDue(day, money.next_due_amount)
    )


def position(borrower: Borrower, as_of: int) -> CardPosition:
    """Return exposure, arrears, next instalment and undrawn lines as of the day."""
    counters, currency = borrower.counters, borrower.profile.reporting_currency
    day, amount = next_due(borrower, as_of)
    return CardPosition(
        currency=currency,
        past_due=counters.past_due_minor,
        exposure=counters.exposure_minor,
        next_due_day=day,
        next_due_amount=amount,
        undrawn=undrawn(line for line in borrower.facilities if line.currency == currency),
    )


def next_due(borrower: Borrower, as_of: int) -> tuple[int | None, int]:
    """Return the next contractual due date after the day and the total due on it."""
    nearest: int | None = None
    total = 0
    for loan in borrower.loans:
        if loan.closed_day is not None or not _is_convertible(borrower, loan, as_of):
            continue
        first = bisect_right(loan.due_days, as_of)
        if first == len(loan.due_days):
            continue
        day = loan.due_days[first]
        if nearest is None or day < nearest:
            nearest, total = day, 0
        if day == nearest:
            total += in_reporting(borrower, loan, _due_on(loan, first), as_of)
    return nearest, total


def _is_convertible(borrower: Borrower, loan: Loan, as_of: int) -> bool:
    return in_reporting(borrower, loan, 1_000_000, as_of) > 0


def _due_on(loan: Loan, first: int) -> int:
    """Return what falls due on the day of instalment ``first`` (there may be several that day)."""
    last = bisect_right(loan.due_days, loan.due_days[first])
    before = loan.due_cum[first - 1] if first else 0
    return loan.due_cum[last - 1] - before


def undrawn(facilities: Iterable[Facility]) -> int | None:
    """Return what all lines still allow; None without a line."""
    amounts = [_undrawn(facility) for facility in facilities]
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None


def _undrawn(facility: Facility) -> int | None:
    if facility.undrawn_usable_minor is not None:
        return facility.undrawn_usable_minor
    drawn = daily_values.at(facility.drawn, daily_values.last_day(facility.drawn))
    if drawn is None or not facility.limit_minor:
        return None
    return max(0, facility.limit_minor[-1] - drawn)
