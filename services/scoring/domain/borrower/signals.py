"""The last word of every indicator about one borrower, as flat lists of integers.

Part of the stored borrower. Lists are indexed by the indicator's slot (`slot_of`), which is made of
its id and therefore never moves when indicators are added. A slot's numbers are written only when
an event touched the indicator's inputs, so reading a signal never costs a measurement.
"""

from dataclasses import dataclass, field
from itertools import chain, compress
from typing import Final

# Room for R-01..R-20, A-01..A-25, F-01..F-30, C-01..C-10, X-01..X-05.
SLOT_BASE: Final = {"R": 0, "A": 20, "F": 45, "C": 75, "X": 85}
SLOTS: Final = 90


def slot_of(indicator_id: str) -> int:
    """Return the fixed position of an indicator such as ``R-01``."""
    return SLOT_BASE[indicator_id[0]] + int(indicator_id[2:]) - 1


def _zeros() -> list[int]:
    return [0] * SLOTS


@dataclass(slots=True)
class Signals:
    """Parallel lists by slot.

    ``status`` is NOT_APPLICABLE, UNMEASURABLE or MEASURED; ``detail`` is the reason when
    unmeasurable and the deciding arm when measured; ``since`` is the day on which the present level
    began; ``contribution`` is weight x intensity x decay in micro-units; ``baseline`` is 0 where
    the indicator has none.
    """

    status: list[int] = field(default_factory=_zeros)
    level: list[int] = field(default_factory=_zeros)
    detail: list[int] = field(default_factory=_zeros)
    value: list[int] = field(default_factory=_zeros)
    contribution: list[int] = field(default_factory=_zeros)
    since: list[int] = field(default_factory=_zeros)
    baseline: list[int] = field(default_factory=_zeros)


FIELDS_A_ROW: Final = 8


def pack(signals: Signals) -> list[int]:
    """Return only the slots that say something, as one flat list (for storage)."""
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
    for place in range(0, len(rows), FIELDS_A_ROW):
        slot = rows[place]
        signals.status[slot] = rows[place + 1]
        signals.level[slot] = rows[place + 2]
        signals.detail[slot] = rows[place + 3]
        signals.value[slot] = rows[place + 4]
        signals.contribution[slot] = rows[place + 5]
        signals.since[slot] = rows[place + 6]
        signals.baseline[slot] = rows[place + 7]
    return signals
