"""Measures what an event touched and writes the verdicts into the borrower's signals.

Called by `assess` after the facts have changed. Only indicators whose inputs were touched are
measured; the caller gets back which families' scores may have moved and which levels changed.
"""

from dataclasses import dataclass, field

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.risk import SLOTS, Signals
from services.scoring.domain.primitives import touched as facts
from services.scoring.domain.primitives.measurement import (
    AMBER,
    GREEN,
    MEASURED,
    MICRO,
    NOT_APPLICABLE,
    UNMEASURABLE,
    Measurement,
    Reason,
    rounded_quotient,
    unmeasurable,
)
from services.scoring.domain.rulebook.rulebook import (
    ACCOUNT,
    REPAYMENT,
    Indicator,
    IndicatorRule,
    Rules,
)


@dataclass(slots=True)
class LevelChange:
    """One signal changed its level."""

    slot: int
    before: int
    after: int


@dataclass(slots=True)
class SignalChanges:
    """What one event did to the signals.

    ``families`` has a bit for each family that moved, ``slots`` the signals that score differently.
    """

    families: int = 0
    slots: list[int] = field(default_factory=list)
    coverage_moved: bool = False
    changes: list[LevelChange] = field(default_factory=list)

    @property
    def is_news(self) -> bool:
        """Return whether any verdict moved."""
        return bool(self.families or self.coverage_moved or self.changes)


def evaluate(
    borrower: Borrower, as_of: int, rules: Rules, touched: int, *, corrects: bool = False
) -> SignalChanges:
    """Measure every enabled indicator that reads one of the touched kinds of fact."""
    signals, risk = borrower.signals, borrower.risk
    evaluation = SignalChanges()
    lacks_a_rate = borrower.flows.lacks_a_rate(as_of)
    for rule in rules.touched_by(touched):
        measurement = rule.indicator.measure(borrower, as_of, rules)
        if lacks_a_rate and measurement.status and _needs_accounts(rule.indicator):
            fallback = measurement.values[0] if measurement.values else None
            measurement = unmeasurable(Reason.NO_RATE, fallback=fallback)
        judging = rule.seasoned if measurement.is_seasonal and rule.seasoned else rule
        judge(signals, judging, measurement, as_of, evaluation)
        if measurement.base is not None or (risk.base_slots and rule.slot in risk.base_slots):
            is_lit = measurement.base is not None and signals.level[rule.slot] >= AMBER
            risk.follow_base(rule.slot, measurement.base, as_of, is_lit=is_lit, corrects=corrects)
    return evaluation


def _needs_accounts(indicator: Indicator) -> bool:
    """Return whether an indicator is measured from flows or balances, which need rates."""
    if indicator.family == REPAYMENT:
        return bool(indicator.reads & (facts.COVER | facts.OTHERS))
    return indicator.family == ACCOUNT and bool(indicator.reads & facts.CONVERTED)


def judge(
    signals: Signals,
    rule: IndicatorRule,
    measurement: Measurement,
    as_of: int,
    evaluation: SignalChanges,
) -> None:
    """Turn a measurement into status, level and contribution, and note what changed."""
    slot, status, reason = rule.slot, measurement.status, measurement.reason
    signals.baseline[slot] = measurement.baseline or 0
    if status == signals.status[slot] and _is_same_verdict(signals, rule, measurement):
        return
    if status == MEASURED and not _has_a_used_figure(rule, measurement.values):
        status, reason = UNMEASURABLE, reason or int(Reason.SHORT_HISTORY)
    if signals.status[slot] != status:
        signals.status[slot] = status
        evaluation.coverage_moved = True
        evaluation.families |= 1 << rule.indicator.family
    level, contribution = GREEN, 0
    if status == MEASURED:
        level, contribution = _verdict(signals, rule, measurement)
    else:
        signals.detail[slot] = reason
        signals.value[slot] = _fallback(measurement)
        level = _fallback_level(rule, measurement)
    if contribution != signals.contribution[slot]:
        signals.contribution[slot] = contribution
        evaluation.families |= 1 << rule.indicator.family
        evaluation.slots.append(slot)
    if level != signals.level[slot]:
        evaluation.changes.append(LevelChange(slot, signals.level[slot], level))
        signals.level[slot] = level
        signals.since[slot] = as_of if level != GREEN else 0


def _has_a_used_figure(rule: IndicatorRule, values: list[int | None]) -> bool:
    """Return whether any component that the rulebook uses has a figure."""
    if values[0] is not None and rule.components[0] is not None:
        return True
    for position, figure in enumerate(values):
        if figure is not None and rule.components[position] is not None:
            return True
    return False


def _is_same_verdict(signals: Signals, rule: IndicatorRule, measurement: Measurement) -> bool:
    """Return whether the verdict cannot differ from the stored one; most events change nothing.

    The status does not.
    """
    slot, values = rule.slot, measurement.values
    if measurement.status != MEASURED:
        is_known = signals.detail[slot] == measurement.reason
        return is_known and signals.value[slot] == _fallback(measurement)
    return (
        len(values) == 1
        and values[0] == signals.value[slot]
        and not rule.half_life_days
        and signals.detail[slot] == 0
        and not measurement.scored
    )


def _fallback(measurement: Measurement) -> int:
    """Return the figure that hard rules go by where there is no measured one, 0 without any."""
    is_fallback = measurement.status == UNMEASURABLE and measurement.values
    return (measurement.values[0] or 0) if is_fallback else 0


def _fallback_level(rule: IndicatorRule, measurement: Measurement) -> int:
    """Return the level of the figure that hard rules fall back to."""
    component = rule.components[0]
    figure = _fallback(measurement)
    return component.level(figure) if figure and component is not None else GREEN


def _verdict(signals: Signals, rule: IndicatorRule, measurement: Measurement) -> tuple[int, int]:
    level, intensity, component = _judge_components(rule, measurement.values)
    figure = measurement.values[component]
    signals.detail[rule.slot] = component
    signals.value[rule.slot] = figure if figure is not None else 0
    if measurement.scored:
        intensity = _judge_components(rule, measurement.scored)[1]
    contribution = rounded_quotient(rule.weight * intensity, MICRO)
    if rule.half_life_days and contribution:
        contribution = _decayed(contribution, measurement.age_days, rule.half_life_days)
    return level, contribution


def _decayed(contribution: int, age_days: int, half_life_days: int) -> int:
    """Return contribution x 2^(-age/half-life); the factor is rounded to six decimals."""
    factor = round(float(2.0 ** (-age_days / half_life_days)) * MICRO)
    return rounded_quotient(contribution * factor, MICRO)


def _judge_components(rule: IndicatorRule, values: list[int | None]) -> tuple[int, int, int]:
    """Return level, intensity and the component that decided.

    With ``needs_all`` the mildest component decides, else the worst level and the largest g.
    """
    if len(values) == 1 and values[0] is not None and rule.components[0] is not None:
        only = rule.components[0]
        return only.level(values[0]), only.intensity(values[0]), 0
    verdicts = [
        (component.level(figure), component.intensity(figure), -position)
        for position, (component, figure) in enumerate(zip(rule.components, values, strict=True))
        if component is not None and figure is not None
    ]
    level, intensity, decided = max(verdicts)
    if len(verdicts) == 1:
        return level, intensity, -decided
    intensities = [verdict[1] for verdict in verdicts]
    if rule.needs_all:
        return min(verdicts)[0], min(intensities), -verdicts[0][2]
    return level, max(intensities), -decided


def forget_verdicts(signals: Signals, rules: Rules) -> None:
    """Clear every verdict after a new rulebook, so that each indicator in use is judged again.

    Level and since stay where the indicator stays, so that only a real change of level counts.
    """
    for slot in range(SLOTS):
        signals.status[slot] = NOT_APPLICABLE
        signals.contribution[slot] = 0
        if rules.by_slot[slot] is None:
            for column in (signals.level, signals.detail, signals.value, signals.since):
                column[slot] = 0
            signals.baseline[slot] = 0
