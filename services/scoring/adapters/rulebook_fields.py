"""Read the small things of a rulebook: numbers with units, thresholds, knots; and explain mistakes.

Every problem is collected with the place where it stands, so that a modeller sees all of them at
once. Numbers go through Decimal: what is written is what counts.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from services.scoring.domain.primitives.measurement import MICRO, Unit
from services.scoring.domain.rulebook.thresholds import Threshold

_THRESHOLD: Final = re.compile(r"(>=|<=|>|<)\s*(.+)")
_FIGURE: Final = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*(%|pp|d|months|x)?")
_SUFFIXES: Final = {
    Unit.RATIO: ("%", ""),
    Unit.NUMBER: ("", "x"),
    Unit.DAYS: ("d",),
    Unit.MONTHS: ("months",),
    Unit.COUNT: ("",),
    Unit.FLAG: ("",),
    Unit.POINTS: ("pp",),
}
_EXAMPLES: Final = {
    Unit.RATIO: '"20 %" or "0.2"',
    Unit.NUMBER: '"1.2"',
    Unit.DAYS: '"30 d"',
    Unit.MONTHS: '"6 months"',
    Unit.COUNT: '"3"',
    Unit.FLAG: '"1" for amber or "2" for red',
    Unit.POINTS: '"3 pp"',
}
# A share written as a plain number beyond this was most likely meant in per cent.
LARGEST_PLAIN_RATIO: Final = 10


class RulebookError(Exception):
    """A rulebook cannot be used; ``problems`` says where, what and how to put it right."""

    def __init__(self, origin: str, problems: list[str]) -> None:
        super().__init__(f"{origin}: " + "; ".join(problems))
        self.origin = origin
        self.problems = problems


@dataclass(slots=True)
class Problems:
    """What is wrong, collected while reading; ``place`` is where the reader stands."""

    found: list[str] = field(default_factory=list)
    path: list[str] = field(default_factory=list)

    @contextmanager
    def at(self, step: str) -> Iterator[None]:
        """Go one level down for the duration of the block."""
        self.path.append(step)
        try:
            yield
        finally:
            self.path.pop()

    def add(self, text: str) -> None:
        """Note a problem at the present place."""
        self.found.append(f"{'.'.join(self.path)}: {text}" if self.path else text)

    def unknown_keys(self, mapping: dict[str, Any], known: set[str]) -> None:
        """Note every key that means nothing here."""
        for key in mapping:
            if key not in known:
                self.add(f"unknown field {key!r}; known here: {', '.join(sorted(known))}")


def read_figure(text: object, unit: Unit, problems: Problems) -> int | None:
    """Return a figure with its unit in micro-units, or None after noting what is wrong."""
    match = _FIGURE.fullmatch(str(text).strip())
    if match is None:
        problems.add(f"{text!r} is not a figure; write {_EXAMPLES[unit]}")
        return None
    suffix = match[2] or ""
    if suffix not in _SUFFIXES[unit]:
        problems.add(
            f"{text!r} is in the wrong unit: this figure counts {unit.name.lower()}; "
            f"write {_EXAMPLES[unit]}"
        )
        return None
    figure = Decimal(match[1])
    if unit == Unit.RATIO and not suffix and abs(figure) > LARGEST_PLAIN_RATIO:
        problems.add(
            f"{text!r} is a share beyond {LARGEST_PLAIN_RATIO}; did you mean '{figure} %'?"
        )
        return None
    if suffix in ("%", "pp"):
        figure /= 100
    return int((figure * MICRO).to_integral_value())


def read_threshold(text: object, unit: Unit, problems: Problems) -> Threshold | None:
    """Return a threshold such as ``> 30 d``, or None after noting what is wrong."""
    match = _THRESHOLD.fullmatch(str(text).strip())
    if match is None:
        problems.add(f"{text!r} is not a threshold; write one of > >= < <= before the figure")
        return None
    figure = read_figure(match[2], unit, problems)
    if figure is None:
        return None
    return Threshold(figure, rising=match[1][0] == ">", strict="=" not in match[1])


def read_micro(value: object, problems: Problems, *, least: str = "0", most: str = "1") -> int:
    """Return a plain number between two bounds in micro-units; 0 after noting what is wrong."""
    number = _decimal(value)
    if number is None or not Decimal(least) <= number <= Decimal(most):
        problems.add(f"{value!r} must be a number from {least} to {most}")
        return 0
    return int((number * MICRO).to_integral_value())


def read_whole(value: object, problems: Problems) -> int:
    """Return a whole number of at least 0; 0 after noting what is wrong."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        problems.add(f"{value!r} must be a whole number of at least 0")
        return 0
    return value


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def read_mapping(value: object, problems: Problems) -> dict[str, Any]:
    """Return a mapping with text keys; an empty one after noting what is wrong."""
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        problems.add("must be a mapping of names to values")
        return {}
    return value


def read_list(value: object, problems: Problems) -> list[Any]:
    """Return a list; an empty one after noting what is wrong."""
    if value is None:
        return []
    if not isinstance(value, list):
        problems.add("must be a list")
        return []
    return value
