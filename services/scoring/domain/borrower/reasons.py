"""Records why a borrower's state changed: the tests that were true then, and what they were about.

`assess/reasons.py` writes the record at a transition, state bytes and events carry it, and every
text about the change is written from it. Must stay true: a record is never changed or derived
again; it holds ids and figures, never names, which are looked up when shown.
"""

from dataclasses import dataclass, field
from typing import Final

# Codes are stored: append, never renumber.
LOAN: Final = 0
LINE: Final = 1
ACCOUNT: Final = 2
PARTY: Final = 3
COVENANT: Final = 4
COLLATERAL: Final = 5
FINDING: Final = 6
ITEM: Final = 7
STATEMENT: Final = 8
REFINANCED_LOAN: Final = 9
OVERRIDE: Final = 10
SUBJECT_KINDS: Final = (
    "LOAN",
    "LINE",
    "ACCOUNT",
    "PARTY",
    "COVENANT",
    "COLLATERAL",
    "FINDING",
    "ITEM",
    "STATEMENT",
    "REFINANCED_LOAN",
    "OVERRIDE",
)
# Details of a loan: what ``since`` and the amount are then.
CONCESSION: Final = "CONCESSION"
DUE: Final = "DUE"

SIGNAL: Final = 0
SCORE: Final = 1
FAMILIES: Final = 2
REDS: Final = 3
FAMILY_RUN: Final = 4
FLAG: Final = 5
DECISION: Final = 6
CONDITION: Final = 7
TEST_KINDS: Final = (
    "SIGNAL",
    "SCORE",
    "FAMILIES",
    "REDS",
    "FAMILY_RUN",
    "FLAG",
    "DECISION",
    "CONDITION",
)


@dataclass(slots=True)
class Subject:
    """What a signal is about: a loan, a line, a party, a covenant and the like (`SUBJECT_KINDS`).

    Args:
        minor: The amount concerned, in minor units of ``currency``; 0 where it has none.
        since: For a loan, the due day of its oldest open instalment; for a line, the first day of
            its excess.
        detail: The metric of a covenant, the state of a party, the code of a finding, the loan that
            refinanced a loan; of another loan ``DUE`` where ``since`` is when it falls due,
            ``CONCESSION`` where its terms were eased.
        figure: The certified figure of a covenant, micro-units, and its ``limit``.
        is_ceiling: Whether a covenant's figure must stay below its limit.
        refs: The events that are the evidence, the most telling first.
    """

    kind: int = LOAN
    id: str = ""
    minor: int = 0
    currency: str = ""
    since: int = 0
    detail: str = ""
    figure: int = 0
    limit: int = 0
    is_ceiling: bool = False
    refs: list[str] = field(default_factory=list)


@dataclass(slots=True)
class RecordedTest:
    """One test of a rule that was true when the state changed.

    Args:
        rule_id: The rule, or the decision, that states it.
        code: An indicator (SIGNAL), a family (FAMILY_RUN), a level (FAMILIES, REDS), a flag, a
            decision or an exit condition.
        component: For a signal, the position of the figure that decided.
        value: The figure then, and the ``threshold`` that it was compared with by ``operator``:
            micro-units; for a condition in the condition's own measure.
        days: For a family at its cut, the business days in a row.
        refs: The evidence where it is about no one thing.
    """

    rule_id: str = ""
    kind: int = SIGNAL
    code: str = ""
    component: int = 0
    level: int = 0
    value: int = 0
    operator: str = ""
    threshold: int = 0
    days: int = 0
    subjects: list[Subject] = field(default_factory=list)
    refs: list[str] = field(default_factory=list)


@dataclass(slots=True)
class StateMark:
    """Score, flags and lit signals right after the last change of state, to be compared with.

    ``lit`` are slots x 4 + level, ascending; empty, with a score of 0, before the first change.
    """

    score: int = 0
    flags: int = 0
    lit: list[int] = field(default_factory=list)
