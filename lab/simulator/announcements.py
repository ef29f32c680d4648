"""Events of the core bank for all borrowers: holidays, exchange rates, the stress of its sectors.

Part of a run with credit files. Invariant: the stress of a sector is measured from the outcomes of
the run so far.
"""

from collections.abc import Iterable
from datetime import date

from lab.simulator.days import Calendar, Day
from lab.simulator.events import CALENDAR, Fields, SimulatedEvent
from services.scoring.domain.portfolio.outcomes import BorrowerOutcome

RATES = {"CHF": "1.0352", "GBP": "1.1588"}
EARLY = 3 * 3600
EVENING = 22 * 3600 + 1800


def of_the_day(
    day: Day, calendar: Calendar, sectors: Iterable[tuple[str, BorrowerOutcome]]
) -> list[SimulatedEvent]:
    """Return the day's announcements in booking order."""
    events = []
    if day.ordinal == calendar.first:
        events.append(_event("calendar.published.v1", _days_off(calendar), day, 1))
    if day.is_month_end:
        events.append(_event("fx.published.v1", _rates(day), day, 2))
        events.append(_event("sector-stress.published.v1", _stress(day, sectors), day, 3))
    return events


def _event(type_: str, data: Fields, day: Day, no: int) -> SimulatedEvent:
    second = no + (EARLY if type_.startswith("calendar") else EVENING)
    return SimulatedEvent(
        second=second,
        borrower_no=0,
        no=no,
        type=type_,
        source=CALENDAR,
        id=f"{type_}:{day.iso}",
        subject="*",
        time=day.stamp(second),
        data=data,
    )


def _days_off(calendar: Calendar) -> Fields:
    first, last = calendar.first, calendar.first + calendar.days
    return {
        "calendar": "TARGET",
        "from_date": date.fromordinal(first).isoformat(),
        "to_date": date.fromordinal(last).isoformat(),
        "holidays": calendar.days_off(first, last),
    }


def _rates(day: Day) -> Fields:
    rates = [{"currency": currency, "rate": rate} for currency, rate in sorted(RATES.items())]
    return {"rate_date": day.iso, "base_currency": "EUR", "rates": rates}


def _stress(day: Day, sectors: Iterable[tuple[str, BorrowerOutcome]]) -> Fields:
    count: dict[str, int] = {}
    failed: dict[str, int] = {}
    for code, outcome in sectors:
        count[code] = count.get(code, 0) + 1
        failed[code] = failed.get(code, 0) + (outcome.event is not None)
    figures = []
    for code in sorted(count):
        share = failed[code] / count[code]
        # A failed tenth of a sector is usual here; another tenth is one deviation more.
        figures.append(
            {"industry_code": code, "z": f"{(share - 0.1) * 10:.2f}", "share": f"{share:.3f}"}
        )
    return {"measured_date": day.iso, "sectors": figures}
