"""The whole service as a process: from the risk topic to a receiver, killed on the way."""

import asyncio
import base64
import json
import os
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import asyncpg
import httpx2
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from lab.stack.logins import service_url
from lab.stack.ports import free_ports
from services.alerts.delivery.adapters.sealing import Sealer, new_secret
from services.alerts.primitives.vocabulary import Level, RiskState
from tests.conftest import CreateTopics, Servers
from tests.fakes import receiver as answers
from tests.fakes.assessments import assessment, contributor, record
from tests.fakes.receiver import Receiver

pytestmark = pytest.mark.integration

SEALING_KEY = base64.b64encode(b"k" * 32).decode()
RED = contributor("R-01", Level.RED, 30.0)
ENDPOINT = """
INSERT INTO alerts.webhook_endpoint
       (endpoint_id, url, description, format, language, event_types, minimum_severity,
        minimum_rank, branch_ids, segments, officer_ids, is_ordered, created_at, created_by, secret)
VALUES ('e-1', $1, '', 'standard', 'en', '{}', 'LOW', 0, '{}', '{}', '{}', true, now(), 'test', $2)
"""


@dataclass(kw_only=True)
class Office:
    """A service that can be started, killed and started again, with its surroundings."""

    environment: dict[str, str]
    port: int
    risk_topic: str
    alerts_topic: str
    kafka_bootstrap: str
    pool: asyncpg.Pool
    receiver: Receiver
    producer: AIOKafkaProducer
    processes: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def start(self, **extra: str) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.alerts",
            env={**os.environ, **self.environment, **extra},
            stdout=asyncio.subprocess.DEVNULL,
        )
        self.processes.append(process)
        return process

    async def send(self, partition: int, *sequences: tuple[str, RiskState, int]) -> None:
        for borrower_id, state, sequence in sequences:
            summary = assessment(
                state, RED, borrower_id=borrower_id, sequence=sequence, days_later=sequence
            )
            sent = record(summary, offset=0)
            await self.producer.send_and_wait(
                self.risk_topic, sent.value, key=sent.key, partition=partition
            )

    async def until(self, query: str, expected: object, *, seconds: float = 60) -> None:
        """Wait until a query answers what is expected."""
        async with asyncio.timeout(seconds):
            while (answer := await self.pool.fetchval(query)) != expected:
                assert answer is not None or expected is not None
                await asyncio.sleep(0.1)

    async def until_metric(self, name: str, *parts: str) -> None:
        """Wait until the service shows a line of a metric that has all these parts."""
        async with asyncio.timeout(60), httpx2.AsyncClient(trust_env=False) as client:
            while True:
                # The consumer may have begun before the port is open.
                with suppress(httpx2.TransportError):
                    answer = await client.get(f"http://127.0.0.1:{self.port}/metrics")
                    lines = [line for line in answer.text.splitlines() if line.startswith(name)]
                    if any(all(part in line for part in parts) for line in lines):
                        return
                await asyncio.sleep(0.1)


@pytest.fixture
async def office(
    stack: Servers, database_url: str, topic_prefix: str, create_topics: CreateTopics
) -> AsyncIterator[Office]:
    create_topics("risk", "alerts", partitions=2)
    receiver = await Receiver().start()
    producer = AIOKafkaProducer(bootstrap_servers=stack.kafka_bootstrap, acks="all")
    await producer.start()
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=2)
    [port] = free_ports(1)
    opened = Office(
        environment={
            "TOCSIN_KAFKA_BOOTSTRAP": stack.kafka_bootstrap,
            "TOCSIN_ALERTS_DATABASE_URL": service_url(database_url, "alerts"),
            "TOCSIN_TOPIC_PREFIX": topic_prefix,
            "TOCSIN_ALERTS_PORT": str(port),
            # Reminders by the time of the assessments, which are older than any deadline.
            "TOCSIN_ALERTS_SHOWS_LOG_TIME": "true",
            "TOCSIN_ALERTS_SECRET_KEY": SEALING_KEY,
            "TOCSIN_ALERTS_WEBHOOK_ALLOW_LOOPBACK": "true",
            "TOCSIN_ALERTS_WEBHOOK_LEASE_SECONDS": "3",
            "TOCSIN_ALERTS_SESSION_TIMEOUT_SECONDS": "6",
            "TOCSIN_ALERTS_INSTANCE_ID": "one",
        },
        port=port,
        risk_topic=f"{topic_prefix}risk",
        alerts_topic=f"{topic_prefix}alerts",
        kafka_bootstrap=stack.kafka_bootstrap,
        pool=pool,
        receiver=receiver,
        producer=producer,
    )
    yield opened
    for process in opened.processes:
        if process.returncode is None:
            process.kill()
        await process.wait()
    await producer.stop()
    await pool.close()
    await receiver.stop()


async def register(office: Office) -> None:
    sealed = Sealer([b"k" * 32]).seal(new_secret(), endpoint_id="e-1")
    await office.pool.execute(ENDPOINT, office.receiver.url, sealed)


def per_borrower(bodies: Sequence[bytes]) -> dict[str, list[tuple[int, str]]]:
    """First arrivals of each event, in order of arrival."""
    arrived: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for body in bodies:
        data = json.loads(body)["data"]
        step = (data["version"], data["alert_id"])
        if step not in arrived[data["borrower_id"]]:
            arrived[data["borrower_id"]].append(step)
    return arrived


async def test_killed_at_every_critical_point_it_delivers_all_in_order_and_repeats_by_id_only(
    office: Office,
) -> None:
    await register(office)
    borrowers = [f"b-{n}" for n in range(19)]
    history = (RiskState.ATTENTION, RiskState.WATCH, RiskState.HIGH_RISK)
    for number, borrower_id in enumerate(borrowers):
        rows = ((borrower_id, state, sequence) for sequence, state in enumerate(history, 1))
        await office.send(number % 2, *rows)
    office.receiver.replies = [answers.status(500)] * 5
    # Commits first: a process that is killed while sending may have applied everything by then.
    kills = (
        "before-commit:1",
        "after-commit:1",
        "between-produce-and-mark:1",
        "between-send-and-record:7",
        "between-send-and-record:11",
    )
    for point in kills:
        process = await office.start(TOCSIN_FAULT_POINT=point)
        async with asyncio.timeout(90):
            assert await process.wait() == -signal.SIGKILL, point
    survivor = await office.start()
    # Opened, resolved + opened, resolved + opened.
    steps = 5 * len(borrowers)
    delivered = "SELECT count(*) FROM alerts.webhook_delivery WHERE status = 'DELIVERED'"
    await office.until(delivered, steps, seconds=120)
    assert await office.pool.fetchval("SELECT count(*) FROM alerts.alert_event") == steps
    assert await office.pool.fetchval("SELECT count(*) FROM alerts.alert") == 3 * len(borrowers)

    by_id = defaultdict(set)
    for got in office.receiver.received:
        by_id[got.headers["webhook-id"]].add(got.body)
    assert len(by_id) == steps
    assert all(len(bodies) == 1 for bodies in by_id.values())

    expected = await office.pool.fetch(
        "SELECT borrower_id, version, alert_id FROM alerts.alert_event ORDER BY feed_id"
    )
    arrived = per_borrower([got.body for got in office.receiver.received])
    for borrower_id in borrowers:
        assert arrived[borrower_id] == [
            (row["version"], row["alert_id"])
            for row in expected
            if row["borrower_id"] == borrower_id
        ]
    await _relayed(office, steps)
    survivor.send_signal(signal.SIGTERM)
    async with asyncio.timeout(30):
        assert await survivor.wait() == 0


async def _relayed(office: Office, steps: int) -> None:
    """Every step reaches the alerts topic, none out of its borrower's order."""
    await office.until("SELECT count(*) FROM alerts.outbox", 0)
    consumer = AIOKafkaConsumer(
        office.alerts_topic,
        bootstrap_servers=office.kafka_bootstrap,
        auto_offset_reset="earliest",
        group_id=None,
    )
    await consumer.start()
    seen: dict[str, list[str]] = defaultdict(list)
    try:
        async with asyncio.timeout(30):
            while sum(map(len, seen.values())) < steps:
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    for relayed in records:
                        event = json.loads(relayed.value)
                        if event["id"] not in seen[event["subject"]]:
                            seen[event["subject"]].append(event["id"])
    finally:
        await consumer.stop()
    rows = await office.pool.fetch(
        "SELECT borrower_id, event_id FROM alerts.alert_event ORDER BY feed_id"
    )
    for borrower_id, ids in seen.items():
        assert ids == [row["event_id"] for row in rows if row["borrower_id"] == borrower_id]


async def test_a_gap_is_loud_and_closed_by_the_missing_assessment(office: Office) -> None:
    await office.start()
    await office.send(0, ("b-0", RiskState.WATCH, 1))
    await office.until("SELECT count(*) FROM alerts.alert", 1)
    await office.send(0, ("b-0", RiskState.DEFAULT, 3))
    await office.until("SELECT count(*) FROM alerts.waiting_assessment", 1)
    await office.send(0, ("b-2", RiskState.WATCH, 1))
    await office.until("SELECT count(*) FROM alerts.alert WHERE borrower_id = 'b-2'", 1)
    await office.until_metric('tocsin_alerts_assessments_total{result="gap"}', " 1.0")
    await office.send(0, ("b-0", RiskState.HIGH_RISK, 2))
    await office.until("SELECT sequence FROM alerts.borrower WHERE borrower_id = 'b-0'", 3)
    await office.until("SELECT count(*) FROM alerts.waiting_assessment", 0)
