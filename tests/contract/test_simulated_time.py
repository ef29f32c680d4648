"""The simulation's loop and clock do what asyncio's and the machine's do, in the same order."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC

import pytest

from services.kit.clock import Clock, SystemClock
from tests.simulation.loop import Deadlock, SimulatedClock, pause, simulate

Story = list[str]
TICK = 0.01


async def timers_fire_by_time_and_then_by_age(story: Story) -> None:
    loop = asyncio.get_running_loop()
    for name, ticks in (("c", 3), ("a", 1), ("b", 2)):
        loop.call_later(TICK * ticks, story.append, name)
    gone = loop.call_later(TICK * 2, story.append, "cancelled")
    loop.call_soon(story.append, "soon")
    gone.cancel()
    await asyncio.sleep(TICK * 5)


async def tasks_take_turns_in_order(story: Story) -> None:
    async def write(name: str) -> None:
        for number in range(3):
            story.append(f"{name}{number}")
            await asyncio.sleep(0)

    await asyncio.gather(write("a"), write("b"))


async def locks_and_events_wake_who_came_first(story: Story) -> None:
    lock, event = asyncio.Lock(), asyncio.Event()

    async def wait(name: str) -> None:
        await event.wait()
        async with lock:
            story.append(name)
            await asyncio.sleep(TICK)

    async with asyncio.TaskGroup() as tasks:
        for name in "abc":
            tasks.create_task(wait(name))
        await asyncio.sleep(TICK)
        event.set()


async def a_timeout_cancels_what_it_holds(story: Story) -> None:
    try:
        async with asyncio.timeout(TICK):
            try:
                await asyncio.sleep(TICK * 100)
            except asyncio.CancelledError:
                story.append("cancelled")
                raise
    except TimeoutError:
        story.append("timed out")
    async with asyncio.timeout(TICK * 100):
        await asyncio.sleep(0)
        story.append("in time")
    await asyncio.sleep(TICK)


async def a_group_whose_task_fails_ends_the_others(story: Story) -> None:
    async def fail() -> None:
        await asyncio.sleep(TICK)
        raise ZeroDivisionError

    async def wait(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            story.append(name)

    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(wait("a"))
            tasks.create_task(fail())
            tasks.create_task(wait("b"))
    except* ZeroDivisionError:
        story.append("failed")
    story.sort()


async def the_first_that_ends_is_returned(story: Story) -> None:
    quick = asyncio.create_task(asyncio.sleep(TICK, "quick"))
    slow = asyncio.create_task(asyncio.sleep(TICK * 100, "slow"))
    done, pending = await asyncio.wait({quick, slow}, return_when=asyncio.FIRST_COMPLETED)
    story += [task.result() for task in done]
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    story.append(str(slow.cancelled()))


SCENARIOS: tuple[tuple[Callable[[Story], Awaitable[None]], Story], ...] = (
    (timers_fire_by_time_and_then_by_age, ["soon", "a", "b", "c"]),
    (tasks_take_turns_in_order, ["a0", "b0", "a1", "b1", "a2", "b2"]),
    (locks_and_events_wake_who_came_first, ["a", "b", "c"]),
    (a_timeout_cancels_what_it_holds, ["cancelled", "timed out", "in time"]),
    (a_group_whose_task_fails_ends_the_others, ["a", "b", "failed"]),
    (the_first_that_ends_is_returned, ["quick", "True"]),
)


@pytest.mark.parametrize("run", [asyncio.run, simulate], ids=["asyncio", "simulated"])
@pytest.mark.parametrize(("scenario", "expected"), SCENARIOS, ids=lambda case: str(case)[:40])
def test_both_loops_run_in_the_same_order(
    run: Callable[[Awaitable[None]], None],
    scenario: Callable[[Story], Awaitable[None]],
    expected: Story,
) -> None:
    story: Story = []
    run(scenario(story))
    assert story == expected


async def a_clock_waits_and_gives_the_time(clock: Clock) -> None:
    moment, began = clock.now(), clock.monotonic_seconds()
    assert moment.tzinfo is UTC
    await clock.sleep(0.02)
    assert clock.monotonic_seconds() - began >= 0.019
    assert (clock.now() - moment).total_seconds() >= 0.015


def test_both_clocks_wait_and_give_the_time() -> None:
    asyncio.run(a_clock_waits_and_gives_the_time(SystemClock()))
    simulate(a_clock_waits_and_gives_the_time(SimulatedClock()))


def test_a_wait_in_which_nothing_can_happen_ends_where_a_timer_would() -> None:
    """The jump in place must not pass anything that is due before its end."""
    story: list[tuple[str, float]] = []

    async def play() -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(1.0, lambda: story.append(("timer", loop.time())))
        for seconds in (0.4, 0.4, 0.4, 0.4):
            await pause(seconds)
            story.append(("pause", round(loop.time(), 3)))

    simulate(play())
    assert story == [
        ("pause", 0.4),
        ("pause", 0.8),
        ("timer", 1.0),
        ("pause", 1.2),
        ("pause", 1.6),
    ]


def test_a_world_that_waits_for_nothing_differs_from_a_slow_one() -> None:
    async def play() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Deadlock, match="nothing is ready"):
        simulate(play())
