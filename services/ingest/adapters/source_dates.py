"""How far the events of one source may lie from the clock, as a mapping or a setting names it."""

from dataclasses import replace
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.ingest.domain.time_guard import BusinessCalendar, TimeTolerance
from services.kit.bank_holidays import UnknownCalendar, bank_holidays, weekend


@cache
def calendar_of(name: str) -> BusinessCalendar:
    """Returns the calendar of a country or a part of it, such as DE or DE-BY.

    Raises:
        ValueError: If it is unknown.
    """
    country, _, part = name.partition("-")
    try:
        return BusinessCalendar(
            weekend=weekend(country, part or None), holidays=bank_holidays(country, part or None)
        )
    except UnknownCalendar as error:
        raise ValueError(str(error)) from error


def _known(name: str) -> str:
    calendar_of(name)
    return name


CalendarName = Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$"), AfterValidator(_known)]


class SourceDates(BaseModel):
    """The tolerances and the calendar of one source; what is left out is as usual."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    calendar: CalendarName | None = None
    seconds_ahead: Annotated[int, Field(ge=0, le=86_400)] | None = None
    business_days_ahead: Annotated[int, Field(ge=0, le=30)] | None = None
    days_back: Annotated[int, Field(ge=1, le=73_000)] | None = None

    def tolerance(self, usual: TimeTolerance) -> TimeTolerance:
        """Returns the tolerance of the source."""
        given: dict[str, Any] = self.model_dump(exclude_none=True)
        if self.calendar is not None:
            given["calendar"] = calendar_of(self.calendar)
        return replace(usual, **given)
