"""Runs a service as one process: HTTP and background tasks in one event loop.

Each service's `__main__` calls `run(main)`, and its main calls `serve`. On SIGTERM or SIGINT the
process becomes not ready, an event stops the background tasks within the grace period, running
HTTP requests are finished, and no task is left. A background task that ends on its own ends the
process with status 1: half a service is worse than a restart.
"""

import asyncio
import gc
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
import uvicorn
import uvloop
from pydantic import ValidationError
from starlette.types import ASGIApp

from services.kit.catalogue import BACKGROUND_FAILURES, LOOP_LAG_SECONDS, READY
from services.kit.http.connections import BoundedProtocol, Strangers
from services.kit.http.health import Health
from services.kit.metrics import Recorder
from services.kit.settings import StartRefused, settings_problem

log = structlog.get_logger(__name__)

Task = Callable[[asyncio.Event], Awaitable[None]]

# Below Kubernetes' default of 30 s, so that the process ends before it is killed.
GRACE_SECONDS = 20.0
# By how many objects the heap may grow between two searches for cycles. There are hardly any
# cycles, but a batch or a page of a sweep has some 400,000 objects until its transaction ends,
# and each search would visit all of them: with a limit of 50,000, a third of a worker's time.
YOUNG_OBJECTS = 1_000_000
_LOOP_LAG_INTERVAL_SECONDS = 0.5
_READY_INTERVAL_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """The address of a service, and the grace period in which it stops."""

    host: str
    port: int
    grace_seconds: float = GRACE_SECONDS


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals to `serve`."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def run(main: Callable[[], Coroutine[Any, Any, int]]) -> None:
    """Runs a service's main function, which reads the settings, and exits with its status."""
    # Imported modules stay for ever: the collector need not visit them again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            status = runner.run(main())
    except StartRefused as error:
        log.critical("service.start_refused", reason=str(error))
        status = 1
    except ValidationError as error:
        if not error.title.endswith("Settings"):
            raise
        log.critical("service.start_refused", reason=settings_problem(error))
        status = 1
    sys.exit(status)


async def serve(
    app: ASGIApp,
    listening: ServerOptions,
    *,
    health: Health,
    recorder: Recorder,
    tasks: Mapping[str, Task],
) -> int:
    """Serves until a signal arrives or a task ends; returns the exit status."""
    stop = asyncio.Event()
    server = _Server(
        uvicorn.Config(
            app,
            host=listening.host,
            port=listening.port,
            log_config=None,
            access_log=False,
            server_header=False,
            http=partial(BoundedProtocol, strangers=Strangers()),  # type: ignore[arg-type]  # a factory is all that uvicorn needs
            timeout_graceful_shutdown=max(1, int(listening.grace_seconds / 2)),
        )
    )
    own = {
        **tasks,
        "loop lag": _measure_loop_lag(recorder),
        "readiness": _measure_readiness(health, recorder),
    }
    with _signals(stop):
        http = asyncio.create_task(_http(server), name="http")
        background = [
            asyncio.create_task(_named(name, task, stop, recorder), name=name)
            for name, task in own.items()
        ]
        health.started()
        ended = await _first_end(stop, [http, *background])
        log.info("service.stopping", reason=ended or "signal")
        health.draining()
        stop.set()
        clean = await _finish(background, grace_seconds=listening.grace_seconds)
        server.should_exit = True
        http_ok = await _finish([http], grace_seconds=listening.grace_seconds)
    return 0 if ended is None and clean and http_ok else 1


async def _http(server: _Server) -> None:
    try:
        await server.serve()
    except SystemExit as exit_request:  # how uvicorn reports that the port is taken
        raise RuntimeError("HTTP could not start; is the port taken?") from exit_request


async def _named(name: str, task: Task, stop: asyncio.Event, recorder: Recorder) -> None:
    try:
        await task(stop)
    except Exception:
        log.exception("service.task_failed", task=name)
        recorder.add(BACKGROUND_FAILURES, task=name)
        raise


async def _first_end(stop: asyncio.Event, parts: list[asyncio.Task[None]]) -> str | None:
    """Waits for a signal or the end of a task; returns the task's name, None for a signal."""
    waiting = asyncio.create_task(stop.wait(), name="signal")
    done, _ = await asyncio.wait([waiting, *parts], return_when=asyncio.FIRST_COMPLETED)
    if waiting in done:
        return None
    waiting.cancel()
    return min(task.get_name() for task in done)


async def _finish(parts: list[asyncio.Task[None]], *, grace_seconds: float) -> bool:
    """Waits for tasks and cancels late ones; returns whether all ended in time, without error."""
    done, late = await asyncio.wait(parts, timeout=grace_seconds)
    for task in late:
        log.warning("service.task_stop_timeout", task=task.get_name())
        task.cancel()
    if late:
        await asyncio.wait(late, timeout=5)
    failed = [task for task in done if not task.cancelled() and task.exception() is not None]
    return not late and not failed


@contextmanager
def _signals(stop: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _measure_loop_lag(recorder: Recorder) -> Task:
    """Returns a task that measures how late the event loop wakes a timer."""

    async def measure(stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            due = loop.time() + _LOOP_LAG_INTERVAL_SECONDS
            await _until(stop, seconds=_LOOP_LAG_INTERVAL_SECONDS)
            if not stop.is_set():
                recorder.set(LOOP_LAG_SECONDS, max(0.0, loop.time() - due))

    return measure


def _measure_readiness(health: Health, recorder: Recorder) -> Task:
    """Returns a task that updates the readiness gauge, also when /readyz is not called."""

    async def measure(stop: asyncio.Event) -> None:
        while not stop.is_set():
            recorder.set(READY, 1.0 if (await health.ready()).ok else 0.0)
            await _until(stop, seconds=_READY_INTERVAL_SECONDS)
        recorder.set(READY, 0.0)

    return measure


async def _until(stop: asyncio.Event, *, seconds: float) -> None:
    """Waits for the event, at most for a number of seconds."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
