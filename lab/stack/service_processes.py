"""Runs services as child processes, each with a log and a readiness probe.

Used by the demo, the benchmarks and the tests. A process that ends or does not become ready in time
is an error with the end of its log. All processes are recorded in the data folder, so that the next
demo can stop what a killed one left running. Invariant: `stop` ends all that `start` started.
"""

import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import httpx2

from lab.stack import processes
from lab.stack.processes import StartedProcess
from services.cli.errors import CommandError
from services.kit.clock import SystemClock

READY_WITHIN_SECONDS = 60.0
POLL_SECONDS = 0.1
STOP_WITHIN_SECONDS = 25.0
FILE_NAME = "children.json"


@dataclass(frozen=True, slots=True)
class Program:
    """A service to be run as a child."""

    name: str
    module: str
    arguments: tuple[str, ...]
    url: str
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class ServiceProcess:
    """A running service."""

    program: Program
    process: StartedProcess
    log: Path


class ServiceProcesses:
    """All services of the demo."""

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str]) -> None:
        """Describe the children; `settings` are the TOCSIN_* variables that all of them get."""
        self._data_dir = data_dir
        self._settings = settings
        self._processes: list[ServiceProcess] = []
        self._clock = SystemClock()

    def start(self, program: Program) -> StartedProcess:
        """Start a service and return its process; `wait_until_ready` waits until it answers."""
        log = self._data_dir / "logs" / f"{program.name}.log"
        process = processes.start(
            [sys.executable, "-m", program.module, *program.arguments],
            log=log,
            mark=program.module,
            environment=_inherited() | dict(self._settings) | dict(program.settings),
        )
        self._processes.append(ServiceProcess(program, process, log))
        self._record()
        return process

    async def wait_until_ready(self) -> None:
        """Wait until every service is ready.

        Raises:
            CommandError: With the end of the log of the one that is not.
        """
        async with httpx2.AsyncClient(timeout=5) as client:
            for service in self._processes:
                waited = 0.0
                while missing := await _missing(client, service.program.url):
                    self.check()
                    if waited > READY_WITHIN_SECONDS:
                        raise _failure(
                            service,
                            f"was not ready within {READY_WITHIN_SECONDS:.0f} s ({missing})",
                        )
                    await self._clock.sleep(POLL_SECONDS)
                    waited += POLL_SECONDS

    def check(self) -> None:
        """Make sure that all are still running.

        Raises:
            CommandError: With the end of the log of the one that is not.
        """
        for service in self._processes:
            if service.process.running() is None:
                raise _failure(service, "ended")

    def stop(self) -> None:
        """End all of them, the readers before the writers."""
        for service in self._processes:
            _signal(service.process)
        for service in self._processes:
            processes.stop(
                service.process, signals=(signal.SIGTERM,), wait_seconds=STOP_WITHIN_SECONDS
            )
        self._processes = []
        (self._data_dir / FILE_NAME).unlink(missing_ok=True)

    def _record(self) -> None:
        listed = [asdict(service.process) for service in self._processes]
        (self._data_dir / FILE_NAME).write_text(json.dumps(listed), encoding="utf-8")


def stop_left_over(data_dir: Path) -> int:
    """End the children of an earlier demo that was killed; return how many still ran."""
    try:
        listed = json.loads((data_dir / FILE_NAME).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return 0
    return sum(
        processes.stop(
            StartedProcess(**each), signals=(signal.SIGTERM,), wait_seconds=STOP_WITHIN_SECONDS
        )
        for each in listed
    )


def _signal(process: StartedProcess) -> None:
    running = process.running()
    if running is not None:
        running.send_signal(signal.SIGTERM)


def _inherited() -> dict[str, str]:
    """Return our own environment without Tocsin's settings: the demo sets those itself."""
    # Not a setting that is read here: what the operating system hands to every child.
    return {
        name: value
        for name, value in os.environ.items()  # noqa: TID251 - see the comment above
        if not name.startswith("TOCSIN_")
    }


async def _missing(client: httpx2.AsyncClient, url: str) -> str:
    """Returns what the service says it lacks, empty once it is ready."""
    try:
        answer = await client.get(f"{url}/readyz")
    except httpx2.TransportError:
        return "it does not answer"
    return "" if answer.status_code == httpx2.codes.OK else answer.text


def _failure(service: ServiceProcess, what: str) -> CommandError:
    return CommandError(
        f"The service {service.program.name} {what}. The end of {service.log}:\n"
        f"{processes.tail(service.log)}",
        remedy="Run the demo again; if it stays, the whole log says more.",
    )
