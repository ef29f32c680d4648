"""Formats measured values and thresholds for loan officers: `46 %`, `≥ 12 days`.

Scoring sends a decimal and a unit. Sentences about them are worded by `services.wording`.
"""

import re
from decimal import Decimal, InvalidOperation

_THRESHOLD = re.compile(r"\s*(>=|<=|>|<)?\s*(-?[\d.]+)\s*")
_SIGNS = {">=": "≥", "<=": "≤", ">": ">", "<": "<", None: ""}


def measured(value: str | None, unit: str) -> str:
    """Returns a value with its unit; a ratio becomes a percentage."""
    number = decimal_or_none(value)
    if value is None or number is None:
        return value or "–"
    if unit == "ratio":
        return f"{plain(number * 100)} %"
    if unit == "points":
        return f"{plain(number * 100)} percentage points"
    if unit == "flag":
        return "yes" if number else "no"
    if unit in ("days", "months"):
        return f"{plain(number)} {unit if abs(number) != 1 else unit.removesuffix('s')}"
    return plain(number)


def threshold(text: str | None, unit: str) -> str:
    """Returns a threshold such as `>= 0.2` in the unit of its value."""
    match = _THRESHOLD.fullmatch(text or "")
    if match is None:
        return text or ""
    return f"{_SIGNS[match[1]]} {measured(match[2], unit)}".strip()


def plain(number: Decimal) -> str:
    """Returns a number with at most two decimals and no trailing zeros."""
    shown = f"{number:,.2f}".rstrip("0").rstrip(".")
    return "0" if shown == "-0" else shown


def decimal_or_none(text: str | None) -> Decimal | None:
    """Returns the number in a text, or None when it is not one."""
    try:
        number = Decimal(text) if text is not None else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() else None
