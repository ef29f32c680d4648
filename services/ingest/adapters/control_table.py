"""The day closes and exchange rates that were taken, in PostgreSQL."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from services.contracts.control import DayClosedV1, FxPublishedV1
from services.contracts.envelope import CloudEvent
from services.contracts.fields import EventData
from services.ingest.adapters.translating import database_errors
from services.ingest.domain.exchange_rates import KnownRates
from services.kit.database import Connection, Database

# A close of a later date was released by two people: it follows no calendar.
_LAST_CLOSE = """
SELECT max(closed_date) FROM ingest.day_close WHERE closed_date <= $1 AND withdrawn_at IS NULL
"""
_BASES = "SELECT DISTINCT base_currency FROM ingest.exchange_rate"
# A rate of the same date is what the new one replaces: compared with it, a row of small steps
# within one day would add up to any rate.
_NEAR = """
SELECT currency, rate
  FROM unnest($2::text[]) AS wanted (currency)
 CROSS JOIN LATERAL (
    SELECT rate FROM ingest.exchange_rate AS taken
     WHERE taken.base_currency = $1 AND taken.currency = wanted.currency
     ORDER BY rate_date < $3 DESC, abs(rate_date - $3) LIMIT 1) AS near
"""
_ADD_CLOSE = """
INSERT INTO ingest.day_close (closed_date, source, event_id, taken_at) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING
"""
_ADD_RATES = """
INSERT INTO ingest.exchange_rate (base_currency, currency, rate_date, rate)
SELECT $1, currency, $2, rate FROM unnest($3::text[], $4::numeric[]) AS given (currency, rate)
 ORDER BY currency
ON CONFLICT (base_currency, currency, rate_date) DO UPDATE SET rate = excluded.rate
"""


class ControlTable:
    """Implements `ControlLog`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def last_close(self, *, today: date) -> date | None:
        async def read(connection: Connection) -> date | None:
            last: date | None = await connection.fetchval(_LAST_CLOSE, today)
            return last

        with database_errors():
            return await self._database.in_transaction(read)

    async def known_rates(
        self, base_currency: str, currencies: Sequence[str], *, day: date
    ) -> KnownRates:
        async def read(connection: Connection) -> KnownRates:
            bases = await connection.fetch(_BASES)
            near = await connection.fetch(_NEAR, base_currency, list(currencies), day)
            return KnownRates(
                bases=frozenset(row["base_currency"] for row in bases),
                near={row["currency"]: row["rate"] for row in near},
            )

        with database_errors():
            return await self._database.in_transaction(read)

    async def record(self, event: CloudEvent[EventData], *, at: datetime) -> None:
        async def write(connection: Connection) -> None:
            data = event.data
            if isinstance(data, DayClosedV1):
                closed = data.closed_date
                await connection.execute(_ADD_CLOSE, closed, event.source, event.id, at)
            elif isinstance(data, FxPublishedV1):
                rates = {each.currency: Decimal(each.rate) for each in data.rates}
                await connection.execute(
                    _ADD_RATES,
                    data.base_currency,
                    data.rate_date,
                    list(rates),
                    list(rates.values()),
                )

        with database_errors():
            await self._database.in_transaction(write)
