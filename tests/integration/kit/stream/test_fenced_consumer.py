"""The fenced consumer on the real broker and the real database."""

from typing import Any

import pytest
from aiokafka.admin import RecordsToDelete
from aiokafka.structs import TopicPartition

from services.kit import catalogue
from services.kit.database import PostgresDatabase
from services.kit.stream.partition import State
from tests.conftest import CreateTopics, Servers
from tests.integration.kit.stream.conftest import Write, applied
from tests.integration.kit.stream.members import (
    GroupMember,
    administrator,
    group_has_offset,
    recreate_topic,
    until,
    waits_for_a_lock,
)

pytestmark = pytest.mark.integration


class ConsumerRig:
    def __init__(self, stack: Servers, database: PostgresDatabase, topic: str) -> None:
        self.stack, self.database, self.topic = stack, database, topic

    def member(self, name: str, **options: Any) -> GroupMember:
        return GroupMember(
            name,
            bootstrap=self.stack.kafka_bootstrap,
            topic=self.topic,
            database=self.database,
            **options,
        )

    async def applied(self, partition: int | None = None) -> list[str]:
        return await applied(self.database.pool, partition=partition)

    async def has_applied(self, count: int) -> bool:
        return len(await self.applied()) >= count


@pytest.fixture
def rig(stack: Servers, database: PostgresDatabase, create_topics: CreateTopics) -> ConsumerRig:
    (topic,) = create_topics("events", partitions=2)
    return ConsumerRig(stack, database, topic)


def values(first: int, last: int) -> list[str]:
    return [f"v{number}" for number in range(first, last)]


async def test_a_second_run_goes_on_where_the_first_ended(rig: ConsumerRig, write: Write) -> None:
    await write(rig.topic, *values(0, 500), partition=0)
    async with rig.member("one").running():
        await until(lambda: rig.has_applied(500))
    await write(rig.topic, *values(500, 700), partition=0)
    async with rig.member("two").running():
        await until(lambda: rig.has_applied(700))
    assert await rig.applied(0) == values(0, 700)


async def test_a_rebalance_under_load_applies_everything_once_and_in_order(
    rig: ConsumerRig, write: Write
) -> None:
    for partition in (0, 1):
        await write(rig.topic, *values(0, 2_000), partition=partition)
    async with rig.member("one", max_records=50).running() as first:
        await until(lambda: rig.has_applied(100))
        async with rig.member("two", max_records=50).running() as second:
            await until(lambda: len(second.consumer.partitions) == 1)
            await until(lambda: len(first.consumer.partitions) == 1)
            for partition in (0, 1):
                await write(rig.topic, *values(2_000, 3_000), partition=partition)
            await until(lambda: rig.has_applied(6_000))
    assert await rig.applied(0) == values(0, 3_000)
    assert await rig.applied(1) == values(0, 3_000)


async def test_two_members_that_both_believe_to_own_a_partition_cannot_both_commit(
    rig: ConsumerRig, write: Write
) -> None:
    await write(rig.topic, *values(0, 10), partition=0)
    zombie = rig.member("zombie")
    async with zombie.running():
        await until(lambda: zombie.consumer.partitions.get(0) is State.RUNNING)
        await until(lambda: rig.has_applied(10))
        zombie.handler.gate.clear()
        await write(rig.topic, *values(10, 20), partition=0)
        # The zombie is inside its transaction; its row lock makes the claim wait.
        await until(lambda: zombie.handler.waiting == 1)
        zombie.log.commit = refuse  # type: ignore[method-assign]
        successor = rig.member("successor")
        successor.log._options["group_id"] = f"{rig.topic}-other-group"
        async with successor.running():
            await until(lambda: waits_for_a_lock(rig.database))
            zombie.handler.gate.set()
            await until(lambda: rig.has_applied(20))
            await until(lambda: successor.consumer.partitions.get(0) is State.RUNNING)
            await write(rig.topic, *values(20, 30), partition=0)
            await until(lambda: rig.has_applied(30))
            await until(lambda: zombie.consumer.partitions.get(0) is State.FENCED)
    fenced = zombie.measured.total(catalogue.COMMITS, topic=rig.topic, result="fenced")
    assert fenced == 1
    assert await rig.applied(0) == values(0, 30)


async def refuse(next_offsets: object) -> None:
    """Commit nothing."""


async def test_a_poison_record_is_kept_with_its_bytes_and_its_neighbours_go_on(
    rig: ConsumerRig, write: Write
) -> None:
    await write(rig.topic, *values(0, 50), "poison", *values(50, 100), partition=0)
    async with rig.member("one").running():
        await until(lambda: rig.has_applied(100))
    assert await rig.applied(0) == values(0, 100)
    rows = await rig.database.pool.fetch('SELECT "offset", value FROM stream.quarantine')
    assert [(row["offset"], row["value"]) for row in rows] == [(50, b"poison")]
    counts = await rig.database.pool.fetchrow(
        "SELECT records, quarantined, duplicates FROM stream.partition_progress WHERE partition = 0"
    )
    assert tuple(counts) == (101, 1, 0)


async def test_a_recreated_topic_stops_the_partition(
    rig: ConsumerRig, write: Write, create_topics: CreateTopics
) -> None:
    await write(rig.topic, *values(0, 10), partition=0)
    async with rig.member("one").running():
        await until(lambda: rig.has_applied(10))
    await recreate_topic(
        rig.stack.kafka_bootstrap, rig.topic, lambda: create_topics("events", partitions=2)
    )
    await write(rig.topic, *[f"other{number}" for number in range(20)], partition=0)
    async with rig.member("two").running() as second:
        await until(lambda: second.shows_stop("topic_recreated"))
        await until(lambda: second.consumer.partitions == {0: State.STOPPED, 1: State.RUNNING})
    assert await rig.applied() == values(0, 10)


async def test_records_that_were_deleted_unread_stop_the_partition(
    rig: ConsumerRig, write: Write
) -> None:
    await write(rig.topic, *values(0, 10), partition=0)
    async with rig.member("one").running():
        await until(lambda: rig.has_applied(10))
    await write(rig.topic, *values(10, 20), partition=0)
    async with administrator(rig.stack.kafka_bootstrap) as admin:
        await admin.delete_records({TopicPartition(rig.topic, 0): RecordsToDelete(15)})
    async with rig.member("two").running() as second:
        await until(lambda: second.shows_stop("offset_out_of_range"))
        await until(lambda: second.consumer.partitions.get(0) is State.STOPPED)
    assert await rig.applied() == values(0, 10)


async def test_the_group_commits_the_offset_behind_the_work(rig: ConsumerRig, write: Write) -> None:
    await write(rig.topic, *values(0, 10), partition=0)
    async with rig.member("one").running():
        await group_has_offset(rig.stack.kafka_bootstrap, f"{rig.topic}-group", rig.topic, 10)
    assert await rig.applied(0) == values(0, 10)
