"""One partition by itself: what may still happen once it is being let go."""

import asyncio
from typing import Any

from services.kit.clock import SystemClock
from services.kit.metrics import Measured
from services.kit.stream.partition import Partition, State
from services.kit.stream.ports import Limits, Ports
from tests.fakes.stream import FakeDatabase, FakeLog, FakeProgress, WritingHandler, records


async def until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the conditions are of many kinds
            await asyncio.sleep(0)


async def test_a_batch_that_waited_for_the_release_is_not_applied_after_it() -> None:
    database = FakeDatabase()
    ports = Ports(
        log=FakeLog(),
        database=database,
        progress=FakeProgress(),
        handler=WritingHandler(),
        recorder=Measured(),
        clock=SystemClock(),
        limits=Limits(),
    )
    partition = Partition(
        0, ports=ports, on_claim=lambda claim: None, on_commit=lambda number, offset: None
    )
    working = asyncio.create_task(partition.run())
    await until(lambda: partition.state is State.RUNNING)
    # As in `close`: the release has the lock when the batch asks for it.
    async with partition._lock:
        partition.offer(records("late"))
        for _ in range(5):
            await asyncio.sleep(0)
        partition.state = State.CLOSED
    await asyncio.wait_for(working, 5)
    assert database.world.applied == []
