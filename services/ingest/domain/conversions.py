"""Turns the bank's way to write a value into ours: minor units, local dates, codes, yes and no.

Called by the mapping adapter for each field; pure. A value that cannot be converted without
guessing raises `Unconvertible`, whose text goes to quarantine for the developer of the source.
Booleans are no numbers here, and a number is never read from a text that looks like one.
"""

import re
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal, InvalidOperation

_LOCAL_DATE = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})", re.ASCII)
_CLOCK = re.compile(r"([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?", re.ASCII)
# As many digits as a rate may have; of an amount the contract allows fewer and says so.
_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,10})?", re.ASCII)
_MOST_SHOWN_CHARACTERS = 40


class Unconvertible(ValueError):
    """A value of the bank cannot be read as what the mapping says it is."""


def text(value: object) -> str:
    """Return a text, or an integer as its digits: many systems send ids as numbers."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Unconvertible(f"{shown(value)} is no text")


def integer(value: object) -> int:
    """Return an integer."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise Unconvertible(f"{shown(value)} is no integer")


def money_of_minor_units(value: object, *, decimals: int) -> str:
    """Return the decimal string of an integer amount in the currency's smallest unit."""
    amount = integer(value)
    if abs(amount) >= 10 ** (15 + decimals):
        raise Unconvertible(f"{shown(value)} has more than 15 digits before the point")
    return format(Decimal(amount).scaleb(-decimals), "f")


def decimal(value: object) -> str:
    """Return a decimal string; a JSON number is refused, since it may have been rounded."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return value
    raise Unconvertible(
        f'{shown(value)} is no decimal string such as "1234.56"; '
        "map integers of the smallest unit as minor_units"
    )


def ratio_of_basis_points(value: object) -> str:
    """Return the ratio of an integer of basis points: 725 is 7.25 %, "0.0725"."""
    points = integer(value)
    if abs(points) >= 10**10:
        raise Unconvertible(f"{shown(value)} has more than 6 digits before the point")
    return format(Decimal(points).scaleb(-4), "f")


def iso_date(value: object) -> str:
    """Return an ISO date that exists."""
    try:
        return date.fromisoformat(text(value)).isoformat()
    except ValueError as error:
        raise Unconvertible(f"{shown(value)} is no date written as YYYY-MM-DD") from error


def local_date(value: object) -> str:
    """Return the ISO date of one written `DD.MM.YYYY`."""
    match = _LOCAL_DATE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Unconvertible(f"{shown(value)} is no date written as DD.MM.YYYY")
    day, month, year = (int(part) for part in match.groups())
    try:
        return date(year, month, day).isoformat()
    except ValueError as error:
        raise Unconvertible(f"{shown(value)} is no day of the calendar") from error


def yes_no(value: object) -> bool:
    """Return the truth of `Y` and `N`, or of a JSON boolean."""
    if isinstance(value, bool):
        return value
    if value in ("Y", "N"):
        return value == "Y"
    raise Unconvertible(f"{shown(value)} is neither Y nor N")


def moment(day: object, clock: object, *, timezone: tzinfo) -> str:
    """Return the RFC 3339 moment of a local date and time.

    An hour that comes twice, when clocks go back, is read as its first coming: records of
    that hour keep their order among themselves, and none moves into the future. An hour that the
    clock skips never was, and is refused.
    """
    match = _CLOCK.fullmatch(clock) if isinstance(clock, str) else None
    if match is None:
        raise Unconvertible(f"{shown(clock)} is no time written as HH:MM:SS")
    hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        wall = time(hour, minute, second)
    except ValueError as error:
        raise Unconvertible(f"{shown(clock)} is no time of the day") from error
    local = datetime.combine(date.fromisoformat(local_date(day)), wall, tzinfo=timezone)
    found = local.astimezone(UTC)
    if found.astimezone(timezone).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise Unconvertible(f"{shown(clock)} was skipped that day, when clocks went forward")
    return found.replace(tzinfo=None).isoformat() + "Z"


def shown(value: object) -> str:
    """Return a value as a detail may show it: short, and containers only by their kind."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if value is None:
        return "null"
    written = repr(value) if isinstance(value, str) else str(value)
    if len(written) > _MOST_SHOWN_CHARACTERS:
        return written[:_MOST_SHOWN_CHARACTERS] + "…"
    return written


def trimmed_money(value: str, *, decimals: int) -> str | None:
    """Return an amount with no more decimals than its currency has, None if that loses money."""
    # Nearly every amount is written with as many decimals as its currency has, or none.
    point = value.find(".")
    if (point < 0 or len(value) - point - 1 <= decimals) and "e" not in value and "E" not in value:
        return value
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return value  # not our fault to report: the contract says it better
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int) or -exponent <= decimals:
        return value
    rounded = amount.quantize(Decimal(1).scaleb(-decimals))
    return format(rounded, "f") if rounded == amount else None
