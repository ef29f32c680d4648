"""The rows behind sector stress in PostgreSQL: borrowers at month-ends, and measured months."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec

from services.contracts.currencies import decimals_of
from services.kit.database import Connection
from services.scoring.adapters.wire.values import scaled
from services.scoring.application.ports import StoredState
from services.scoring.application.sector_stress import (
    ALL_SECTORS,
    BorrowerAtMonthEnd,
    MeasuredMonth,
)
from services.scoring.domain.borrower.risk import STATE_NAMES
from services.scoring.domain.portfolio.sector_stress import SectorMonth
from services.scoring.domain.primitives.dates import last_day_of, month_of

# The last date whose close has come to every borrower of every partition; year 1 before that.
SWEPT = """
SELECT min(closed) FROM (
    SELECT coalesce(
        (SELECT max(close.closed_date) FROM scoring.day_close AS close
          WHERE close.partition = progress.partition
            AND close."offset" <= sweep.done_offset), '0001-01-01') AS closed
      FROM scoring.partition_progress AS progress
      LEFT JOIN scoring.sweep ON sweep.partition = progress.partition) AS every
"""
PAGE = """
SELECT borrower_id, partition, closed_offset, state
  FROM scoring.borrower WHERE borrower_id > $1 ORDER BY borrower_id LIMIT $2
"""
AT_MONTH_ENDS = """
SELECT names.borrower_id, months.month_end, last.risk_state, last.event
  FROM unnest($1::text[]) AS names (borrower_id)
 CROSS JOIN unnest($2::date[]) AS months (month_end)
 CROSS JOIN LATERAL (
    SELECT risk_state, event FROM scoring.assessment
     WHERE assessment.borrower_id = names.borrower_id AND as_of <= months.month_end
     ORDER BY sequence DESC LIMIT 1) AS last
"""
MEASURED = """
SELECT month_end, sector, currency, exposure, stressed, borrowers FROM scoring.sector_month
 WHERE month_end BETWEEN $1 AND $2 ORDER BY month_end, sector
"""
SAVE = """
INSERT INTO scoring.sector_month (month_end, sector, currency, exposure, stressed, borrowers)
SELECT $1, sector, $2, exposure, stressed, borrowers
  FROM unnest($3::text[], $4::bigint[], $5::bigint[], $6::integer[])
    AS rows (sector, exposure, stressed, borrowers)
ON CONFLICT DO NOTHING
"""
STATES: Final = {name: state for state, name in enumerate(STATE_NAMES)}


class _ExposureData(msgspec.Struct, gc=False):
    currency: str
    exposure: str


class _ExposureEvent(msgspec.Struct, gc=False):
    data: _ExposureData


_decoder: Final = msgspec.json.Decoder(_ExposureEvent)


class PostgresSectors:
    """Implements `SectorRows`."""

    async def swept(self, connection: Connection) -> date | None:
        swept: date | None = await connection.fetchval(SWEPT)
        return None if swept is None or swept.year == 1 else swept

    async def page(self, connection: Connection, after: str, limit: int) -> list[StoredState]:
        return [StoredState(*row) for row in await connection.fetch(PAGE, after, limit)]

    async def at_month_ends(
        self, connection: Connection, names: Sequence[str], months: Sequence[int]
    ) -> list[BorrowerAtMonthEnd]:
        ends = [date.fromordinal(last_day_of(month)) for month in months]
        rows = await connection.fetch(AT_MONTH_ENDS, list(names), ends)
        borrowers = []
        for row in rows:
            data = _decoder.decode(row["event"]).data
            exposure = scaled(data.exposure, decimals_of(data.currency), "exposure")
            month = month_of(row["month_end"].toordinal())
            state = STATES[row["risk_state"]]
            borrowers.append(
                BorrowerAtMonthEnd(row["borrower_id"], month, state, exposure, data.currency)
            )
        return borrowers

    async def measured(
        self, connection: Connection, first: int, last: int
    ) -> dict[int, MeasuredMonth]:
        ends = date.fromordinal(last_day_of(first)), date.fromordinal(last_day_of(last))
        measured: dict[int, MeasuredMonth] = {}
        for row in await connection.fetch(MEASURED, *ends):
            month = month_of(row["month_end"].toordinal())
            sectors = measured.setdefault(month, MeasuredMonth(month, row["currency"])).sectors
            sectors[row["sector"]] = SectorMonth(
                month, row["exposure"], row["stressed"], row["borrowers"]
            )
        return {month: each for month, each in measured.items() if ALL_SECTORS in each.sectors}

    async def save(self, connection: Connection, month: MeasuredMonth) -> None:
        ordered = sorted(month.sectors.items())
        await connection.execute(
            SAVE,
            date.fromordinal(last_day_of(month.month)),
            month.currency,
            [name for name, _ in ordered],
            [figures.exposure_minor for _, figures in ordered],
            [figures.stressed_minor for _, figures in ordered],
            [figures.borrowers for _, figures in ordered],
        )
