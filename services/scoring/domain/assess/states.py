"""Moves the risk state: up at once, down slowly, out of default only through probation.

Called by `step`: `escalate` after any event that moved a signal, `close_day` once per borrower
and day. Pure functions of signals, rules and the stored clocks.

Must stay true:
- Escalation takes as many steps at once as the rules require; relaxation takes one, only at a day
  close, and never while a rule that would put the borrower back is true.
- ATTENTION to NORMAL and DEFAULT to PROBATION are automatic; every other relaxation is
  only proposed here and needs a second person (domain readings 25 to 28).
- Runs of days are counted in day closes, both ends included: "for 30 days" is 30 closes in a row.
"""

from dataclasses import dataclass, field
from typing import Final

from services.scoring.domain.arrears.forbearance import begin_probation, enter_default
from services.scoring.domain.assess.entry_rules import (
    evaluated_rules,
    rule_id_of,
    triggered_rules,
)
from services.scoring.domain.assess.exit_rules import (
    MetCondition,
    blockers,
    exit_rule_of,
    is_blocked,
    met_conditions,
)
from services.scoring.domain.assess.state_inputs import StateInputs
from services.scoring.domain.borrower.decisions import EXCEPTION, RELAX, TIGHTEN, Override
from services.scoring.domain.borrower.default_record import LOSS, OTHER_RULE
from services.scoring.domain.borrower.risk import (
    ATTENTION,
    CLOSED,
    DEFAULT,
    FORBORNE,
    HIGH_RISK,
    NORMAL,
    PROBATION,
    WATCH,
    RiskRecord,
)
from services.scoring.domain.primitives.dates import business_days_after, is_business_day
from services.scoring.domain.regimes.life_cycle import cured_from, is_binding
from services.scoring.domain.rulebook.policy import EXIT_CONDITIONS, EntryRule, ExitRule
from services.scoring.domain.rulebook.rulebook import Cuts

SYSTEM: Final = "system"
ALL_LOANS_ENDED: Final = "closed-all-loans-ended"
CLOSED_WITH_LOSS: Final = "closed-with-loss"
LENT_AGAIN: Final = "reopened-lent-again"
LENT_AFTER_LOSS: Final = "reopened-after-loss"
END_TAKEN_BACK: Final = "reopened-end-taken-back"
DEFAULT_TAKEN_BACK: Final = "default-taken-back"
TRIGGER_OF_DEFAULT: Final = "default-trigger"
# What an approved exception may pass over.
JUDGEMENT: Final = frozenset(
    condition.code for condition in EXIT_CONDITIONS if condition.is_judgement
)


@dataclass(slots=True)
class Transition:
    """One change of state, and who or what made it (domain 4.6).

    ``reason`` is the text of the rule or of the people; ``until_day`` is when a decision behind it
    expires, 0 for none; ``decision_id`` names it, empty where the system moved on its own.
    ``conditions`` are those of an exit rule, as they were met.
    """

    before: int
    after: int
    rule_ids: list[str] = field(default_factory=list)
    actor: str = SYSTEM
    approver: str = ""
    reason: str = ""
    until_day: int = 0
    decision_id: str = ""
    conditions: list[MetCondition] = field(default_factory=list)


def escalate(inputs: StateInputs) -> Transition | None:
    """Move the borrower up to the worst state that any rule requires; return which rules did."""
    moved = None
    if inputs.risk.state == CLOSED:
        if inputs.is_over:
            return None
        moved = _reopen(inputs)
    elif is_without_ground(inputs):
        moved = _take_back_default(inputs)
    triggered = triggered_rules(inputs, above=inputs.risk.state)
    if triggered:
        leading = [rule for rule in triggered if rule.to == triggered[0].to]
        moved = _tighten(inputs, leading)
    if inputs.risk.state < DEFAULT and is_in_default(inputs):
        return _move(inputs, DEFAULT, [TRIGGER_OF_DEFAULT], "A trigger of default")
    return moved


def is_in_default(inputs: StateInputs) -> bool:
    """Return whether the record of default allows no better state, whatever the rulebook says."""
    is_open = inputs.decisions.default.since > 0
    return bool(inputs.triggers) or (is_open and inputs.risk.state < PROBATION)


def is_without_ground(inputs: StateInputs) -> bool:
    """Return whether corrected facts took the default back that the state rests on."""
    record = inputs.decisions.default
    return inputs.risk.state == DEFAULT and record.defaulted_day > 0 and not record.since


def _reopen(inputs: StateInputs) -> Transition:
    """Open a closed borrower: as it was where an end was taken back, else for the new loan."""
    record = inputs.decisions.default
    if inputs.is_correction:
        return _move(inputs, inputs.risk.from_state, [END_TAKEN_BACK], "The end was taken back")
    if inputs.has_loss:
        record.reopened_day = inputs.as_of
        record.begin(LOSS, inputs.as_of, inputs.exposure_minor)
        return _move(inputs, PROBATION, [LENT_AFTER_LOSS], "A new loan after a loss")
    if inputs.is_settled:
        record.end()
    return _move(inputs, NORMAL, [LENT_AGAIN], "A new loan after all had ended")


def _take_back_default(inputs: StateInputs) -> Transition:
    """Return to the state before a default that rested on miscounted days alone."""
    before = inputs.risk.from_state
    to = before if before < PROBATION else WATCH
    return _move(inputs, to, [DEFAULT_TAKEN_BACK], "The days past due were miscounted")


def _tighten(inputs: StateInputs, rules: list[EntryRule]) -> Transition:
    to = rules[0].to
    transition = _move(inputs, to, [rule.id for rule in rules], rules[0].text)
    for override in inputs.decisions.in_force(inputs.as_of):
        if override.kind == TIGHTEN and override.state == to:
            _sign(transition, override)
    return transition


def _sign(transition: Transition, decision: Override) -> None:
    """Name the people behind a transition."""
    transition.actor, transition.approver = decision.actor, decision.approver
    transition.reason, transition.until_day = decision.reason, decision.until_day
    transition.decision_id = decision.override_id


def close_day(inputs: StateInputs) -> Transition | None:
    """Advance the clocks by one day close, then tighten or, failing that, relax by one step."""
    advance_clocks(inputs)
    if inputs.is_over and inputs.risk.state != CLOSED:
        if inputs.has_loss:
            return _move(inputs, CLOSED, [CLOSED_WITH_LOSS], "The last claim ended, with a loss")
        return _move(inputs, CLOSED, [ALL_LOANS_ENDED], "All loans ended")
    tightened = escalate(inputs)
    if tightened is not None:
        return tightened
    _cure(inputs)
    rule = exit_rule_of(inputs)
    return None if rule is None else _ease(inputs, rule)


def _cure(inputs: StateInputs) -> None:
    """End the default when its clock has run out and a person found the borrower able to pay."""
    risk, record = inputs.risk, inputs.decisions.default
    if not record.since or risk.state != PROBATION or not risk.no_default_since:
        return
    is_over = inputs.as_of >= cured_from(inputs.decisions, risk.flags, risk.no_default_since)
    if is_over and inputs.is_able and is_binding(inputs.rules):
        record.end()


def _ease(inputs: StateInputs, rule: ExitRule) -> Transition | None:
    approval = approval_of(inputs, rule)
    if approval is not None:
        transition = relax(inputs, rule, approval)
        if transition is not None:
            return transition
    if is_blocked(inputs, rule):
        inputs.risk.proposed_to = -1
        return None
    if rule.automatic and not _waits_for_review(inputs, rule):
        met = met_conditions(inputs, rule)
        transition = _move(inputs, rule.to, [rule.id], "All conditions of the rule are met")
        transition.conditions = met
        return transition
    _propose(inputs.risk, rule.to, inputs.as_of)
    return None


def _waits_for_review(inputs: StateInputs, rule: ExitRule) -> bool:
    """Return whether people set the state that is left, and must decide what follows it."""
    return any(override.state > rule.to for override in inputs.decisions.reviews_due(inputs.as_of))


def approval_of(inputs: StateInputs, rule: ExitRule) -> Override | None:
    """Return the decision in force that lets the borrower leave by this rule, if there is one."""
    for override in inputs.decisions.in_force(inputs.as_of):
        if override.kind in (RELAX, EXCEPTION) and override.state == rule.to:
            return override
    return None


def relax(inputs: StateInputs, rule: ExitRule, approval: Override) -> Transition | None:
    """Carry out a relaxation that a second person approved; None if something blocks it.

    An approval is used up by it. An exception passes over what is judgement, and stays in force
    until it expires.

    Raises:
        ValueError: If the approver is the person who proposed it.
    """
    if approval.actor.lower() == approval.approver.lower() or not approval.approver:
        raise ValueError(f"a relaxation needs two people; {approval.actor!r} proposed and approved")
    blocking = blockers(inputs, rule)
    if approval.kind == EXCEPTION:
        blocking = [code for code in blocking if code not in JUDGEMENT]
    if blocking:
        return None
    met = met_conditions(inputs, rule)
    transition = _move(inputs, rule.to, [rule.id, rule_id_of(approval)], approval.reason)
    transition.conditions = met
    _sign(transition, approval)
    if approval.kind == RELAX:
        inputs.decisions.overrides.remove(approval)
        for reviewed in inputs.decisions.reviews_due(inputs.as_of):
            if reviewed.kind == TIGHTEN and reviewed.state > rule.to:
                inputs.decisions.overrides.remove(reviewed)
    return transition


def advance_clocks(inputs: StateInputs) -> None:
    """Extend or break every run that an exit rule waits for; evaluate the entry rules once."""
    risk, as_of, cuts = inputs.risk, inputs.as_of, inputs.rules.cuts
    _advance_family_days(inputs)
    # Those that would put the borrower back, and the hard ones whatever the state.
    inputs.true_rules = evaluated_rules(inputs, above=max(0, min(risk.state, HIGH_RISK) - 1))
    for position, cut in enumerate((cuts.attention_exit, cuts.watch_exit, cuts.high_risk_exit)):
        risk.calm_since[position] = _run(risk.calm_since[position], risk.score < cut, as_of)
    risk.no_arrears_since = _run(risk.no_arrears_since, inputs.arrears_days <= 0, as_of)
    hard = _hard_targets(inputs.true_rules)
    risk.no_hard_since = _run(risk.no_hard_since, not hard & 1, as_of)
    unpaid = inputs.regulatory_days > 0 or not inputs.is_settled
    is_clear = not (hard & 2 or unpaid or inputs.triggers)
    risk.no_default_since = _run(risk.no_default_since, is_clear, as_of)


def _hard_targets(true_rules: list[EntryRule]) -> int:
    """Return bit 0 if a hard rule of HIGH_RISK or worse is true, bit 1 if one of DEFAULT is."""
    bits = 0
    for rule in true_rules:
        if rule.hard and rule.to >= HIGH_RISK:
            bits |= 3 if rule.to == DEFAULT else 1
    return bits


def _run(since: int, goes_on: bool, as_of: int) -> int:
    if not goes_on:
        return 0
    return since or as_of


def _advance_family_days(inputs: StateInputs) -> None:
    """Count the business days on which each family reached the cut.

    Days that nobody closed count for a family that reached it at the close before them: nothing
    came in between.
    """
    risk, as_of, cut = inputs.risk, inputs.as_of, inputs.rules.cuts.family
    passed, before = int(is_business_day(as_of)), inputs.closed_before
    unclosed = business_days_after(before, as_of - 1) if 0 < before < as_of - 1 else 0
    for family, figure in enumerate(risk.families):
        if figure < cut:
            risk.family_days[family] = 0
        elif passed or unclosed:
            had_run = risk.family_days[family] > 0
            risk.family_days[family] += passed + (unclosed if had_run else 0)


def forget_broken_runs(risk: RiskRecord, cuts: Cuts) -> None:
    """End the family runs that corrected facts no longer support (domain reading 29)."""
    for family, figure in enumerate(risk.families):
        if figure < cuts.family:
            risk.family_days[family] = 0


def _propose(risk: RiskRecord, to: int, as_of: int) -> None:
    if risk.proposed_to != to:
        risk.proposed_to = to
        risk.proposed_on = as_of


def _move(inputs: StateInputs, to: int, rule_ids: list[str], reason: str) -> Transition:
    risk, as_of = inputs.risk, inputs.as_of
    transition = Transition(risk.state, to, rule_ids, reason=reason)
    window = inputs.rules.policy.moves_window_days
    if risk.turns_by(to):
        risk.turns = [day for day in risk.turns if day > as_of - window] + [as_of]
    if risk.state < to <= DEFAULT:
        risk.tightened_on = as_of
    risk.from_state = risk.state
    risk.state = to
    risk.since = as_of
    risk.rule_ids = rule_ids
    risk.proposed_to = -1
    if to == DEFAULT:
        causes = inputs.triggers or inputs.decisions.default.causes or OTHER_RULE
        inputs.decisions.default.begin(causes, as_of, inputs.exposure_minor)
        enter_default(inputs.decisions, risk, as_of)
        risk.no_default_since = 0
    elif to < PROBATION and transition.before != CLOSED:
        inputs.decisions.default.end()
    if transition.before == PROBATION and risk.flags & FORBORNE and to < PROBATION:
        begin_probation(inputs.decisions, as_of)
    return transition


def distance_to_next(risk: RiskRecord, cuts: Cuts) -> tuple[int, int] | None:
    """Return the next worse state that a score can reach and the score still missing to its cut."""
    if risk.state >= HIGH_RISK:
        return None
    following = risk.state + 1
    cut = (cuts.attention, cuts.watch, cuts.high_risk)[following - ATTENTION]
    return following, max(0, cut - risk.shown_score)
