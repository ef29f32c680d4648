"""A topic and a database that no longer belong together, and what an operator decides then.

Each scenario runs on the real broker: the partition stops with its reason, its neighbour goes on,
and after `tocsin offsets` the running process goes on without a restart.
"""

from contextlib import AbstractAsyncContextManager
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, RecordsToDelete
from aiokafka.structs import TopicPartition

from services.cli.broker import connected
from services.cli.errors import CommandError
from services.cli.offsets import changes, rows
from services.cli.offsets.rows import OffsetDecision
from services.cli.offsets.status import Consumer, Match, PartitionStatus
from services.kit.database import PostgresDatabase
from services.kit.stream.partition import State
from tests.conftest import CreateTopics, Servers
from tests.integration.kit.stream.conftest import Write, applied
from tests.integration.kit.stream.members import (
    SCHEMA,
    GroupMember,
    administrator,
    group_has_offset,
    recreate_topic,
    until,
)

pytestmark = pytest.mark.integration

DECISION = OffsetDecision(by="ada", reason="incident 7, agreed with grace")


class HoleRig:
    """A topic of two partitions, a database, and an operator."""

    def __init__(self, stack: Servers, database: PostgresDatabase, topic: str) -> None:
        self.stack, self.database, self.topic = stack, database, topic
        self.consumer = Consumer(name="test", schema=SCHEMA, group=f"{topic}-group")

    def member(self, name: str = "one") -> GroupMember:
        return GroupMember(
            name,
            bootstrap=self.stack.kafka_bootstrap,
            topic=self.topic,
            database=self.database,
            check_seconds=0.3,
        )

    def admin(self) -> AbstractAsyncContextManager[AIOKafkaAdminClient]:
        return administrator(self.stack.kafka_bootstrap)

    async def has_applied(self, *values: str, partition: int = 0) -> bool:
        return await applied(self.database.pool, partition=partition) == list(values)

    async def apply(self, count: int) -> None:
        """Run a member until the group has committed this offset of partition 0."""
        async with self.member().running():
            await group_has_offset(
                self.stack.kafka_bootstrap, self.consumer.group, self.topic, count
            )
        assert len(await applied(self.database.pool, partition=0)) == count

    async def statuses(self) -> list[PartitionStatus]:
        async with (
            connected(self.stack.kafka_bootstrap) as broker,
            self.database.pool.acquire() as connection,
        ):
            return await changes.statuses(connection, broker, self.consumer)

    async def status(self, partition: int = 0) -> PartitionStatus:
        return (await self.statuses())[partition]

    async def is_live(self) -> bool:
        return (await self.status()).is_live

    async def set(self, **where: Any) -> changes.OffsetPlan:
        """Do what `tocsin offsets set` does, without its questions."""
        plan = changes.planned(
            await self.status(), **{"to": None, "to_start": False, "to_end": False, **where}
        )
        changes.refuse_live(plan.status, force=False)

        async def work(connection: Any) -> int:
            return await rows.set_offset(
                connection, self.consumer, plan.status, to=plan.to, decision=DECISION
            )

        await self.database.in_transaction(work)
        return plan

    async def write_to_new_partition(self, value: str) -> None:
        """Write with a new producer: the fixture's has no metadata of the partition."""
        producer = AIOKafkaProducer(bootstrap_servers=self.stack.kafka_bootstrap)
        await producer.start()
        await producer.send_and_wait(self.topic, value.encode(), partition=2)
        await producer.stop()

    async def recreate(self, create_topics: CreateTopics) -> None:
        await recreate_topic(
            self.stack.kafka_bootstrap, self.topic, lambda: create_topics("events", partitions=2)
        )


@pytest.fixture
def rig(stack: Servers, database: PostgresDatabase, create_topics: CreateTopics) -> HoleRig:
    (topic,) = create_topics("events", partitions=2)
    return HoleRig(stack, database, topic)


def v(first: int, last: int) -> list[str]:
    return [f"v{number}" for number in range(first, last)]


def is_(member: GroupMember, state: State, *, partition: int = 0) -> bool:
    return member.consumer.partitions.get(partition) is state


async def is_stopped(member: GroupMember, reason: str) -> None:
    """Wait until a member's partition 0 is stopped for a reason, and its gauge shows it."""
    await until(lambda: is_(member, State.STOPPED) and member.shows_stop(reason), seconds=60)


async def test_what_retention_took_is_skipped_only_when_a_person_says_so(
    rig: HoleRig, write: Write
) -> None:
    await write(rig.topic, *v(0, 10))
    await rig.apply(10)
    await write(rig.topic, *v(10, 20))
    async with rig.admin() as admin:
        await admin.delete_records({TopicPartition(rig.topic, 0): RecordsToDelete(15)})
    async with rig.member("two").running() as second:
        await is_stopped(second, "offset_out_of_range")
        await write(rig.topic, "goes on", partition=1)
        await until(lambda: rig.has_applied("goes on", partition=1))
        shown = f"{rig.topic} 0: offset_out_of_range (tocsin offsets show)"
        await until(lambda: second.consumer.stopped() == shown)
        status = await rig.status()
        assert (status.reason, status.row.next_offset, status.lag) == (
            "offset_out_of_range",
            10,
            10,
        )
        assert status.text == "the log begins 5 offsets after the stored one: they are gone"
        plan = await rig.set(to_start=True)
        assert (plan.to, plan.skipped, plan.gone, plan.read_again) == (15, 5, 5, 0)
        await until(lambda: rig.has_applied(*v(0, 10), *v(15, 20)))
        await until(lambda: second.is_running(0, 1))
        assert second.consumer.stopped() is None
        assert not (await rig.status()).is_stopped
    change = await rig.database.pool.fetchrow(f"SELECT * FROM {SCHEMA}.offset_change")
    assert (change["from_offset"], change["to_offset"]) == (10, 15)
    assert (change["changed_by"], change["reason"]) == ("ada", "incident 7, agreed with grace")
    assert (change["log_start"], change["log_end"], change["fenced_owner"]) == (15, 20, "two")


async def test_the_audit_of_changes_cannot_be_changed(rig: HoleRig, write: Write) -> None:
    await write(rig.topic, *v(0, 3))
    await rig.apply(3)
    await rig.set(to_start=True)
    for statement in ("DELETE FROM {}", "UPDATE {} SET reason = 'other'", "TRUNCATE {}"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await rig.database.pool.execute(statement.format(f"{SCHEMA}.offset_change"))


async def test_a_topic_recreated_under_a_running_consumer_is_noticed(
    rig: HoleRig, write: Write, create_topics: CreateTopics
) -> None:
    await write(rig.topic, *v(0, 10))
    async with rig.member().running() as first:
        await until(lambda: rig.has_applied(*v(0, 10)))
        await rig.recreate(create_topics)
        await write(rig.topic, *[f"new{number}" for number in range(4)])
        await is_stopped(first, "topic_truncated")
        status = await rig.status()
        assert status.text == "the log ends 6 offsets before the stored one"
        assert await rig.has_applied(*v(0, 10))
        # The other partition of the topic has nothing to compare, and waits all the same.
        await write(rig.topic, "waits", partition=1)
        await until(lambda: first.shows_stop("topic_stopped", partition=1))
        await until(lambda: is_(first, State.STOPPED, partition=1))
        other = await rig.status(1)
        assert (other.reason, other.text.split("Z: ")[1]) == (
            "topic_stopped",
            "partition 0 is stopped: topic_truncated",
        )
        await rig.set(to_start=True)
        await until(lambda: rig.has_applied(*v(0, 10), "new0", "new1", "new2", "new3"))
        await until(lambda: rig.has_applied("waits", partition=1))
        await until(lambda: first.is_running(0, 1))


async def test_a_recreated_topic_that_grew_past_the_position_is_known_by_its_digest(
    rig: HoleRig, write: Write, create_topics: CreateTopics
) -> None:
    await write(rig.topic, *v(0, 10))
    await rig.apply(10)
    await rig.recreate(create_topics)
    await write(rig.topic, *[f"new{number}" for number in range(12)])
    async with rig.member("two").running() as second:
        await is_stopped(second, "topic_recreated")
        status = await rig.status()
        assert status.broker is not None
        assert (status.reason, status.broker.match) == ("topic_recreated", Match.DIFFERENT)
        plan = await rig.set(to=10)
        another_log, nothing = plan.sentences()[1:3]
        assert another_log.endswith("from now on its offsets count as generation 1.")
        assert nothing == "Nothing is skipped and nothing is read again."
        await until(lambda: rig.has_applied(*v(0, 10), "new10", "new11"))


async def test_a_database_older_than_what_was_published_is_applied_again_after_a_decision(
    rig: HoleRig, write: Write
) -> None:
    pool = rig.database.pool
    await write(rig.topic, *v(0, 10))
    await rig.apply(10)
    for table in ("partition_progress", "applied"):
        await pool.execute(f"CREATE TABLE {SCHEMA}.{table}_backup AS TABLE {SCHEMA}.{table}")
    await write(rig.topic, *v(10, 20))
    await rig.apply(20)
    for table in ("partition_progress", "applied"):
        await pool.execute(f"DELETE FROM {SCHEMA}.{table}")
        await pool.execute(f"INSERT INTO {SCHEMA}.{table} TABLE {SCHEMA}.{table}_backup")
    async with rig.member("two").running() as second:
        await is_stopped(second, "database_restored")
        status = await rig.status()
        assert status.text == "the group has committed 10 offsets more than the database has"
        assert await rig.has_applied(*v(0, 10))
        plan = await rig.set(to=10)
        assert (plan.skipped, plan.read_again) == (0, 0)
        await until(lambda: rig.has_applied(*v(0, 20)))
    async with rig.member("three").running() as third:
        await until(lambda: is_(third, State.RUNNING))


async def test_a_database_newer_than_a_restored_broker_stops(
    rig: HoleRig, write: Write, create_topics: CreateTopics
) -> None:
    await write(rig.topic, *v(0, 10))
    await rig.apply(10)
    await rig.recreate(create_topics)
    await write(rig.topic, *v(0, 6))
    async with rig.member("two").running() as second:
        await is_stopped(second, "topic_truncated")
        plan = await rig.set(to_end=True)
        assert (plan.to, plan.skipped, plan.read_again) == (6, 0, 0)
        await write(rig.topic, "v10")
        await until(lambda: rig.has_applied(*v(0, 11)))


async def test_another_number_of_partitions_stops_all_until_it_is_accepted(
    rig: HoleRig, write: Write
) -> None:
    await write(rig.topic, *v(0, 10))
    await rig.apply(10)
    async with rig.admin() as admin:
        await admin.create_partitions({rig.topic: NewPartitions(3)})
    async with rig.member("two").running() as second:
        await until(lambda: second.consumer.partitions == dict.fromkeys((0, 1, 2), State.STOPPED))
        statuses = await rig.statuses()
        assert [status.reason for status in statuses] == ["partitions_changed"] * 3
        with pytest.raises(CommandError, match="another offset does not help"):
            await rig.set(to_end=True)
        await accept(rig, statuses)
        await until(lambda: second.is_running(0, 1, 2))
        await rig.write_to_new_partition("third")
        await until(lambda: rig.has_applied("third", partition=2))


async def test_another_number_of_partitions_is_refused_where_order_would_be_lost(
    rig: HoleRig, write: Write
) -> None:
    await write(rig.topic, *v(0, 10))
    await rig.apply(10)
    await write(rig.topic, "late")
    async with rig.admin() as admin:
        await admin.create_partitions({rig.topic: NewPartitions(3)})
    statuses = await rig.statuses()
    with pytest.raises(CommandError, match=r"not applied yet \(partition: offsets 0: 1\)"):
        await accept(rig, statuses)
    scoring = Consumer(name="scoring", schema=SCHEMA, group="any")
    async with rig.database.pool.acquire() as connection:
        reasons = await changes.unsafe_reasons(connection, scoring, statuses)
    assert [reason.split(" and ")[0] for reason in reasons[1:]] == ["10 records are applied"]


async def test_a_partition_that_runs_is_not_moved_without_force(rig: HoleRig, write: Write) -> None:
    await write(rig.topic, *v(0, 5))
    async with rig.member().running():
        await until(lambda: rig.has_applied(*v(0, 5)))
        # While the group rebalances it has no members, and the partition is free.
        await until(rig.is_live)
        with pytest.raises(CommandError, match="one works on"):
            await rig.set(to_start=True)


async def accept(rig: HoleRig, statuses: list[PartitionStatus]) -> None:
    async def work(connection: Any) -> None:
        await changes.accept_partitions(connection, rig.consumer, statuses, decision=DECISION)

    await rig.database.in_transaction(work)
