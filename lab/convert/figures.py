"""Reads the figures of a table's row, for the converters of ratios and statements.

Must stay true: an empty cell, a NaN and an infinity are all "not known", never zero.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from lab.convert.canonical import plain
from lab.convert.tables import Row

STATEMENT_PLACES = Decimal("0.0001")
LARGEST = Decimal(10) ** 14
DAYS_UNTIL_RECEIVED = 90


def figure(row: Row, name: str) -> Decimal | None:
    """Return the number in a cell, ``None`` where there is none."""
    text = row.get(name, "")
    if text in ("", "?"):
        return None
    value = Decimal(text)
    return value if value.is_finite() else None


def whole(row: Row, name: str) -> int:
    """Return the whole number in a cell."""
    return int(Decimal(row[name]))


def known(lines: dict[str, Decimal | None]) -> dict[str, Any]:
    """Returns the lines that are known and can be written, with the decimals of the wire."""
    return {
        name: plain(value.quantize(STATEMENT_PLACES))
        for name, value in lines.items()
        if value is not None and abs(value) < LARGEST
    }


def product(*factors: Decimal | None) -> Decimal | None:
    """Return the product, ``None`` if a factor is not known."""
    result = Decimal(1)
    for factor in factors:
        if factor is None:
            return None
        result *= factor
    return result


def less(whole_figure: Decimal | None, part: Decimal | None) -> Decimal | None:
    """Return the difference, ``None`` if one of the two is not known."""
    return None if whole_figure is None or part is None else whole_figure - part


def received(period_end: date) -> date:
    """Return the assumed day of receipt of a statement whose source has none."""
    return period_end + timedelta(days=DAYS_UNTIL_RECEIVED)
