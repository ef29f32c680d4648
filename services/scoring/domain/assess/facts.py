"""Decides which signals rest on the same evidence, so that one fact is counted once.

A failed debit is one fact, not a repayment signal and an account signal. A rulebook names the
indicators of a fact across families: of those that are lit the strongest counts, and two families
corroborate each other only with facts of their own.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from services.scoring.domain.arrears import days_past_due
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.risk import RiskRecord, Signals, slot_of
from services.scoring.domain.rulebook.rulebook import FAMILIES, Rules

EXCESS_SLOT: Final = slot_of("A-05")


def follow_exposures(borrower: Borrower, rules: Rules, as_of: int) -> None:
    """Note whether the excess of a line is another exposure than the one in arrears."""
    if not rules.facts:
        return
    contribution, risk = borrower.signals.contribution[EXCESS_SLOT], borrower.risk
    risk.is_excess_apart = bool(contribution) and _is_of_a_loan(borrower, rules, as_of)


def _is_of_a_loan(borrower: Borrower, rules: Rules, day: int) -> bool:
    """Return whether the worst arrears are those of a loan, not those of a line."""
    tolerance = rules.tolerance
    loan_days = max(
        (days_past_due.loan_days(loan, day, tolerance) for loan in borrower.loans), default=0
    )
    line_days = max(
        (days_past_due.line_days(line, day, tolerance) for line in borrower.facilities), default=0
    )
    if loan_days or line_days:
        return loan_days > line_days
    return any(loan.due_days for loan in borrower.loans)


def facts_of(rules: Rules, risk: RiskRecord) -> Iterator[Sequence[int]]:
    """Yield the slots of each fact that two indicators or more can show."""
    for slots in rules.facts:
        if risk.is_excess_apart and EXCESS_SLOT in slots:
            yield [slot for slot in slots if slot != EXCESS_SLOT]
        else:
            yield slots


def repeated(signals: Signals, rules: Rules, risk: RiskRecord) -> dict[int, int]:
    """Return the slots that only repeat a stronger signal of the same fact, with that signal."""
    contribution, repeats = signals.contribution, dict[int, int]()
    if sum(1 for slot in rules.fact_slots if contribution[slot]) < 2:
        return repeats
    for slots in facts_of(rules, risk):
        scored = [slot for slot in slots if contribution[slot]]
        if len(scored) > 1:
            strongest = max(scored, key=lambda slot: (contribution[slot], -slot))
            repeats |= {slot: strongest for slot in scored if slot != strongest}
    return repeats


def families_at(risk: RiskRecord, signals: Signals, rules: Rules, level: int) -> int:
    """Return how many families have a fact of their own that is at this level or worse.

    Notes (weight 0) count in no family.
    """
    levels = signals.level
    lit = {
        rule.slot: family
        for family in range(FAMILIES)
        for rule in rules.by_family[family]
        if levels[rule.slot] >= level and rule.weight
    }
    if len(set(lit.values())) < 2 or not rules.facts:
        return len(set(lit.values()))
    shared = [{lit.pop(slot) for slot in slots if slot in lit} for slots in facts_of(rules, risk)]
    return _most_families(set(lit.values()), [families for families in shared if families])


def _most_families(covered: set[int], shared: list[set[int]]) -> int:
    """Return how many families there are if each shared fact counts for one of its families.

    Facts that can count for few families choose first: with two families a fact at most, no other
    choice gives more.
    """
    for families in sorted(shared, key=len):
        left = families - covered
        if left:
            covered.add(min(left))
    return len(covered)
