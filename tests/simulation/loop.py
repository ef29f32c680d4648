"""An event loop whose time jumps to the next timer, and processes that can be frozen or die.

A process is a context variable: every task started inside it belongs to it. Frozen, none of
its callbacks run until it is thawed, as after SIGSTOP; dead, its ports refuse every call, so
whatever its tasks still do while they unwind reaches nobody.
"""

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from datetime import UTC, datetime, timedelta
from typing import Any

# A hundred times what the busiest seeds take.
MOST_STEPS = 300_000
EPOCH = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class Crashed(BaseException):
    """The process is dead; not an `Exception`, so no code of the process can catch it."""


class Deadlock(Exception):
    """Nothing is ready and nothing ever will be."""


class Process:
    """One process of the simulated world."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_alive = True
        self.is_frozen = False
        self.deferred: list[asyncio.Handle] = []

    def check(self) -> None:
        """Refuse to act for a dead process."""
        if not self.is_alive:
            raise Crashed(self.name)

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Start a task that belongs to this process."""
        context = copy_context()
        context.run(PROCESS.set, self)
        return asyncio.get_running_loop().create_task(coroutine, context=context)


PROCESS: ContextVar[Process | None] = ContextVar("process", default=None)


class NumberedTask(asyncio.Task):  # type: ignore[type-arg]
    """A task whose hash is a number in a row, so sets of tasks have the same order each run."""

    numbers = itertools.count()

    def __init__(self, *args: Any, **options: Any) -> None:
        self.number = next(NumberedTask.numbers)
        super().__init__(*args, **options)

    def __hash__(self) -> int:
        return self.number

    def __eq__(self, other: object) -> bool:
        return self is other


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs whatever is ready; when nothing is, the time is that of the next timer."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._steps = 0
        self._selector = self
        self._clock_resolution = 1e-6
        NumberedTask.numbers = itertools.count()
        self.set_task_factory(
            lambda loop, coro, **options: NumberedTask(coro, loop=loop, **options)
        )

    def time(self) -> float:
        return self._now

    def select(self, timeout: float | None) -> list[Any]:
        """Stand in for the selector: jump instead of waiting."""
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise Deadlock(f"{MOST_STEPS} steps and no end at {self._now:.3f} s")
        if timeout is None:
            raise Deadlock("nothing is ready and no timer is set")
        self._now += timeout
        return []

    def _process_events(self, event_list: list[Any]) -> None:
        return None

    def _write_to_self(self) -> None:
        return None

    def call_soon(
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        process = (context.get(PROCESS) if context is not None else PROCESS.get()) or None
        if process is not None and process.is_frozen:
            handle = asyncio.Handle(callback, args, self, context or copy_context())
            process.deferred.append(handle)
            return handle
        return super().call_soon(callback, *args, context=context)

    def thaw(self, process: Process) -> None:
        """Let a frozen process go on with what piled up."""
        process.is_frozen = False
        deferred, process.deferred = process.deferred, []
        for handle in deferred:
            self._ready.append(handle)


class SimulatedClock:
    """A process's clock; wall clocks of two processes may disagree."""

    def __init__(self, *, skew_seconds: float = 0.0) -> None:
        self._skew_seconds = skew_seconds

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.monotonic_seconds() + self._skew_seconds)

    def monotonic_seconds(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def simulate(main: Coroutine[Any, Any, Any]) -> Any:
    """Run a world to its end in virtual time."""
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(main)
    finally:
        asyncio.set_event_loop(None)
        loop.close()
