"""Days off: the holidays and the weekend of a country, from the library's calendars."""

from collections.abc import Iterable
from datetime import date

import holidays

# Events may be replayed from long ago, and deadlines reach into the coming years.
FIRST_YEAR = 1990
LAST_YEAR = 2050


class UnknownCalendar(Exception):
    """There is no calendar of this country or part of it."""


def bank_holidays(country: str, subdivision: str | None = None) -> frozenset[date]:
    """Returns the holidays of a country.

    Raises:
        UnknownCalendar: If the country or its part is unknown.
    """
    return frozenset(_calendar(country, subdivision, range(FIRST_YEAR, LAST_YEAR + 1)))


def weekend(country: str, subdivision: str | None = None) -> frozenset[int]:
    """Returns the weekdays that are free in a country; Monday is 0.

    Raises:
        UnknownCalendar: If the country or its part is unknown.
    """
    return frozenset(_calendar(country, subdivision, ()).weekend)


def _calendar(country: str, subdivision: str | None, years: Iterable[int]) -> holidays.HolidayBase:
    try:
        return holidays.country_holidays(country, subdiv=subdivision, years=years)
    except NotImplementedError as error:
        raise UnknownCalendar(
            f"holidays of {country!r} {subdivision or ''} are unknown; use an ISO 3166 code "
            "such as DE, or leave it empty"
        ) from error
