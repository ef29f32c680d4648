"""The row that fences, on the real database."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from services.kit.database import Connection, PostgresDatabase
from services.kit.stream.handler import Tally
from services.kit.stream.progress import Claim, PostgresProgress
from services.kit.stream.records import Batch, digest
from services.kit.stream.stop_reasons import AlreadyCommitted, Fenced, StopPartition, StopReason
from tests.fakes.stream import records
from tests.integration.kit.stream.members import SCHEMA, until, waits_for_a_lock

pytestmark = pytest.mark.integration

ROW = """
SELECT next_offset, records, duplicates, quarantined FROM stream.partition_progress
 WHERE partition = 0
"""


class Row:
    """One partition's row, and two owners."""

    def __init__(self, database: PostgresDatabase) -> None:
        self.database = database
        self.progress = PostgresProgress(schema=SCHEMA, consumer="test", owner="me")

    async def claim(self, partition: int = 0) -> Claim:
        return await self.database.in_transaction(
            lambda connection: self.progress.claim(
                connection, topic="events", partition=partition, partition_count=4
            )
        )

    async def advance(self, claim: Claim, first: int, *values: str) -> None:
        batch = Batch(
            topic="events", partition=0, first_offset=first, records=records(*values, first=first)
        )
        await self.run(lambda connection: self.progress.advance(connection, claim, batch))

    async def run(self, work: Callable[[Connection], Awaitable[None]]) -> None:
        await self.database.in_transaction(work)

    async def numbers(self) -> tuple[int, ...]:
        return tuple(await self.database.pool.fetchrow(ROW))


@pytest.fixture
def row(database: PostgresDatabase) -> Row:
    return Row(database)


async def test_a_claim_takes_over_with_a_higher_epoch_and_the_position(row: Row) -> None:
    first = await row.claim()
    assert (first.epoch, first.next_offset, first.last_digest) == (1, 0, None)
    await row.advance(first, 0, "a", "b")
    second = await row.claim()
    assert (second.epoch, second.next_offset) == (2, 2)
    assert second.last_digest == digest(records("b", first=1)[0])


async def test_an_older_epoch_moves_nothing(row: Row) -> None:
    stale = await row.claim()
    await row.claim()
    with pytest.raises(Fenced):
        await row.advance(stale, 0, "a")
    assert await row.numbers() == (0, 0, 0, 0)


async def test_a_batch_that_does_not_start_at_the_position_moves_nothing(row: Row) -> None:
    claim = await row.claim()
    await row.advance(claim, 0, "a", "b")
    for first in (0, 1, 3):
        with pytest.raises(Fenced):
            await row.advance(claim, first, "x", "y", "z")
    assert await row.numbers() == (2, 2, 0, 0)


async def test_the_same_batch_again_is_known_as_committed(row: Row) -> None:
    claim = await row.claim()
    await row.advance(claim, 0, "a", "b")
    with pytest.raises(AlreadyCommitted):
        await row.advance(claim, 0, "a", "b")


async def test_a_background_step_of_an_older_epoch_is_refused(row: Row) -> None:
    stale = await row.claim()
    await row.run(lambda connection: row.progress.lock_row(connection, stale))
    await row.claim()
    with pytest.raises(Fenced):
        await row.run(lambda connection: row.progress.lock_row(connection, stale))


async def test_a_claim_waits_for_the_transaction_that_holds_the_row(row: Row) -> None:
    held = await row.claim()
    entered, leave = asyncio.Event(), asyncio.Event()

    async def long(connection: Connection) -> None:
        await row.progress.lock_row(connection, held)
        entered.set()
        await leave.wait()

    transaction = asyncio.create_task(row.run(long))
    await entered.wait()
    claiming = asyncio.create_task(row.claim())
    await until(lambda: claiming.done() or waits_for_a_lock(row.database))
    assert not claiming.done()
    leave.set()
    await transaction
    assert (await claiming).epoch == 2


async def test_totals_are_counted_with_the_batch(row: Row) -> None:
    claim = await row.claim()
    await row.advance(claim, 0, "a", "b", "c")
    tally = Tally(duplicates=1, quarantined=1)
    await row.run(lambda connection: row.progress.count(connection, claim, tally))
    assert await row.numbers() == (3, 3, 1, 1)


async def test_a_stop_of_the_topic_refuses_the_other_partitions_until_it_is_lifted(
    row: Row,
) -> None:
    claim, other = await row.claim(), await row.claim(3)
    truncated = StopPartition(StopReason.TOPIC_TRUNCATED, "the topic ends at 4")
    await row.run(lambda connection: row.progress.record_stop(connection, other, truncated))
    with pytest.raises(StopPartition) as stopped:
        await row.advance(claim, 0, "a")
    assert stopped.value.reason is StopReason.TOPIC_STOPPED
    assert stopped.value.detail == "partition 3 is stopped: topic_truncated"
    # Neither a claim alone ends it nor the owner that stopped: the log is to be compared first.
    later = await row.claim(3)
    await row.run(lambda connection: row.progress.lift_stop(connection, other))
    with pytest.raises(StopPartition):
        await row.advance(claim, 0, "a")
    await row.run(lambda connection: row.progress.lift_stop(connection, later))
    await row.advance(claim, 0, "a")
    assert await row.numbers() == (1, 1, 0, 0)


@pytest.mark.parametrize("reason", ["offset_out_of_range", "too_much_poison", "topic_stopped"])
async def test_a_stop_for_another_reason_concerns_its_partition_alone(
    row: Row, reason: str
) -> None:
    claim, other = await row.claim(), await row.claim(3)
    stop = StopPartition(StopReason(reason), "a detail")
    await row.run(lambda connection: row.progress.record_stop(connection, other, stop))
    await row.advance(claim, 0, "a")
    assert await row.numbers() == (1, 1, 0, 0)
