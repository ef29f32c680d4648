"""Control events: subject `*`, no key, written to every partition of the events topic.

Time, rulebooks, calendars and exchange rates are data in the log, so that state stays a pure
function of the log: the fold reads nothing else.
"""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from services.contracts import bounds
from services.contracts.envelope import EventId
from services.contracts.fields import (
    BusinessDate,
    Currency,
    EventData,
    Identifier,
    IsoDate,
    PositiveRatio,
    Ratio,
    Share,
    WireObject,
)


class DayClosedV1(EventData, frozen=True, kw_only=True):
    """A business date is over; the id is `day-closed:<date>`, so a second one is a duplicate."""

    closed_date: BusinessDate  #: The date that was closed.


class DayCloseWithdrawnV1(EventData, frozen=True, kw_only=True):
    """A close is withdrawn by two people: from here on the state is as if it had never been."""

    closed_date: IsoDate  #: The date that was closed.
    closed_source: EventId  #: The `source` of the close.
    closed_id: EventId  #: Its `id`.
    proposed_by: Identifier  #: The person who proposed it.
    approved_by: Identifier  #: The person who approved it.


class RulebookActivatedV1(EventData, frozen=True, kw_only=True):
    """From here on another version of the rulebook decides."""

    name: Identifier  #: The rulebook.
    version: Identifier  #: The version that takes over.
    digest: Annotated[
        str, Meta(pattern=r"^sha256:[0-9a-f]{64}$")
    ]  #: Of the YAML document, so that a changed file under an old version is found.
    effective_date: IsoDate  #: The first business date under it.
    author: Identifier  #: Who wrote it.
    approved_by: Annotated[
        list[Identifier], Meta(min_length=1, max_length=bounds.MOST_APPROVERS)
    ]  #: Who approved.


class CalendarPublishedV1(EventData, frozen=True, kw_only=True):
    """Holidays of one calendar for a span of dates; replaces what was known for that span."""

    calendar: Identifier  #: The calendar, as loans name it.
    from_date: IsoDate  #: First date of the span.
    to_date: IsoDate  #: First date after the span.
    holidays: Annotated[
        list[IsoDate], Meta(max_length=bounds.MOST_HOLIDAYS)
    ]  #: Days off besides weekends.


class FxRateV1(WireObject, frozen=True, kw_only=True):
    """What one unit of a currency is worth in the base currency."""

    currency: Currency  #: The currency.
    rate: PositiveRatio  #: Units of the base currency for one unit of it.


class FxPublishedV1(EventData, frozen=True, kw_only=True):
    """Exchange rates of one day against one base currency."""

    rate_date: BusinessDate  #: The day of the rates.
    base_currency: Currency  #: The currency in which the rates are expressed.
    rates: Annotated[
        list[FxRateV1], Meta(min_length=1, max_length=bounds.MOST_RATES)
    ]  #: One for each currency.


class SectorFigureV1(WireObject, frozen=True, kw_only=True):
    """How stressed one sector is against its own past."""

    industry_code: Identifier  #: Begins the industry codes of the sector, for example 41.
    z: Ratio  #: Distance of the stressed share from its 24-month mean, in standard deviations.
    share: Share | UnsetType = UNSET  #: Share of the sector's exposure in high risk or worse.


class SectorStressPublishedV1(EventData, frozen=True, kw_only=True):
    """How stressed the sectors of the portfolio are; replaces what was known before."""

    measured_date: BusinessDate  #: The day of the figures.
    sectors: Annotated[
        list[SectorFigureV1], Meta(max_length=bounds.MOST_SECTORS)
    ]  #: Those that are measured.
