"""The real database and broker play the scenarios that the simulation is held to."""

import pytest

from services.kit.database import PostgresDatabase
from services.kit.stream.kafka import KafkaLog
from tests.conftest import CreateTopics, Servers
from tests.contract.server_scenarios import (
    DATABASE_SCENARIOS,
    Scenario,
    a_member_reads_from_where_it_was_told,
)
from tests.integration.kit.stream.conftest import Write

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("scenario", DATABASE_SCENARIOS, ids=lambda one: one.__name__)
async def test_the_real_database(scenario: Scenario, database: PostgresDatabase) -> None:
    await scenario(database)


async def test_the_real_broker(stack: Servers, create_topics: CreateTopics, write: Write) -> None:
    (topic,) = create_topics("events", partitions=1)
    await write(topic, *[f"r{number}" for number in range(10)], partition=0)
    log = KafkaLog(
        bootstrap=stack.kafka_bootstrap, topic=topic, group=f"{topic}-group", client_id="member"
    )
    await a_member_reads_from_where_it_was_told(log)
