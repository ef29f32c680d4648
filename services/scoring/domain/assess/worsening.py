"""Says what makes a state worse by the calendar alone: in how many days, if which amount is unpaid.

Called when an assessment is written, for the events, cards and explanations that show it. Only
rules count that days of arrears satisfy on their own. What is overdue already grows by a day a day;
where nothing is, the next instalment is counted from its due day, if its amount would count at all.
"""

from dataclasses import dataclass
from typing import Final

from services.scoring.domain.arrears import exposure
from services.scoring.domain.assess.entry_rules import has_figure
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.risk import CLOSED, DEFAULT, RiskRecord, slot_of
from services.scoring.domain.primitives.measurement import MICRO
from services.scoring.domain.rulebook.policy import EntryRule, SignalTest
from services.scoring.domain.rulebook.rulebook import Rules

# Counters of something unpaid: one more each day while it stays unpaid.
COUNTING: Final = frozenset({"R-01", "R-02", "R-09"})
REGULATORY_SLOT: Final = slot_of("R-02")
INTEREST_SLOT: Final = slot_of("R-09")


@dataclass(frozen=True, slots=True)
class NextDue:
    """The next contractual due date and the total due on it, reporting currency."""

    day: int
    minor: int


@dataclass(frozen=True, slots=True)
class Worsening:
    """A worse state that the calendar alone leads to, and in how many days.

    ``due_day`` is when the amount falls due, 0 where it is overdue already.
    """

    state: int
    days: int
    minor: int
    due_day: int


def worsening(
    borrower: Borrower, rules: Rules, as_of: int, next_due: NextDue | None
) -> list[Worsening]:
    """Return the worse states that arrears alone lead to, the soonest first."""
    risk = borrower.risk
    if risk.state in (DEFAULT, CLOSED):
        return []
    soonest: dict[int, Worsening] = {}
    for rule in rules.policy.entries:
        if rule.to <= risk.state or not _is_by_tests_alone(rule, risk):
            continue
        for test in rule.tests:
            step = _step(borrower, rules, as_of, rule, test, next_due)
            if step is not None and step.days <= soonest.get(rule.to, step).days:
                soonest[rule.to] = step
    return sorted(soonest.values(), key=lambda step: (step.days, step.state))


def _is_by_tests_alone(rule: EntryRule, risk: RiskRecord) -> bool:
    """Return whether one true test is all that the rule lacks."""
    if rule.tests_needed != 1 or rule.score or rule.family_cut:
        return False
    if rule.amber_families or rule.reds or rule.red_families:
        return False
    if rule.flags and not risk.flags & rule.flags:
        return False
    return risk.flags & rule.all_flags == rule.all_flags


def _step(
    borrower: Borrower,
    rules: Rules,
    as_of: int,
    rule: EntryRule,
    test: SignalTest,
    next_due: NextDue | None,
) -> Worsening | None:
    signals, threshold = borrower.signals, test.threshold
    if test.indicator not in COUNTING or threshold is None or not has_figure(signals, test.slot):
        return None
    value = signals.value[test.slot]
    needed = -(-threshold.value // MICRO) + (threshold.strict and threshold.value % MICRO == 0)
    if value > 0:
        days = needed - value // MICRO
        return Worsening(rule.to, max(0, days), borrower.counters.past_due_minor, 0)
    # The interest of what falls due is a part of it: the days of the whole come first.
    if next_due is None or borrower.counters.past_due_minor or test.slot == INTEREST_SLOT:
        return None
    exceeds = exposure.exceeds if test.slot == REGULATORY_SLOT else exposure.exceeds_counted
    lent = borrower.counters.exposure_minor
    if not exceeds(borrower, rules, next_due.day, next_due.minor, lent):
        return None
    return Worsening(rule.to, next_due.day - as_of + needed, next_due.minor, next_due.day)
