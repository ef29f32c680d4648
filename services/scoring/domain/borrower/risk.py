"""The stored risk of a borrower: the newest verdict of every indicator, state, dwell clocks.

Everything here is an integer, a flat list of integers or a string, so that the same log gives the
same bytes. Days are ordinals of business dates; 0 means "never" or "not running". `Signals` are
indexed by an indicator's slot (`slot_of`), which is made of its id and never moves when indicators
are added; a slot is written only when an event touched the indicator's inputs, so reading a signal
never costs a measurement.
"""

from dataclasses import dataclass, field
from itertools import chain, compress
from typing import Final

NORMAL: Final = 0
ATTENTION: Final = 1
WATCH: Final = 2
HIGH_RISK: Final = 3
PROBATION: Final = 4
DEFAULT: Final = 5
CLOSED: Final = 6
# The order of the numbers is the worse-than order of domain reading 25.
STATE_NAMES: Final = (
    "NORMAL",
    "ATTENTION",
    "WATCH",
    "HIGH_RISK",
    "PROBATION",
    "DEFAULT",
    "CLOSED",
)

# Flags, orthogonal to the state.
FORBORNE: Final = 1
UTP: Final = 2
TECHNICAL_PAST_DUE: Final = 4
DISPUTED: Final = 8
FRAUD_RED_FLAG: Final = 16
EXIT_LIST: Final = 32
LEGAL: Final = 64
IN_DRILL: Final = 128
INSOLVENT: Final = 256
DISTRESSED_RESTRUCTURING: Final = 512
FORMERLY_NON_PERFORMING: Final = 1024
OFFICER_SIGNAL: Final = 2048
FORBORNE_AGAIN: Final = 4096
JOINT_OBLIGATION_DEFAULT: Final = 8192
JOINT_MEMBERS_DEFAULT: Final = 16384
DATA_INCIDENT: Final = 32768
SMALL_ARREARS: Final = 65536
WRITTEN_OFF: Final = 131072
SOLD_AT_LOSS: Final = 262144
FLAG_NAMES: Final = (
    "FORBORNE",
    "UTP",
    "TECHNICAL_PAST_DUE",
    "DISPUTED",
    "FRAUD_RED_FLAG",
    "EXIT_LIST",
    "LEGAL",
    "IN_DRILL",
    "INSOLVENT",
    "DISTRESSED_RESTRUCTURING",
    "FORMERLY_NON_PERFORMING",
    "OFFICER_SIGNAL",
    "FORBORNE_AGAIN",
    "JOINT_OBLIGATION_DEFAULT",
    "JOINT_MEMBERS_DEFAULT",
    "DATA_INCIDENT",
    "SMALL_ARREARS",
    "WRITTEN_OFF",
    "SOLD_AT_LOSS",
)

NOT_SCORED: Final = -1
# Room for R-01..R-20, A-01..A-30, F-01..F-30, C-01..C-10, X-01..X-05.
SLOT_BASE: Final = {"R": 0, "A": 20, "F": 50, "C": 80, "X": 90}
SLOTS: Final = 95
FIELDS_A_ROW: Final = 8
# How long a signal that is green again is compared with the base that it turned on: it may blink.
BASE_DAYS: Final = 30


@dataclass(slots=True)
class Emitted:
    """The figures of the last emitted assessment: enough to decide when the next one is due.

    Levels are not kept: every change of theirs is emitted at once. ``followed_until`` is the last
    day whose close is assessed though the borrower is normal again.
    """

    score: int = 0
    state: int = 0
    dpd_bucket: int = 0
    regimes: str = ""
    flags: int = 0
    is_money_at_risk: bool = False
    followed_until: int = 0


@dataclass(slots=True)
class RiskRecord:
    """State, clocks and counters of one borrower.

    Args:
        families: Family scores in micro-units, ``NOT_SCORED`` where the family does not apply.
        score: 0 to 1,000,000 (100 points are 1,000,000), as measured.
        peaks: From WATCH on the days and scores that no later day has reached, oldest first.
        completeness: Measured weight over applicable weight, micro-units.
        calm_since: For the exit cuts of ATTENTION, WATCH and HIGH_RISK: first day close of the
            present unbroken run below it; 0 while the score is not below.
        no_arrears_since: First day close of the present run with operational DPD 0.
        no_hard_since: First day close of the present run with no hard rule of HIGH_RISK true.
        no_default_since: First day close of the present run without any trigger of default.
        family_days: Business-day closes in a row with the family at or above the family cut.
        turns: Days of the last changes of direction, worse to better or back, newest last (flip
            guard). Steps that go on in one direction are none.
        base_slots: The signals that are compared with a base of their own and are lit, or were
        until lately; by position base_days: when they turned amber, bases: what the base was then,
        and base_ends: when they were green again, 0 while they are lit.
        is_excess_apart: The excess of a line is another exposure than the one in arrears.
    """

    state: int = NORMAL
    from_state: int = NORMAL
    since: int = 0
    tightened_on: int = 0
    families: list[int] = field(default_factory=lambda: [NOT_SCORED] * 5)
    score: int = 0
    completeness: int = 0
    flags: int = 0
    peaks: list[int] = field(default_factory=list)
    calm_since: list[int] = field(default_factory=lambda: [0, 0, 0])
    no_arrears_since: int = 0
    no_hard_since: int = 0
    no_default_since: int = 0
    family_days: list[int] = field(default_factory=lambda: [0] * 5)
    turns: list[int] = field(default_factory=list)
    proposed_to: int = -1
    proposed_on: int = 0
    rule_ids: list[str] = field(default_factory=list)
    sequence: int = 0
    emitted: Emitted = field(default_factory=Emitted)
    is_excess_apart: bool = False
    base_slots: list[int] = field(default_factory=list)
    base_days: list[int] = field(default_factory=list)
    bases: list[int] = field(default_factory=list)
    base_ends: list[int] = field(default_factory=list)

    @property
    def shown_score(self) -> int:
        """Return the score that is shown: the highest of the days that count, else the measured."""
        return self.peaks[1] if self.peaks else self.score

    def follow_score(self, as_of: int, days: int) -> None:
        """Let the score shown fall only once it has been lower for a number of days; from WATCH on.

        A lower score on the day of a peak is none of its own: a day counts with its highest.
        """
        peaks = self.peaks
        if not days or not WATCH <= self.state < CLOSED:
            self.peaks = []
            return
        while peaks and peaks[-1] <= self.score:
            del peaks[-2:]
        while peaks and peaks[0] <= as_of - days:
            del peaks[:2]
        if not peaks or peaks[-2] < as_of:
            peaks += [as_of, self.score]

    def held_base(self, slot: int) -> tuple[int, int] | None:
        """Return when a signal turned that is lit or was lately, and its base of that day."""
        if slot not in self.base_slots:
            return None
        index = self.base_slots.index(slot)
        return self.base_days[index], self.bases[index]

    def follow_base(
        self, slot: int, base: int | None, as_of: int, *, is_lit: bool, corrects: bool = False
    ) -> None:
        """Store with which base a signal turned amber, until it has been green for some days.

        One that is green after a correction was never lit, or is no more: its base goes at once.
        """
        if slot not in self.base_slots:
            if is_lit and base is not None:
                self._add_base(slot, base, as_of)
            return
        index, ends = self.base_slots.index(slot), self.base_ends
        if is_lit:
            ends[index] = 0
        elif corrects or 0 < ends[index] <= as_of - BASE_DAYS:
            for column in (self.base_slots, self.base_days, self.bases, ends):
                del column[index]
        elif not ends[index]:
            ends[index] = as_of

    def _add_base(self, slot: int, base: int, as_of: int) -> None:
        self.base_slots.append(slot)
        self.base_days.append(as_of)
        self.bases.append(base)
        self.base_ends.append(0)

    def recent_turns(self, as_of: int, window_days: int) -> int:
        """Return how often the state changed its direction in the window that ends today."""
        return sum(1 for day in self.turns if day > as_of - window_days)

    def turns_by(self, to: int) -> bool:
        """Return whether a change to the state goes the other way than the change before it.

        The end of all loans, and a new loan after it, have no direction.
        """
        if CLOSED in (self.state, self.from_state, to) or self.state == self.from_state:
            return False
        return (to > self.state) != (self.state > self.from_state)


def slot_of(indicator_id: str) -> int:
    """Return the fixed position of an indicator such as ``R-01``."""
    return SLOT_BASE[indicator_id[0]] + int(indicator_id[2:]) - 1


def _zeros() -> list[int]:
    return [0] * SLOTS


@dataclass(slots=True)
class Signals:
    """Parallel lists by slot.

    ``status`` is NOT_APPLICABLE, UNMEASURABLE or MEASURED; ``detail`` is the reason when
    unmeasurable and the deciding component when measured; ``since`` is the day on which the present
    level began; ``contribution`` is weight x intensity x decay in micro-units; ``baseline`` is 0
    where the indicator has none.
    """

    status: list[int] = field(default_factory=_zeros)
    level: list[int] = field(default_factory=_zeros)
    detail: list[int] = field(default_factory=_zeros)
    value: list[int] = field(default_factory=_zeros)
    contribution: list[int] = field(default_factory=_zeros)
    since: list[int] = field(default_factory=_zeros)
    baseline: list[int] = field(default_factory=_zeros)


def pack(signals: Signals) -> list[int]:
    """Return only the slots that apply, as one flat list (for storage)."""
    rows = zip(
        range(SLOTS),
        signals.status,
        signals.level,
        signals.detail,
        signals.value,
        signals.contribution,
        signals.since,
        signals.baseline,
        strict=True,
    )
    # NOT_APPLICABLE is 0, so the status itself selects; no loop in Python, for it runs per event.
    return list(chain.from_iterable(compress(rows, signals.status)))


def unpack(rows: list[int]) -> Signals:
    """Return the signals that `pack` wrote."""
    signals = Signals()
    for start in range(0, len(rows), FIELDS_A_ROW):
        slot = rows[start]
        signals.status[slot] = rows[start + 1]
        signals.level[slot] = rows[start + 2]
        signals.detail[slot] = rows[start + 3]
        signals.value[slot] = rows[start + 4]
        signals.contribution[slot] = rows[start + 5]
        signals.since[slot] = rows[start + 6]
        signals.baseline[slot] = rows[start + 7]
    return signals
