"""Checks what blocks leaving a state for a better one: one function per exit condition.

`states` calls `blockers` at each day close in a state that has a way out; `outlook` lists the same
conditions with their progress. Must stay true: an empty answer of `blockers` is the only permission
to relax; nothing here changes anything.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from services.scoring.domain.arrears.forbearance import cure_start
from services.scoring.domain.assess import score as scoring
from services.scoring.domain.assess.entry_rules import signals_at, triggered_rules
from services.scoring.domain.assess.state_inputs import StateInputs
from services.scoring.domain.borrower.risk import (
    ATTENTION,
    DEFAULT,
    FORBORNE,
    HIGH_RISK,
    PROBATION,
    SLOT_BASE,
    WATCH,
    slot_of,
)
from services.scoring.domain.primitives.dates import business_days_after, plus_months
from services.scoring.domain.primitives.measurement import RED, UNMEASURABLE, Reason
from services.scoring.domain.regimes import life_cycle
from services.scoring.domain.rulebook.policy import EXIT_CONDITIONS, ExitCondition, ExitRule

CALM_POSITION: Final = {ATTENTION: 0, WATCH: 1, HIGH_RISK: 2}
NO_DEFAULT: Final = "no_default"
LATE_STATEMENT_SLOT: Final = slot_of("F-01")
STATEMENT_SLOTS: Final = range(SLOT_BASE["F"], SLOT_BASE["C"])
# Whether it is met, what is needed, what is reached, and a second figure.
Progress = tuple[bool, int, int, int]
Check = Callable[[StateInputs, ExitRule], Progress]


def exit_rule_of(inputs: StateInputs) -> ExitRule | None:
    """Return the rule that leads out of the present state, if there is one."""
    for rule in inputs.rules.policy.exits:
        if rule.source == inputs.risk.state:
            return rule
    return None


def is_blocked(inputs: StateInputs, rule: ExitRule) -> bool:
    """Return whether a condition blocks this relaxation; none after the first is checked."""
    return any(_blocks(inputs, rule, condition, check) for condition, check in CHECKS)


def blockers(inputs: StateInputs, rule: ExitRule) -> list[str]:
    """Return the codes of the conditions that block this relaxation; empty when none does."""
    return [
        condition.code for condition, check in CHECKS if _blocks(inputs, rule, condition, check)
    ]


def _blocks(inputs: StateInputs, rule: ExitRule, condition: ExitCondition, check: Check) -> bool:
    is_left_out = condition.is_general and rule.source == DEFAULT
    return not is_left_out and not check(inputs, rule)[0]


@dataclass(frozen=True, slots=True)
class MetCondition:
    """One condition of an exit rule as it was met: what it needed and what was reached."""

    code: str
    needed: int
    now: int


def met_conditions(inputs: StateInputs, rule: ExitRule) -> list[MetCondition]:
    """Return what the exit rule requires, with how far it has come; without the general limits."""
    if rule.source == DEFAULT:
        return [MetCondition(NO_DEFAULT, 0, 0)]
    return [
        MetCondition(condition.code, needed, now)
        for condition, check in CHECKS
        if any(getattr(rule, name) for name in condition.required_by)
        for is_met, needed, now, _ in [check(inputs, rule)]
        if is_met
    ]


def bouncing_rules_above(rule: ExitRule) -> int:
    """Return the state above which a true entry rule would bring the borrower straight back."""
    return PROBATION if rule.source == PROBATION else rule.source - 1


def _entry_rules(inputs: StateInputs, rule: ExitRule) -> Progress:
    return not triggered_rules(inputs, above=bouncing_rules_above(rule)), 0, 0, 0


def _at_least(needed: int, now: int) -> Progress:
    return now >= needed, needed, now, 0


def _run_length(inputs: StateInputs, since: int) -> int:
    """Return the run's length in day closes, counted within the present state only."""
    if since == 0:
        return 0
    return inputs.as_of - max(since, inputs.risk.since) + 1


def _calm(inputs: StateInputs, rule: ExitRule) -> Progress:
    """Count the days below the exit cut; only states that a score can reach have one."""
    position = CALM_POSITION.get(rule.source)
    if position is None:
        return True, 0, 0, 0
    cuts, now = inputs.rules.cuts, _run_length(inputs, inputs.risk.calm_since[position])
    cut = (cuts.attention_exit, cuts.watch_exit, cuts.high_risk_exit)[position]
    return now >= rule.score_days, rule.score_days, now, cut


def _dwell(inputs: StateInputs, rule: ExitRule) -> Progress:
    since = inputs.risk.since
    months = plus_months(since, rule.dwell_months) - since if rule.dwell_months else 0
    return _at_least(max(rule.dwell_days, months), inputs.as_of - since)


def _reds(inputs: StateInputs, rule: ExitRule) -> Progress:
    reds = signals_at(inputs.signals, inputs.rules, RED) if rule.no_red else 0
    return reds == 0, 0, reds, 0


def _without_arrears(inputs: StateInputs, rule: ExitRule) -> Progress:
    return _at_least(rule.no_arrears_days, _run_length(inputs, inputs.risk.no_arrears_since))


def _on_time(inputs: StateInputs, rule: ExitRule) -> Progress:
    return _at_least(rule.on_time, inputs.on_time)


def _without_hard_rule(inputs: StateInputs, rule: ExitRule) -> Progress:
    return _at_least(rule.no_hard_days, _run_length(inputs, inputs.risk.no_hard_since))


def _cure(inputs: StateInputs, rule: ExitRule) -> Progress:
    """Count the cure period that ends last: months required and days gone."""
    risk, as_of = inputs.risk, inputs.as_of
    if rule.source == DEFAULT:
        return risk.no_default_since != 0, 1, 0, DEFAULT
    # A period that cannot begin today begins tomorrow at the earliest.
    calm = max(risk.no_default_since, risk.since) if risk.no_default_since else as_of + 1
    periods = [(rule.months_without_default, calm)]
    if risk.flags & FORBORNE:
        periods.append((rule.months_if_forborne, cure_start(inputs.decisions) or risk.since))
    if inputs.decisions.default.since and life_cycle.is_binding(inputs.rules):
        periods += life_cycle.cure_periods(inputs.decisions, risk.flags, calm)
    on_time = rule.months_on_time_sparse if inputs.is_sparse else rule.months_on_time
    periods.append((on_time, as_of + 1 if inputs.was_late else risk.since))
    months, start = max(periods, key=_end_of)
    return as_of >= _end_of((months, start)), months, max(0, as_of - start + 1), 0


def _end_of(period: tuple[int, int]) -> int:
    months, start = period
    return plus_months(start, months) if months else 0


def _statement(inputs: StateInputs, rule: ExitRule) -> Progress:
    is_late = rule.statement_in_time and inputs.signals.level[LATE_STATEMENT_SLOT] > 0
    return not is_late, 0, 0, 0


def _arrears(inputs: StateInputs, rule: ExitRule) -> Progress:
    left = inputs.past_due_minor
    return not (rule.all_arrears_paid and left > 0), 0, left, 0


def _ability(inputs: StateInputs, rule: ExitRule) -> Progress:
    is_needed = rule.ability_assessed or (
        rule.source == PROBATION
        and inputs.decisions.default.since > 0
        and life_cycle.is_binding(inputs.rules)
    )
    return inputs.is_able or not is_needed, 0, 0, 0


def _findings(inputs: StateInputs, rule: ExitRule) -> Progress:
    findings = inputs.open_findings
    return not (rule.no_open_finding and findings > 0), 0, findings, 0


def _quiet(inputs: StateInputs, rule: ExitRule) -> Progress:
    since, quiet = inputs.risk.tightened_on, inputs.rules.policy.quiet_business_days
    return not since or business_days_after(since, inputs.as_of) > quiet, quiet, 0, 0


def _completeness(inputs: StateInputs, rule: ExitRule) -> Progress:
    """Check that what a state was entered for did not just go missing; what never came cannot."""
    known, least = inputs.risk.completeness, inputs.rules.policy.least_completeness
    if known < least and inputs.without_data:
        known = scoring.completeness(inputs.signals, inputs.rules, inputs.without_data)
    return _at_least(least, known)


def _age_of_statements(inputs: StateInputs, rule: ExitRule) -> Progress:
    """Check that no figure is missing because the newest statement is too old."""
    signals = inputs.signals
    is_stale = any(
        signals.status[slot] == UNMEASURABLE and signals.detail[slot] == Reason.STALE_DATA
        for slot in STATEMENT_SLOTS
    )
    return not is_stale, 0, 0, 0


def _moves(inputs: StateInputs, rule: ExitRule) -> Progress:
    policy = inputs.rules.policy
    moves = inputs.risk.recent_turns(inputs.as_of, policy.moves_window_days)
    return moves < policy.most_moves, policy.most_moves, moves, policy.moves_window_days


FUNCTIONS: Final[tuple[Check, ...]] = (
    _entry_rules,
    _calm,
    _dwell,
    _reds,
    _without_arrears,
    _on_time,
    _without_hard_rule,
    _cure,
    _statement,
    _arrears,
    _ability,
    _findings,
    _quiet,
    _completeness,
    _age_of_statements,
    _moves,
)
CHECKS: Final[tuple[tuple[ExitCondition, Check], ...]] = tuple(
    zip(EXIT_CONDITIONS, FUNCTIONS, strict=True)
)
