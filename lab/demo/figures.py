"""Reads the figures of the running system from its own tables.

For the live view and for the end of the run. Uses the administrator's connection, as an operator
would in psql; nothing is written. Invariant: a figure is read in one statement, so its parts belong
together.
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
# Events that scoring sent from one borrower to another are in the ledger, but no source sent them.
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
class LiveFigures:
    """The figures of the live view."""

    folded: int = 0
    alerts: int = 0
    assessments: int = 0
    closed: date | None = None


@dataclass(frozen=True, slots=True)
class InputCounts:
    """The counts of inputs by what became of them."""

    applied: int
    duplicates: int
    quarantined: int
    released: int


class SystemFigures:
    """Reads the figures; an asynchronous context manager."""

    def __init__(self, platform: PlatformSettings) -> None:
        self._platform = platform
        self._consumer = AIOKafkaConsumer(bootstrap_servers=platform.kafka_bootstrap)
        self._pool: asyncpg.Pool | None = None

    async def __aenter__(self) -> "SystemFigures":
        """Connect."""
        self._pool = await asyncpg.create_pool(self._platform.dsn, min_size=1, max_size=3)
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await self._consumer.stop()
        if self._pool is not None:
            await self._pool.close()

    async def live(self) -> LiveFigures:
        """Return the figures of the live view."""
        row = await self._open().fetchrow(LIVE)
        return LiveFigures(
            folded=int(row["folded"]),
            alerts=row["alerts"],
            assessments=row["assessments"],
            closed=row["closed"],
        )

    async def counts(self) -> InputCounts:
        """Return the counts of inputs."""
        row = await self._open().fetchrow(COUNTS)
        return InputCounts(**{name: int(number) for name, number in row.items()})

    async def states(self) -> dict[str, int]:
        """Return the number of borrowers in each state."""
        rows = await self._open().fetch(STATES)
        return {row["risk_state"]: row["borrowers"] for row in rows}

    async def raw_positions(self) -> dict[tuple[str, int], int]:
        """Return the next offset of ingest on each partition of the raw topics."""
        rows = await self._open().fetch(POSITIONS.format(schema="ingest"))
        return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}

    async def is_settled(self) -> bool:
        """Return whether all events are processed, apart from webhooks."""
        for schema, topic in (
            ("scoring", self._platform.events_topic),
            ("alerts", self._platform.risk_topic),
        ):
            if not await self._has_read_all(schema, topic):
                return False
        return int(await self._open().fetchval(UNSETTLED)) == 0

    async def _has_read_all(self, schema: str, topic: str) -> bool:
        partitions = [TopicPartition(topic, number) for number in range(self._platform.partitions)]
        ends = await self._consumer.end_offsets(partitions)
        rows = await self._open().fetch(POSITIONS.format(schema=schema))
        reached = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
        return all(reached.get((key.topic, key.partition), 0) >= end for key, end in ends.items())

    def _open(self) -> asyncpg.Pool:
        if self._pool is None:
            raise RuntimeError("SystemFigures is used as an async context manager")
        return self._pool
