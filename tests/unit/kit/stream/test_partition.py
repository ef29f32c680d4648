"""One partition by itself: what may still happen once it is being let go."""

import asyncio
from typing import Any

from services.kit.clock import SystemClock
from services.kit.metrics import Measured
from services.kit.stream.partition import Partition, State
from services.kit.stream.ports import Limits, Ports
from tests.fakes.stream import FakeDatabase, FakeLog, FakeProgress, WritingHandler, records


class SlowToForget(WritingHandler):
    """Takes its time when a partition is released."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.leave = asyncio.Event(), asyncio.Event()

    async def released(self, partition: int) -> None:
        self.entered.set()
        await self.leave.wait()


async def until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the conditions are of many kinds
            await asyncio.sleep(0)


async def test_a_batch_that_waited_for_the_release_is_not_applied_after_it() -> None:
    handler, database, log = SlowToForget(), FakeDatabase(), FakeLog()
    ports = Ports(
        log=log,
        database=database,
        progress=FakeProgress(),
        handler=handler,
        recorder=Measured(),
        clock=SystemClock(),
        limits=Limits(),
    )
    partition = Partition(
        0, ports=ports, on_claim=lambda claim: None, on_commit=lambda number, offset: None
    )
    working = asyncio.create_task(partition.run())
    await until(lambda: partition.state is State.RUNNING)
    # The release has the lock before the batch that arrives in the same moment asks for it.
    partition.state = State.CLAIMING
    closing = asyncio.create_task(partition.close())
    await handler.entered.wait()
    partition.state = State.RUNNING
    partition.offer(records("late"))
    for _ in range(5):
        await asyncio.sleep(0)
    partition.state = State.CLOSED
    handler.leave.set()
    await closing
    await asyncio.wait_for(working, 5)
    assert database.world.applied == []
