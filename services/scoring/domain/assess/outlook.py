"""What would have to happen for a borrower to get better, as codes and figures.

Called when an explanation is asked for; adapters put it into words. Must stay true: a condition is
met here exactly where `states.blockers` finds nothing against it, because an officer who did
everything that is listed must see the state ease.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from services.scoring.domain.arrears.forbearance import cure_start
from services.scoring.domain.assess.entry_rules import signals_at, triggered_rules
from services.scoring.domain.assess.exit_rules import (
    blockers,
    exit_rule_of,
    recent_moves,
    run_length,
)
from services.scoring.domain.assess.state_inputs import Standing, standing_of
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.risk import (
    ATTENTION,
    DEFAULT,
    FORBORNE,
    HIGH_RISK,
    NORMAL,
    PROBATION,
    WATCH,
)
from services.scoring.domain.primitives.dates import plus_months
from services.scoring.domain.primitives.measurement import RED
from services.scoring.domain.rulebook.policy import EntryRule, ExitRule
from services.scoring.domain.rulebook.rulebook import Rules

CALM_POSITION: Final = {ATTENTION: 0, WATCH: 1, HIGH_RISK: 2}


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must hold before the state may ease.

    Args:
        code: As in `states.blockers`.
        needed: What it takes: days, months, instalments, micro-units; 0 where it is yes or no.
        now: How far it has come, in the same measure.
        figure: A second figure: the exit cut of the score, or the window of the flip guard.
    """

    code: str
    is_met: bool
    needed: int = 0
    now: int = 0
    figure: int = 0


@dataclass(frozen=True, slots=True)
class Outlook:
    """The way out of the present state.

    ``to`` is None where no rule leads out or nothing better exists; ``holding`` are the entry
    rules that are true and would bring the borrower straight back.
    """

    state: int
    to: int | None
    is_automatic: bool
    conditions: tuple[Condition, ...]
    holding: tuple[EntryRule, ...]


def outlook(borrower: Borrower, rules: Rules, as_of: int) -> Outlook:
    """Return what would have to happen for the state to ease by one step."""
    standing = standing_of(borrower, rules, as_of)
    state = standing.risk.state
    rule = exit_rule_of(standing)
    if state == NORMAL or rule is None:
        return Outlook(state, None, False, (), ())
    stands = set(blockers(standing, rule))
    floor = PROBATION if rule.source == PROBATION else rule.source - 1
    return Outlook(
        state=state,
        to=rule.to,
        is_automatic=rule.automatic,
        conditions=tuple(_conditions(standing, rule, stands)),
        holding=tuple(triggered_rules(standing, above=floor)),
    )


def _conditions(standing: Standing, rule: ExitRule, stands: set[str]) -> Iterator[Condition]:
    yield Condition("rule_true", "rule_true" not in stands)
    yield from (
        Condition(code, code not in stands, needed, now, figure)
        for code, needed, now, figure in (*_asked(standing, rule), *_cure(standing, rule))
        if needed
    )
    yield from (
        Condition(code, code not in stands, 0, now)
        for code, is_asked, now in (
            ("red_signal", rule.no_red, _reds(standing)),
            ("statement_late", rule.statement_in_time, 0),
            ("arrears_left", rule.all_arrears_paid, standing.past_due_minor),
            ("not_assessed", rule.ability_assessed, 0),
            ("open_finding", rule.no_open_finding, standing.open_findings),
        )
        if is_asked
    )
    if rule.source != DEFAULT:
        yield from _general(standing, stands)


def _asked(standing: Standing, rule: ExitRule) -> tuple[tuple[str, int, int, int], ...]:
    """Return code, what the rule asks for, how far it has come, and a further figure."""
    risk = standing.risk
    position = CALM_POSITION.get(rule.source)
    calm = run_length(standing, risk.calm_since[position]) if position is not None else 0
    score_days = rule.score_days if position is not None else 0
    return (
        ("score_not_calm", score_days, calm, _exit_cut(standing, position)),
        ("dwell", _dwell(standing, rule), standing.as_of - risk.since, 0),
        ("arrears_run", rule.no_arrears_days, run_length(standing, risk.no_arrears_since), 0),
        ("instalments_late", rule.on_time, standing.on_time, 0),
        ("hard_rule_run", rule.no_hard_days, run_length(standing, risk.no_hard_since), 0),
    )


def _dwell(standing: Standing, rule: ExitRule) -> int:
    """Return the shortest stay in days."""
    since = standing.risk.since
    months = plus_months(since, rule.dwell_months) - since if rule.dwell_months else 0
    return max(rule.dwell_days, months)


def _exit_cut(standing: Standing, position: int | None) -> int:
    cuts = standing.rules.cuts
    return (cuts.attention_exit, cuts.watch_exit, cuts.high_risk_exit)[position or 0]


def _cure(standing: Standing, rule: ExitRule) -> tuple[tuple[str, int, int, int], ...]:
    """Return the cure period that ends last: months asked for and days gone."""
    risk, as_of = standing.risk, standing.as_of
    if rule.source == DEFAULT:
        return (("cure_period", 1, 0, DEFAULT),)
    calm = max(risk.no_default_since, risk.since) if risk.no_default_since else as_of + 1
    periods = [(rule.months_without_default, calm)]
    if risk.flags & FORBORNE:
        periods.append((rule.months_if_forborne, cure_start(standing.decisions) or risk.since))
    on_time = rule.months_on_time_sparse if standing.is_sparse else rule.months_on_time
    periods.append((on_time, as_of + 1 if standing.was_late else risk.since))
    months, start = max(periods, key=lambda one: plus_months(one[1], one[0]) if one[0] else 0)
    return (("cure_period", months, max(0, as_of - start + 1), 0),)


def _general(standing: Standing, stands: set[str]) -> Iterator[Condition]:
    """Yield the general limits that stand against it now; those that do not are no news."""
    risk, policy = standing.risk, standing.rules.policy
    moves = recent_moves(risk, standing.as_of, policy.moves_window_days)
    for condition in (
        Condition("recently_tightened", False, policy.quiet_business_days),
        Condition("low_completeness", False, policy.least_completeness, risk.completeness),
        Condition("flip_guard", False, policy.most_moves, moves, policy.moves_window_days),
    ):
        if condition.code in stands:
            yield condition


def _reds(standing: Standing) -> int:
    return signals_at(standing.signals, standing.rules, RED)
