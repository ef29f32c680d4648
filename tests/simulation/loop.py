"""An event loop whose time jumps to the next timer, and processes that can be frozen or die.

A process is a context variable: every task started inside it belongs to it. Frozen, none of its
callbacks run until it is thawed, as after SIGSTOP; dead, its ports refuse every call, so nothing
that its tasks do while they unwind reaches the world.

The loop is not derived from asyncio's: a world is some thousand callbacks, and asyncio's own loop
spends more on each than the code under test. Tasks, futures, locks, timeouts and task groups are
asyncio's.
"""

import asyncio
import gc
import itertools
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from typing import Any

# A hundred times the steps of the longest seeds.
MOST_STEPS = 1_000_000
# In a row, without a step: a task that is alone and never ends must come back to be counted.
MOST_JUMPS = 20
EPOCH = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class Crashed(BaseException):
    """The process is dead; not an `Exception`, so no code of the process can catch it."""


class Deadlock(Exception):
    """Nothing is ready and no timer is set."""


class Callback(list[Any]):
    """A function, its arguments and its context, as a list because that is fastest to create."""

    __slots__ = ()

    def cancel(self) -> None:
        """Empties the list, which the loop then skips."""
        self.clear()


class Process:
    """One process of the simulated world."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_alive = True
        self.is_frozen = False
        self.deferred: list[Callback] = []

    def check(self) -> None:
        """Raises if the process is dead."""
        if not self.is_alive:
            raise Crashed(self.name)

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Starts a task that belongs to this process."""
        context = copy_context()
        context.run(PROCESS.set, self)
        return asyncio.get_running_loop().create_task(coroutine, context=context)

    def freeze(self) -> None:
        """Stops running its callbacks until it is thawed."""
        if not self.is_frozen:
            self.is_frozen = True
            running().frozen += 1

    def thaw(self) -> None:
        """Runs the callbacks that were deferred."""
        if not self.is_frozen:
            return
        self.is_frozen = False
        loop = running()
        loop.frozen -= 1
        loop.ready.extend(self.deferred)
        self.deferred.clear()


PROCESS: ContextVar[Process | None] = ContextVar("process", default=None)


class NumberedTask(asyncio.Task):  # type: ignore[type-arg]
    """A task whose hash is a serial number, so sets of tasks have the same order in each run."""

    numbers = itertools.count()

    def __init__(self, *args: Any, **options: Any) -> None:
        self.number = next(NumberedTask.numbers)
        super().__init__(*args, **options)

    def __hash__(self) -> int:
        return self.number

    def __eq__(self, other: object) -> bool:
        return self is other


class VirtualLoop(asyncio.AbstractEventLoop):
    """Runs the callbacks that are ready; when none is, time jumps to the next timer."""

    def __init__(self) -> None:
        self.ready: deque[Callback] = deque()
        self.frozen = 0
        self._now = 0.0
        self._is_running = False
        self._timers: list[tuple[float, int, Any]] = []
        self._numbers = itertools.count()
        self._jumps_left = MOST_JUMPS
        self._done: asyncio.Future[None] = asyncio.Future(loop=self)
        self._done.set_result(None)
        NumberedTask.numbers = itertools.count()

    def time(self) -> float:
        return self._now

    def run_until_complete(self, main: Any) -> Any:
        """Runs until `main` is done, even if other tasks are not.

        Raises:
            Deadlock: If it cannot finish.
        """
        asyncio._set_running_loop(self)
        self._is_running = True
        try:
            task = self.create_task(main)
            self._run(task)
        finally:
            self._is_running = False
            asyncio._set_running_loop(None)
        return task.result()

    def _run(self, main: "asyncio.Task[Any]") -> None:
        ready = self.ready
        take = ready.popleft
        for _ in range(MOST_STEPS):
            if ready:
                callback = take()
                if callback:
                    function, args, context = callback
                    context.run(function, *args)
            elif main.done():
                return
            else:
                self._jump()
        raise Deadlock(f"{MOST_STEPS} steps and no end at {self._now:.3f} s")

    def _jump(self) -> None:
        """Advances to the next timer that is not cancelled."""
        timers = self._timers
        while timers:
            when, _, due = heappop(timers)
            if _is_over(due):
                continue
            self._now = when
            self._jumps_left = MOST_JUMPS
            if due.__class__ is Callback:
                self.ready.append(due)
            else:
                due.set_result(None)
            return
        raise Deadlock("nothing is ready and no timer is set")

    def _is_alone_until(self, when: float) -> bool:
        timers = self._timers
        while timers and timers[0][0] <= when:
            if not _is_over(timers[0][2]):
                return False
            heappop(timers)
        return True

    def call_soon(  # type: ignore[override]  # a list instead of asyncio's handle
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> Callback:
        made = Callback((callback, args, context or copy_context()))
        if self.frozen:
            process = made[2].get(PROCESS)
            if process is not None and process.is_frozen:
                process.deferred.append(made)
                return made
        self.ready.append(made)
        return made

    def call_at(  # type: ignore[override]  # the same
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> Callback:
        made = Callback((callback, args, context or copy_context()))
        heappush(self._timers, (max(when, self._now), next(self._numbers), made))
        return made

    def call_later(  # type: ignore[override]  # the same
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> Callback:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def pause(self, seconds: float) -> "asyncio.Future[None]":
        """Returns a future that is done `seconds` from now: `asyncio.sleep` without its cost."""
        when = self._now + seconds
        if self._jumps_left and not self.ready and self._is_alone_until(when):
            # Nothing can happen before that time, so the caller goes on at once.
            self._jumps_left -= 1
            self._now = when
            return self._done
        future: asyncio.Future[None] = asyncio.Future(loop=self)
        heappush(self._timers, (when, next(self._numbers), future))
        return future

    def create_future(self) -> "asyncio.Future[Any]":
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, **options: Any) -> "asyncio.Task[Any]":
        return NumberedTask(coro, loop=self, **options)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Logs nothing: it would report the tasks that dead processes leave unawaited."""

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return self._is_running

    def is_closed(self) -> bool:
        return False

    def close(self) -> None:
        """Drops all callbacks and timers."""
        self.ready.clear()
        self._timers.clear()


def _is_over(due: Any) -> bool:
    return not due if due.__class__ is Callback else due.done()


def running() -> VirtualLoop:
    """Returns the loop of the current world."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop


def pause(seconds: float) -> "asyncio.Future[None]":
    """Returns a future that is done `seconds` from now."""
    loop: VirtualLoop = asyncio.get_running_loop()  # type: ignore[assignment]  # nothing else plays worlds
    return loop.pause(seconds)


class SimulatedClock:
    """The clock of a process; the wall clocks of two processes may differ."""

    def __init__(self, *, skew_seconds: float = 0.0) -> None:
        self._skew_seconds = skew_seconds

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.monotonic_seconds() + self._skew_seconds)

    def monotonic_seconds(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await pause(seconds)


def simulate(main: Coroutine[Any, Any, Any]) -> Any:
    """Runs a world to its end in virtual time."""
    loop = VirtualLoop()
    # A world's cycles are few and end with it; searching for them costs a tenth of the time.
    gc.disable()
    try:
        return loop.run_until_complete(main)
    finally:
        loop.close()
        gc.enable()
