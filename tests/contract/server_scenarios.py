"""The behaviour of PostgreSQL and Kafka that the kit needs, as scenarios.

`test_simulated_servers.py` runs them on the simulation, `tests/integration/kit/stream/
test_real_servers_agree.py` on the real servers; the expected values are written by hand, once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from services.kit.database import Connection, Database, DatabaseUnavailable
from services.kit.stream import relay
from services.kit.stream.handler import Tally
from services.kit.stream.outbox import Message, Outbox
from services.kit.stream.progress import Claim, PostgresProgress
from services.kit.stream.quarantine import Quarantine, RejectedRecord
from services.kit.stream.records import Batch
from services.kit.stream.stop_reasons import AlreadyCommitted, Fenced
from services.kit.stream.topic_reader import OffsetOutOfRange
from tests.fakes.stream import FakeRecord, records

SCHEMA = "stream"
PROGRESS = PostgresProgress(schema=SCHEMA, consumer="test", owner="me")


def batch(first: int, *values: str) -> Batch:
    return Batch(
        topic="events", partition=0, first_offset=first, records=records(*values, first=first)
    )


async def claim(database: Database) -> Claim:
    return await database.in_transaction(
        lambda c: PROGRESS.claim(c, topic="events", partition=0, partition_count=4)
    )


async def advance(database: Database, held: Claim, applied: Batch) -> None:
    await database.in_transaction(lambda c: PROGRESS.advance(c, held, applied))


async def a_claim_takes_over_where_the_last_owner_ended(database: Database) -> None:
    first = await claim(database)
    assert (first.epoch, first.next_offset, first.last_digest) == (1, 0, None)
    await advance(database, first, batch(0, "a", "b"))
    second = await claim(database)
    assert (second.epoch, second.next_offset, second.partition_count) == (2, 2, 4)
    assert second.last_digest is not None


async def an_older_owner_and_a_wrong_offset_are_fenced(database: Database) -> None:
    old = await claim(database)
    new = await claim(database)
    with pytest.raises(Fenced):
        await advance(database, old, batch(0, "a"))
    with pytest.raises(Fenced):
        await advance(database, new, batch(3, "d"))
    with pytest.raises(Fenced):
        await database.in_transaction(lambda c: PROGRESS.lock_row(c, old))
    await advance(database, new, batch(0, "a"))
    with pytest.raises(AlreadyCommitted):
        await advance(database, new, batch(0, "a"))


async def what_is_rolled_back_leaves_nothing(database: Database) -> None:
    held = await claim(database)
    outbox = Outbox(schema=SCHEMA)

    async def fail(connection: Connection) -> None:
        await PROGRESS.advance(connection, held, batch(0, "a"))
        await outbox.append(connection, [message("lost")], partition=0)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.in_transaction(fail)
    await database.in_transaction(lambda c: outbox.append(c, [message("kept")], partition=0))
    assert [(row["seq"], row["value"]) for row in await waiting(database)] == [(1, b"kept")]
    await advance(database, held, batch(0, "a"))


async def a_claim_waits_for_the_transaction_that_locked_the_row(database: Database) -> None:
    held = await claim(database)
    entered, leave = asyncio.Event(), asyncio.Event()

    async def linger(connection: Connection) -> None:
        await PROGRESS.advance(connection, held, batch(0, "a"))
        entered.set()
        await leave.wait()

    lingering = asyncio.create_task(database.in_transaction(linger))
    await entered.wait()
    claiming = asyncio.create_task(claim(database))
    done, _ = await asyncio.wait([claiming], timeout=0.3)
    assert not done
    leave.set()
    await lingering
    taken = await claiming
    assert (taken.epoch, taken.next_offset) == (2, 1)


async def a_new_partition_is_compared_with_the_count_of_its_siblings(
    database: Database,
) -> None:
    """Else a partition that was added later would begin work that moved borrowers to it."""

    async def claimed(partition: int, count: int, topic: str = "events") -> int:
        held = await database.in_transaction(
            lambda c: PROGRESS.claim(c, topic=topic, partition=partition, partition_count=count)
        )
        return held.partition_count

    assert await claimed(0, 4) == 4
    assert await claimed(5, 8) == 4
    assert await claimed(0, 8) == 4
    assert await claimed(0, 8, "elsewhere") == 8


async def a_claim_waits_for_a_background_step(database: Database) -> None:
    held = await claim(database)
    entered, leave = asyncio.Event(), asyncio.Event()

    async def linger(connection: Connection) -> None:
        await PROGRESS.lock_row(connection, held)
        entered.set()
        await leave.wait()

    lingering = asyncio.create_task(database.in_transaction(linger))
    await entered.wait()
    claiming = asyncio.create_task(claim(database))
    done, _ = await asyncio.wait([claiming], timeout=0.3)
    assert not done
    leave.set()
    await lingering
    assert (await claiming).epoch == 2


async def only_the_process_with_the_lock_relays_what_requests_appended(
    database: Database,
) -> None:
    lock_shared = relay.LOCK_SHARED.format(schema=SCHEMA)
    entered, leave = asyncio.Event(), asyncio.Event()

    async def linger(connection: Connection) -> bool:
        mine: bool = await connection.fetchval(lock_shared)
        entered.set()
        await leave.wait()
        return mine

    async def ask() -> bool:
        turn: bool = await database.in_transaction(lambda c: c.fetchval(lock_shared))
        return turn

    lingering = asyncio.create_task(database.in_transaction(linger))
    await entered.wait()
    assert not await ask()
    leave.set()
    assert await lingering
    assert await ask()


async def a_step_that_waited_reads_the_claim_it_waited_for(database: Database) -> None:
    """READ COMMITTED reads the row again after the wait: the old owner matches nothing."""
    old = await claim(database)
    entered, leave = asyncio.Event(), asyncio.Event()

    async def take_over(connection: Connection) -> None:
        await PROGRESS.claim(connection, topic="events", partition=0, partition_count=4)
        entered.set()
        await leave.wait()

    taking = asyncio.create_task(database.in_transaction(take_over))
    await entered.wait()
    late = asyncio.create_task(advance(database, old, batch(0, "a")))
    await asyncio.sleep(0.1)
    leave.set()
    await taking
    with pytest.raises(Fenced):
        await late


async def messages_get_consecutive_numbers_and_leave_by_mark_and_delete(
    database: Database,
) -> None:
    outbox, held = Outbox(schema=SCHEMA), await claim(database)
    for values in (("a", "b"), ("c",)):
        appended = [message(value) for value in values]
        await database.in_transaction(lambda c, m=appended: outbox.append(c, m, partition=0))
    assert [row["seq"] for row in await waiting(database)] == [1, 2, 3]
    assert await mark(database, seq=2, epoch=held.epoch) == "INSERT 0 1"
    delete = relay.DELETE.format(schema=SCHEMA)
    gone = await database.in_transaction(lambda c: c.execute(delete, 0, 2))
    assert gone == "DELETE 2"
    assert [row["seq"] for row in await waiting(database)] == [3]
    await claim(database)
    assert await mark(database, seq=3, epoch=held.epoch) == "INSERT 0 0"


async def totals_are_counted_and_a_bad_record_is_stored_once(database: Database) -> None:
    held, quarantine = await claim(database), Quarantine(schema=SCHEMA)
    bad = FakeRecord(offset=5, value=b"bad")
    for _ in range(2):
        await database.in_transaction(
            lambda c: quarantine.insert(c, [RejectedRecord(bad, "poison", "why")])
        )
    await database.in_transaction(
        lambda c: PROGRESS.count(c, held, Tally(duplicates=2, quarantined=1))
    )
    await advance(database, held, batch(0, "a"))
    assert (await claim(database)).next_offset == 1


def message(value: str) -> Message:
    return Message(topic="risk", key=b"k", value=value.encode(), to_partition=0)


async def waiting(database: Database) -> list[Any]:
    read = relay.READ.format(schema=SCHEMA)
    return await database.in_transaction(lambda c: c.fetch(read, 0, 10))


async def mark(database: Database, *, seq: int, epoch: int) -> str:
    statement = relay.MARK.format(schema=SCHEMA)
    return await database.in_transaction(
        lambda c: c.execute(statement, 0, seq, "test", "events", epoch)
    )


async def what_a_cut_connection_wrote_never_was(
    database: Database, *, cut: Callable[[], Awaitable[None]]
) -> None:
    """`cut` ends the server's side of every open connection."""
    held = await claim(database)

    async def lose(connection: Connection) -> None:
        await PROGRESS.advance(connection, held, batch(0, "a"))
        await cut()
        await PROGRESS.current_row(connection, held)

    with pytest.raises(DatabaseUnavailable):
        await database.in_transaction(lose)
    assert (await claim(database)).next_offset == 0


async def an_idle_transaction_is_ended(database: Database, *, idle_seconds: float) -> None:
    """A paused process must not lock a row for ever; when it goes on, it gets an error."""
    held = await claim(database)
    entered = asyncio.Event()

    async def freeze(connection: Connection) -> None:
        await PROGRESS.advance(connection, held, batch(0, "a"))
        entered.set()
        await asyncio.sleep(idle_seconds * 2)
        await PROGRESS.current_row(connection, held)

    frozen = asyncio.create_task(database.in_transaction(freeze))
    await entered.wait()
    taken_over = await claim(database)
    assert (taken_over.epoch, taken_over.next_offset) == (2, 0)
    with pytest.raises(DatabaseUnavailable):
        await frozen


Scenario = Callable[[Database], Awaitable[None]]

DATABASE_SCENARIOS: tuple[Scenario, ...] = (
    a_claim_takes_over_where_the_last_owner_ended,
    an_older_owner_and_a_wrong_offset_are_fenced,
    what_is_rolled_back_leaves_nothing,
    a_claim_waits_for_the_transaction_that_locked_the_row,
    a_claim_waits_for_a_background_step,
    a_new_partition_is_compared_with_the_count_of_its_siblings,
    only_the_process_with_the_lock_relays_what_requests_appended,
    a_step_that_waited_reads_the_claim_it_waited_for,
    messages_get_consecutive_numbers_and_leave_by_mark_and_delete,
    totals_are_counted_and_a_bad_record_is_stored_once,
)


class SeekingListener:
    """A listener that seeks to an offset when it is assigned a partition."""

    def __init__(self, log: Any, *, seek_to: int) -> None:
        self.log, self.seek_to = log, seek_to
        self.assigned_to = asyncio.Event()

    async def revoked(self, partitions: frozenset[int]) -> None:
        return None

    async def assigned(self, partitions: frozenset[int]) -> None:
        for partition in partitions:
            self.log.seek(partition, self.seek_to)
        self.assigned_to.set()


async def a_member_reads_from_the_offset_that_it_seeks(log: Any) -> None:
    """The topic has one partition with the values r0 to r9."""
    listener = SeekingListener(log, seek_to=7)
    await log.start(listener)
    try:
        await listener.assigned_to.wait()
        assert await log.bounds(0) == (0, 10)
        assert await log.committed(0) is None
        assert await log.partition_count() == 1
        assert await taken(log, 3) == [(7, b"r7"), (8, b"r8"), (9, b"r9")]
        log.pause(0)
        log.seek(0, 2)
        assert await log.poll(wait_seconds=0.3, max_records=5) == {}
        log.resume(0)
        assert (await taken(log, 8))[:2] == [(2, b"r2"), (3, b"r3")]
        await log.commit({0: 10})
        assert await log.committed(0) == 10
        log.seek(0, 99)
        with pytest.raises(OffsetOutOfRange) as lost:
            await taken(log, 1)
        assert (lost.value.partition, lost.value.offset) == (0, 99)
        log.seek(0, 9)
        assert await taken(log, 1) == [(9, b"r9")]
    finally:
        await log.stop()


class OwningListener:
    """A listener that records its partitions and fails if another member has one."""

    def __init__(self, log: Any, owners: dict[int, Any]) -> None:
        self.log, self.owners = log, owners
        self.was_assigned = asyncio.Event()

    async def revoked(self, partitions: frozenset[int]) -> None:
        for partition in partitions:
            self.owners.pop(partition, None)

    async def assigned(self, partitions: frozenset[int]) -> None:
        for partition in partitions:
            assert self.owners.setdefault(partition, self) is self, "two members have it"
            self.log.seek(partition, 0)
        self.was_assigned.set()


async def what_is_assigned_to_another_was_released_before(first: Any, second: Any) -> None:
    """Two members of one group on a topic of two partitions."""
    owners: dict[int, Any] = {}
    leaving, staying = OwningListener(first, owners), OwningListener(second, owners)
    await first.start(leaving)
    await leaving.was_assigned.wait()
    assert set(owners) == {0, 1}
    await second.start(staying)
    async with asyncio.timeout(30):
        await staying.was_assigned.wait()
        while set(owners) != {0, 1}:  # noqa: ASYNC110 - both members' listeners change it
            await asyncio.sleep(0.05)
    # Neither driver nor group revokes the partitions of a member that leaves.
    await leaving.revoked(frozenset(number for number, owner in owners.items() if owner is leaving))
    await first.stop()
    async with asyncio.timeout(30):
        while owners != {0: staying, 1: staying}:  # noqa: ASYNC110 - the same
            await asyncio.sleep(0.05)
    await second.stop()


async def messages_arrive_in_the_order_given(
    producer: Any, topic: str, read: Callable[[int], Awaitable[list[tuple[int, bytes]]]]
) -> None:
    """`read(n)` returns partition and value of n messages, in their order in the topic."""
    values = [b"m%d" % number for number in range(20)]
    await producer.publish_in_order(
        [Message(topic=topic, key=b"k", value=value, to_partition=1) for value in values]
    )
    await producer.publish([Message(topic=topic, key=b"k", value=b"last", to_partition=1)])
    assert await read(21) == [(1, value) for value in (*values, b"last")]


async def taken(log: Any, count: int) -> list[tuple[int, bytes | None]]:
    records: list[tuple[int, bytes | None]] = []
    async with asyncio.timeout(30):
        while len(records) < count:
            fetched = await log.poll(wait_seconds=0.5, max_records=100)
            records += [(record.offset, record.value) for record in fetched.get(0, ())]
    return records
