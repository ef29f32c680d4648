"""Converts a bank's values to those of the contracts: minor units, local dates, codes, Y and N.

Called by the mapping adapter for each field; pure. A value that cannot be converted without
guessing raises `Unconvertible`, whose text goes to quarantine for the developer of the source.
Booleans are not numbers here, and a number is never read from a text.
"""

import re
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal, InvalidOperation

_LOCAL_DATE = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})", re.ASCII)
_CLOCK = re.compile(r"([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?", re.ASCII)
# As many digits as a rate may have; the contract refuses an amount with more than it allows.
_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,10})?", re.ASCII)
_MAX_SHOWN_CHARACTERS = 40
# A longer text is no amount of the contract; as a number it would take long to round.
_MAX_AMOUNT_CHARACTERS = 40


class Unconvertible(ValueError):
    """A value cannot be read as the kind that the mapping declares."""


def text(value: object) -> str:
    """Returns a text, or an integer as its digits: many systems send ids as numbers."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Unconvertible(f"{shown(value)} is not a text")


def integer(value: object) -> int:
    """Returns an integer."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise Unconvertible(f"{shown(value)} is not an integer")


def money_of_minor_units(value: object, *, decimals: int) -> str:
    """Returns the decimal string of an integer amount in the currency's smallest unit."""
    amount = integer(value)
    if abs(amount) >= 10 ** (15 + decimals):
        raise Unconvertible(f"{shown(value)} has more than 15 digits before the point")
    return format(Decimal(amount).scaleb(-decimals), "f")


def decimal(value: object) -> str:
    """Returns a decimal string; a JSON number is refused, since it may have been rounded."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return value
    raise Unconvertible(
        f'{shown(value)} is not a decimal string such as "1234.56"; '
        "map integers of the smallest unit as minor_units"
    )


def ratio_of_basis_points(value: object) -> str:
    """Returns the ratio of an integer of basis points: 725 is 7.25 %, "0.0725"."""
    points = integer(value)
    if abs(points) >= 10**10:
        raise Unconvertible(f"{shown(value)} has more than 6 digits before the point")
    return format(Decimal(points).scaleb(-4), "f")


def iso_date(value: object) -> str:
    """Returns an ISO date that exists."""
    try:
        return date.fromisoformat(text(value)).isoformat()
    except ValueError as error:
        raise Unconvertible(f"{shown(value)} is not a date written as YYYY-MM-DD") from error


def local_date(value: object) -> str:
    """Returns the ISO date of a date written `DD.MM.YYYY`."""
    match = _LOCAL_DATE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Unconvertible(f"{shown(value)} is not a date written as DD.MM.YYYY")
    day, month, year = (int(part) for part in match.groups())
    try:
        return date(year, month, day).isoformat()
    except ValueError as error:
        raise Unconvertible(f"{shown(value)} is not a day of the calendar") from error


def yes_no(value: object) -> bool:
    """Returns the boolean of `Y` or `N`, or a JSON boolean."""
    if isinstance(value, bool):
        return value
    if value in ("Y", "N"):
        return value == "Y"
    raise Unconvertible(f"{shown(value)} is neither Y nor N")


def moment(day: object, clock: object, *, timezone: tzinfo) -> str:
    """Returns the RFC 3339 moment of a local date and time.

    An hour that occurs twice, when clocks go back, is read as its first occurrence: the records of
    that hour stay in order, and none moves into the future. An hour that clocks skip is refused.
    """
    match = _CLOCK.fullmatch(clock) if isinstance(clock, str) else None
    if match is None:
        raise Unconvertible(f"{shown(clock)} is not a time written as HH:MM:SS")
    hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        wall = time(hour, minute, second)
    except ValueError as error:
        raise Unconvertible(f"{shown(clock)} is not a time of the day") from error
    local = datetime.combine(date.fromisoformat(local_date(day)), wall, tzinfo=timezone)
    utc = local.astimezone(UTC)
    if utc.astimezone(timezone).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise Unconvertible(f"{shown(clock)} was skipped that day, when clocks went forward")
    return utc.replace(tzinfo=None).isoformat() + "Z"


def shown(value: object) -> str:
    """Returns a value for an error detail: shortened, and containers only by their kind."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if value is None:
        return "null"
    written = repr(value) if isinstance(value, str) else str(value)
    if len(written) > _MAX_SHOWN_CHARACTERS:
        return written[:_MAX_SHOWN_CHARACTERS] + "…"
    return written


def trimmed_money(value: str, *, decimals: int) -> str | None:
    """Returns an amount with at most its currency's decimals; None if that changes the amount."""
    # The usual case: as many decimals as the currency has, or none.
    point = value.find(".")
    if (point < 0 or len(value) - point - 1 <= decimals) and "e" not in value and "E" not in value:
        return value
    if len(value) > _MAX_AMOUNT_CHARACTERS:
        return value  # the contract refuses it
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return value  # the contract refuses it, with a better detail
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int) or -exponent <= decimals:
        return value
    rounded = amount.quantize(Decimal(1).scaleb(-decimals))
    return format(rounded, "f") if rounded == amount else None
