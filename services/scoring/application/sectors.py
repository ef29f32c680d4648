"""Sector stress: measure the portfolio at month-ends and publish how stressed each sector is.

A month is measured once, after its last close has come to every borrower, from what was said about
each of them by then; months of the past that were never measured are made up for in the same pass.
What is published is a control event whose id is made of the month, so that a run that is repeated
writes a duplicate. Figures are data in the log from there on: no fold looks anything up.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import msgspec

from services.kit.database import Connection, Database
from services.kit.stream.outbox import Message
from services.scoring.application.closing import CONTENT_TYPE
from services.scoring.application.ports import Ledger, StoredState
from services.scoring.application.rebuilding import Rebuilder
from services.scoring.domain.assess.explain import shown_micro
from services.scoring.domain.portfolio.sector_stress import (
    PAST_MONTHS,
    SectorMonth,
    SectorTally,
    z_score,
)
from services.scoring.domain.primitives.dates import is_month_end, last_day_of, month_of
from services.scoring.domain.primitives.money import Rates

SOURCE = "tocsin/sectors"
# The sum of all sectors: a month that has it was measured.
ALL_SECTORS = "*"
# Borrowers of whom no industry is known.
NO_SECTOR = ""
BORROWERS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Stood:
    """Where a borrower stood at a month's end."""

    borrower_id: str
    month: int
    state: int
    exposure_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class MeasuredMonth:
    """The sectors of one month-end in one currency, with the sum of all."""

    month: int
    currency: str
    sectors: dict[str, SectorMonth] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SectorStress:
    """One sector at a month's end; `z_micro` is None where the past says nothing."""

    sector: str
    figures: SectorMonth
    z_micro: int | None


class SectorRows(Protocol):
    """The queries."""

    async def swept(self, connection: Connection) -> date | None:
        """Return the last date whose close has come to everybody."""
        ...

    async def page(self, connection: Connection, after: str, limit: int) -> list[StoredState]:
        """Return the next borrowers in the order of their ids."""
        ...

    async def stood(
        self, connection: Connection, names: Sequence[str], months: Sequence[int]
    ) -> list[Stood]:
        """Return what was last said about the borrowers up to the ends of the months."""
        ...

    async def measured(
        self, connection: Connection, first: int, last: int
    ) -> dict[int, MeasuredMonth]:
        """Return the months between two, both included, that were measured."""
        ...

    async def keep(self, connection: Connection, one: MeasuredMonth) -> None:
        """Store a month; one that is there already stays as it is."""
        ...


class SectorWatch:
    """Measures and shows. Amounts are added up in one currency, at the rates of the month's end."""

    def __init__(
        self,
        *,
        database: Database,
        rows: SectorRows,
        ledger: Ledger,
        rebuilder: Rebuilder,
        refresh: Callable[[Connection], Awaitable[None]],
        currency: str,
    ) -> None:
        self._database = database
        self._rows = rows
        self._ledger = ledger
        self._rebuilder = rebuilder
        self._refresh = refresh
        self.currency = currency

    async def last_month(self) -> int | None:
        """Return the last month whose end has come to every borrower, None before the first."""
        swept = await self._database.in_transaction(self._rows.swept)
        if swept is None:
            return None
        day = swept.toordinal()
        return month_of(day) if is_month_end(day) else month_of(day) - 1

    async def measure(self, month: int) -> int:
        """Measure the month and what is missing of its past; return how many months there were."""
        known = await self._known(month)
        missing = [one for one in range(month - PAST_MONTHS, month + 1) if one not in known]
        if not missing:
            return 0
        tallies = {one: SectorTally(one) for one in missing}
        after, rates = "", await self._database.in_transaction(self._rates)
        while True:
            people, stood = await self._page(after, missing)
            for one in stood:
                minor = _converted(one, rates, self.currency)
                if minor is not None:
                    tallies[one.month].take(people[one.borrower_id], minor, one.state)
            if len(people) < BORROWERS_AT_ONCE:
                break
            after = max(people)

        async def keep(connection: Connection) -> None:
            for one, tally in tallies.items():
                sectors = tally.sectors | {ALL_SECTORS: _sum_of(tally)}
                await self._rows.keep(connection, MeasuredMonth(one, self.currency, sectors))

        await self._database.in_transaction(keep)
        return len(missing)

    async def stress(self, month: int) -> list[SectorStress] | None:
        """Return the sectors of a month, the most stressed first; None if it was not measured."""
        known = await self._known(month)
        now = known.pop(month, None)
        if now is None:
            return None
        found = []
        for sector, figures in now.sectors.items():
            past = [one.sectors[sector] for one in known.values() if sector in one.sectors]
            found.append(SectorStress(sector, figures, z_score(past, figures)))
        return sorted(found, key=_worst_first)

    async def _known(self, month: int) -> dict[int, MeasuredMonth]:
        async def read(connection: Connection) -> dict[int, MeasuredMonth]:
            return await self._rows.measured(connection, month - PAST_MONTHS, month)

        return await self._database.in_transaction(read)

    async def _page(self, after: str, months: list[int]) -> tuple[dict[str, str], list[Stood]]:
        """Return the industries of the next borrowers, and where they stood."""

        async def read(connection: Connection) -> tuple[dict[str, str], list[Stood]]:
            await self._refresh(connection)
            rows = await self._rows.page(connection, after, BORROWERS_AT_ONCE)
            held = [await self._rebuilder.held(connection, row) for row in rows]
            people = {one.borrower.borrower_id: one.borrower.profile.industry_code for one in held}
            return people, await self._rows.stood(connection, list(people), months)

        found = await self._database.in_transaction(read)
        await asyncio.sleep(0)
        return found

    async def _rates(self, connection: Connection) -> Rates | None:
        await self._refresh(connection)
        timeline = self._rebuilder.begin()
        for _, raw in await self._ledger.control(connection, 0):
            timeline.hear(self._rebuilder.codec.decode(raw))
        return timeline.context.rates


def _converted(one: Stood, rates: Rates | None, currency: str) -> int | None:
    """Return the exposure in the currency of the figures; without a rate it is left out."""
    if one.currency == currency:
        return one.exposure_minor
    if rates is None:
        return None
    return rates.converted(one.exposure_minor, one.currency, currency, last_day_of(one.month))


def _sum_of(tally: SectorTally) -> SectorMonth:
    every = tally.sectors.values()
    return SectorMonth(
        tally.month,
        sum(one.exposure_minor for one in every),
        sum(one.stressed_minor for one in every),
        sum(one.borrowers for one in every),
    )


def _worst_first(one: SectorStress) -> tuple[bool, int, int, str]:
    return one.z_micro is None, -(one.z_micro or 0), -one.figures.share, one.sector


def stress_messages(
    month: int, found: Sequence[SectorStress], *, topic: str, partitions: int, zone: ZoneInfo
) -> Sequence[Message]:
    """Return the stress of the sectors that have a figure, once for every partition."""
    measured = date.fromordinal(last_day_of(month))
    midnight = datetime.combine(measured + timedelta(days=1), datetime.min.time(), tzinfo=zone)
    event = {
        "specversion": "1.0",
        "id": f"sector-stress:{measured.isoformat()}",
        "source": SOURCE,
        "type": "sector-stress.published.v1",
        "subject": "*",
        "time": midnight.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "data": {
            "measured_date": measured.isoformat(),
            "sectors": [
                {
                    "industry_code": one.sector,
                    "z": shown_micro(one.z_micro),
                    "share": shown_micro(one.figures.share),
                }
                for one in sorted(found, key=_by_name)
                if one.z_micro is not None and one.sector not in (ALL_SECTORS, NO_SECTOR)
            ],
        },
    }
    raw = msgspec.json.encode(event, order="sorted")
    return [
        Message(topic=topic, key=None, value=raw, headers=CONTENT_TYPE, to_partition=partition)
        for partition in range(partitions)
    ]


def _by_name(one: SectorStress) -> str:
    return one.sector
