"""Runs services as processes for the length of a measurement."""

import base64
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from lab.bench.environment import BenchEnvironment
from lab.stack.ports import LOOPBACK, free_ports
from lab.stack.service_processes import Program, ServiceProcesses


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningServices:
    """The process ids and addresses by service."""

    pids: dict[str, list[int]] = field(default_factory=dict)
    urls: dict[str, list[str]] = field(default_factory=dict)
    processes: ServiceProcesses

    def measured(self, environment: BenchEnvironment) -> dict[str, list[int]]:
        """Return the processes whose CPU counts: services, broker and database."""
        return {
            **self.pids,
            "broker": [environment.servers.broker_pid],
            "database": [environment.servers.database_pid],
        }


@contextmanager
def running(
    environment: BenchEnvironment,
    counts: Mapping[str, int],
    *,
    extra: Mapping[str, str] | None = None,
) -> Iterator[RunningServices]:
    """Start this many processes of each service, and stop them afterwards."""
    processes = ServiceProcesses(environment.folder, settings=environment.settings)
    services = RunningServices(processes=processes)
    names = [name for name, count in counts.items() for _ in range(count)]
    try:
        for number, (name, port) in enumerate(zip(names, free_ports(len(names)), strict=True)):
            program = _program(name, number, port, dict(extra or {}))
            started = processes.start(program)
            services.pids.setdefault(name, []).append(started.pid)
            services.urls.setdefault(name, []).append(program.url)
        yield services
    finally:
        processes.stop()


def _program(name: str, number: int, port: int, extra: dict[str, str]) -> Program:
    settings = {f"TOCSIN_{name.upper()}_PORT": str(port), **extra}
    if name == "alerts":
        settings |= {
            "TOCSIN_ALERTS_SECRET_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            "TOCSIN_ALERTS_SECURE_COOKIES": "false",
            "TOCSIN_ALERTS_PUBLIC_URL": f"http://{LOOPBACK}:{port}",
        }
    return Program(
        name=f"{name}-{number}",
        module=f"services.{name}",
        arguments=(),
        url=f"http://{LOOPBACK}:{port}",
        settings=settings,
    )
