"""The fenced consumer over a broker and a database in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from services.kit import catalogue
from services.kit.clock import SystemClock
from services.kit.database import DatabaseUnavailable
from services.kit.stream.consumer import FencedConsumer
from services.kit.stream.partition import State
from services.kit.stream.ports import Limits
from services.kit.stream.stop_reasons import NoProgress
from services.kit.stream.topic_reader import BrokerUnavailable
from tests.fakes.recorder import MemoryRecorder
from tests.fakes.stream import FakeDatabase, FakeProgress, FakeTopicReader, WritingHandler, records


class Rig:
    """A consumer with everything around it in memory."""

    def __init__(self, *, partitions: int = 1, **limits: Any) -> None:
        self.log = FakeTopicReader(partitions=partitions)
        self.database = FakeDatabase()
        self.handler = WritingHandler()
        self.measured = MemoryRecorder()
        self.clock: SystemClock = SystemClock()
        self.limits = Limits(retry_seconds=0.001, max_retry_seconds=0.01, **limits)

    def consumer(self) -> FencedConsumer:
        return FencedConsumer(
            reader=self.log,
            database=self.database,
            progress=FakeProgress(),
            handler=self.handler,
            recorder=self.measured,
            clock=self.clock,
            limits=self.limits,
        )

    @asynccontextmanager
    async def running(self, *assigned: int) -> AsyncIterator[FencedConsumer]:
        consumer = self.consumer()
        task = asyncio.create_task(consumer.run())
        await until(lambda: self.log.listener is not None)
        await self.log.assign(*(assigned or (0,)))
        try:
            yield consumer
        finally:
            consumer.request_stop()
            await asyncio.wait_for(task, 5)


async def until(condition: Callable[[], bool], *, seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the conditions are of many kinds
            await asyncio.sleep(0)


def letters(first: int, last: int) -> list[str]:
    return [f"r{number}" for number in range(first, last)]


async def test_everything_is_applied_once_and_in_order() -> None:
    rig = Rig(max_records=7)
    rig.log.write(*letters(0, 50))
    async with rig.running():
        await until(lambda: rig.database.world.next_offsets.get(0) == 50)
        rig.log.write(*letters(50, 60))
        await until(lambda: rig.database.world.next_offsets.get(0) == 60)
    assert rig.database.world.applied == letters(0, 60)
    assert max(rig.handler.sizes) <= 7


class HeldClock(SystemClock):
    """Records sleeps of half a minute or more, and ends them on a signal of the test."""

    def __init__(self) -> None:
        self.sleeps: list[float] = []
        self.go_on = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        if seconds < 30:
            await super().sleep(seconds)
            return
        self.sleeps.append(seconds)
        await self.go_on.wait()


async def test_the_first_record_is_taken_at_once_and_those_that_follow_soon_together() -> None:
    rig = Rig(min_seconds_between=60)
    rig.clock = clock = HeldClock()
    async with rig.running():
        rig.log.write("r0")
        await until(lambda: rig.database.world.next_offsets.get(0) == 1)
        rig.log.write("r1")
        await until(lambda: len(clock.sleeps) == 1)
        rig.log.write("r2")
        await until(lambda: rig.log.positions.get(0) == 3)
        assert rig.database.world.applied == ["r0"]
        clock.go_on.set()
        await until(lambda: rig.database.world.next_offsets.get(0) == 3)
    assert rig.handler.sizes == [1, 2]
    assert 50 < clock.sleeps[0] <= 60


async def test_nobody_waits_while_a_full_batch_is_there() -> None:
    rig = Rig(min_seconds_between=60, max_records=5)
    rig.clock = HeldClock()  # Who waits, waits for ever.
    rig.log.write(*letters(0, 20))
    async with rig.running():
        await until(lambda: rig.database.world.next_offsets.get(0) == 20)
    assert rig.database.world.applied == letters(0, 20)


async def test_a_new_owner_goes_on_at_the_position_in_the_database_not_in_kafka() -> None:
    rig = Rig()
    rig.log.write(*letters(0, 5))
    async with rig.running():
        await until(lambda: rig.database.world.next_offsets.get(0) == 5)
    rig.log.write(*letters(5, 8))
    rig.log.committed_offsets = {0: 0}
    async with rig.running():
        await until(lambda: rig.database.world.next_offsets.get(0) == 8)
    assert rig.database.world.applied == letters(0, 8)


async def test_a_commit_whose_answer_got_lost_is_not_applied_twice() -> None:
    rig = Rig()
    answers = iter([True])

    def lose_once() -> None:
        if 0 in rig.database.world.next_offsets and next(answers, False):
            raise DatabaseUnavailable("the answer got lost")

    rig.database.after_commit = lose_once
    rig.log.write(*letters(0, 5))
    async with rig.running():
        await until(lambda: rig.log.committed_offsets.get(0) == 5)
        rig.log.write("last")
        await until(lambda: rig.log.committed_offsets.get(0) == 6)
    assert rig.database.world.applied == [*letters(0, 5), "last"]


async def test_a_database_that_goes_away_delays_and_loses_nothing() -> None:
    rig = Rig()
    failures = iter(range(5))

    def fail() -> None:
        if next(failures, None) is not None:
            raise DatabaseUnavailable("away")

    async with rig.running() as consumer:
        await until(lambda: consumer.partitions.get(0) is State.RUNNING)
        rig.database.before_commit = fail
        rig.handler.calls.clear()
        rig.log.write(*letters(0, 5))
        await until(lambda: rig.database.world.next_offsets.get(0) == 5)
    assert rig.database.world.applied == letters(0, 5)
    assert rig.measured.total(catalogue.COMMITS, topic="events", result="retried") >= 1
    assert "rolled back" in rig.handler.calls[: rig.handler.calls.index("committed")]


async def test_a_stale_epoch_cannot_commit() -> None:
    rig = Rig()
    async with rig.running() as consumer:
        await until(lambda: consumer.partitions.get(0) is State.RUNNING)
        rig.database.world.epochs[0] += 1
        rig.log.write("too late")
        await until(lambda: consumer.partitions[0] is State.FENCED)
    assert rig.database.world.applied == []
    assert rig.measured.total(catalogue.COMMITS, topic="events", result="fenced") == 1
    assert 0 not in rig.log.committed_offsets


async def test_poison_is_set_aside_and_its_neighbours_go_on() -> None:
    rig = Rig()
    rig.handler.refuses = lambda value: value in ("r3", "r17")
    rig.log.write(*letters(0, 40))
    async with rig.running():
        await until(lambda: rig.database.world.next_offsets.get(0) == 40)
    expected = [value for value in letters(0, 40) if value not in ("r3", "r17")]
    assert rig.database.world.applied == expected
    assert rig.database.world.quarantined == ["r3", "r17"]
    assert rig.database.world.tallies == {0: (0, 2)}


async def test_what_a_failed_batch_left_in_memory_is_forgotten() -> None:
    rig = Rig()
    async with rig.running() as consumer:
        await until(lambda: consumer.partitions.get(0) is State.RUNNING)
        rig.handler.calls.clear()
        rig.handler.refuses = lambda value: value == "bad"
        rig.log.write("bad")
        await until(lambda: rig.database.world.next_offsets.get(0) == 1)
        assert rig.handler.calls[0] == "rolled back"


async def test_a_flood_of_poison_stops_the_partition_and_not_its_neighbour() -> None:
    rig = Rig(partitions=2, max_poison_in_a_row=3)
    rig.handler.refuses = lambda value: value.startswith("bad")
    rig.log.write(*[f"bad{number}" for number in range(10)], partition=0)
    rig.log.write(*letters(0, 10), partition=1)
    async with rig.running(0, 1) as consumer:
        await until(lambda: consumer.partitions[0] is State.STOPPED)
        await until(lambda: rig.database.world.next_offsets.get(1) == 10)
        stopped = rig.measured.total(
            catalogue.PARTITION_STOPPED, topic="events", partition="0", reason="too_much_poison"
        )
        assert stopped == 1
    assert rig.database.world.quarantined == ["bad0", "bad1", "bad2"]


async def test_a_revoke_waits_for_the_transaction_that_runs() -> None:
    rig = Rig(max_records=5)
    entered, leave = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        entered.set()
        await leave.wait()

    rig.log.write(*letters(0, 10))
    async with rig.running() as consumer:
        await until(lambda: consumer.partitions.get(0) is State.RUNNING)
        rig.database.before_commit = wait
        await entered.wait()
        revoking = asyncio.create_task(rig.log.revoke(0))
        await asyncio.sleep(0)
        assert not revoking.done()
        assert "released" not in rig.handler.calls
        leave.set()
        await revoking
        applied = list(rig.database.world.applied)
        assert applied in (letters(0, 5), letters(0, 10))
        assert "released" in rig.handler.calls
        for _ in range(20):
            await asyncio.sleep(0)
        assert rig.database.world.applied == applied


async def test_what_was_fetched_before_a_rebalance_is_not_applied_after_it() -> None:
    rig = Rig(max_records=2)
    rig.log.write(*letters(0, 20))
    async with rig.running():
        await until(lambda: rig.database.world.next_offsets.get(0, 0) >= 2)
        await rig.log.revoke(0)
        here = rig.database.world.next_offsets[0]
        assert rig.database.world.applied == letters(0, here)
        await rig.log.assign(0)
        await until(lambda: rig.database.world.next_offsets.get(0) == 20)
    assert rig.database.world.applied == letters(0, 20)


async def test_a_partition_that_left_takes_nothing_in_any_more() -> None:
    rig = Rig()
    async with rig.running() as consumer:
        await until(lambda: consumer.partitions.get(0) is State.RUNNING)
        left = consumer._partitions[0]
        await rig.log.revoke(0)
        left.offer(records("late"))
        assert not left._fetched


async def test_a_recreated_topic_stops_the_partition() -> None:
    rig = Rig()
    rig.log.write(*letters(0, 5))
    async with rig.running():
        await until(lambda: rig.database.world.next_offsets.get(0) == 5)
    rig.log.partitions[0] = []
    rig.log.write(*[f"other{number}" for number in range(8)])
    async with rig.running() as consumer:
        await until(lambda: consumer.partitions.get(0) is State.STOPPED)
    assert rig.database.world.applied == letters(0, 5)
    assert rig.measured.values[
        (
            "tocsin_partition_stopped",
            (("partition", "0"), ("reason", "topic_recreated"), ("topic", "events")),
        )
    ] == [1, 0]


async def test_a_truncated_topic_stops_the_partition() -> None:
    rig = Rig()
    rig.log.write(*letters(0, 5))
    async with rig.running():
        await until(lambda: rig.database.world.next_offsets.get(0) == 5)
    del rig.log.partitions[0][3:]
    async with rig.running() as consumer:
        await until(lambda: consumer.partitions.get(0) is State.STOPPED)


async def test_records_that_retention_took_unread_stop_the_partition() -> None:
    rig = Rig()
    rig.log.first[0] = 7
    rig.log.write("r7")
    async with rig.running() as consumer:
        await until(lambda: consumer.partitions.get(0) is State.STOPPED)
    assert rig.database.world.applied == []


async def test_an_offset_that_leaves_the_log_while_reading_stops_only_its_partition() -> None:
    rig = Rig(partitions=2)
    async with rig.running(0, 1) as consumer:
        await until(lambda: set(consumer.partitions.values()) == {State.RUNNING})
        rig.log.first[0] = 9
        await until(lambda: consumer.partitions[0] is State.STOPPED)
        rig.log.write("goes on", partition=1)
        await until(lambda: rig.database.world.applied == ["goes on"])


async def test_another_number_of_partitions_stops_the_partition() -> None:
    rig = Rig()
    rig.database.world.partition_counts[0] = 4
    async with rig.running() as consumer:
        await until(lambda: consumer.partitions.get(0) is State.STOPPED)


async def test_records_that_the_driver_lost_are_fetched_again() -> None:
    rig = Rig()
    async with rig.running() as consumer:
        await until(lambda: consumer.partitions.get(0) is State.RUNNING)
        rig.log.losing = lambda partition: True
        rig.log.write("lost")
        await until(lambda: rig.log.positions[0] == 1)
        rig.log.losing = lambda partition: False
        rig.log.write("found")
        await until(lambda: rig.database.world.next_offsets.get(0) == 2)
    assert rig.database.world.applied == ["lost", "found"]


def failing_polls(rig: Rig) -> list[bool]:
    """Return a list; for each item a poll that fetched records fails and loses them."""
    failing: list[bool] = []
    poll = rig.log.poll

    async def swallow(**options: Any) -> Any:
        fetched = await poll(**options)
        if fetched and failing:
            failing.pop()
            raise BrokerUnavailable("the connection was lost")
        return fetched

    rig.log.poll = swallow  # type: ignore[method-assign]
    return failing


async def test_records_that_a_failing_poll_swallowed_are_fetched_again() -> None:
    rig = Rig()
    failing = failing_polls(rig)
    async with rig.running() as consumer:
        await until(lambda: consumer.partitions.get(0) is State.RUNNING)
        failing += [True, True]
        rig.log.write("swallowed twice")
        # Nothing else arrives: the record comes back without a new one.
        await until(lambda: rig.database.world.next_offsets.get(0) == 1)
    assert rig.database.world.applied == ["swallowed twice"]


async def test_a_log_that_is_another_one_after_a_failed_poll_is_not_taken_from() -> None:
    rig = Rig()
    failing = failing_polls(rig)
    rig.log.write(*letters(0, 5))
    async with rig.running() as consumer:
        await until(lambda: rig.database.world.next_offsets.get(0) == 5)
        failing.append(True)
        # Restored from a copy that had three records, and grown past the position since.
        del rig.log.partitions[0][3:]
        rig.log.write(*[f"other{number}" for number in range(3, 8)])
        await until(lambda: consumer.partitions.get(0) is State.STOPPED)
        await until(lambda: rig.database.world.stops.get(0) == "topic_recreated")
    assert rig.database.world.applied == letters(0, 5)


async def test_a_failed_poll_after_retention_deleted_all_that_was_taken_stops_nothing() -> None:
    rig = Rig()
    failing = failing_polls(rig)
    rig.log.write(*letters(0, 5))
    async with rig.running() as consumer:
        await until(lambda: rig.database.world.next_offsets.get(0) == 5)
        failing.append(True)
        del rig.log.partitions[0][:]
        rig.log.first[0] = 5
        rig.log.write("r5")
        await until(lambda: rig.database.world.next_offsets.get(0) == 6)
        assert consumer.stopped() is None
    assert rig.database.world.applied == letters(0, 6)


async def truncated_while_running(rig: Rig, consumer: FencedConsumer) -> None:
    """Take and lose records of partition 0, and wait until its stop is in the database."""
    failing = failing_polls(rig)
    rig.log.write(*letters(0, 5))
    await until(lambda: rig.database.world.next_offsets.get(0) == 5)
    failing.append(True)
    rig.log.partitions[0][4:] = records("other4", "other5", first=4)
    await until(lambda: rig.database.world.stops.get(0) == "topic_recreated")


async def test_a_partition_with_another_log_stops_what_the_others_of_its_topic_take() -> None:
    """The watchdog does not run: the batch itself is refused."""
    rig = Rig(partitions=2, check_seconds=600)
    async with rig.running(0, 1) as consumer:
        await until(lambda: set(consumer.partitions.values()) == {State.RUNNING})
        await truncated_while_running(rig, consumer)
        rig.log.write("not taken", partition=1)
        await until(lambda: consumer.partitions[1] is State.STOPPED)
        await until(lambda: rig.database.world.stops.get(1) == "topic_stopped")
        assert consumer.stopped() == (
            "events 0: topic_recreated, 1: topic_stopped (tocsin offsets show)"
        )
    assert rig.database.world.applied == letters(0, 5)


async def test_a_stop_of_the_topic_reaches_an_idle_partition_and_ends_with_its_cause() -> None:
    rig = Rig(partitions=2, check_seconds=0.01)
    async with rig.running(0, 1) as consumer:
        await until(lambda: set(consumer.partitions.values()) == {State.RUNNING})
        await truncated_while_running(rig, consumer)
        await until(lambda: rig.database.world.stops.get(1) == "topic_stopped")
        stopped = rig.measured.total(
            catalogue.PARTITION_STOPPED, topic="events", partition="1", reason="topic_stopped"
        )
        assert stopped == 1
        await operator_sets(rig, 6)
        await until(lambda: consumer.partitions == dict.fromkeys((0, 1), State.RUNNING))
        rig.log.write("goes on", partition=1)
        await until(lambda: rig.database.world.applied == [*letters(0, 5), "goes on"])


async def test_a_stop_of_the_topic_ends_when_the_log_is_the_right_one_at_a_later_claim() -> None:
    rig = Rig(partitions=2, check_seconds=0.01)
    async with rig.running(0, 1) as consumer:
        await until(lambda: set(consumer.partitions.values()) == {State.RUNNING})
        await truncated_while_running(rig, consumer)
        await until(lambda: rig.database.world.stops.get(1) == "topic_stopped")
    rig.log.partitions[0][4:] = records("r4", "r5", first=4)
    async with rig.running(0, 1) as consumer:
        await until(lambda: rig.database.world.next_offsets.get(0) == 6)
        await until(lambda: not rig.database.world.stops)
        await until(lambda: consumer.partitions == dict.fromkeys((0, 1), State.RUNNING))
        rig.log.write("goes on", partition=1)
        await until(lambda: rig.database.world.next_offsets.get(1) == 1)


async def test_gaps_in_the_offsets_are_passed() -> None:
    rig = Rig()
    rig.log.write("a")
    rig.log.write("b", gap=5)
    async with rig.running():
        await until(lambda: rig.database.world.next_offsets.get(0) == 7)
        rig.log.write("c", gap=3)
        await until(lambda: rig.database.world.next_offsets.get(0) == 11)
    assert rig.database.world.applied == ["a", "b", "c"]


async def test_polling_goes_on_while_a_slow_database_pauses_a_partition() -> None:
    rig = Rig(max_records=2, max_waiting_records=4)
    leave = asyncio.Event()
    rig.log.write(*letters(0, 100))
    async with rig.running() as consumer:
        await until(lambda: consumer.partitions.get(0) is State.RUNNING)
        rig.database.before_commit = leave.wait
        await until(lambda: 0 in rig.log.paused)
        polls = rig.log.polls
        await until(lambda: rig.log.polls > polls + 10)
        assert rig.log.positions[0] < 100
        rig.database.before_commit = lambda: None
        leave.set()
        await until(lambda: rig.database.world.next_offsets.get(0) == 100)
    assert rig.database.world.applied == letters(0, 100)


async def test_a_stop_finishes_the_running_transaction_and_starts_no_other() -> None:
    rig = Rig(max_records=5)
    entered, leave = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        entered.set()
        await leave.wait()

    rig.log.write(*letters(0, 100))
    async with rig.running() as consumer:
        await until(lambda: consumer.partitions.get(0) is State.RUNNING)
        rig.database.before_commit = wait
        await entered.wait()
        consumer.request_stop()
        leave.set()
    world = rig.database.world
    assert world.applied == letters(0, world.next_offsets[0])
    assert 0 < world.next_offsets[0] < 100
    assert rig.log.listener is None
    assert rig.log.committed_offsets == {0: world.next_offsets[0]}


async def test_work_that_does_not_move_ends_the_process() -> None:
    rig = Rig()
    rig.limits = Limits(no_progress_seconds=0.05, check_seconds=0.01, release_seconds=0.05)
    rig.log.write("stuck")
    consumer = rig.consumer()
    rig.database.before_commit = asyncio.Event().wait
    task = asyncio.create_task(consumer.run())
    await until(lambda: rig.log.listener is not None)
    await rig.log.assign(0)
    with pytest.raises(ExceptionGroup) as ended:
        await asyncio.wait_for(task, 5)
    assert ended.group_contains(NoProgress)


async def test_a_partition_that_is_caught_up_is_not_stuck() -> None:
    rig = Rig(no_progress_seconds=0.02, check_seconds=0.005)
    async with rig.running() as consumer:
        await until(lambda: consumer.partitions.get(0) is State.RUNNING)
        await asyncio.sleep(0.1)
        assert consumer.partitions[0] is State.RUNNING


async def test_a_partition_assigned_here_and_owned_elsewhere_ends_the_process() -> None:
    rig = Rig()
    rig.limits = Limits(no_progress_seconds=0.05, check_seconds=0.01)
    rig.log.write("one")
    consumer = rig.consumer()
    task = asyncio.create_task(consumer.run())
    await until(lambda: rig.log.listener is not None)
    await rig.log.assign(0)
    await until(lambda: rig.database.world.next_offsets.get(0) == 1)
    # There is no lag: the rows in the outbox would wait for ever without a sign.
    rig.database.world.epochs[0] += 1
    rig.database.world.owners[0] = "another"
    with pytest.raises(ExceptionGroup) as ended:
        await asyncio.wait_for(task, 5)
    assert ended.group_contains(NoProgress)


async def test_background_work_and_records_alternate() -> None:
    rig = Rig(max_records=2)
    rig.handler.background_steps = 3
    rig.log.write(*letters(0, 6))
    async with rig.running():
        await until(
            lambda: rig.database.world.next_offsets.get(0) == 6 and not rig.handler.background_steps
        )
    applied = rig.database.world.applied
    assert [value for value in applied if value != "background step"] == letters(0, 6)
    assert applied.count("background step") == 3
    assert applied.index("background step") < applied.index("r5")


async def test_a_background_step_of_a_stale_owner_is_rolled_back() -> None:
    rig = Rig()
    async with rig.running() as consumer:
        await until(lambda: consumer.partitions.get(0) is State.RUNNING)
        rig.database.world.epochs[0] += 1
        rig.handler.background_steps = 1
        consumer._partitions[0]._has_fetched.set()
        await until(lambda: consumer.partitions[0] is State.FENCED)
    assert rig.database.world.applied == []


async def test_a_stop_during_an_assignment_begins_nothing() -> None:
    rig = Rig()
    entered, leave = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        entered.set()
        await leave.wait()

    async with rig.running() as consumer:
        await until(lambda: consumer.partitions.get(0) is State.RUNNING)
        rig.database.before_commit = wait
        rig.log.write("one")
        await entered.wait()
        # The assignment first lets the old partition go, which waits for its transaction.
        assigning = asyncio.create_task(rig.log.assign(0))
        await asyncio.sleep(0)
        consumer.request_stop()
        leave.set()
        await assigning
        assert consumer.partitions == {}


async def test_a_log_that_becomes_shorter_while_reading_stops_the_partition() -> None:
    rig = Rig(check_seconds=0.01)
    rig.log.write(*letters(0, 5))
    async with rig.running() as consumer:
        await until(lambda: rig.database.world.next_offsets.get(0) == 5)
        del rig.log.partitions[0][2:]
        await until(lambda: consumer.stopped() == "events 0: topic_truncated (tocsin offsets show)")
        await until(lambda: rig.database.world.stops.get(0) == "topic_truncated")


async def test_a_group_offset_ahead_of_the_database_stops_the_partition() -> None:
    rig = Rig()
    rig.log.write(*letters(0, 5))
    rig.log.committed_offsets = {0: 4}
    async with rig.running() as consumer:
        await until(
            lambda: consumer.stopped() == "events 0: database_restored (tocsin offsets show)"
        )
    assert rig.database.world.applied == []
    rig.database.world.agreed[0] = 4
    async with rig.running():
        await until(lambda: rig.database.world.next_offsets.get(0) == 5)


async def test_an_offset_that_the_next_owner_committed_is_no_sign_of_an_older_database() -> None:
    """A process that was paused between its claim and the question is fenced, not stopped."""
    rig = Rig()
    rig.log.write(*letters(0, 5))

    async def overtaken(partition: int) -> int | None:
        async def claim_and_work(connection: Any) -> None:
            connection.epochs[0] += 1
            connection.next_offsets[0] = 4

        await rig.database.in_transaction(claim_and_work)
        return 4

    rig.log.committed = overtaken  # type: ignore[method-assign]
    async with rig.running() as consumer:
        await until(lambda: consumer.partitions.get(0) is State.FENCED)
    assert rig.database.world.applied == []
    assert rig.database.world.stops == {}


async def test_a_stopped_partition_goes_on_when_an_operator_set_its_position() -> None:
    rig = Rig(check_seconds=0.01)
    rig.log.first[0] = 7
    rig.log.write("r7", "r8")
    async with rig.running() as consumer:
        await until(lambda: consumer.partitions.get(0) is State.STOPPED)
        await operator_sets(rig, 8)
        await until(lambda: rig.database.world.applied == ["r8"])
        assert consumer.partitions == {0: State.RUNNING}


async def operator_sets(rig: Rig, offset: int) -> None:
    """Do what `tocsin offsets set` does to the row."""

    async def work(connection: Any) -> None:
        connection.epochs[0] += 1
        connection.owners[0], connection.next_offsets[0] = "", offset
        connection.digests.pop(0, None)
        connection.stops.pop(0, None)
        connection.agreed[0] = rig.log.committed_offsets.get(0, 0)

    await rig.database.in_transaction(work)
