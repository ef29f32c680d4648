"""Control events: subject `*`, no key, written to every partition of the events topic.

Time, rulebooks, calendars and exchange rates are data in the log, so that state stays a pure
function of the log: nothing in the fold looks anything up.
"""

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from services.contracts.fields import (
    Currency,
    EventData,
    Identifier,
    IsoDate,
    Ratio,
    Share,
    WireModel,
)


class DayClosed(EventData):
    """A business date is over; the id is `day-closed:<date>`, so a second one is a duplicate."""

    TYPE: ClassVar[str] = "day.closed.v1"
    EVERY_PARTITION: ClassVar[bool] = True

    closed_date: IsoDate  # The date that was closed.


class RulebookActivated(EventData):
    """From here on another version of the rulebook decides."""

    TYPE: ClassVar[str] = "rulebook.activated.v1"
    EVERY_PARTITION: ClassVar[bool] = True

    name: Identifier  # The rulebook.
    version: Identifier  # The version that takes over.
    digest: Annotated[
        str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")
    ]  # Of the YAML document, so that a changed file under an old version is found.
    effective_date: IsoDate  # The first business date under it.
    author: Identifier  # Who wrote it.
    approved_by: Annotated[list[Identifier], Field(min_length=1, max_length=10)]  # Who approved.


class CalendarPublished(EventData):
    """Holidays of one calendar for a span of dates; replaces what was known for that span."""

    TYPE: ClassVar[str] = "calendar.published.v1"
    EVERY_PARTITION: ClassVar[bool] = True

    calendar: Identifier  # The calendar, as loans name it.
    from_date: IsoDate  # First date of the span.
    to_date: IsoDate  # First date after the span.
    holidays: Annotated[list[IsoDate], Field(max_length=10_000)]  # Days off besides weekends.


class FxRate(WireModel):
    """What one unit of a currency is worth in the base currency."""

    currency: Currency  # The currency.
    rate: Ratio  # Units of the base currency for one unit of it.


class FxPublished(EventData):
    """Exchange rates of one day against one base currency."""

    TYPE: ClassVar[str] = "fx.published.v1"
    EVERY_PARTITION: ClassVar[bool] = True

    rate_date: IsoDate  # The day of the rates.
    base_currency: Currency  # The currency in which the rates are expressed.
    rates: Annotated[list[FxRate], Field(min_length=1, max_length=300)]  # One for each currency.


class SectorFigure(WireModel):
    """How stressed one sector is against its own past."""

    industry_code: Identifier  # Begins the industry codes of the sector, for example 41.
    z: Ratio  # Distance of the stressed share from its 24-month mean, in standard deviations.
    share: Share | None = None  # Share of the sector's exposure in high risk or worse.


class SectorStressPublished(EventData):
    """How stressed the sectors of the portfolio are; replaces what was known before."""

    TYPE: ClassVar[str] = "sector-stress.published.v1"
    EVERY_PARTITION: ClassVar[bool] = True

    measured_date: IsoDate  # The day of the figures.
    sectors: Annotated[list[SectorFigure], Field(max_length=1_000)]  # Those that are measured.
