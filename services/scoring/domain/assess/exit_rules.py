"""What stands against leaving a state for a better one.

Called by `states` at each day close in a state that has a way out, and by `outlook` for "what would
have to happen to get better". Must stay true: an empty answer is the only leave to relax; nothing
here changes anything.
"""

from typing import Final

from services.scoring.domain.arrears.forbearance import cure_start
from services.scoring.domain.assess.entry_rules import signals_at, triggered_rules
from services.scoring.domain.assess.state_inputs import Standing
from services.scoring.domain.borrower.risk import (
    ATTENTION,
    DEFAULT,
    FORBORNE,
    HIGH_RISK,
    PROBATION,
    WATCH,
    RiskState,
    slot_of,
)
from services.scoring.domain.primitives.dates import business_days_after, plus_months
from services.scoring.domain.primitives.measurement import RED
from services.scoring.domain.rulebook.policy import ExitRule

# What an approved exception may pass over: judgement. Arrears, hard rules, dwell, cure and the
# general limits stand against an exception as against everything else.
JUDGEMENT: Final = frozenset({"score_not_calm", "red_signal", "statement_late", "open_finding"})


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
    risk = standing.risk
    checks = (
        ("rule_true", _would_bounce(standing, rule)),
        ("score_not_calm", _score_run(standing, rule) < rule.score_days),
        ("dwell", not _has_stayed(standing, rule)),
        ("red_signal", rule.no_red and _any_red(standing)),
        ("arrears_run", run_length(standing, risk.no_arrears_since) < rule.no_arrears_days),
        ("instalments_late", standing.on_time < rule.on_time),
        ("hard_rule_run", run_length(standing, risk.no_hard_since) < rule.no_hard_days),
        ("cure_period", not _cured(standing, rule)),
        ("statement_late", rule.statement_in_time and _statement_late(standing)),
        ("arrears_left", rule.all_arrears_paid and standing.past_due_minor > 0),
        ("not_assessed", rule.ability_assessed and not standing.is_able),
        ("open_finding", rule.no_open_finding and standing.open_findings > 0),
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


def _has_stayed(standing: Standing, rule: ExitRule) -> bool:
    since = standing.risk.since
    if standing.as_of - since < rule.dwell_days:
        return False
    return not rule.dwell_months or standing.as_of >= plus_months(since, rule.dwell_months)


def run_length(standing: Standing, since: int) -> int:
    """Return the run's length in day closes, counted within the present state only."""
    if since == 0:
        return 0
    return standing.as_of - max(since, standing.risk.since) + 1


def _cured(standing: Standing, rule: ExitRule) -> bool:
    risk, as_of = standing.risk, standing.as_of
    if rule.source == DEFAULT:
        return risk.no_default_since != 0
    if rule.months_without_default:
        if risk.no_default_since == 0:
            return False
        began = max(risk.no_default_since, risk.since)
        if as_of < plus_months(began, rule.months_without_default):
            return False
    if risk.flags & FORBORNE and as_of < forborne_cure_ends(standing, rule):
        return False
    months = rule.months_on_time_sparse if standing.is_sparse else rule.months_on_time
    return not months or (not standing.was_late and as_of >= plus_months(risk.since, months))


def forborne_cure_ends(standing: Standing, rule: ExitRule) -> int:
    """Return the first day on which a forborne borrower may be cured, 0 where none is asked."""
    if not rule.months_if_forborne:
        return 0
    start = cure_start(standing.decisions) or standing.risk.since
    return plus_months(start, rule.months_if_forborne)


def _any_red(standing: Standing) -> bool:
    return signals_at(standing.signals, standing.rules, RED) > 0


def _statement_late(standing: Standing) -> bool:
    return standing.signals.level[slot_of("F-01")] > 0
