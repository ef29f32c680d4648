"""Provides the events of a run: a simulated portfolio, and copies of it under other borrower ids.

Simulating costs as much as scoring, so a few hundred borrowers are simulated and then copied. A
copy is a borrower of its own, with its own events and account: its number stands in key, subject,
event ids and account. Events are created and written to the topic before anything is timed.
"""

import asyncio
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner

from lab.simulator import canonical
from lab.simulator.portfolio import Portfolio, Setup
from services.contracts.strict_json import encode_canonical

MOST_SIMULATED = 400
EVENTS_A_BORROWER_DAY = 1.2
HEADERS = [("content-type", b"application/cloudevents+json")]
SUBJECT = re.compile(rb'"subject":"([^"]+)"')
BATCH_BYTES = 256 * 1024

_partitioner = DefaultPartitioner()


@dataclass(frozen=True, slots=True)
class EventLine:
    """One canonical event with its key; a day close has none."""

    key: bytes | None
    value: bytes


def portfolio(
    borrowers: int, days: int, *, closes: bool = False, seed: int = 7
) -> Iterator[EventLine]:
    """Yield the events of a simulated portfolio in booking order."""
    for day, booked in Portfolio(Setup(seed=seed, borrowers=borrowers, days=days)).simulate():
        for event in booked:
            yield EventLine(event.subject.encode(), canonical.encode(event))
        if closes:
            yield EventLine(None, canonical.encode_day_closed(day))


def events(count: int, borrowers: int) -> list[EventLine]:
    """Return this number of events of this number of borrowers, in booking order."""
    simulated = min(borrowers, MOST_SIMULATED)
    copies = max(1, borrowers // simulated)
    days = max(2, round(count / copies / simulated / EVENTS_A_BORROWER_DAY) + 2)
    lines: list[EventLine] = []
    for line in portfolio(simulated, days):
        lines.extend(copied(line, copy) for copy in range(copies))
        if len(lines) >= count:
            break
    return lines[:count]


def account_events(lines: Iterable[EventLine]) -> tuple[list[bytes], list[bytes]]:
    """Return the events that name an account: with their borrowers, and without."""
    named, addressed = [], []
    for line in lines:
        document = msgspec.json.decode(line.value)
        del document["subject"]
        if document["data"].get("account_id"):
            named.append(line.value)
            addressed.append(encode_canonical(document))
    return named, addressed


def copied(line: EventLine, copy: int) -> EventLine:
    """Return the event as that of another borrower; copy 0 is the event itself."""
    if copy == 0 or line.key is None:
        return line
    key = copied_key(line.key, copy)
    account = line.key.replace(b"B", b"A")
    value = line.value.replace(line.key, key)
    return EventLine(key, value.replace(account, copied_key(account, copy)))


def copied_key(key: bytes, copy: int) -> bytes:
    """Return the borrower id of a copy."""
    return key + b"-%d" % copy if copy else key


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition of a borrower, as every producer chooses it."""
    numbers = list(range(partitions))
    chosen: int = _partitioner(key, numbers, numbers)
    return chosen


async def load(bootstrap: str, topic: str, lines: Iterable[EventLine], *, partitions: int) -> int:
    """Write events to the topic; return the number of records."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, linger_ms=20, max_batch_size=BATCH_BYTES, acks="all"
    )
    await producer.start()
    written = 0
    try:
        for line in lines:
            targets = range(partitions) if line.key is None else (None,)
            for partition in targets:
                await producer.send(
                    topic, line.value, key=line.key, partition=partition, headers=HEADERS
                )
                written += 1
            if written % 500 == 0:
                await asyncio.sleep(0)
    finally:
        await producer.stop()
    return written
