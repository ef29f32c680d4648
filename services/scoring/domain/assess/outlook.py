"""Lists what has to happen for a borrower's state to ease, as codes and figures.

Called when an explanation is requested; adapters put it into words. Must stay true: a condition is
met here exactly where `exit_rules.blockers` does not name it, because an officer who did everything
that is listed must see the state ease.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from services.scoring.domain.assess.entry_rules import triggered_rules
from services.scoring.domain.assess.exit_rules import (
    CHECKS,
    bouncing_rules_above,
    exit_rule_of,
)
from services.scoring.domain.assess.state_inputs import StateInputs, state_inputs_of
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.risk import DEFAULT, NORMAL
from services.scoring.domain.primitives.measurement import Unit
from services.scoring.domain.rulebook.policy import EntryRule, ExitCondition, ExitRule
from services.scoring.domain.rulebook.rulebook import Rules


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
