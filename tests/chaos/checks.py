"""Checks the promises after a run, from outside of the services: ledger, topics, inbox."""

import asyncio
import operator
import re
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import asyncpg
import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from lab.bench.scoring import BEHIND
from services.cli.verify.commands import verified
from services.cli.verify.findings import VerifyFindings
from tests.chaos.expected import Expected
from tests.chaos.feed import Feed, Offered
from tests.chaos.inbox import Inbox
from tests.chaos.system import PARTITIONS, System

RULEBOOK = "default"
SWEEP_SECONDS = 120.0
READ = """
SELECT sum(next_offset), sum(duplicates), sum(quarantined) FROM scoring.partition_progress
"""
APPLIED = "SELECT (SELECT count(*) FROM scoring.ledger) + (SELECT count(*) FROM scoring.control)"


@dataclass(slots=True)
class TortureResult:
    """The damage that was found: every count must be zero and the list empty."""

    lost: int = 0
    doubled: int = 0
    out_of_order: int = 0
    mismatches: int = 0
    complaints: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Returns whether every promise was kept."""
        damage = self.lost + self.doubled + self.out_of_order + self.mismatches
        return damage == 0 and not self.complaints


async def judge(system: System, feed: Feed, inbox: Inbox, expected: Expected) -> TortureResult:
    """Compares what was offered with what is stored, published and delivered."""
    result, offered = TortureResult(), feed.offered
    if feed.profile.verifies_ledger:
        findings = await verified(system.platform, RULEBOOK, wait_seconds=SWEEP_SECONDS)
        _verification(findings, result)
    else:
        await _swept(system)
    connection = await asyncpg.connect(system.platform.dsn)
    try:
        await _conservation(connection, result)
        await _ledger(connection, offered, result)
        await _states(connection, expected, result)
        await _quarantine(connection, offered, result)
        await _alerts(connection, result)
        await _deliveries(connection, inbox, result)
    finally:
        await connection.close()
    await _risk_events(system, expected, result)
    return result


async def _swept(system: System) -> None:
    """Waits until the last day close has reached every borrower."""
    connection = await asyncpg.connect(system.platform.dsn)
    try:
        async with asyncio.timeout(SWEEP_SECONDS):
            while await connection.fetchval(BEHIND):  # noqa: ASYNC110 - a row, not an event
                await asyncio.sleep(0.5)
    finally:
        await connection.close()


async def _conservation(connection: asyncpg.Connection, result: TortureResult) -> None:
    """Each record of the topic is applied, a duplicate, or quarantined."""
    read, duplicates, quarantined = await connection.fetchrow(READ)
    applied = await connection.fetchval(APPLIED)
    if read != applied + duplicates + quarantined:
        result.complaints.append(
            f"{read} read, {applied} applied, {duplicates} duplicates, {quarantined} quarantined"
        )


async def _ledger(connection: asyncpg.Connection, offered: Offered, result: TortureResult) -> None:
    """Every accepted event is in the ledger once, in the order in which it was offered."""
    rows = await connection.fetch(
        'SELECT borrower_id, source, event_id FROM scoring.ledger ORDER BY partition, "offset"'
    )
    applied: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in rows:
        applied[row["borrower_id"]].append((row["source"], row["event_id"]))
    for borrower, ids in offered.ids.items():
        stored, expected = applied.pop(borrower, []), list(dict.fromkeys(ids))
        result.lost += len(set(expected) - set(stored))
        result.doubled += len(stored) - len(set(stored))
        if stored != expected and set(stored) == set(expected):
            result.out_of_order += 1
            result.complaints.append(f"{borrower}: {_first_difference(stored, expected)}")
    if applied:
        result.complaints.append(f"ledger rows of borrowers never offered: {sorted(applied)[:5]}")
    closes = await connection.fetchval("SELECT count(*) FROM scoring.control")
    partitions = await connection.fetchval("SELECT count(DISTINCT partition) FROM scoring.control")
    if closes != offered.closes * partitions:
        result.complaints.append(f"{closes} closes applied, {offered.closes} days offered")


async def _states(
    connection: asyncpg.Connection, expected: Expected, result: TortureResult
) -> None:
    """Every stored state is what the offered events give, byte for byte."""
    rows = await connection.fetch("SELECT borrower_id, state FROM scoring.borrower")
    wrong = [row["borrower_id"] for row in rows if row["state"] != expected.states.get(row[0])]
    result.mismatches += len(wrong) + len(expected.states.keys() ^ {row[0] for row in rows})
    if wrong:
        result.complaints.append(f"states that differ from an independent fold: {wrong[:5]}")


async def _risk_events(system: System, expected: Expected, result: TortureResult) -> None:
    """Every risk event is on the topic, in sequence; a repeat is a repeat of the same bytes."""
    published: dict[str, dict[int, bytes]] = defaultdict(dict)
    reminders: dict[str, bytes] = {}
    async for borrower, value in _records(system):
        event = msgspec.json.decode(value)
        sequence = event.get("sequence")
        if sequence is None:
            result.mismatches += reminders.setdefault(event["id"], value) != value
            continue
        events = published[borrower]
        if sequence in events:
            result.mismatches += events[sequence] != value
            continue
        result.out_of_order += sequence != len(events) + 1
        events[sequence] = value
    for borrower, wanted in expected.risk.items():
        values = [value for _, value in sorted(published.pop(borrower, {}).items())]
        result.lost += max(0, len(wanted) - len(values))
        result.mismatches += sum(map(operator.ne, wanted, values))
        result.doubled += max(0, len(values) - len(wanted))
    result.doubled += sum(map(len, published.values()))
    result.lost += len(expected.reminders.keys() - reminders.keys())
    result.doubled += len(reminders.keys() - expected.reminders.keys())
    result.mismatches += sum(
        value != reminders.get(name, value) for name, value in expected.reminders.items()
    )


async def _records(system: System) -> AsyncIterator[tuple[str, bytes]]:
    topic = system.platform.risk_topic
    consumer = AIOKafkaConsumer(
        bootstrap_servers=system.platform.kafka_bootstrap, isolation_level="read_committed"
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(each) < ends[each] for each in partitions]):
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                for record in records:
                    yield record.key.decode(), record.value
    finally:
        await consumer.stop()


def _first_difference(stored: list[tuple[str, str]], expected: list[tuple[str, str]]) -> str:
    index = list(map(operator.ne, stored, expected)).index(True)
    return f"event {index} is {stored[index][1]}, offered was {expected[index][1]}"


async def _quarantine(
    connection: asyncpg.Connection, offered: Offered, result: TortureResult
) -> None:
    quarantined = await connection.fetchval("SELECT count(*) FROM ingest.quarantine")
    result.lost += max(0, offered.broken - quarantined)
    for schema in ("scoring", "alerts"):
        poison = await connection.fetchval(f"SELECT count(*) FROM {schema}.quarantine")
        if poison:
            result.complaints.append(f"{poison} records quarantined in {schema}")


async def _alerts(connection: asyncpg.Connection, result: TortureResult) -> None:
    """Alerts has applied every risk event, once and in sequence."""
    behind = await connection.fetch(
        "SELECT s.borrower_id, s.sequence AS emitted, coalesce(a.sequence, 0) AS applied "
        "FROM scoring.borrower s LEFT JOIN alerts.borrower a USING (borrower_id) "
        "WHERE s.sequence <> coalesce(a.sequence, 0)"
    )
    result.mismatches += len(behind)
    result.complaints += [
        f"{row['borrower_id']}: {row['emitted']} emitted, {row['applied']} applied"
        for row in behind[:5]
    ]
    gaps = await connection.fetchval(
        "SELECT count(*) FROM (SELECT feed_id - row_number() OVER (ORDER BY feed_id) AS step "
        "FROM alerts.alert_event) AS places WHERE step <> 0"
    )
    if gaps:
        result.complaints.append(f"{gaps} places of the feed are not consecutive")


async def _deliveries(connection: asyncpg.Connection, inbox: Inbox, result: TortureResult) -> None:
    """Each delivered message arrived, signed, in order per borrower; a repeat has the same bytes.

    A delivery that waits for its next attempt is neither lost nor delivered; the line of the run
    counts it.
    """
    given_up = await connection.fetchval(
        "SELECT count(*) FROM alerts.webhook_delivery WHERE status = 'EXHAUSTED'"
    )
    rows = await connection.fetch(
        "SELECT e.url, d.event_id, d.borrower_id FROM alerts.webhook_delivery d "
        "JOIN alerts.webhook_endpoint e USING (endpoint_id) "
        "WHERE d.status = 'DELIVERED' ORDER BY d.feed_id"
    )
    result.lost += given_up
    last: dict[tuple[str, str], int] = {}
    for row in rows:
        path = re.sub(r"^https?://[^/]+", "", row["url"])
        message = inbox.taken.get((path, f"msg_{row['event_id']}".lower()))
        if message is None:
            result.lost += 1
            continue
        lane = (path, row["borrower_id"])
        result.out_of_order += message.index < last.get(lane, -1)
        last[lane] = message.index
    if inbox.unsigned or inbox.changed:
        result.complaints.append(f"{inbox.unsigned} unsigned, {inbox.changed} changed repeats")


def _verification(findings: VerifyFindings, result: TortureResult) -> None:
    result.mismatches += findings.mismatches
    if not findings.verified:
        result.complaints += findings.obstacles
