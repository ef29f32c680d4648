"""Loads of history, in PostgreSQL: who opened one for which sources, and how far it has closed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from services.ingest.adapters.translating import database_errors
from services.ingest.application.history_loads import HistoryLoad
from services.ingest.application.time_gate import LoadsReading
from services.ingest.domain.time_guard import OpenLoad
from services.kit.database import Connection, Database

MOST_LISTED: Final = 100

_READ = """
SELECT clock_timestamp() AS now, load.id, load.sources, closes.source, closes.last_close
  FROM (VALUES (1)) AS always
  LEFT JOIN ingest.history_load AS load ON load.closed_at IS NULL
  LEFT JOIN LATERAL (
    SELECT source, max(closed_date) AS last_close FROM ingest.day_close
     WHERE taken_at >= load.opened_at AND withdrawn_at IS NULL GROUP BY source) AS closes ON true
 ORDER BY load.id
"""
_LIST = "SELECT * FROM ingest.history_load ORDER BY id DESC LIMIT $1"
_OPEN = """
INSERT INTO ingest.history_load (sources, reason, opened_by, opened_at)
VALUES ($1, $2, $3, $4) RETURNING *
"""
_CLOSE = """
UPDATE ingest.history_load SET closed_by = $2, closed_at = $3
 WHERE id = $1 AND closed_at IS NULL RETURNING *
"""


class HistoryLoadTable:
    """Implements `OpenLoads` and `HistoryLoadRepository`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self) -> LoadsReading:
        rows = await self._fetch(_READ)
        loads: dict[int, OpenLoad] = {}
        for row in rows:
            if row["id"] is None:
                continue
            load = loads.setdefault(
                row["id"], OpenLoad(id=row["id"], sources=tuple(row["sources"]))
            )
            if row["source"] is not None and load.has(row["source"]):
                loads[load.id] = load.closed_on(row["last_close"])
        return LoadsReading(now=rows[0]["now"], loads=list(loads.values()))

    async def loads(self) -> Sequence[HistoryLoad]:
        return [_load_of(row) for row in await self._fetch(_LIST, MOST_LISTED)]

    async def open(
        self, sources: Sequence[str], *, reason: str, by: str, at: datetime
    ) -> HistoryLoad:
        return _load_of((await self._fetch(_OPEN, list(sources), reason, by, at))[0])

    async def close(self, load_id: int, *, by: str, at: datetime) -> HistoryLoad | None:
        rows = await self._fetch(_CLOSE, load_id, by, at)
        return _load_of(rows[0]) if rows else None

    async def _fetch(self, query: str, *parameters: Any) -> list[Any]:
        async def read(connection: Connection) -> list[Any]:
            return list(await connection.fetch(query, *parameters))

        with database_errors():
            return await self._database.in_transaction(read)


def _load_of(row: Any) -> HistoryLoad:
    return HistoryLoad(
        id=row["id"],
        sources=tuple(row["sources"]),
        reason=row["reason"],
        opened_by=row["opened_by"],
        opened_at=row["opened_at"],
        closed_by=row["closed_by"],
        closed_at=row["closed_at"],
    )
