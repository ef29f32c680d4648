"""Defines what an indicator returns about a borrower, and the units of its figures.

Every indicator function returns a :class:`Measurement`; the rulebook turns it into a level and a
contribution. It is three-valued on purpose: a figure that cannot be formed is *unmeasurable* with a
reason and lowers completeness, it is never quietly green; a figure that makes no sense for this
borrower is *not applicable* and costs nothing.

Values are integers in micro-units (value x 1,000,000, rounded half to even from exact integers):
the same input gives the same bytes on every machine. Days, counts and months use micro-units too
(31 days is 31,000,000), so that one comparison serves every threshold.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from fractions import Fraction
from typing import Final

MICRO: Final = 1_000_000

GREEN: Final = 0
AMBER: Final = 1
RED: Final = 2
HARD: Final = 3
LEVEL_NAMES: Final = ("GREEN", "AMBER", "RED", "HARD")

NOT_APPLICABLE: Final = 0
UNMEASURABLE: Final = 1
MEASURED: Final = 2
FLAG_NO: Final = 0
FLAG_AMBER: Final = MICRO
FLAG_RED: Final = 2 * MICRO
FLAG_HARD: Final = 3 * MICRO


class Reason(IntEnum):
    """Why a figure could not be formed. Numbers are stored: append, never renumber."""

    NONE = 0
    NO_DATA = 1
    SHORT_HISTORY = 2
    MISSING_LINE = 3
    ZERO_BASE = 4
    UNKNOWN_CATEGORIES = 5
    NO_STATEMENT = 6
    NO_PRIOR_STATEMENT = 7
    NOT_COMPARABLE = 8
    STALE_DATA = 9
    NO_LIMIT = 10
    NO_BALANCE = 11
    NO_SCHEDULE = 12
    NO_EXPOSURE = 13
    NEGATIVE_BASE = 14
    NO_FORECAST = 15
    NO_VALUATION = 16
    FEW_OBSERVATIONS = 17
    NO_RATE = 18


class Unit(IntEnum):
    """What a value counts; decides how a rulebook writes thresholds and a card shows figures."""

    RATIO = 0  # a share or a change, written in per cent
    NUMBER = 1  # a plain figure: a cover, a multiple, a model score
    DAYS = 2
    MONTHS = 3
    COUNT = 4
    FLAG = 5  # a yes/no component (domain reading 4): FLAG_NO, FLAG_AMBER, FLAG_RED or FLAG_HARD
    POINTS = 6  # percentage points, written in pp


@dataclass(slots=True)
class Measurement:
    """One indicator's figures at one moment.

    Args:
        status: ``NOT_APPLICABLE``, ``UNMEASURABLE`` or ``MEASURED``.
        values: One micro-unit figure per declared component, in the declaration's order; ``None``
            where this component does not apply. An indicator without components has exactly one.
            Of an unmeasurable indicator, the stricter figure that hard rules fall back to, or none.
        reason: Why it is unmeasurable, or why some components have no figure, else ``Reason.NONE``.
        baseline: The borrower's own usual figure that the value was compared with, micro-units.
        age_days: For point events that decay (R-07, R-08, A-09): days since the newest one.
        scored: The figures that the score counts where another signal counts the rest of them, else
            empty. The level goes by ``values``.
        base: The borrower's own usual amount or share behind the value; it stays the same while the
            signal is lit.
        is_seasonal: Whether it was compared with the same months of the year before.
    """

    status: int
    values: list[int | None] = field(default_factory=list)
    reason: int = 0
    baseline: int | None = None
    age_days: int = 0
    scored: list[int | None] = field(default_factory=list)
    base: int | None = None
    is_seasonal: bool = False


def measured(value: int, *, baseline: int | None = None, age_days: int = 0) -> Measurement:
    """Return a figure of an indicator that has one component."""
    return Measurement(MEASURED, [value], 0, baseline, age_days)


def measured_components(
    values: list[int | None], *, baseline: int | None = None, gap: Reason = Reason.NONE
) -> Measurement:
    """Return the figures of an indicator with several components, in the declaration's order.

    ``gap`` is why some have none: where a rulebook uses only those, it is unmeasurable.
    """
    return Measurement(MEASURED, values, int(gap), baseline)


def unmeasurable(reason: Reason, *, fallback: int | None = None) -> Measurement:
    """Return that the figure was expected and could not be formed.

    ``fallback`` is the strictest figure that can be formed: hard rules go by it, the score does
    not.
    """
    return Measurement(UNMEASURABLE, [] if fallback is None else [fallback], int(reason))


def not_applicable() -> Measurement:
    """Return that the figure makes no sense for this borrower."""
    return Measurement(NOT_APPLICABLE)


def micro_ratio(numerator: int, denominator: int) -> int:
    """Return numerator / denominator in micro-units, rounded half to even, exactly.

    Raises:
        ZeroDivisionError: If the denominator is zero; callers return ``unmeasurable`` instead.
    """
    return rounded_quotient(numerator * MICRO, denominator)


def rounded_quotient(numerator: int, denominator: int) -> int:
    """Return numerator / denominator as the nearest integer, ties to the even one."""
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * rest
    if twice > denominator or (twice == denominator and quotient & 1):
        return quotient + 1
    return quotient


def micro_float(value: float) -> int:
    """Return a logarithm's or exponential's result in micro-units.

    Rounding to six decimals removes the last-digit differences between C libraries.
    """
    return round(value * MICRO)


def micro_of(value: Fraction) -> int:
    """Return an exact fraction in micro-units, rounded half to even."""
    return rounded_quotient(value.numerator * MICRO, value.denominator)
