"""When the watchdog takes a partition for stuck."""

from datetime import UTC, datetime
from typing import cast

import pytest

from services.kit.stream.partition import Partition, State
from services.kit.stream.stop_reasons import NoProgress, StopPartition, StopReason
from services.kit.stream.watchdog import Watchdog
from tests.fakes.clock import ManualClock
from tests.fakes.recorder import MemoryRecorder
from tests.fakes.stream import FakeTopicReader


class Idle:
    """A partition that does nothing at all."""

    number = 0
    state = State.RUNNING
    next_offset = 0
    progressed_at = 0.0
    is_waiting_for_database = False

    def __init__(self) -> None:
        self.stops: list[StopPartition] = []

    async def refresh(self) -> None: ...

    def stop(self, stop: StopPartition) -> None:
        self.stops.append(stop)


class Watched:
    """A watchdog of 60 seconds' patience over one idle partition."""

    def __init__(self) -> None:
        self.log, self.clock, self.partition = (
            FakeTopicReader(),
            ManualClock(datetime.now(UTC)),
            Idle(),
        )
        self.watchdog = Watchdog(
            reader=self.log,
            clock=self.clock,
            recorder=MemoryRecorder(),
            no_progress_seconds=60,
            check_seconds=5,
            partitions=list,
        )

    async def look_after(self, seconds: float) -> None:
        self.clock.advance(seconds)
        await self.watchdog.check(cast("Partition", self.partition))


async def test_only_time_in_which_work_was_seen_counts() -> None:
    watched = Watched()
    await watched.look_after(1_000)
    watched.log.write("new")
    await watched.look_after(1_000)
    await watched.look_after(60)
    with pytest.raises(NoProgress, match="is running, has a lag of 1 records"):
        await watched.look_after(1)


async def test_progress_begins_the_wait_again() -> None:
    watched = Watched()
    watched.log.write("one", "two")
    await watched.look_after(0)
    watched.partition.progressed_at = 50.0
    await watched.look_after(100)
    with pytest.raises(NoProgress):
        await watched.look_after(11)


async def test_a_database_that_is_away_is_waited_for_longer() -> None:
    watched = Watched()
    watched.partition.is_waiting_for_database = True
    watched.log.write("one")
    await watched.look_after(0)
    await watched.look_after(300)
    with pytest.raises(NoProgress):
        await watched.look_after(1)


@pytest.mark.parametrize("state", [State.STOPPED, State.CLOSED])
async def test_a_partition_that_stopped_on_purpose_is_not_stuck(state: State) -> None:
    watched = Watched()
    watched.log.write("one")
    watched.partition.state = state
    await watched.look_after(0)
    await watched.look_after(10_000)


async def test_an_end_that_lags_behind_for_a_moment_stops_nothing() -> None:
    watched = Watched()
    watched.log.write("one", "two")
    watched.partition.next_offset = 3
    await watched.look_after(5)
    watched.log.write("three")
    await watched.look_after(5)
    assert watched.partition.stops == []


async def test_a_log_that_stays_too_short_stops_its_partition() -> None:
    watched = Watched()
    watched.log.write("one", "two")
    watched.partition.next_offset = 3
    await watched.look_after(5)
    await watched.look_after(5)
    assert [stop.reason for stop in watched.partition.stops] == [StopReason.TOPIC_TRUNCATED]
