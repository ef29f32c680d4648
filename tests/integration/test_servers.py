"""The fixtures keep what they promise, because every other integration test stands on them."""

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from lab.stack.probes import in_own_loop
from services.cli.errors import CommandError
from services.cli.topics import Topic, ensure
from services.kit.schemas import SCHEMAS
from tests.conftest import CreateTopics, Servers

pytestmark = pytest.mark.integration


async def test_a_test_database_has_every_schema(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    rows = await connection.fetch("select nspname from pg_namespace")
    await connection.close()
    assert set(SCHEMAS) <= {row["nspname"] for row in rows}


async def test_a_test_database_is_not_seen_by_the_next_test(
    database_url: str, stack: Servers
) -> None:
    assert database_url != stack.database_url
    connection = await asyncpg.connect(database_url)
    await connection.execute("create table left_behind ()")
    await connection.close()


async def test_the_database_keeps_what_it_acknowledged(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    settings = [
        await connection.fetchval(f"show {name}") for name in ("fsync", "synchronous_commit")
    ]
    await connection.close()
    assert settings == ["on", "on"]


async def test_a_record_comes_back_from_the_broker(
    stack: Servers, create_topics: CreateTopics
) -> None:
    (topic,) = create_topics("events", partitions=2)
    producer = AIOKafkaProducer(bootstrap_servers=stack.kafka_bootstrap, acks="all")
    await producer.start()
    await producer.send_and_wait(topic, b"hello", partition=1)
    await producer.stop()
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=stack.kafka_bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    record = await consumer.getone()
    await consumer.stop()
    assert (record.value, record.partition) == (b"hello", 1)


def test_a_topic_with_another_number_of_partitions_is_refused(
    stack: Servers, create_topics: CreateTopics
) -> None:
    (topic,) = create_topics("events", partitions=2)
    changed = [Topic(name=topic, partitions=3)]
    with pytest.raises(CommandError, match="has 2 partitions"):
        in_own_loop(lambda: ensure(stack.kafka_bootstrap, topics=changed))


def test_creating_topics_again_creates_nothing(stack: Servers, create_topics: CreateTopics) -> None:
    (topic,) = create_topics("events", partitions=2)
    same = [Topic(name=topic, partitions=2)]
    assert in_own_loop(lambda: ensure(stack.kafka_bootstrap, topics=same)) == []
