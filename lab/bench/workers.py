"""Services as child processes for the length of a measurement."""

import base64
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from lab.bench.ground import Ground
from lab.demo.children import Children, Program
from lab.stack.ports import LOOPBACK, free_ports


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Child processes by service, and where each service answers."""

    pids: dict[str, list[int]] = field(default_factory=dict)
    urls: dict[str, list[str]] = field(default_factory=dict)
    children: Children

    def measured(self, ground: Ground) -> dict[str, list[int]]:
        """Return whose CPU counts: every service, the broker and the database."""
        return {
            **self.pids,
            "broker": [ground.servers.broker_pid],
            "database": [ground.servers.database_pid],
        }


@contextmanager
def running(
    ground: Ground, counts: Mapping[str, int], *, extra: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Start so many processes of each service, and end them afterwards."""
    children = Children(ground.folder, settings=ground.settings)
    found = Running(children=children)
    names = [name for name, count in counts.items() for _ in range(count)]
    try:
        for number, (name, port) in enumerate(zip(names, free_ports(len(names)), strict=True)):
            program = _program(name, number, port, dict(extra or {}))
            started = children.start(program)
            found.pids.setdefault(name, []).append(started.pid)
            found.urls.setdefault(name, []).append(program.url)
        yield found
    finally:
        children.stop()


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
