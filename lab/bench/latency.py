"""From the event on the topic to the ledger, and to the alerts service, at a given rate.

Events are written at a steady rate. One query, again and again, notes how far scoring and alerts
have committed; an event's latency ends at the first look that finds it durable, so a figure is at
most one look too large.
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

from lab.bench.feed import BATCH_BYTES, HEADERS, Line
from lab.bench.ground import PARTITIONS, Ground, refuse_stopped
from lab.bench.meters import percentile
from lab.bench.workers import running

LOOK_SECONDS = 0.004
TICK_SECONDS = 0.01
SETTLE_SECONDS = 10.0
# By then most borrowers have had an event and are remembered.
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
class Timeline:
    """When each consumer was seen how far, by partition."""

    looks: dict[tuple[str, int], tuple[list[int], list[float]]] = field(default_factory=dict)

    def note(self, consumer: str, partition: int, next_offset: int, at: float) -> None:
        """Remember a position when it is new."""
        offsets, times = self.looks.setdefault((consumer, partition), ([], []))
        if not offsets or offsets[-1] < next_offset:
            offsets.append(next_offset)
            times.append(at)

    def passed(self, consumer: str, partition: int, offset: int) -> float | None:
        """Return when the offset was first seen to be done."""
        offsets, times = self.looks.get((consumer, partition), ([], []))
        place = bisect_right(offsets, offset)
        return times[place] if place < len(times) else None


async def latency(
    ground: Ground, lines: Sequence[Line], *, rate: int, workers: int
) -> dict[str, object]:
    """Return percentiles of both latencies in milliseconds."""
    with running(ground, {"scoring": workers, "alerts": 1}) as run, _no_collection():
        await run.children.wait_until_ready()
        timeline = Timeline()
        watching = asyncio.create_task(_watch(ground, timeline))
        try:
            sent, moments = await send(ground, lines, rate)
            await asyncio.sleep(SETTLE_SECONDS)
            await refuse_stopped(ground)
        finally:
            watching.cancel()
        to_ledger = [
            (done - at) * 1000
            for partition, offset, at in sent
            if (done := timeline.passed("scoring", partition, offset)) is not None
        ]
        to_alerts, unseen = await _to_alerts(ground, timeline, moments)
    return {
        "rate": rate,
        "workers": workers,
        "events": len(sent),
        # Done after the last look, so slower than any figure below.
        "unseen_in_ledger": len(sent) - len(to_ledger),
        "unseen_by_alerts": unseen,
        "event_to_ledger_ms": _shown(to_ledger),
        "event_to_alerts_ms": _shown(to_alerts),
    }


@contextmanager
def _no_collection() -> Iterator[None]:
    """Hold the search for cycles: in this process it stops sender and looks for 0.2 s."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def _watch(ground: Ground, timeline: Timeline) -> None:
    connection = await asyncpg.connect(ground.database_url, timeout=10)
    try:
        while True:
            rows = await connection.fetch(PROGRESS)
            at = time.monotonic()
            for consumer, partition, next_offset in rows:
                timeline.note(consumer, partition, next_offset, at)
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        await connection.close()


Moments = dict[tuple[str, str, str], float]


async def send(
    ground: Ground, lines: Sequence[Line], rate: int
) -> tuple[list[tuple[int, int, float]], Moments]:
    """Write at a steady rate; return (partition, offset, moment) of each, and moments by id."""
    producer = AIOKafkaProducer(
        bootstrap_servers=ground.servers.bootstrap, linger_ms=2, max_batch_size=BATCH_BYTES
    )
    await producer.start()
    topic, began, acknowledged = ground.platform.events_topic, time.monotonic(), []
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
        places = [(await future, at) for future, at in acknowledged]
    finally:
        await producer.stop()
    return [(one.partition, one.offset, at) for one, at in places], moments


async def _to_alerts(
    ground: Ground, timeline: Timeline, moments: Moments
) -> tuple[list[float], int]:
    """Return the latency to the alerts' commit of every event that led to an assessment.

    And how many of them alerts had not committed by the last look.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=ground.servers.bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    found: list[float] = []
    unseen = 0
    try:
        places = [
            TopicPartition(ground.platform.risk_topic, number) for number in range(PARTITIONS)
        ]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        while fetched := await consumer.getmany(timeout_ms=500, max_records=10_000):
            for place, records in fetched.items():
                for record in records:
                    event = msgspec.json.decode(record.value, type=_Risk)
                    cause = event.data.cause
                    if cause is None:
                        continue  # A reminder, not an assessment.
                    at = moments.get((event.subject, cause.source, cause.id))
                    done = timeline.passed("alerts", place.partition, record.offset)
                    if at is not None and done is not None:
                        found.append((done - at) * 1000)
                    elif at is not None:
                        unseen += 1
    finally:
        await consumer.stop()
    return found, unseen


def _shown(milliseconds: list[float]) -> dict[str, object]:
    ordered = sorted(milliseconds)
    shown = {
        name: percentile(ordered, share)
        for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
    }
    return {"count": len(ordered)} | {
        name: None if value is None else round(value, 1) for name, value in shown.items()
    }
