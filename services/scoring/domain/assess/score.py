"""Combines contributions into family scores, the score, and each cause's share of it.

Noisy-OR (domain 3.6): of one fact the strongest signal counts, across families (`facts`); inside a
correlation group the strongest counts; groups of a family
and families combine as independent reasons, so confirmation from another side raises the score and
many weak ambers do not beat one red.

A surcharge (how the borrower's sector does) is no reason of that kind: it adds points to the score,
ten at most, at any score.

Must stay true: everything but the shares is exact integer arithmetic with a single rounding, so the
result does not depend on the order in which signals arrived, on the machine or on the batch.
"""

import math
from collections.abc import Container, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from services.scoring.domain.borrower.risk import NOT_SCORED, Signals
from services.scoring.domain.primitives.measurement import (
    MEASURED,
    MICRO,
    NOT_APPLICABLE,
    micro_float,
    rounded_quotient,
)
from services.scoring.domain.rulebook.rulebook import Rules

# A certain cause would have an infinite logarithm; no weight reaches this.
MOST_CERTAIN: Final = 999_999
NOTHING_REPEATED: Final = MappingProxyType[int, int]({})
# Ten points (domain 3.6 step 5).
MOST_SURCHARGE: Final = 100_000


@dataclass(slots=True)
class Share:
    """How many score points one group's winner explains, and which other slots repeat it."""

    slot: int
    points_micro: int
    also: list[int]


def family_score(signals: Signals, rules: Rules, family: int, repeated: Container[int] = ()) -> int:
    """Return the family's score in micro-units, or NOT_SCORED where nothing of it is expected.

    ``repeated`` are the slots that only repeat a fact which another signal counts.
    """
    contribution = signals.contribution
    survival = 1
    terms = 0
    for group in rules.groups[family]:
        strongest = 0
        for slot in group:
            if contribution[slot] > strongest and slot not in repeated:
                strongest = contribution[slot]
        if strongest:
            survival *= MICRO - strongest
            terms += 1
    if terms == 0:
        return 0 if _is_applicable(signals, rules, family) else NOT_SCORED
    return MICRO - rounded_quotient(survival, MICRO ** (terms - 1))


def _is_applicable(signals: Signals, rules: Rules, family: int) -> bool:
    status = signals.status
    return any(status[rule.slot] != NOT_APPLICABLE for rule in rules.by_family[family])


def combined(families: list[int]) -> int:
    """Return the score of these family scores: 1,000,000 is 100 points."""
    survival = 1
    terms = 0
    for figure in families:
        if figure > 0:
            survival *= MICRO - figure
            terms += 1
    if terms == 0:
        return 0
    return MICRO - rounded_quotient(survival, MICRO ** (terms - 1))


def with_surcharge(score: int, signals: Signals, rules: Rules) -> int:
    """Return the score with the points that surcharges add, 100 points at most."""
    added = sum(signals.contribution[slot] for slot in rules.surcharges)
    return min(MICRO, score + min(added, MOST_SURCHARGE))


def completeness(signals: Signals, rules: Rules, without: Container[int] = ()) -> int:
    """Return measured weight over applicable weight, micro-units; 0 when nothing applies.

    The families ``without`` are left out.
    """
    known = 0
    expected = 0
    for rule in rules.indicators:
        status = signals.status[rule.slot]
        is_left_out = rule.slot in rules.surcharges or rule.indicator.family in without
        if status != NOT_APPLICABLE and not is_left_out:
            expected += rule.weight
            if status == MEASURED:
                known += rule.weight
    return rounded_quotient(known * MICRO, expected) if expected else 0


def shares(
    signals: Signals, rules: Rules, score: int, repeated: Mapping[int, int] = NOTHING_REPEATED
) -> list[Share]:
    """Return every winning signal's share of the score, largest first (domain reading 8).

    The score's logarithm is shared out: ``score x ln(1 - c) / sum of ln(1 - c)``. The shares add up
    to the score, and no cause is hidden behind another. What only repeats the fact of another
    signal is listed with that one.
    """
    scored = {slot for slot, points in enumerate(signals.contribution) if points} - repeated.keys()
    winners = [
        _winner(signals, [slot for slot in group if slot in scored])
        for family in rules.groups
        for group in family
        if not scored.isdisjoint(group)
    ]
    for slot, stronger in repeated.items():
        for winner in winners:
            if stronger == winner.slot or stronger in winner.also:
                winner.also.append(slot)
                break
    logs = [_log_survival(signals.contribution[winner.slot]) for winner in winners]
    total = sum(logs)
    for winner, log in zip(winners, logs, strict=True):
        winner.points_micro = rounded_quotient(score * 100 * log, total)
    return sorted(winners, key=lambda share: (-share.points_micro, share.slot))


def surcharge_shares(signals: Signals, rules: Rules, score: int) -> list[Share]:
    """Return what each surcharge adds to a score without them."""
    room = with_surcharge(score, signals, rules) - score
    added_shares = []
    for slot in rules.surcharges:
        added = min(room, signals.contribution[slot])
        if added:
            added_shares.append(Share(slot, added * 100, []))
            room -= added
    return added_shares


def _winner(signals: Signals, group: list[int]) -> Share:
    ranked = sorted(group, key=lambda slot: (-signals.contribution[slot], slot))
    return Share(ranked[0], 0, ranked[1:])


def _log_survival(contribution: int) -> int:
    """Return ln(1 - c) in micro-units; never 0 for a contribution that counts."""
    certain = min(contribution, MOST_CERTAIN)
    return min(micro_float(math.log1p(-certain / MICRO)), -1)
