"""The risk-state machine: up at once, down slowly, out of default only through probation.

Called by `assess`: `escalate` after any event that moved a signal, `close_day` once per borrower
and day. Pure functions of signals, rules and the stored clocks.

Must stay true:
- Escalation takes as many steps at once as the rules say; relaxation takes one, only at a day
  close, and never while a rule that would put the borrower back is true.
- ATTENTION to NORMAL and DEFAULT to PROBATION happen by themselves; every other relaxation is
  only proposed here and needs a second person (domain readings 25 to 28).
- Runs of days are counted in day closes, both ends included: "for 30 days" is 30 closes in a row.
"""

from dataclasses import dataclass, field
from typing import Final

from services.scoring.domain.business_days import (
    business_days_after,
    is_business_day,
    plus_months,
)
from services.scoring.domain.entry_rules import holds, nothing_stands_out
from services.scoring.domain.policy import EntryRule, ExitRule
from services.scoring.domain.risk import (
    ATTENTION,
    CLOSED,
    DEFAULT,
    FORBORNE,
    HIGH_RISK,
    PROBATION,
    WATCH,
    RiskState,
)
from services.scoring.domain.rulebook import Cuts, Rules
from services.scoring.domain.signals import Signals, slot_of

SYSTEM: Final = "system"


@dataclass(slots=True)
class Standing:
    """What the state machine looks at.

    Args:
        as_of: Business date, ordinal.
        arrears_days: Operational days past due.
        regulatory_days: Regulatory days past due.
        on_time: How many of the latest due instalments in a row were paid on time.
    """

    as_of: int
    risk: RiskState
    signals: Signals
    rules: Rules
    arrears_days: int = 0
    regulatory_days: int = 0
    on_time: int = 0


@dataclass(slots=True)
class Transition:
    """One change of state and who or what made it."""

    before: int
    after: int
    rule_ids: list[str] = field(default_factory=list)
    actor: str = SYSTEM
    approver: str = ""


def escalate(standing: Standing) -> Transition | None:
    """Move the borrower up to the worst state that any rule asks for, and say which rules."""
    triggered = triggered_rules(standing, above=standing.risk.state)
    if not triggered:
        return None
    target = triggered[0].to
    rule_ids = [rule.id for rule in triggered if rule.to == target]
    return _move(standing, target, rule_ids)


def triggered_rules(standing: Standing, *, above: int) -> list[EntryRule]:
    """Return the entry rules that are true now and lead beyond ``above``, worst target first."""
    if above == CLOSED or nothing_stands_out(standing.risk, standing.signals, standing.rules):
        return []
    return [
        rule
        for rule in standing.rules.policy.entries
        if rule.to > above and holds(rule, standing.risk, standing.signals, standing.rules)
    ]


def close_day(standing: Standing) -> Transition | None:
    """Advance the clocks by one day close, then tighten or, failing that, relax by one step."""
    advance_clocks(standing)
    tightened = escalate(standing)
    if tightened is not None:
        return tightened
    rule = exit_rule_of(standing)
    if rule is None:
        return None
    if blockers(standing, rule):
        standing.risk.proposed_to = -1
        return None
    if rule.automatic:
        return _move(standing, rule.to, [rule.id])
    _propose(standing.risk, rule.to, standing.as_of)
    return None


def relax(standing: Standing, *, actor: str, approver: str) -> Transition | None:
    """Carry out a proposed relaxation that a second person approved; None if it no longer holds.

    Raises:
        ValueError: If the approver is the person who asked.
    """
    if actor == approver:
        raise ValueError(f"a relaxation needs two people; {actor!r} asked and approved")
    rule = exit_rule_of(standing)
    if rule is None or blockers(standing, rule):
        return None
    transition = _move(standing, rule.to, [rule.id])
    transition.actor, transition.approver = actor, approver
    return transition


def advance_clocks(standing: Standing) -> None:
    """Extend or break every run that an exit rule waits for."""
    risk, as_of, cuts = standing.risk, standing.as_of, standing.rules.cuts
    for position, cut in enumerate((cuts.attention_exit, cuts.watch_exit, cuts.high_risk_exit)):
        risk.calm_since[position] = _run(risk.calm_since[position], risk.score < cut, as_of)
    risk.no_arrears_since = _run(risk.no_arrears_since, standing.arrears_days <= 0, as_of)
    hard = _hard_targets(standing)
    risk.no_hard_since = _run(risk.no_hard_since, not hard & 1, as_of)
    unpaid = standing.regulatory_days > 0
    risk.no_default_since = _run(risk.no_default_since, not (hard & 2 or unpaid), as_of)
    _advance_family_days(risk, cuts, as_of)


def _hard_targets(standing: Standing) -> int:
    """Return bit 0 if a hard rule of HIGH_RISK or worse is true, bit 1 if one of DEFAULT is."""
    found = 0
    if nothing_stands_out(standing.risk, standing.signals, standing.rules):
        return found
    for rule in standing.rules.policy.entries:
        if rule.to < HIGH_RISK:
            break
        if rule.hard and holds(rule, standing.risk, standing.signals, standing.rules):
            found |= 3 if rule.to == DEFAULT else 1
    return found


def _run(since: int, goes_on: bool, as_of: int) -> int:
    if not goes_on:
        return 0
    return since or as_of


def _advance_family_days(risk: RiskState, cuts: Cuts, as_of: int) -> None:
    counts = is_business_day(as_of)
    for family, figure in enumerate(risk.families):
        if figure < cuts.family:
            risk.family_days[family] = 0
        elif counts:
            risk.family_days[family] += 1


def forget_broken_runs(risk: RiskState, cuts: Cuts) -> None:
    """End the family runs that corrected facts no longer support (domain reading 29)."""
    for family, figure in enumerate(risk.families):
        if figure < cuts.family:
            risk.family_days[family] = 0


def exit_rule_of(standing: Standing) -> ExitRule | None:
    """Return the rule that leads out of the present state, if there is one."""
    for rule in standing.rules.policy.exits:
        if rule.source == standing.risk.state:
            return rule
    return None


def blockers(standing: Standing, rule: ExitRule) -> list[str]:
    """Return what still stands against this relaxation, as codes; empty when nothing does.

    The codes are the answer to "what would have to happen to get better".
    """
    checks = (
        ("rule_true", _would_bounce(standing, rule)),
        ("score_not_calm", _score_run(standing, rule) < rule.score_days),
        ("dwell", standing.as_of - standing.risk.since < rule.dwell_days),
        ("red_signal", rule.no_red and _any_red(standing)),
        (
            "arrears_run",
            run_length(standing, standing.risk.no_arrears_since) < rule.no_arrears_days,
        ),
        ("instalments_late", standing.on_time < rule.on_time),
        ("hard_rule_run", run_length(standing, standing.risk.no_hard_since) < rule.no_hard_days),
        ("cure_period", not _cured(standing, rule)),
        ("statement_late", rule.statement_in_time and _statement_late(standing)),
    )
    found = [code for code, stands in checks if stands]
    if rule.source != DEFAULT:
        found += _general_blockers(standing)
    return found


def _general_blockers(standing: Standing) -> list[str]:
    risk, policy, as_of = standing.risk, standing.rules.policy, standing.as_of
    found = []
    quiet = policy.quiet_business_days
    if risk.tightened_on and business_days_after(risk.tightened_on, as_of) <= quiet:
        found.append("recently_tightened")
    if risk.completeness < policy.least_completeness:
        found.append("low_completeness")
    if recent_moves(risk, as_of, policy.moves_window_days) >= policy.most_moves:
        found.append("flip_guard")
    return found


def recent_moves(risk: RiskState, as_of: int, window_days: int) -> int:
    """Return how often the state changed in the window that ends today."""
    return sum(1 for day in risk.moves if day > as_of - window_days)


def _would_bounce(standing: Standing, rule: ExitRule) -> bool:
    """Return whether an entry rule of the state to be left, or of a worse one, is true."""
    if rule.source == PROBATION:
        return bool(triggered_rules(standing, above=PROBATION))
    return bool(triggered_rules(standing, above=rule.source - 1))


def _score_run(standing: Standing, rule: ExitRule) -> int:
    position = {ATTENTION: 0, WATCH: 1, HIGH_RISK: 2}.get(rule.source)
    if position is None:
        return rule.score_days
    return run_length(standing, standing.risk.calm_since[position])


def run_length(standing: Standing, since: int) -> int:
    """Return the run's length in day closes, counted within the present state only."""
    if since == 0:
        return 0
    return standing.as_of - max(since, standing.risk.since) + 1


def _cured(standing: Standing, rule: ExitRule) -> bool:
    risk = standing.risk
    if rule.source == DEFAULT:
        return risk.no_default_since != 0
    forborne = bool(risk.flags & FORBORNE)
    months = rule.months_if_forborne if forborne else rule.months_without_default
    if months == 0:
        return True
    if risk.no_default_since == 0:
        return False
    return standing.as_of >= plus_months(max(risk.no_default_since, risk.since), months)


def _any_red(standing: Standing) -> bool:
    return any(
        standing.signals.level[rule.slot] > 1 for rule in standing.rules.indicators if rule.weight
    )


def _statement_late(standing: Standing) -> bool:
    return standing.signals.level[slot_of("F-01")] > 0


def _propose(risk: RiskState, to: int, as_of: int) -> None:
    if risk.proposed_to != to:
        risk.proposed_to = to
        risk.proposed_on = as_of


def _move(standing: Standing, to: int, rule_ids: list[str]) -> Transition:
    risk, as_of = standing.risk, standing.as_of
    transition = Transition(risk.state, to, rule_ids)
    if to > risk.state:
        risk.tightened_on = as_of
    risk.from_state = risk.state
    risk.state = to
    risk.since = as_of
    risk.rule_ids = rule_ids
    risk.proposed_to = -1
    window = standing.rules.policy.moves_window_days
    risk.moves = [day for day in risk.moves if day > as_of - window] + [as_of]
    return transition


def distance_to_next(risk: RiskState, cuts: Cuts) -> tuple[int, int] | None:
    """Return the next worse state that a score can reach and the score still missing to its cut."""
    if risk.state >= HIGH_RISK:
        return None
    following = risk.state + 1
    cut = (cuts.attention, cuts.watch, cuts.high_risk)[following - ATTENTION]
    return following, max(0, cut - risk.score)
