"""One process ends as one: on a signal in good order, on a failed part at once."""

import asyncio
import os
import signal
from datetime import UTC, datetime

import pytest

from services.kit.catalogue import BACKGROUND_FAILURES, KIT_CATALOGUE
from services.kit.http.application import WebParts, create_app
from services.kit.http.health import Health
from services.kit.http.server import ServerOptions, Task, serve
from services.kit.metrics import Metrics
from tests.fakes.clock import ManualClock
from tests.fakes.recorder import MemoryRecorder

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HERE = ServerOptions(host="127.0.0.1", port=0, grace_seconds=2)


class Nobody:
    """Accepts no key."""

    async def authenticate(self, _text: str) -> None:
        return None


async def served(tasks: dict[str, Task], recorder: MemoryRecorder) -> tuple[int, Health]:
    health = Health(ManualClock(NOW))
    parts = WebParts(health=health, metrics=Metrics(KIT_CATALOGUE), authenticator=Nobody())
    app = create_app("test", parts=parts, routers=[])
    async with asyncio.timeout(15):
        status = await serve(app, HERE, health=health, recorder=recorder, tasks=tasks)
    return status, health


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_lets_background_work_finish_and_exits_with_0(
    number: signal.Signals,
) -> None:
    calls: list[str] = []

    async def work(stop: asyncio.Event) -> None:
        os.kill(os.getpid(), number)
        await stop.wait()
        calls.append("finished")

    status, health = await served({"work": work}, MemoryRecorder())
    assert status == 0
    assert calls == ["finished"]
    assert (await health.ready()).checks == {"draining": "the process is going away"}


async def test_a_part_that_fails_takes_the_process_down_with_status_1() -> None:
    recorder = MemoryRecorder()

    async def fail(_stop: asyncio.Event) -> None:
        raise RuntimeError("the broker said no")

    status, _ = await served({"consumer": fail}, recorder)
    assert status == 1
    assert recorder.total(BACKGROUND_FAILURES, task="consumer") == 1


async def test_a_part_that_ends_by_itself_takes_the_process_down_too() -> None:
    async def end(_stop: asyncio.Event) -> None:
        return

    status, _ = await served({"relay": end}, MemoryRecorder())
    assert status == 1


async def test_a_part_that_does_not_stop_is_cancelled_and_leaves_nothing() -> None:
    async def stubborn(stop: asyncio.Event) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.Event().wait()

    before = asyncio.all_tasks()
    status, _ = await served({"stubborn": stubborn}, MemoryRecorder())
    assert status == 1
    assert asyncio.all_tasks() == before
