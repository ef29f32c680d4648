"""What must hold afterwards, told from outside of the services: ledger, topics, inbox."""

import asyncio
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
from tests.chaos.world import PARTITIONS, World

RULEBOOK = "default"
SWEEP_SECONDS = 120.0
READ = """
SELECT sum(next_offset), sum(duplicates), sum(quarantined) FROM scoring.partition_progress
"""
APPLIED = "SELECT (SELECT count(*) FROM scoring.ledger) + (SELECT count(*) FROM scoring.control)"


@dataclass(slots=True)
class Verdict:
    """What was found; every list must be empty and every count of damage zero."""

    lost: int = 0
    doubled: int = 0
    out_of_order: int = 0
    mismatches: int = 0
    complaints: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Return whether everything promised holds."""
        damage = self.lost + self.doubled + self.out_of_order + self.mismatches
        return damage == 0 and not self.complaints


async def judge(world: World, feed: Feed, inbox: Inbox, expected: Expected) -> Verdict:
    """Compare what was offered with what is stored, published and delivered."""
    verdict, offered = Verdict(), feed.offered
    if feed.profile.verifies_ledger:
        findings = await verified(world.platform, RULEBOOK, wait_seconds=SWEEP_SECONDS)
        _verification(findings, verdict)
    else:
        await _swept(world)
    connection = await asyncpg.connect(world.platform.dsn)
    try:
        await _conservation(connection, verdict)
        await _ledger(connection, offered, verdict)
        await _states(connection, expected, verdict)
        await _quarantine(connection, offered, verdict)
        await _alerts(connection, verdict)
        await _deliveries(connection, inbox, verdict)
    finally:
        await connection.close()
    await _risk_events(world, expected, verdict)
    return verdict


async def _swept(world: World) -> None:
    """Wait until the last day close has reached every borrower."""
    connection = await asyncpg.connect(world.platform.dsn)
    try:
        async with asyncio.timeout(SWEEP_SECONDS):
            while await connection.fetchval(BEHIND):  # noqa: ASYNC110 - a row, not an event
                await asyncio.sleep(0.5)
    finally:
        await connection.close()


async def _conservation(connection: asyncpg.Connection, verdict: Verdict) -> None:
    """What stood on the topic is applied, a duplicate, or set aside."""
    read, duplicates, quarantined = await connection.fetchrow(READ)
    applied = await connection.fetchval(APPLIED)
    if read != applied + duplicates + quarantined:
        verdict.complaints.append(
            f"{read} read, {applied} applied, {duplicates} duplicates, {quarantined} set aside"
        )


async def _ledger(connection: asyncpg.Connection, offered: Offered, verdict: Verdict) -> None:
    """Every accepted event is in the ledger once, in the order in which it was offered."""
    rows = await connection.fetch(
        'SELECT borrower_id, source, event_id FROM scoring.ledger ORDER BY partition, "offset"'
    )
    applied: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in rows:
        applied[row["borrower_id"]].append((row["source"], row["event_id"]))
    for borrower, ids in offered.ids.items():
        found, expected = applied.pop(borrower, []), list(dict.fromkeys(ids))
        verdict.lost += len(set(expected) - set(found))
        verdict.doubled += len(found) - len(set(found))
        if found != expected and set(found) == set(expected):
            verdict.out_of_order += 1
            verdict.complaints.append(f"{borrower}: {_first_difference(found, expected)}")
    if applied:
        verdict.complaints.append(f"ledger rows of borrowers never offered: {sorted(applied)[:5]}")
    closes = await connection.fetchval("SELECT count(*) FROM scoring.control")
    partitions = await connection.fetchval("SELECT count(DISTINCT partition) FROM scoring.control")
    if closes != offered.closes * partitions:
        verdict.complaints.append(f"{closes} closes applied, {offered.closes} days offered")


async def _states(connection: asyncpg.Connection, expected: Expected, verdict: Verdict) -> None:
    """Every stored state is what the offered events give, byte for byte."""
    rows = await connection.fetch("SELECT borrower_id, state FROM scoring.borrower")
    wrong = [row["borrower_id"] for row in rows if row["state"] != expected.states.get(row[0])]
    verdict.mismatches += len(wrong) + len(expected.states.keys() ^ {row[0] for row in rows})
    if wrong:
        verdict.complaints.append(f"states that differ from an independent fold: {wrong[:5]}")


async def _risk_events(world: World, expected: Expected, verdict: Verdict) -> None:
    """Every risk event is on the topic, in sequence; a repeat is a repeat of the same bytes."""
    published: dict[str, dict[int, bytes]] = defaultdict(dict)
    reminders: dict[str, bytes] = {}
    async for borrower, value in _records(world):
        event = msgspec.json.decode(value)
        sequence = event.get("sequence")
        if sequence is None:
            verdict.mismatches += reminders.setdefault(event["id"], value) != value
            continue
        told = published[borrower]
        if sequence in told:
            verdict.mismatches += told[sequence] != value
            continue
        verdict.out_of_order += sequence != len(told) + 1
        told[sequence] = value
    for borrower, wanted in expected.risk.items():
        found = [value for _, value in sorted(published.pop(borrower, {}).items())]
        verdict.lost += max(0, len(wanted) - len(found))
        verdict.mismatches += sum(one != other for one, other in zip(wanted, found, strict=False))
        verdict.doubled += max(0, len(found) - len(wanted))
    verdict.doubled += sum(len(told) for told in published.values())
    verdict.lost += len(expected.reminders.keys() - reminders.keys())
    verdict.doubled += len(reminders.keys() - expected.reminders.keys())
    verdict.mismatches += sum(
        value != reminders.get(name, value) for name, value in expected.reminders.items()
    )


async def _records(world: World) -> AsyncIterator[tuple[str, bytes]]:
    topic = world.platform.risk_topic
    consumer = AIOKafkaConsumer(
        bootstrap_servers=world.platform.kafka_bootstrap, isolation_level="read_committed"
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


def _first_difference(found: list[tuple[str, str]], expected: list[tuple[str, str]]) -> str:
    pairs = enumerate(zip(found, expected, strict=True))
    place = next(place for place, (one, other) in pairs if one != other)
    return f"event {place} is {found[place][1]}, offered was {expected[place][1]}"


async def _quarantine(connection: asyncpg.Connection, offered: Offered, verdict: Verdict) -> None:
    kept = await connection.fetchval("SELECT count(*) FROM ingest.quarantine")
    verdict.lost += max(0, offered.broken - kept)
    for schema in ("scoring", "alerts"):
        poison = await connection.fetchval(f"SELECT count(*) FROM {schema}.quarantine")
        if poison:
            verdict.complaints.append(f"{poison} records set aside in {schema}")


async def _alerts(connection: asyncpg.Connection, verdict: Verdict) -> None:
    """Alerts saw every risk event, once and in sequence."""
    behind = await connection.fetch(
        "SELECT s.borrower_id, s.sequence AS said, coalesce(a.sequence, 0) AS heard "
        "FROM scoring.borrower s LEFT JOIN alerts.borrower a USING (borrower_id) "
        "WHERE s.sequence <> coalesce(a.sequence, 0)"
    )
    verdict.mismatches += len(behind)
    verdict.complaints += [
        f"{row['borrower_id']}: {row['said']} said, {row['heard']} heard" for row in behind[:5]
    ]
    gaps = await connection.fetchval(
        "SELECT count(*) FROM (SELECT feed_id - row_number() OVER (ORDER BY feed_id) AS step "
        "FROM alerts.alert_event) AS places WHERE step <> 0"
    )
    if gaps:
        verdict.complaints.append(f"{gaps} places of the feed are not consecutive")


async def _deliveries(connection: asyncpg.Connection, inbox: Inbox, verdict: Verdict) -> None:
    """What counts as delivered arrived, signed, in order per borrower; repeats are the same bytes.

    A delivery that still waits for its next attempt is neither lost nor delivered: the line of the
    run counts it.
    """
    given_up = await connection.fetchval(
        "SELECT count(*) FROM alerts.webhook_delivery WHERE status = 'EXHAUSTED'"
    )
    rows = await connection.fetch(
        "SELECT e.url, d.event_id, d.borrower_id FROM alerts.webhook_delivery d "
        "JOIN alerts.webhook_endpoint e USING (endpoint_id) "
        "WHERE d.status = 'DELIVERED' ORDER BY d.feed_id"
    )
    verdict.lost += given_up
    last: dict[tuple[str, str], int] = {}
    for row in rows:
        path = re.sub(r"^https?://[^/]+", "", row["url"])
        message = inbox.taken.get((path, f"msg_{row['event_id']}".lower()))
        if message is None:
            verdict.lost += 1
            continue
        lane = (path, row["borrower_id"])
        verdict.out_of_order += message.place < last.get(lane, -1)
        last[lane] = message.place
    if inbox.unsigned or inbox.changed:
        verdict.complaints.append(f"{inbox.unsigned} unsigned, {inbox.changed} changed repeats")


def _verification(findings: VerifyFindings, verdict: Verdict) -> None:
    verdict.mismatches += findings.mismatches
    if not findings.verified:
        verdict.complaints += findings.differences
