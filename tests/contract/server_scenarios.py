"""What PostgreSQL and Kafka do for the kit, as scenarios that any stand-in must play the same.

`test_simulated_servers.py` plays them on the simulation, `tests/integration/kit/stream/
test_real_servers_agree.py` on the real servers; the expectations are written by hand, once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from services.kit.database import Connection, Database
from services.kit.stream import relay
from services.kit.stream.handler import Tally
from services.kit.stream.outbox import Message, Outbox
from services.kit.stream.progress import Claim, PostgresProgress
from services.kit.stream.quarantine import Quarantine, Refused
from services.kit.stream.records import Batch
from services.kit.stream.stops import AlreadyCommitted, Fenced
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
        await database.in_transaction(lambda c: PROGRESS.hold(c, old))
    await advance(database, new, batch(0, "a"))
    with pytest.raises(AlreadyCommitted):
        await advance(database, new, batch(0, "a"))


async def what_is_rolled_back_never_was(database: Database) -> None:
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


async def a_claim_waits_for_the_transaction_that_holds_the_row(database: Database) -> None:
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


async def a_step_that_waited_sees_the_claim_it_waited_for(database: Database) -> None:
    """READ COMMITTED looks at the row again after the wait: the old owner matches nothing."""
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


async def totals_and_bad_records_are_kept_once(database: Database) -> None:
    held, kept = await claim(database), Quarantine(schema=SCHEMA)
    bad = FakeRecord(offset=5, value=b"bad")
    for _ in range(2):
        await database.in_transaction(lambda c: kept.keep(c, [Refused(bad, "poison", "why")]))
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


Scenario = Callable[[Database], Awaitable[None]]

DATABASE_SCENARIOS: tuple[Scenario, ...] = (
    a_claim_takes_over_where_the_last_owner_ended,
    an_older_owner_and_a_wrong_offset_are_fenced,
    what_is_rolled_back_never_was,
    a_claim_waits_for_the_transaction_that_holds_the_row,
    a_step_that_waited_sees_the_claim_it_waited_for,
    messages_get_consecutive_numbers_and_leave_by_mark_and_delete,
    totals_and_bad_records_are_kept_once,
)


class Told:
    """A listener that remembers, and lets nothing be read before it was told where from."""

    def __init__(self, log: Any, *, seek_to: int) -> None:
        self.log, self.seek_to = log, seek_to
        self.assigned_to = asyncio.Event()

    async def revoked(self, partitions: frozenset[int]) -> None:
        return None

    async def assigned(self, partitions: frozenset[int]) -> None:
        for partition in partitions:
            self.log.seek(partition, self.seek_to)
        self.assigned_to.set()


async def a_member_reads_from_where_it_was_told(log: Any) -> None:
    """The topic has one partition with the values r0 to r9."""
    listener = Told(log, seek_to=7)
    await log.start(listener)
    try:
        await listener.assigned_to.wait()
        assert await log.bounds(0) == (0, 10)
        assert await log.partition_count() == 1
        assert await taken(log, 3) == [(7, b"r7"), (8, b"r8"), (9, b"r9")]
        log.pause(0)
        log.seek(0, 2)
        assert await log.poll(wait_seconds=0.3, most_records=5) == {}
        log.resume(0)
        assert (await taken(log, 8))[:2] == [(2, b"r2"), (3, b"r3")]
        await log.commit({0: 10})
    finally:
        await log.stop()


async def taken(log: Any, count: int) -> list[tuple[int, bytes | None]]:
    found: list[tuple[int, bytes | None]] = []
    async with asyncio.timeout(30):
        while len(found) < count:
            fetched = await log.poll(wait_seconds=0.5, most_records=100)
            found += [(one.offset, one.value) for one in fetched.get(0, ())]
    return found
