"""The outbox reaches the broker in order, at least once, and only from its owner."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from aiokafka import AIOKafkaConsumer

from services.kit.clock import SystemClock
from services.kit.database import Connection, PostgresDatabase
from services.kit.stream.outbox import Message, Outbox
from services.kit.stream.producer import KafkaProducer, ProduceFailed
from services.kit.stream.progress import Claim, PostgresProgress
from services.kit.stream.relay import OutboxRelay
from tests.conftest import CreateTopics, Servers
from tests.fakes.recorder import MemoryRecorder
from tests.integration.kit.stream.members import SCHEMA, until

pytestmark = pytest.mark.integration


class Bench:
    """An outbox with its relay on a topic of two partitions."""

    def __init__(self, stack: Servers, database: PostgresDatabase, topic: str) -> None:
        self.stack, self.database, self.topic = stack, database, topic
        self.measured = MemoryRecorder()
        self.outbox = Outbox(schema=SCHEMA)
        self.producer = KafkaProducer(
            bootstrap=stack.kafka_bootstrap, client_id="test", recorder=self.measured
        )
        self.progress = PostgresProgress(schema=SCHEMA, consumer="test", owner="me")

    def relay(self, producer: object = None) -> OutboxRelay:
        return OutboxRelay(
            schema=SCHEMA,
            consumer="test",
            outbox=self.outbox,
            database=self.database,
            producer=producer or self.producer,  # type: ignore[arg-type]
            recorder=self.measured,
            clock=SystemClock(),
        )

    async def claim(self) -> Claim:
        async def work(connection: Connection) -> Claim:
            return await self.progress.claim(
                connection, topic="input", partition=0, partition_count=1
            )

        return await self.database.in_transaction(work)

    async def append(self, *texts: str) -> None:
        messages = [
            Message(topic=self.topic, key=b"one", value=text.encode(), headers=(("h", b"1"),))
            for text in texts
        ]

        async def work(connection: Connection) -> None:
            await self.outbox.append(connection, messages, partition=0)

        await self.database.in_transaction(work)

    async def rows(self) -> int:
        count: int = await self.database.pool.fetchval("SELECT count(*) FROM stream.outbox")
        return count

    async def is_empty(self) -> bool:
        return await self.rows() == 0

    async def sent(self, count: int) -> list[str]:
        consumer = AIOKafkaConsumer(
            self.topic, bootstrap_servers=self.stack.kafka_bootstrap, auto_offset_reset="earliest"
        )
        await consumer.start()
        values: list[str] = []
        async with asyncio.timeout(30):
            while len(values) < count:
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    values += [record.value.decode() for record in records]
        await consumer.stop()
        return values


@pytest.fixture
async def bench(
    stack: Servers, database: PostgresDatabase, create_topics: CreateTopics
) -> AsyncIterator[Bench]:
    (topic,) = create_topics("risk", partitions=2)
    made = Bench(stack, database, topic)
    yield made
    await made.producer.stop()


def texts(count: int) -> list[str]:
    return [f"m{number}" for number in range(count)]


async def test_messages_leave_in_order_soon_after_the_commit(bench: Bench) -> None:
    relay = bench.relay()
    async with asyncio.TaskGroup() as tasks:
        relay.claimed(await bench.claim(), tasks)
        await bench.append(*texts(700))
        await bench.append("last")
        relay.wake(0)
        await until(bench.is_empty)
        await relay.released(0)
    assert await bench.sent(701) == [*texts(700), "last"]


async def test_numbers_are_consecutive_and_a_rolled_back_append_leaves_no_hole(
    bench: Bench,
) -> None:
    await bench.append("a", "b")

    async def fail(connection: Connection) -> None:
        await bench.outbox.append(
            connection, [Message(topic=bench.topic, key=b"k", value=b"never")], partition=0
        )
        raise ValueError("rolled back")

    with pytest.raises(ValueError, match="rolled back"):
        await bench.database.in_transaction(fail)
    await bench.append("c")
    rows = await bench.database.pool.fetch("SELECT seq FROM stream.outbox ORDER BY seq")
    assert [row["seq"] for row in rows] == [1, 2, 3]


class Unreachable:
    """A producer whose broker takes the messages and never says so."""

    def __init__(self, real: KafkaProducer) -> None:
        self._real = real
        self.failures = 1

    async def publish_in_order(self, messages: Sequence[Message]) -> None:
        await self._real.publish_in_order(messages)
        if self.failures:
            self.failures -= 1
            raise ProduceFailed("no answer")


async def test_what_was_not_acknowledged_is_sent_again_in_the_same_order(bench: Bench) -> None:
    relay = bench.relay(Unreachable(bench.producer))
    await bench.append("a", "b")
    async with asyncio.TaskGroup() as tasks:
        relay.claimed(await bench.claim(), tasks)
        await until(bench.is_empty)
        await relay.released(0)
    assert await bench.sent(4) == ["a", "b", "a", "b"]


async def test_a_relay_whose_claim_was_taken_over_deletes_nothing(bench: Bench) -> None:
    stale = await bench.claim()
    await bench.claim()
    await bench.append("a")
    relay = bench.relay()
    async with asyncio.TaskGroup() as tasks:
        relay.claimed(stale, tasks)
        await bench.sent(1)
        await until(lambda: all(task.done() for task in relay._running.values()))
    assert await bench.rows() == 1


async def test_a_producer_whose_broker_is_away_fails_in_time_and_stops_in_time() -> None:
    producer = KafkaProducer(
        bootstrap="127.0.0.1:1", client_id="test", recorder=MemoryRecorder(), timeout_seconds=0.5
    )
    async with asyncio.timeout(5):
        with pytest.raises(ProduceFailed):
            await producer.publish([Message(topic="t", key=None, value=b"v")])
        await producer.stop()


async def test_shared_messages_leave_too(bench: Bench) -> None:
    relay = bench.relay()

    async def work(connection: Connection) -> None:
        await bench.outbox.append(
            connection, [Message(topic=bench.topic, key=b"k", value=b"from a request")]
        )

    await bench.database.in_transaction(work)
    task = asyncio.create_task(relay.run_shared())
    await until(bench.is_empty)
    task.cancel()
    assert await bench.sent(1) == ["from a request"]


async def test_a_row_that_is_missing_in_the_middle_ends_the_relay_loudly(bench: Bench) -> None:
    await bench.append("a", "b", "c")
    await bench.database.pool.execute("DELETE FROM stream.outbox WHERE seq = 2")
    with pytest.raises(ExceptionGroup) as ended:
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            bench.relay().claimed(await bench.claim(), tasks)
    assert ended.group_contains(LookupError, match="are not complete")
    assert await bench.rows() == 2
