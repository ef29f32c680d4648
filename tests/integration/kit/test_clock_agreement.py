"""The clocks of the real PostgreSQL and the real broker."""

import asyncpg
import pytest

from services.kit.catalogue import KIT_CATALOGUE
from services.kit.clock import SystemClock
from services.kit.clock_agreement import (
    BrokerClock,
    DatabaseClock,
    RemoteClock,
    disagreement,
)
from services.kit.metrics import Metrics
from services.kit.stream.producer import KafkaProducer
from tests.conftest import CreateTopics, Servers

pytestmark = pytest.mark.integration


async def test_process_database_and_broker_of_one_machine_agree(
    stack: Servers, database_url: str, topic_prefix: str, create_topics: CreateTopics
) -> None:
    create_topics("clock", partitions=1)
    producer = KafkaProducer(
        bootstrap=stack.kafka_bootstrap, client_id="clock", recorder=Metrics(KIT_CATALOGUE)
    )
    connection = await asyncpg.connect(database_url)
    try:
        broker = BrokerClock(producer, topic=f"{topic_prefix}clock")
        remotes: dict[str, RemoteClock] = {
            "PostgreSQL": DatabaseClock(connection),
            "the broker": broker,
        }
        assert await disagreement(SystemClock(), remotes) is None
    finally:
        await connection.close()
        await producer.stop()
