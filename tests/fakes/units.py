"""Dates and amounts as tests write them: ISO text and whole currency units."""

from datetime import date
from decimal import Decimal

DAY_US = 86_400_000_000
UNIX_DAY = date(1970, 1, 1).toordinal()


def day(text: str) -> int:
    """Return the ordinal of an ISO date."""
    return date.fromisoformat(text).toordinal()


def optional_day(text: str | None) -> int:
    """Return the ordinal of an ISO date; 0 for none."""
    return 0 if text is None else day(text)


def iso(ordinal: int) -> str:
    """Return the ISO date of an ordinal."""
    return date.fromordinal(ordinal).isoformat()


def month_end(month: str) -> int:
    """Return the ordinal of the last day of a month such as ``2023-12``."""
    year, number = (int(part) for part in month.split("-"))
    following = date(year + number // 12, number % 12 + 1, 1)
    return following.toordinal() - 1


def minor(amount: float | str) -> int:
    """Return an amount of euros in cents."""
    return int(Decimal(str(amount)) * 100)
