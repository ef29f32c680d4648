"""Exact conversion of wire values: money, ratios, moments and words to integers.

Used by `wire` alone. Nothing is guessed: an amount finer than the minor unit, a word that is not in
the vocabulary or a naive time is `Undecodable` with the field's name, because a wrong number that
looks right is worse than an event in quarantine.
"""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final, NamedTuple

from services.contracts.currencies import OTHER_DECIMALS, USUAL_DECIMALS

MICRO_DECIMALS: Final = 6
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
ONE_US: Final = timedelta(microseconds=1)
# Local midnight is at a multiple of fifteen minutes of UTC in every time zone in use today.
SLICE_US: Final = 15 * 60 * 1_000_000
MOST_SLICES: Final = 50_000

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
    """The bytes are not an event that scoring can read. The message names field and remedy."""


def minor_units(text: str, currency: str, field: str) -> int:
    """Return a decimal string as minor units of the currency, exactly."""
    return scaled(text, OTHER_DECIMALS.get(currency, USUAL_DECIMALS), field)


def optional_minor_units(text: str | None, currency: str, field: str) -> int | None:
    """Return minor units, or ``None`` for an absent amount."""
    if text is None:
        return None
    return minor_units(text, currency, field)


def scaled(text: str, decimals: int, field: str) -> int:
    """Return a decimal string times ten to the power of `decimals`.

    Raises:
        Undecodable: If it is not a plain decimal or has more decimals than the unit.
    """
    if _DECIMAL(text) is None:
        raise Undecodable(f"{field}: {text!r} is not a decimal string such as '1250.00'")
    whole, _, fraction = text.partition(".")
    if len(fraction) > decimals:
        if fraction[decimals:].strip("0"):
            raise Undecodable(
                f"{field}: {text!r} has more than {decimals} decimals; round it first"
            )
        fraction = fraction[:decimals]
    return int(whole + fraction.ljust(decimals, "0"))


def micro_units(text: str | None, field: str) -> int | None:
    """Return a ratio as micro-units; digits beyond the sixth are cut off."""
    if text is None:
        return None
    if _DECIMAL(text) is None:
        raise Undecodable(f"{field}: {text!r} is not a decimal string such as '0.05'")
    whole, _, fraction = text.partition(".")
    return int(whole + fraction[:MICRO_DECIMALS].ljust(MICRO_DECIMALS, "0"))


def word_code(codes: dict[str, int], word: str, field: str) -> int:
    """Return the number of a vocabulary word.

    Raises:
        Undecodable: If the word is unknown.
    """
    code = codes.get(word)
    if code is None:
        known = ", ".join(codes)
        raise Undecodable(f"{field}: {word!r} is unknown; expected one of {known}")
    return code


def codes_of(words: tuple[str, ...]) -> dict[str, int]:
    """Return the look-up table of a vocabulary."""
    return {word: code for code, word in enumerate(words)}


class BusinessDays:
    """Moments to business dates of one time zone; remembers quarter hours, not moments."""

    def __init__(self, zone: tzinfo) -> None:
        """Use the bank's time zone."""
        self._zone = zone
        self._days: dict[int, int] = {}

    def moment_us(self, moment: datetime) -> int:
        """Return microseconds since 1970-01-01 UTC.

        Raises:
            Undecodable: If the moment has no offset.
        """
        if moment.tzinfo is None:
            raise Undecodable("time: has no offset; write RFC 3339 with 'Z' or '+01:00'")
        return (moment - EPOCH) // ONE_US

    def day_of(self, at_us: int) -> int:
        """Return the ordinal of the business date of a moment."""
        piece = at_us // SLICE_US
        day = self._days.get(piece)
        if day is None:
            if len(self._days) >= MOST_SLICES:
                self._days.clear()
            local = (EPOCH + timedelta(microseconds=piece * SLICE_US)).astimezone(self._zone)
            day = self._days[piece] = local.toordinal()
        return day


def optional_day(day: date | None) -> int | None:
    """Return the ordinal of a date that may be absent."""
    return None if day is None else day.toordinal()
