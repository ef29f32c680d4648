"""Evaluates the entry rules of the state machine: which are true now, and where they lead.

Called by `states` on every event that moved a signal. A rule states conditions; all of them must be
true. Notes (weight 0) never count as signals here: they inform, they do not decide. Surcharges
do not count either: what the sector does confirms nothing about one borrower.
"""

from typing import Final

from services.scoring.domain.assess.facts import families_at
from services.scoring.domain.assess.state_inputs import StateInputs
from services.scoring.domain.borrower.decisions import EXCEPTION, TIGHTEN, Override
from services.scoring.domain.borrower.risk import (
    ATTENTION,
    CLOSED,
    HIGH_RISK,
    WATCH,
    RiskRecord,
    Signals,
)
from services.scoring.domain.primitives.measurement import AMBER, MEASURED, RED
from services.scoring.domain.rulebook.policy import EntryRule, SignalTest
from services.scoring.domain.rulebook.rulebook import Cuts, IndicatorRule, Rules

NEVER: Final = 1_000_001
MOST_ID_CHARACTERS: Final = 128


def triggered_rules(inputs: StateInputs, *, above: int) -> list[EntryRule]:
    """Return the entry rules that are true now and lead beyond ``above``, worst target first.

    Decisions of people are rules too: one that tightens leads to its state, and an exception
    silences the score rules of the one state that it lets leave.
    """
    if above == CLOSED:
        return []
    if inputs.true_rules is None:
        triggered = evaluated_rules(inputs, above=above)
    else:
        triggered = [rule for rule in inputs.true_rules if rule.to > above]
    if inputs.decisions.overrides:
        triggered = _with_decisions(triggered, inputs, above)
    return triggered


def evaluated_rules(inputs: StateInputs, *, above: int) -> list[EntryRule]:
    """Evaluate the entry rules that lead beyond ``above``; return those that are true."""
    risk, signals, rules = inputs.risk, inputs.signals, inputs.rules
    if is_nothing_triggered(risk, signals, rules):
        return []
    return [
        rule
        for rule in rules.policy.entries
        if rule.to > above and is_triggered(rule, risk, signals, rules)
    ]


def _with_decisions(triggered: list[EntryRule], inputs: StateInputs, above: int) -> list[EntryRule]:
    for override in inputs.decisions.in_force(inputs.as_of):
        if override.kind == EXCEPTION:
            triggered = [rule for rule in triggered if rule.hard or rule.to != override.state + 1]
        elif (
            override.kind == TIGHTEN
            and override.state > above
            and not override.is_review_due(inputs.as_of)
        ):
            triggered.append(
                EntryRule(id=rule_id_of(override), to=override.state, text=override.reason)
            )
    return sorted(triggered, key=_worst_first)


def rule_id_of(decision: Override) -> str:
    """Return the id under which a transition names a decision."""
    return f"decision:{decision.override_id}"[:MOST_ID_CHARACTERS]


def _worst_first(rule: EntryRule) -> int:
    return -rule.to


def is_triggered(rule: EntryRule, risk: RiskRecord, signals: Signals, rules: Rules) -> bool:
    """Return whether every condition that the rule states is met."""
    if rule.score and risk.shown_score < cut_for(rule.to, rules.cuts):
        return False
    if rule.tests and not _enough_tests(rule, signals):
        return False
    if rule.flags and not risk.flags & rule.flags:
        return False
    if rule.all_flags and risk.flags & rule.all_flags != rule.all_flags:
        return False
    if rule.family_cut and not _family_cut(risk, rules.cuts):
        return False
    if rule.amber_families and families_at(risk, signals, rules, AMBER) < rule.amber_families:
        return False
    if rule.reds and signals_at(signals, rules, RED) < rule.reds:
        return False
    return not rule.red_families or families_at(risk, signals, rules, RED) >= rule.red_families


def is_nothing_triggered(risk: RiskRecord, signals: Signals, rules: Rules) -> bool:
    """Return whether no entry rule can be true, without evaluating each: the usual case.

    True because a rule states a score, a level, a flag, a family run or a figure beyond a
    threshold that 0 does not reach (rulebooks are refused otherwise).
    """
    if risk.shown_score >= rules.cuts.attention or risk.flags or any(signals.level):
        return False
    values = signals.value
    return not any(risk.family_days) and not any(
        [values[slot] for slot in rules.policy.compared_slots]
    )


def cut_for(state: int, cuts: Cuts) -> int:
    """Return the score at which the state is entered; DEFAULT never by score alone."""
    if state == ATTENTION:
        return cuts.attention
    if state == WATCH:
        return cuts.watch
    return cuts.high_risk if state == HIGH_RISK else NEVER


def _enough_tests(rule: EntryRule, signals: Signals) -> bool:
    needed = rule.tests_needed
    for test in rule.tests:
        needed -= is_true(test, signals)
        if needed <= 0:
            return True
    return False


def is_true(test: SignalTest, signals: Signals) -> bool:
    """Return whether the signal is at the level, or past the figure, that the test names.

    An unmeasurable signal has the figure that it falls back to.
    """
    slot = test.slot
    if signals.level[slot] < test.level or not has_figure(signals, slot):
        return False
    return test.threshold is None or test.threshold.reached(signals.value[slot])


def has_figure(signals: Signals, slot: int) -> bool:
    """Return whether a signal is measured, or has a figure to fall back to."""
    return signals.status[slot] == MEASURED or signals.value[slot] != 0


def _family_cut(risk: RiskRecord, cuts: Cuts) -> bool:
    return any(days >= cuts.family_days for days in risk.family_days)


def signals_at(signals: Signals, rules: Rules, level: int) -> int:
    """Return how many scored signals are at this level or worse."""
    return len(scored_at(signals, rules, level))


def scored_at(signals: Signals, rules: Rules, level: int) -> list[IndicatorRule]:
    """Return the scored signals at this level or worse."""
    levels, surcharges = signals.level, rules.surcharges
    return [
        rule
        for rule in rules.indicators
        if levels[rule.slot] >= level and rule.weight and rule.slot not in surcharges
    ]
