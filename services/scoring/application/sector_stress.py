"""Sector stress: measures the portfolio at month-ends and publishes how stressed each sector is.

A month is measured once, after its last close has come to every borrower, from the last assessment
of each of them by then; past months that were never measured are measured in the same pass. What is
published is a control event whose id is made of the month, so that a repeated run writes a
duplicate. From there on the figures are data in the log: no fold reads them from elsewhere.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from services.contracts.control import SectorFigureV1, SectorStressPublishedV1
from services.kit.database import Connection, Database
from services.kit.stream.outbox import Message
from services.scoring.application.control_events import EventsTopic, control_messages
from services.scoring.application.ports import StoredState
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
# The sum of all sectors; a month that has it was measured.
ALL_SECTORS = "*"
# The sector of borrowers without an industry code.
NO_SECTOR = ""
BORROWERS_PER_PAGE = 500


@dataclass(frozen=True, slots=True)
class BorrowerAtMonthEnd:
    """State and exposure of a borrower at a month's end."""

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
    """One sector at a month's end; `z_micro` is None where the past is too short."""

    sector: str
    figures: SectorMonth
    z_micro: int | None


class SectorRows(Protocol):
    """The stored rows behind sector stress."""

    async def swept(self, connection: Connection) -> date | None:
        """Returns the last date whose close has come to every borrower."""
        ...

    async def page(self, connection: Connection, after: str, limit: int) -> list[StoredState]:
        """Returns the next borrowers in the order of their ids."""
        ...

    async def at_month_ends(
        self, connection: Connection, names: Sequence[str], months: Sequence[int]
    ) -> list[BorrowerAtMonthEnd]:
        """Returns the borrowers by their last assessments up to the ends of the months."""
        ...

    async def measured(
        self, connection: Connection, first: int, last: int
    ) -> dict[int, MeasuredMonth]:
        """Returns the months between two, both included, that were measured."""
        ...

    async def save(self, connection: Connection, month: MeasuredMonth) -> None:
        """Stores a month; one that is stored already stays as it is."""
        ...


class SectorMonitor:
    """Measures the sectors; adds amounts up in one currency, at the rates of the month's end."""

    def __init__(
        self, *, database: Database, rows: SectorRows, rebuilder: Rebuilder, currency: str
    ) -> None:
        self._database = database
        self._rows = rows
        self._rebuilder = rebuilder
        self.currency = currency

    async def last_month(self) -> int | None:
        """Returns the last month whose end has come to every borrower, None before the first."""
        swept = await self._database.in_transaction(self._rows.swept)
        if swept is None:
            return None
        day = swept.toordinal()
        return month_of(day) if is_month_end(day) else month_of(day) - 1

    async def measure(self, month: int) -> int:
        """Measures a month and the missing months of its past; returns how many there were."""
        measured = await self._measured(month)
        missing = [each for each in range(month - PAST_MONTHS, month + 1) if each not in measured]
        if not missing:
            return 0
        tallies = {each: SectorTally(each) for each in missing}
        after, rates = "", await self._database.in_transaction(self._rates)
        while True:
            sectors, at_month_ends = await self._page(after, missing)
            for row in at_month_ends:
                minor = _converted(row, rates, self.currency)
                if minor is not None:
                    tallies[row.month].take(sectors[row.borrower_id], minor, row.state)
            if len(sectors) < BORROWERS_PER_PAGE:
                break
            after = max(sectors)

        async def save(connection: Connection) -> None:
            for each, tally in tallies.items():
                with_sum = tally.sectors | {ALL_SECTORS: _sum_of(tally)}
                await self._rows.save(connection, MeasuredMonth(each, self.currency, with_sum))

        await self._database.in_transaction(save)
        return len(missing)

    async def stress(self, month: int) -> list[SectorStress] | None:
        """Returns the sectors of a month, the most stressed first; None if it was not measured."""
        measured = await self._measured(month)
        now = measured.pop(month, None)
        if now is None:
            return None
        stress = []
        for sector, figures in now.sectors.items():
            past = [each.sectors[sector] for each in measured.values() if sector in each.sectors]
            stress.append(SectorStress(sector, figures, z_score(past, figures)))
        return sorted(stress, key=_worst_first)

    async def _measured(self, month: int) -> dict[int, MeasuredMonth]:
        async def read(connection: Connection) -> dict[int, MeasuredMonth]:
            return await self._rows.measured(connection, month - PAST_MONTHS, month)

        return await self._database.in_transaction(read)

    async def _page(
        self, after: str, months: list[int]
    ) -> tuple[dict[str, str], list[BorrowerAtMonthEnd]]:
        """Returns the sectors of the next borrowers, and each of them at the ends of the months."""

        async def read(
            connection: Connection,
        ) -> tuple[dict[str, str], list[BorrowerAtMonthEnd]]:
            await self._rebuilder.refresh(connection)
            rows = await self._rows.page(connection, after, BORROWERS_PER_PAGE)
            restored = [(await self._rebuilder.restored(connection, row)).borrower for row in rows]
            sectors = {each.borrower_id: each.profile.industry_code for each in restored}
            return sectors, await self._rows.at_month_ends(connection, list(sectors), months)

        page = await self._database.in_transaction(read)
        await asyncio.sleep(0)
        return page

    async def _rates(self, connection: Connection) -> Rates | None:
        await self._rebuilder.refresh(connection)
        return (await self._rebuilder.context(connection, 0)).rates


def _converted(row: BorrowerAtMonthEnd, rates: Rates | None, currency: str) -> int | None:
    """Returns the exposure in the currency of the figures, or None without a rate."""
    if row.currency == currency:
        return row.exposure_minor
    if rates is None:
        return None
    return rates.converted(row.exposure_minor, row.currency, currency, last_day_of(row.month))


def _sum_of(tally: SectorTally) -> SectorMonth:
    sectors = tally.sectors.values()
    return SectorMonth(
        tally.month,
        sum(each.exposure_minor for each in sectors),
        sum(each.stressed_minor for each in sectors),
        sum(each.borrowers for each in sectors),
    )


def _worst_first(stress: SectorStress) -> tuple[bool, int, int, str]:
    return stress.z_micro is None, -(stress.z_micro or 0), -stress.figures.share, stress.sector


def stress_messages(
    month: int, sectors: Sequence[SectorStress], *, topic: EventsTopic
) -> Sequence[Message]:
    """Returns the stress of the sectors that have a figure, once for every partition."""
    measured = date.fromordinal(last_day_of(month))
    return control_messages(
        topic,
        source=SOURCE,
        event_id=f"sector-stress:{measured.isoformat()}",
        at=topic.end_of(measured),
        data=SectorStressPublishedV1(
            measured_date=measured,
            sectors=[
                SectorFigureV1(
                    industry_code=each.sector,
                    z=shown_micro(each.z_micro),
                    share=shown_micro(each.figures.share),
                )
                for each in sorted(sectors, key=_by_name)
                if each.z_micro is not None and each.sector not in (ALL_SECTORS, NO_SECTOR)
            ],
        ),
    )


def _by_name(stress: SectorStress) -> str:
    return stress.sector
