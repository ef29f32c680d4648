"""Writes a line of `tocsin score`: an assessment with every indicator, decimals as strings.

Scripts rely on the keys. Must stay true: every decimal is a string, so that no reader loses digits;
whole days stay numbers.
"""

from typing import Any, Final

import msgspec

from services.scoring.adapters.assessment_json import UNIT_NAMES, second_opinions, shown_day
from services.scoring.domain.assess.assessment import Assessment, Contributor
from services.scoring.domain.assess.explain import shown_micro, shown_threshold
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.risk import NOT_SCORED
from services.scoring.domain.primitives.measurement import (
    LEVEL_NAMES,
    MEASURED,
    MICRO,
    RED,
    UNMEASURABLE,
    Reason,
)
from services.scoring.domain.rulebook.pd import intensity_of
from services.scoring.domain.rulebook.rulebook import FAMILY_NAMES, IndicatorRule, Rules

STATUS_NAMES: Final = ("not_applicable", "unmeasurable", "measured")

Json = dict[str, Any]


def score_line(assessment: Assessment, borrower: Borrower, rules: Rules) -> bytes:
    """Returns one NDJSON line, line feed included."""
    return msgspec.json.encode(score_row(assessment, borrower, rules)) + b"\n"


def score_row(assessment: Assessment, borrower: Borrower, rules: Rules) -> Json:
    """Returns an assessment with every indicator."""
    shares = {each.indicator: each.share for each in assessment.contributors}
    return {
        "borrower_id": assessment.borrower_id,
        "as_of": shown_day(assessment.as_of),
        "cause": assessment.cause.type,
        "state": assessment.state,
        "state_since": shown_day(assessment.state_since),
        "trigger_rule_ids": assessment.trigger_rule_ids,
        "score": decimal(assessment.score * 100, 2),
        "family_scores": {
            name: None if figure == NOT_SCORED else decimal(figure, 6)
            for name, figure in zip(FAMILY_NAMES, assessment.family_scores, strict=True)
        },
        "days_late": assessment.days_late,
        "days_in_arrears": assessment.dpd_operational,
        "dpd_operational": assessment.dpd_operational,
        "dpd_regulatory": assessment.dpd_regulatory,
        "completeness": decimal(assessment.completeness, 4),
        "low_confidence": assessment.low_confidence,
        "flags": assessment.flags,
        "regimes": assessment.regimes,
        "indicators": {
            rule.indicator.id: _indicator(borrower, rule, shares) for rule in rules.indicators
        },
        "top_contributors": [_contributor(each) for each in assessment.contributors],
        "rulebook": assessment.rulebook,
        "rulebook_version": assessment.rulebook_version,
        "segment": assessment.segment,
        **second_opinions(assessment),
    }


def decimal(value: int, places: int) -> str:
    """Returns micro-units as a decimal string with a fixed number of places, rounded half even."""
    return f"{round(value / MICRO, places):.{places}f}"


def _indicator(borrower: Borrower, rule: IndicatorRule, shares: dict[str, int]) -> Json:
    signals, slot = borrower.signals, rule.slot
    status = signals.status[slot]
    shown: Json = {"status": STATUS_NAMES[status]}
    if status == UNMEASURABLE:
        shown["reason"] = Reason(signals.detail[slot]).name.lower()
    component = rule.indicator.components[signals.detail[slot] if status == MEASURED else 0]
    is_measured = status == MEASURED
    shown["value"] = shown_micro(signals.value[slot]) if is_measured else None
    shown["unit"] = UNIT_NAMES[component.unit]
    shown["level"] = LEVEL_NAMES[signals.level[slot]] if is_measured else None
    shown["intensity"] = None
    if is_measured and rule.weight:
        shown["intensity"] = decimal(intensity_of(signals, slot, rule.weight), 4)
    shown["contribution"] = decimal(shares.get(rule.indicator.id, 0), 4)
    if is_measured and len(rule.indicator.components) > 1:
        shown["figure"] = component.name
    if is_measured and slot_threshold(rule, signals.detail[slot], signals.level[slot]):
        shown["threshold"] = slot_threshold(rule, signals.detail[slot], signals.level[slot])
    return shown


def slot_threshold(rule: IndicatorRule, position: int, level: int) -> str:
    """Returns the threshold of the level: red's when red, else amber's."""
    judged = rule.components[position]
    if judged is None:
        return ""
    return shown_threshold(judged.red if level >= RED and judged.red else judged.amber)


def _contributor(signal: Contributor) -> Json:
    is_red = signal.level >= RED and signal.red
    return {
        "indicator": signal.indicator,
        "name": signal.name,
        "level": LEVEL_NAMES[signal.level],
        "value": shown_micro(signal.value),
        "unit": UNIT_NAMES[signal.unit],
        "threshold": signal.red if is_red else signal.amber or signal.red,
        "contribution": decimal(signal.share, 4),
        "since": shown_day(signal.since) if signal.since else None,
        "baseline": None if signal.baseline is None else shown_micro(signal.baseline),
        "evidence": signal.evidence,
        "same_fact": [other.indicator for other in signal.also],
    }
