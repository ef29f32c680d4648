"""Exact conversion of wire values: money, ratios, moments and words to integers.

Nothing is guessed: an amount finer than the minor unit, a word that is not in the vocabulary or a
naive time is `Undecodable` with the field's name, because a plausible but wrong number is worse
than an event in quarantine.
"""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final, NamedTuple

from msgspec import UNSET, UnsetType

from services.contracts.currencies import OTHER_DECIMALS, USUAL_DECIMALS

MICRO_DECIMALS: Final = 6
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
ONE_US: Final = timedelta(microseconds=1)
# Local midnight is at a multiple of fifteen minutes of UTC in every time zone in use today.
SLICE_US: Final = 15 * 60 * 1_000_000
MAX_SLICES: Final = 50_000
NOT_STATED: Final = -1
# A report is not dated further ahead of its booking; the same as for flows.
MOST_DAYS_AHEAD: Final = 31

_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,12})?", re.ASCII).fullmatch


class Head(NamedTuple):
    """The fields that every domain event begins with, in that order."""

    source: str
    id: str
    borrower_id: str
    at_us: int
    day: int
    corrects_id: str | None
    correction_kind: int


class Undecodable(ValueError):
    """The bytes cannot be converted to an event. The message names the field and the remedy."""


def minor_units(text: str, currency: str, field: str) -> int:
    """Returns a decimal string as minor units of the currency, exactly."""
    return scaled(text, OTHER_DECIMALS.get(currency, USUAL_DECIMALS), field)


def optional_minor_units(text: str | UnsetType, currency: str, field: str) -> int | None:
    """Returns minor units, or ``None`` for an absent amount."""
    return None if text is UNSET else minor_units(text, currency, field)


def scaled(text: str, decimals: int, field: str) -> int:
    """Returns a decimal string times ten to the power of `decimals`.

    Raises:
        Undecodable: If it is not a plain decimal or has more decimals than the unit.
    """
    if _DECIMAL(text) is None:
        raise Undecodable(f"{field}: {text!r} is not a decimal string such as '1250.00'")
    whole, _, fraction = text.partition(".")
    if len(fraction) == decimals:
        return int(whole + fraction)
    if len(fraction) > decimals:
        if fraction[decimals:].strip("0"):
            raise Undecodable(
                f"{field}: {text!r} has more than {decimals} decimals; round it first"
            )
        fraction = fraction[:decimals]
    return int(whole + fraction.ljust(decimals, "0"))


def micro_units(text: str, field: str) -> int:
    """Returns a ratio as micro-units; digits beyond the sixth are cut off."""
    if _DECIMAL(text) is None:
        raise Undecodable(f"{field}: {text!r} is not a decimal string such as '0.05'")
    whole, _, fraction = text.partition(".")
    return int(whole + fraction[:MICRO_DECIMALS].ljust(MICRO_DECIMALS, "0"))


def optional_micro_units(text: str | UnsetType, field: str) -> int | None:
    """Returns a ratio as micro-units, or ``None`` for an absent one."""
    return None if text is UNSET else micro_units(text, field)


def micro_units_or_not_stated(text: str | UnsetType, field: str) -> int:
    """Returns a ratio as micro-units, or `NOT_STATED` for an absent one."""
    return NOT_STATED if text is UNSET else micro_units(text, field)


def word_code(codes: dict[str, int], word: str, field: str) -> int:
    """Returns the number of a vocabulary word.

    Raises:
        Undecodable: If the word is unknown.
    """
    code = codes.get(word)
    if code is None:
        known = ", ".join(codes)
        raise Undecodable(f"{field}: {word!r} is unknown; expected one of {known}")
    return code


def codes_of(words: tuple[str, ...]) -> dict[str, int]:
    """Returns the codes of a vocabulary by word."""
    return {word: code for code, word in enumerate(words)}


def optional_day(day: date | UnsetType) -> int | None:
    """Returns the ordinal of a date, or ``None`` for an absent one."""
    return None if day is UNSET else day.toordinal()


def day_or_zero(day: date | UnsetType) -> int:
    """Returns the ordinal of a date, or 0 for an absent one."""
    return 0 if day is UNSET else day.toordinal()


def reported_day(day: date, head: Head) -> int:
    """Returns the ordinal of the day of a report, at most a month ahead of its booking.

    Of reports the newest counts, so one with a wrong year would keep every later one out: it counts
    from the day on which it was booked.
    """
    ordinal = day.toordinal()
    return ordinal if ordinal <= head.day + MOST_DAYS_AHEAD else head.day


class BusinessDays:
    """Converts moments to business dates of one time zone; caches quarter hours."""

    def __init__(self, zone: tzinfo) -> None:
        """Uses the bank's time zone."""
        self._zone = zone
        self._days: dict[int, int] = {}

    def moment_us(self, moment: datetime) -> int:
        """Returns microseconds since 1970-01-01 UTC.

        Raises:
            Undecodable: If the moment has no offset.
        """
        if moment.tzinfo is None:
            raise Undecodable("time: has no offset; write RFC 3339 with 'Z' or '+01:00'")
        return (moment - EPOCH) // ONE_US

    def day_of(self, at_us: int) -> int:
        """Returns the ordinal of the business date of a moment."""
        slice_number = at_us // SLICE_US
        day = self._days.get(slice_number)
        if day is None:
            if len(self._days) >= MAX_SLICES:
                self._days.clear()
            local = (EPOCH + timedelta(microseconds=slice_number * SLICE_US)).astimezone(self._zone)
            day = self._days[slice_number] = local.toordinal()
        return day
