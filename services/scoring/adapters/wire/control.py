"""Control events: days, rulebooks, calendars, exchange rates, sectors."""

from collections.abc import Callable
from typing import Any, Final

from services.contracts.control import (
    CalendarPublishedV1,
    DayClosedV1,
    DayCloseWithdrawnV1,
    FxPublishedV1,
    RulebookActivatedV1,
    SectorStressPublishedV1,
)
from services.contracts.fields import EventData
from services.scoring.adapters.wire.values import Head, Undecodable, micro_units, scaled
from services.scoring.domain.events import control
from services.scoring.domain.events.event import Event

# `rates.SCALE` as a power of ten.
RATE_DECIMALS: Final = 10


def day_closed(head: Head, data: DayClosedV1) -> control.DayClosed:
    """Returns the event."""
    return control.DayClosed(*head, closed_day=data.closed_date.toordinal())


def day_close_withdrawn(head: Head, data: DayCloseWithdrawnV1) -> control.DayCloseWithdrawn:
    """Returns the event."""
    return control.DayCloseWithdrawn(
        *head,
        closed_day=data.closed_date.toordinal(),
        closed_source=data.closed_source,
        closed_id=data.closed_id,
    )


def rulebook_activated(head: Head, data: RulebookActivatedV1) -> control.RulebookActivated:
    """Returns the event."""
    return control.RulebookActivated(
        *head,
        name=data.name,
        version=data.version,
        digest=data.digest,
        effective_day=data.effective_date.toordinal(),
    )


def calendar_published(head: Head, data: CalendarPublishedV1) -> control.CalendarPublished:
    """Returns the event."""
    return control.CalendarPublished(
        *head,
        calendar=data.calendar,
        from_day=data.from_date.toordinal(),
        to_day=data.to_date.toordinal(),
        holidays=[day.toordinal() for day in data.holidays],
    )


def fx_published(head: Head, data: FxPublishedV1) -> control.FxPublished:
    """Returns the event; a rate must be above zero."""
    rates = [scaled(each.rate, RATE_DECIMALS, "rate") for each in data.rates]
    if min(rates, default=1) <= 0:
        raise Undecodable("rates: a rate is zero or below; units of the base for one unit")
    return control.FxPublished(
        *head,
        rate_day=data.rate_date.toordinal(),
        base_currency=data.base_currency,
        currencies=[each.currency for each in data.rates],
        rates=rates,
    )


def sector_stress_published(
    head: Head, data: SectorStressPublishedV1
) -> control.SectorStressPublished:
    """Returns the event."""
    return control.SectorStressPublished(
        *head,
        measured_day=data.measured_date.toordinal(),
        z_micro={sector.industry_code: micro_units(sector.z, "z") for sector in data.sectors},
    )


TO_DOMAIN: Final[dict[type[EventData], Callable[[Head, Any], Event]]] = {
    DayClosedV1: day_closed,
    DayCloseWithdrawnV1: day_close_withdrawn,
    RulebookActivatedV1: rulebook_activated,
    CalendarPublishedV1: calendar_published,
    FxPublishedV1: fx_published,
    SectorStressPublishedV1: sector_stress_published,
}
