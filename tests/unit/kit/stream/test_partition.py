"""A single partition: what may still happen while it is being released."""

import asyncio
from typing import Any

from services.kit.clock import SystemClock
from services.kit.stream.partition import Partition, State
from services.kit.stream.ports import Limits, Ports
from tests.fakes.recorder import MemoryRecorder
from tests.fakes.stream import FakeDatabase, FakeProgress, FakeTopicReader, WritingHandler, records


async def until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the conditions are of many kinds
            await asyncio.sleep(0)


def partition_with(database: FakeDatabase, progress: FakeProgress) -> Partition:
    ports = Ports(
        reader=FakeTopicReader(),
        database=database,
        progress=progress,
        handler=WritingHandler(),
        recorder=MemoryRecorder(),
        clock=SystemClock(),
        limits=Limits(),
    )
    return Partition(
        0, ports=ports, on_claim=lambda claim: None, on_commit=lambda number, offset: None
    )


async def test_a_batch_that_waited_for_the_release_is_not_applied_after_it() -> None:
    database = FakeDatabase()
    partition = partition_with(database, FakeProgress())
    working = asyncio.create_task(partition.run())
    await until(lambda: partition.state is State.RUNNING)
    # As in `close`: the release has the lock when the batch tries to take it.
    async with partition._lock:
        partition.offer(records("late"))
        for _ in range(5):
            await asyncio.sleep(0)
        partition.state = State.CLOSED
    await asyncio.wait_for(working, 5)
    assert database.world.applied == []


class LockedRow(FakeProgress):
    """The row is locked by an owner that is paused."""

    def __init__(self) -> None:
        self.is_claiming = False

    async def claim(self, connection: Any, **where: Any) -> Any:
        self.is_claiming = True
        await asyncio.Event().wait()


async def test_a_claim_that_waits_for_a_stale_owner_does_not_hold_up_the_group() -> None:
    progress = LockedRow()
    partition = partition_with(FakeDatabase(), progress)
    async with asyncio.TaskGroup() as tasks:
        partition.start(tasks)
        await until(lambda: progress.is_claiming)
        # The release itself would be patient for 20 seconds.
        await asyncio.wait_for(partition.close(), 5)
    assert partition.state is State.CLOSED
