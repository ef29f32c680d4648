"""Measures the ceilings of this machine: the same records consumed, decoded, and folded.

In one process, without storage. What the whole path reaches is compared with the last of them. The
fold alone is measured too, over events that were decoded before.
"""

import asyncio
import time
from collections.abc import Callable
from zoneinfo import ZoneInfo

from aiokafka import AIOKafkaConsumer, TopicPartition

from lab.bench.environment import PARTITIONS, TIME_ZONE, BenchEnvironment
from lab.bench.meters import per_event
from services.scoring.adapters.rulebook_reader import load_rulebook
from services.scoring.adapters.wire.decoder import EventDecoder
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.events.event import EVERYBODY, Event
from services.scoring.domain.fold import fold, new_borrower
from services.scoring.domain.rulebook.context import Context

Apply = Callable[[bytes], None]
MOST_AT_ONCE = 8_000


async def ceilings(environment: BenchEnvironment, records: int) -> dict[str, object]:
    """Return throughput and CPU of each ceiling over the events topic."""
    ceiling: dict[str, object] = {}
    for name, apply in (("consume", None), ("decode", _decoding()), ("fold", _folding())):
        ceiling[name] = await _through(environment, records, apply)
    ceiling["bare_fold"] = await _bare_fold(environment, records)
    return ceiling


async def _bare_fold(environment: BenchEnvironment, records: int) -> dict[str, float]:
    decode, decoded = EventDecoder(ZoneInfo(TIME_ZONE)).decode, list[Event]()
    await _through(environment, records, lambda raw: decoded.append(decode(raw)))
    fold_one = _fold()
    began, cpu = time.monotonic(), time.process_time()
    for event in decoded:
        fold_one(event)
    seconds, cpu = time.monotonic() - began, time.process_time() - cpu
    count = len(decoded)
    return {
        "events_per_second": round(count / seconds),
        "cpu_us_per_event": per_event(cpu, count),
    }


async def _through(
    environment: BenchEnvironment, records: int, apply: Apply | None
) -> dict[str, float]:
    topic = environment.platform.events_topic
    consumer = AIOKafkaConsumer(
        bootstrap_servers=environment.servers.bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        seen, began, cpu = 0, time.monotonic(), time.process_time()
        while seen < records:
            fetched = await consumer.getmany(timeout_ms=500, max_records=MOST_AT_ONCE)
            for batch in fetched.values():
                seen += len(batch)
                if apply is not None:
                    for record in batch:
                        apply(record.value)
            await asyncio.sleep(0)
        seconds, cpu = time.monotonic() - began, time.process_time() - cpu
    finally:
        await consumer.stop()
    return {"events_per_second": round(seen / seconds), "cpu_us_per_event": per_event(cpu, seen)}


def _decoding() -> Apply:
    decode = EventDecoder(ZoneInfo(TIME_ZONE)).decode

    def apply(raw: bytes) -> None:
        decode(raw)

    return apply


def _folding() -> Apply:
    decode, fold_one = EventDecoder(ZoneInfo(TIME_ZONE)).decode, _fold()

    def apply(raw: bytes) -> None:
        fold_one(decode(raw))

    return apply


def _fold() -> Callable[[Event], None]:
    context = Context(load_rulebook("default"))
    borrowers: dict[str, Borrower] = {}

    def fold_one(event: Event) -> None:
        if event.borrower_id == EVERYBODY:
            return
        borrower = borrowers.get(event.borrower_id)
        if borrower is None:
            borrower = borrowers[event.borrower_id] = new_borrower(event.borrower_id)
        fold(borrower, event, context)

    return fold_one
