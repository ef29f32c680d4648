"""Lists what may come: what has to happen for a state to ease, and what is about to turn worse.

Called when an explanation is requested, never while folding; adapters put codes and figures into
words. An `Outlook` lists the conditions of the way out. A `NearTrigger` is the distance of a figure
to its next threshold with the projected days: a figure that a clock drives is measured on the days
to come, as if nothing else happened; a figure of account windows goes on as over the last 30 days,
one of statements or a covenant as between the last two. A figure that moves away, or of which only
one observation is known, has a distance and no days.

Invariants: a condition is met here exactly where `exit_rules.blockers` does not name it, because an
officer who did everything that is listed must see the state ease. Nothing is changed, not even a
view.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from services.scoring.domain.assess.entry_rules import triggered_rules
from services.scoring.domain.assess.exit_rules import (
    CHECKS,
    bouncing_rules_above,
    exit_rule_of,
)
from services.scoring.domain.assess.state_inputs import StateInputs, state_inputs_of
from services.scoring.domain.assess.states import distance_to_next
from services.scoring.domain.assess.worsening import COUNTING
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.credit_file import Covenant
from services.scoring.domain.borrower.risk import DEFAULT, NORMAL
from services.scoring.domain.primitives.measurement import (
    AMBER,
    HARD,
    MEASURED,
    MICRO,
    RED,
    Unit,
    micro_ratio,
)
from services.scoring.domain.rulebook.policy import EntryRule, ExitCondition, ExitRule
from services.scoring.domain.rulebook.rulebook import ACCOUNT, STATEMENT, IndicatorRule, Rules
from services.scoring.domain.rulebook.thresholds import ComponentRule, Threshold
from services.scoring.domain.views import credit_file
from services.scoring.domain.views.statements import end_month

HORIZON_DAYS: Final = 90
NEAR_MICRO: Final = 100_000
TREND_DAYS: Final = 30
# Driven by the calendar alone: their figure on a day to come is known today.
CLOCKED: Final = frozenset({"F-01", "C-02", "C-03", "C-06", "C-07", "X-03"})
# Cover at maturity is no account figure by family, and all of it moves on the account.
COVER_AT_MATURITY: Final = "R-14"
# Five points of score from the next state's cut.
NEAR_POINTS: Final = 50_000
COVENANT_INDICATOR: Final = "F-18"
LEVELS: Final = (AMBER, RED, HARD)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition that must be met before the state may ease.

    Args:
        code: As in `policy.EXIT_CONDITIONS`.
        needed: What it takes: days, months, instalments, micro-units; 0 where it is yes or no.
        now: How far it has come, in the same measure.
        figure: A second figure: the exit cut of the score, or the window of the flip guard.
    """

    code: str
    unit: Unit
    is_met: bool
    needed: int = 0
    now: int = 0
    figure: int = 0


@dataclass(frozen=True, slots=True)
class Outlook:
    """The way out of the present state.

    ``to`` is None where no rule leads out or nothing better exists; ``bouncing`` are the entry
    rules that are true and would bring the borrower straight back.
    """

    state: int
    to: int | None
    is_automatic: bool
    conditions: tuple[Condition, ...]
    bouncing: tuple[EntryRule, ...]


def outlook(borrower: Borrower, rules: Rules, as_of: int) -> Outlook:
    """Return what has to happen for the state to ease by one step."""
    inputs = state_inputs_of(borrower, rules, as_of)
    state = inputs.risk.state
    rule = exit_rule_of(inputs)
    if state == NORMAL or rule is None:
        return Outlook(state, None, False, (), ())
    return Outlook(
        state=state,
        to=rule.to,
        is_automatic=rule.automatic,
        conditions=tuple(_conditions(inputs, rule)),
        bouncing=tuple(triggered_rules(inputs, above=bouncing_rules_above(rule))),
    )


def _conditions(inputs: StateInputs, rule: ExitRule) -> Iterator[Condition]:
    """Yield what the rule requires; of the general limits only those that block it now."""
    for condition, check in sorted(CHECKS, key=lambda row: _position(row[0])):
        is_met, needed, now, figure = check(inputs, rule)
        if condition.is_general:
            is_shown = not is_met and rule.source != DEFAULT
        elif condition.unit is Unit.FLAG:
            is_shown = not condition.required_by or any(
                getattr(rule, name) for name in condition.required_by
            )
        else:
            is_shown = needed > 0
        if is_shown:
            yield Condition(condition.code, condition.unit, is_met, needed, now, figure)


def _position(condition: ExitCondition) -> int:
    """Return the order shown: what would bounce, then numbers, then yes or no, then limits."""
    if condition.is_general:
        return 3
    if condition.unit is Unit.FLAG:
        return 2 if condition.required_by else 0
    return 1


@dataclass(slots=True)
class NearTrigger:
    """One figure before its next threshold.

    Args:
        indicator: Its id; for a covenant F-18.
        subject: The figure in words; for a covenant its id.
        level: The level that it would reach.
        value: The figure now, micro-units.
        threshold: The threshold, micro-units.
        distance: How far the figure has to go, micro-units, never negative.
        relative: Distance over the threshold, micro-units; -1 where the threshold is zero.
        days: Projected days until it is reached, -1 where nothing points there.
    """

    indicator: str
    subject: str
    level: int
    value: int
    threshold: int
    distance: int
    relative: int
    days: int


def near_triggers(borrower: Borrower, rules: Rules, as_of: int) -> list[NearTrigger]:
    """Return what is within a tenth of its threshold or projected to reach it in 90 days.

    The soonest first, then the nearest.
    """
    shadow = _without_views(borrower)
    triggers = _covenants(borrower, as_of)
    for rule in rules.indicators:
        if rule.weight and rule.indicator.id != COVENANT_INDICATOR:
            triggers += _of_indicator(shadow, rule, rules, as_of)
    near = [
        trigger
        for trigger in triggers
        if 0 <= trigger.days <= HORIZON_DAYS or 0 <= trigger.relative <= NEAR_MICRO
    ]
    return sorted(near, key=_soonest)


def near_state(borrower: Borrower, rules: Rules) -> tuple[int, int] | None:
    """Return the next worse state and the score missing to its cut, if that is within 5 points."""
    following = distance_to_next(borrower.risk, rules.cuts)
    return following if following is not None and following[1] <= NEAR_POINTS else None


def _soonest(trigger: NearTrigger) -> tuple[int, int, str]:
    days = trigger.days if trigger.days >= 0 else HORIZON_DAYS + 1
    relative = trigger.relative if trigger.relative >= 0 else MICRO
    return days, relative, f"{trigger.indicator} {trigger.subject}"


def _without_views(borrower: Borrower) -> Borrower:
    """Return the same facts without views: only the fold carries those along."""
    return replace(borrower, balance_view=None, line_view=None)


def _of_indicator(
    borrower: Borrower, rule: IndicatorRule, rules: Rules, as_of: int
) -> list[NearTrigger]:
    measured = rule.indicator.measure(borrower, as_of, rules)
    if measured.status != MEASURED:
        return []
    steps: list[NearTrigger] = []
    for position, (component, value) in enumerate(
        zip(rule.components, measured.values, strict=True)
    ):
        following = None if component is None or value is None else _following(component, value)
        if following is None or value is None:
            continue
        level, threshold = following
        distance = abs(threshold.value - value)
        days = _days(borrower, rule, rules, _Step(position, value, threshold, as_of))
        steps.append(
            NearTrigger(
                indicator=rule.indicator.id,
                subject=rule.indicator.components[position].label,
                level=level,
                value=value,
                threshold=threshold.value,
                distance=distance,
                relative=_relative(distance, threshold.value),
                days=days,
            )
        )
    return _last_to_come(steps) if rule.needs_all else steps


def _following(component: ComponentRule, value: int) -> tuple[int, Threshold] | None:
    """Return the next threshold that the figure has not reached."""
    limits = (component.amber, component.red, component.hard)
    return next(
        (
            (level, limit)
            for level, limit in zip(LEVELS, limits, strict=True)
            if limit is not None and not limit.reached(value)
        ),
        None,
    )


def _relative(distance: int, threshold: int) -> int:
    return micro_ratio(distance, abs(threshold)) if threshold else -1


def _last_to_come(steps: list[NearTrigger]) -> list[NearTrigger]:
    """Where every figure must agree, the one that is last to arrive decides."""
    if not steps:
        return []
    last = max(steps, key=_soonest)
    return [last]


@dataclass(slots=True)
class _Step:
    """A figure on its way: which component, its value now, where it leads, as of when."""

    position: int
    value: int
    threshold: Threshold
    as_of: int


def _days(borrower: Borrower, rule: IndicatorRule, rules: Rules, step: _Step) -> int:
    indicator = rule.indicator
    if indicator.id in COUNTING:
        return _counted(step) if step.value > 0 else -1
    if indicator.id in CLOCKED:
        return _clocked(borrower, rule, rules, step)
    if indicator.family == ACCOUNT or indicator.id == COVER_AT_MATURITY:
        before = _value(borrower, rule, rules, step.as_of - TREND_DAYS, step.position)
        return -1 if before is None else _projected(step, before, TREND_DAYS, 0)
    if indicator.family == STATEMENT:
        return _by_statements(borrower, rule, rules, step)
    return -1


def _value(
    borrower: Borrower, rule: IndicatorRule, rules: Rules, day: int, position: int
) -> int | None:
    measured = rule.indicator.measure(_without_views(borrower), day, rules)
    return measured.values[position] if measured.status == MEASURED else None


def _counted(step: _Step) -> int:
    """Return the days until a counter that grows by one a day is past the threshold."""
    needed = step.threshold.value - step.value
    days = -(-needed // MICRO)
    return days + 1 if step.threshold.strict and needed % MICRO == 0 else days


def _clocked(borrower: Borrower, rule: IndicatorRule, rules: Rules, step: _Step) -> int:
    """Return the first day on which the calendar alone reaches the threshold, within the horizon.

    What the calendar drives only grows, so halving the days finds it.
    """

    def is_reached(days: int) -> bool:
        value = _value(borrower, rule, rules, step.as_of + days, step.position)
        return value is not None and step.threshold.reached(value)

    if not is_reached(HORIZON_DAYS):
        return -1
    early, late = 0, HORIZON_DAYS
    while late - early > 1:
        middle = (early + late) // 2
        if is_reached(middle):
            late = middle
        else:
            early = middle
    return late


def _projected(step: _Step, before: int, over_days: int, since_days: int) -> int:
    """Return the days until the threshold if the figure goes on as it went, -1 if it does not.

    ``before`` was the figure ``over_days`` earlier; ``since_days`` have passed since the newest
    one.
    """
    moved = step.value - before
    needed = step.threshold.value - step.value
    if not moved or (moved > 0) != step.threshold.rising:
        return -1
    days = -(-abs(needed) * over_days // abs(moved))
    return max(0, days - since_days)


def _by_statements(borrower: Borrower, rule: IndicatorRule, rules: Rules, step: _Step) -> int:
    """Project from the newest balance date and the one before it."""
    months = sorted({end_month(statement) for statement in borrower.statements})
    if len(months) < 2:
        return -1
    newest = [statement for statement in borrower.statements if end_month(statement) == months[-1]]
    earlier = [statement for statement in borrower.statements if end_month(statement) < months[-1]]
    shadow = replace(borrower, statements=earlier)
    before = _value(shadow, rule, rules, step.as_of, step.position)
    if before is None:
        return -1
    last_end = max(statement.period_end_day for statement in newest)
    over = last_end - max(statement.period_end_day for statement in earlier)
    return _projected(step, before, over, max(0, step.as_of - last_end)) if over > 0 else -1


def _covenants(borrower: Borrower, as_of: int) -> list[NearTrigger]:
    """Return the way of each covenant that is kept to its limit."""
    triggers = []
    for covenant in borrower.credit_file.covenants:
        room = credit_file.headroom(covenant)
        if room is None or room < 0:
            continue
        triggers.append(
            NearTrigger(
                indicator=COVENANT_INDICATOR,
                subject=covenant.covenant_id,
                level=RED,
                value=covenant.actual_micro,
                threshold=covenant.limit_micro,
                distance=abs(covenant.actual_micro - covenant.limit_micro),
                relative=room,
                days=_to_breach(covenant, as_of),
            )
        )
    return triggers


def _to_breach(covenant: Covenant, as_of: int) -> int:
    over = covenant.test_day - covenant.earlier_day
    if not covenant.earlier_day or over <= 0:
        return -1
    limit = Threshold(covenant.limit_micro, rising=covenant.is_ceiling, strict=True)
    step = _Step(0, covenant.actual_micro, limit, as_of)
    return _projected(step, covenant.earlier_micro, over, max(0, as_of - covenant.test_day))
