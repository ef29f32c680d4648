"""What the running system has done so far, read from its own tables.

For the live view and for the end of the run. Read with the administrator's connection, as an
operator would in psql; nothing is written. Invariant: a figure is read in one statement, so the
parts of it belong together.
"""

from dataclasses import dataclass
from datetime import date

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from services.kit.settings import PlatformSettings

LIVE = """
SELECT (SELECT coalesce(sum(records), 0) FROM scoring.partition_progress) AS folded,
       (SELECT count(*) FROM alerts.alert) AS alerts,
       (SELECT count(*) FROM scoring.assessment) AS assessments,
       (SELECT max(closed_date) FROM scoring.control) AS closed
"""
# What scoring told one borrower about another is in the ledger and was offered by nobody outside.
COUNTS = """
SELECT (SELECT count(*) FROM scoring.ledger
         WHERE NOT (source = 'tocsin/scoring' AND starts_with(event_id, 'told:')))
         + (SELECT count(DISTINCT (source, event_id)) FROM scoring.control) AS applied,
       (SELECT coalesce(sum(duplicates), 0) FROM scoring.partition_progress) AS duplicates,
       (SELECT count(*) FROM ingest.quarantine WHERE status IN ('open', 'parked'))
         + (SELECT coalesce(sum(quarantined), 0) FROM scoring.partition_progress) AS quarantined,
       (SELECT count(*) FROM ingest.quarantine WHERE status = 'released') AS released
"""
STATES = "SELECT risk_state, count(*) AS borrowers FROM scoring.borrower GROUP BY risk_state"
POSITIONS = "SELECT topic, partition, next_offset FROM {schema}.partition_progress"
UNSETTLED = """
SELECT (SELECT count(*) FROM ingest.quarantine WHERE status = 'parked')
     + (SELECT count(*) FROM scoring.outbox) + (SELECT count(*) FROM alerts.outbox)
     + (SELECT count(*) FROM scoring.sweep WHERE target_offset IS NOT NULL)
"""


@dataclass(frozen=True, slots=True)
class Live:
    """A glance at the system while it works."""

    folded: int = 0
    alerts: int = 0
    assessments: int = 0
    closed: date | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """Where every input went."""

    applied: int
    duplicates: int
    quarantined: int
    released: int


class Gauges:
    """Reads the figures."""

    def __init__(self, platform: PlatformSettings) -> None:
        self._platform = platform
        self._consumer = AIOKafkaConsumer(bootstrap_servers=platform.kafka_bootstrap)
        self._pool: asyncpg.Pool | None = None

    async def __aenter__(self) -> "Gauges":
        """Connect."""
        self._pool = await asyncpg.create_pool(self._platform.dsn, min_size=1, max_size=3)
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await self._consumer.stop()
        if self._pool is not None:
            await self._pool.close()

    async def live(self) -> Live:
        """Return a glance."""
        row = await self._open().fetchrow(LIVE)
        return Live(
            folded=int(row["folded"]),
            alerts=row["alerts"],
            assessments=row["assessments"],
            closed=row["closed"],
        )

    async def counts(self) -> Counts:
        """Return where every input went."""
        row = await self._open().fetchrow(COUNTS)
        return Counts(**{name: int(number) for name, number in row.items()})

    async def states(self) -> dict[str, int]:
        """Return the number of borrowers in each state."""
        rows = await self._open().fetch(STATES)
        return {row["risk_state"]: row["borrowers"] for row in rows}

    async def raw_positions(self) -> dict[tuple[str, int], int]:
        """Return how far ingest has read each partition of the raw topics."""
        rows = await self._open().fetch(POSITIONS.format(schema="ingest"))
        return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}

    async def is_settled(self) -> bool:
        """Return whether nothing is on its way any more, webhooks left aside."""
        for schema, topic in (
            ("scoring", self._platform.events_topic),
            ("alerts", self._platform.risk_topic),
        ):
            if not await self._has_read_all(schema, topic):
                return False
        return int(await self._open().fetchval(UNSETTLED)) == 0

    async def _has_read_all(self, schema: str, topic: str) -> bool:
        places = [TopicPartition(topic, number) for number in range(self._platform.partitions)]
        ends = await self._consumer.end_offsets(places)
        rows = await self._open().fetch(POSITIONS.format(schema=schema))
        reached = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
        return all(
            reached.get((place.topic, place.partition), 0) >= end for place, end in ends.items()
        )

    def _open(self) -> asyncpg.Pool:
        if self._pool is None:
            raise RuntimeError("the gauges are used as an async context manager")
        return self._pool
