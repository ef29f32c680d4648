"""Measures the latency from the event on the topic to the ledger, and to alerts, at a given rate.

Events are written at a steady rate. One query, repeated, records how far scoring and alerts have
committed; an event's latency ends at the first poll that finds it durable, so a figure is at most
one poll interval too large.
"""

import asyncio
import gc
import time
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import asyncpg
import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from lab.bench.environment import PARTITIONS, BenchEnvironment, refuse_stopped
from lab.bench.feed import BATCH_BYTES, HEADERS, EventLine
from lab.bench.meters import percentile
from lab.bench.services import running

POLL_SECONDS = 0.004
TICK_SECONDS = 0.01
SETTLE_SECONDS = 10.0
# By then most borrowers have had an event and are cached.
WARM_UP = 0.5
PROGRESS = """
SELECT 'scoring', partition, next_offset FROM scoring.partition_progress
UNION ALL SELECT 'alerts', partition, next_offset FROM alerts.partition_progress
"""


class _Cause(msgspec.Struct):
    source: str
    id: str


class _Data(msgspec.Struct):
    cause: _Cause | None = None


class _Risk(msgspec.Struct):
    subject: str
    data: _Data


class _Sent(msgspec.Struct):
    id: str
    source: str
    subject: str


@dataclass(slots=True)
class ProgressTimeline:
    """When each consumer was first seen at which offset, by partition."""

    polls: dict[tuple[str, int], tuple[list[int], list[float]]] = field(default_factory=dict)

    def note(self, consumer: str, partition: int, next_offset: int, at: float) -> None:
        """Record an offset if it is new."""
        offsets, times = self.polls.setdefault((consumer, partition), ([], []))
        if not offsets or offsets[-1] < next_offset:
            offsets.append(next_offset)
            times.append(at)

    def passed(self, consumer: str, partition: int, offset: int) -> float | None:
        """Return when the offset was first seen committed."""
        offsets, times = self.polls.get((consumer, partition), ([], []))
        index = bisect_right(offsets, offset)
        return times[index] if index < len(times) else None


async def latency(
    environment: BenchEnvironment, lines: Sequence[EventLine], *, rate: int, workers: int
) -> dict[str, object]:
    """Return percentiles of both latencies in milliseconds."""
    with running(environment, {"scoring": workers, "alerts": 1}) as run, _no_collection():
        await run.processes.wait_until_ready()
        progress = ProgressTimeline()
        watching = asyncio.create_task(_watch(environment, progress))
        try:
            sent, moments = await send(environment, lines, rate)
            await asyncio.sleep(SETTLE_SECONDS)
            await refuse_stopped(environment)
        finally:
            watching.cancel()
        to_ledger = [
            (done - at) * 1000
            for partition, offset, at in sent
            if (done := progress.passed("scoring", partition, offset)) is not None
        ]
        to_alerts, unseen = await _to_alerts(environment, progress, moments)
    return {
        "rate": rate,
        "workers": workers,
        "events": len(sent),
        # Committed after the last poll, so slower than any figure below.
        "unseen_in_ledger": len(sent) - len(to_ledger),
        "unseen_by_alerts": unseen,
        "event_to_ledger_ms": _shown(to_ledger),
        "event_to_alerts_ms": _shown(to_alerts),
    }


@contextmanager
def _no_collection() -> Iterator[None]:
    """Disable garbage collection: in this process it stops sender and polls for 0.2 s."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def _watch(environment: BenchEnvironment, progress: ProgressTimeline) -> None:
    connection = await asyncpg.connect(environment.database_url, timeout=10)
    try:
        while True:
            rows = await connection.fetch(PROGRESS)
            at = time.monotonic()
            for consumer, partition, next_offset in rows:
                progress.note(consumer, partition, next_offset, at)
            await asyncio.sleep(POLL_SECONDS)
    finally:
        await connection.close()


Moments = dict[tuple[str, str, str], float]


async def send(
    environment: BenchEnvironment, lines: Sequence[EventLine], rate: int
) -> tuple[list[tuple[int, int, float]], Moments]:
    """Write at a soak rate; return (partition, offset, moment) of each, and moments by id."""
    producer = AIOKafkaProducer(
        bootstrap_servers=environment.servers.bootstrap, linger_ms=2, max_batch_size=BATCH_BYTES
    )
    await producer.start()
    topic, began, acknowledged = environment.platform.events_topic, time.monotonic(), []
    moments: Moments = {}
    skipped = round(len(lines) * WARM_UP)
    try:
        for number, line in enumerate(lines):
            ahead = number / rate - (time.monotonic() - began)
            if ahead > TICK_SECONDS:
                await asyncio.sleep(ahead)
            at = time.monotonic()
            future = await producer.send(topic, line.value, key=line.key, headers=HEADERS)
            if number >= skipped:
                acknowledged.append((future, at))
                event = msgspec.json.decode(line.value, type=_Sent)
                moments[event.subject, event.source, event.id] = at
        await producer.flush()
        positions = [(await future, at) for future, at in acknowledged]
    finally:
        await producer.stop()
    return [(record.partition, record.offset, at) for record, at in positions], moments


async def _to_alerts(
    environment: BenchEnvironment, progress: ProgressTimeline, moments: Moments
) -> tuple[list[float], int]:
    """Return the latency to the commit of alerts of every event that led to an assessment.

    And the number of them that alerts had not committed by the last poll.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=environment.servers.bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    latencies: list[float] = []
    unseen = 0
    try:
        partitions = [
            TopicPartition(environment.platform.risk_topic, number) for number in range(PARTITIONS)
        ]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        while fetched := await consumer.getmany(timeout_ms=500, max_records=10_000):
            for key, records in fetched.items():
                for record in records:
                    event = msgspec.json.decode(record.value, type=_Risk)
                    cause = event.data.cause
                    if cause is None:
                        continue  # A reminder, not an assessment.
                    at = moments.get((event.subject, cause.source, cause.id))
                    done = progress.passed("alerts", key.partition, record.offset)
                    if at is not None and done is not None:
                        latencies.append((done - at) * 1000)
                    elif at is not None:
                        unseen += 1
    finally:
        await consumer.stop()
    return latencies, unseen


def _shown(milliseconds: list[float]) -> dict[str, object]:
    ordered = sorted(milliseconds)
    shown = {
        name: percentile(ordered, share)
        for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
    }
    return {"count": len(ordered)} | {
        name: None if value is None else round(value, 1) for name, value in shown.items()
    }
