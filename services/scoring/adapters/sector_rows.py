"""The rows behind sector stress: who stood where at a month's end, and the months measured."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec

from services.contracts.currencies import decimals_of
from services.kit.database import Connection
from services.scoring.adapters.wire_values import scaled
from services.scoring.application.ports import StoredState
from services.scoring.application.sectors import ALL_SECTORS, MeasuredMonth, Stood
from services.scoring.domain.borrower.risk import STATE_NAMES
from services.scoring.domain.portfolio.sector_stress import SectorMonth
from services.scoring.domain.primitives.dates import last_day_of, month_of

# The last date whose close has come to every borrower of every partition; none before that.
SWEPT = """
SELECT min(closed) FROM (
    SELECT coalesce(
        (SELECT max(control.closed_date) FROM scoring.control
          WHERE control.partition = progress.partition
            AND control."offset" <= sweep.done_offset), '0001-01-01') AS closed
      FROM scoring.partition_progress AS progress
      LEFT JOIN scoring.sweep ON sweep.partition = progress.partition) AS every
"""
PAGE = """
SELECT borrower_id, partition, closed_offset, state
  FROM scoring.borrower WHERE borrower_id > $1 ORDER BY borrower_id LIMIT $2
"""
STOOD = """
SELECT one.borrower_id, months.month_end, said.risk_state, said.event
  FROM unnest($1::text[]) AS one (borrower_id)
 CROSS JOIN unnest($2::date[]) AS months (month_end)
 CROSS JOIN LATERAL (
    SELECT risk_state, event FROM scoring.assessment AS said
     WHERE said.borrower_id = one.borrower_id AND said.as_of <= months.month_end
     ORDER BY sequence DESC LIMIT 1) AS said
"""
MEASURED = """
SELECT month_end, sector, currency, exposure, stressed, borrowers FROM scoring.sector_month
 WHERE month_end BETWEEN $1 AND $2 ORDER BY month_end, sector
"""
KEEP = """
INSERT INTO scoring.sector_month (month_end, sector, currency, exposure, stressed, borrowers)
SELECT $1, sector, $2, exposure, stressed, borrowers
  FROM unnest($3::text[], $4::bigint[], $5::bigint[], $6::integer[])
    AS rows (sector, exposure, stressed, borrowers)
ON CONFLICT DO NOTHING
"""
STATES: Final = {name: state for state, name in enumerate(STATE_NAMES)}


class _Said(msgspec.Struct, gc=False):
    currency: str
    exposure: str


class _Event(msgspec.Struct, gc=False):
    data: _Said


_decoder: Final = msgspec.json.Decoder(_Event)


class PostgresSectors:
    """Implements `SectorRows`."""

    async def swept(self, connection: Connection) -> date | None:
        """Return the last date whose close has come to everybody."""
        found: date | None = await connection.fetchval(SWEPT)
        return None if found is None or found.year == 1 else found

    async def page(self, connection: Connection, after: str, limit: int) -> list[StoredState]:
        """Return the next borrowers in the order of their ids."""
        return [StoredState(*row) for row in await connection.fetch(PAGE, after, limit)]

    async def stood(
        self, connection: Connection, names: Sequence[str], months: Sequence[int]
    ) -> list[Stood]:
        """Return what was last said about the borrowers up to the ends of the months."""
        ends = [date.fromordinal(last_day_of(month)) for month in months]
        rows = await connection.fetch(STOOD, list(names), ends)
        found = []
        for row in rows:
            said = _decoder.decode(row["event"]).data
            exposure = scaled(said.exposure, decimals_of(said.currency), "exposure")
            month = month_of(row["month_end"].toordinal())
            state = STATES[row["risk_state"]]
            found.append(Stood(row["borrower_id"], month, state, exposure, said.currency))
        return found

    async def measured(
        self, connection: Connection, first: int, last: int
    ) -> dict[int, MeasuredMonth]:
        """Return the months between two, both included, that were measured."""
        ends = date.fromordinal(last_day_of(first)), date.fromordinal(last_day_of(last))
        found: dict[int, MeasuredMonth] = {}
        for row in await connection.fetch(MEASURED, *ends):
            month = month_of(row["month_end"].toordinal())
            one = found.setdefault(month, MeasuredMonth(month, row["currency"], {}))
            one.sectors[row["sector"]] = SectorMonth(
                month, row["exposure"], row["stressed"], row["borrowers"]
            )
        return {month: one for month, one in found.items() if ALL_SECTORS in one.sectors}

    async def keep(self, connection: Connection, one: MeasuredMonth) -> None:
        """Store a month; one that is there already stays as it is."""
        ordered = sorted(one.sectors.items())
        await connection.execute(
            KEEP,
            date.fromordinal(last_day_of(one.month)),
            one.currency,
            [name for name, _ in ordered],
            [figures.exposure_minor for _, figures in ordered],
            [figures.stressed_minor for _, figures in ordered],
            [figures.borrowers for _, figures in ordered],
        )
