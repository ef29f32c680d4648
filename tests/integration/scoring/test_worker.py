"""The scoring worker on the real broker and database: applied once, proved by verification."""

import asyncio
import json

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer

from services.cli.verify.commands import verified
from services.kit.settings import PlatformSettings
from tests.fakes.wire_events import booked, closed, failed, paid, registered, scheduled
from tests.integration.scoring.conftest import Feed, Run

pytestmark = pytest.mark.integration

PEOPLE = [f"B-{number}" for number in range(6)]


def portfolio(days: int = 60) -> list[bytes]:
    """Six borrowers: three pay, two fail, one pays in part."""
    events = []
    for name in PEOPLE:
        events += [registered(name), booked(name), scheduled(name)]
    for day in range(days):
        if day % 20 == 5:
            events += [paid(name, day, day=day) for name in PEOPLE[:3]]
            events += [failed(name, day, day=day) for name in PEOPLE[3:5]]
            events.append(paid(PEOPLE[5], day, day=day, amount="300.00"))
        events.append(closed(day))
    return events


async def test_everything_offered_is_applied_repeated_or_kept_and_verification_holds(
    run: Run, feed: Feed, platform: PlatformSettings
) -> None:
    events = portfolio()
    other = registered(PEOPLE[0], officer_id="officer-9")
    await feed([*events, events[0], events[-2], other, b"{not json", b'{"subject": "B-1"}'])
    async with run():
        findings = await verified(platform, "default", wait_seconds=60)
    assert findings.differences == []
    assert findings.verified
    closes = sum(b"day.closed" in raw for raw in events)
    assert findings.borrowers == len(PEOPLE)
    assert findings.quarantined == 3
    assert findings.applied == len(events) + closes  # each close is on both partitions
    assert findings.offered == findings.applied + findings.duplicates + findings.quarantined
    assert findings.duplicates >= 2


async def test_verification_finds_an_event_of_two_borrowers(
    run: Run, feed: Feed, platform: PlatformSettings
) -> None:
    moved = paid("B-0", 1, day=5)
    await feed([*portfolio(10), moved, moved.replace(b'"B-0"', b'"B-3"')])
    async with run():
        findings = await verified(platform, "default", wait_seconds=60)
    payment = json.loads(moved)
    assert findings.differences == [
        f"event {payment['id']} of {payment['source']} was applied to 2 borrowers"
    ]


async def test_a_worker_that_is_stopped_in_the_middle_goes_on_where_it_was(
    run: Run, feed: Feed, platform: PlatformSettings
) -> None:
    events = portfolio()
    await feed(events[:90])
    async with run():
        assert (await verified(platform, "default", wait_seconds=60)).verified
    await feed(events[90:])
    async with run(), run():
        findings = await verified(platform, "default", wait_seconds=60)
    assert findings.differences == []
    assert findings.verified
    assert findings.duplicates == 0


async def test_risk_events_leave_in_sequence_and_with_the_borrower_as_key(
    run: Run, feed: Feed, platform: PlatformSettings
) -> None:
    await feed(portfolio())
    async with run():
        findings = await verified(platform, "default", wait_seconds=60)
    consumer = AIOKafkaConsumer(
        platform.risk_topic,
        bootstrap_servers=platform.kafka_bootstrap,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    seen: dict[str, list[int]] = {}
    async with asyncio.timeout(30):
        while sum(map(len, seen.values())) < findings.risk_events:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    document = json.loads(record.value)
                    assert record.key == document["subject"].encode()
                    seen.setdefault(document["subject"], []).append(document["sequence"])
    await consumer.stop()
    for sequence in seen.values():
        assert sequence == list(range(1, len(sequence) + 1))


async def test_the_service_cannot_change_what_is_append_only(
    platform: PlatformSettings, run: Run, feed: Feed
) -> None:
    async with run() as scoring:
        for table in ("ledger", "ledger_0", "control", "assessment"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await scoring.pool.execute(f"DELETE FROM scoring.{table}")


async def test_verification_finds_a_changed_state_and_a_missing_event(
    run: Run, feed: Feed, platform: PlatformSettings
) -> None:
    await feed(portfolio(days=30))
    async with run():
        assert (await verified(platform, "default", wait_seconds=60)).verified
    admin = await asyncpg.connect(platform.dsn)
    await admin.execute(
        "DELETE FROM scoring.ledger WHERE borrower_id = 'B-1' AND event_id = 'B-1-paid-5'"
    )
    await admin.execute("UPDATE scoring.assessment SET event = '{}' WHERE borrower_id = 'B-2'")
    await admin.close()
    findings = await verified(platform, "default")
    assert not findings.verified
    assert any("B-1: the stored state" in difference for difference in findings.differences)
    assert any("B-2: assessment 1" in difference for difference in findings.differences)
    assert any("records were read" in difference for difference in findings.differences)
