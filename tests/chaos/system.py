"""The system under torture: own broker, own database, and the services as child processes.

A supervisor restarts every process that ended, as an orchestrator would. Invariant: when the
system is closed, no child is left.
"""

import asyncio
import base64
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx2
from rich.console import Console

from lab.simulator.events import CALENDAR
from lab.stack.local import LocalStack
from lab.stack.logins import service_urls, service_variables
from lab.stack.ports import free_ports
from lab.stack.settings import StackSettings
from services.cli.topics import ensure, planned
from services.kit.access import store
from services.kit.access.keys import Role
from services.kit.access.store import Grant
from services.kit.clock import SystemClock
from services.kit.migrations import migrate
from services.kit.settings import PlatformSettings

PARTITIONS = 4
SESSION_SECONDS = 6.0
# Longer than a take-over takes on a busy machine; after it the stopped transaction is gone.
IDLE_SECONDS_OF_A_ZOMBIE = 15.0
READY_WITHIN_SECONDS = 180.0
SOURCES = (
    "core/customers",
    "core/contracts",
    "core/calendar",
    "core/repayments",
    "core/accounts",
    "core/statements",
)


@dataclass(slots=True)
class Service:
    """One service as a child process that is restarted when it ends."""

    name: str
    module: str
    port: int
    settings: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    is_wanted: bool = True
    fault_point: str = ""
    idle_seconds: float = IDLE_SECONDS_OF_A_ZOMBIE
    deaths: int = 0

    @property
    def kind(self) -> str:
        """Returns the name of the service."""
        return self.module.rsplit(".", 1)[1]

    @property
    def pid(self) -> int | None:
        """Returns the process id while it runs."""
        return self.process.pid if self.process and self.process.poll() is None else None

    @property
    def is_stopped(self) -> bool:
        """Returns whether SIGSTOP has stopped the process."""
        if self.pid is None:
            return False
        stat = Path(f"/proc/{self.pid}/stat").read_text()
        return stat.rsplit(")", 1)[1].split()[0] == "T"

    def start(self) -> None:
        """Starts a process; a fault point is armed for this process only."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")}
        environment |= self.settings
        if self.fault_point:
            environment["TOCSIN_FAULT_POINT"] = self.fault_point
            if self.fault_point.endswith(":stop"):
                environment["TOCSIN_IDLE_IN_TRANSACTION_SECONDS"] = str(self.idle_seconds)
            self.fault_point = ""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.module], stdout=log, stderr=log, env=environment
            )

    def send(self, number: signal.Signals) -> bool:
        """Sends a signal to the process; returns whether it runs."""
        if self.pid is None or self.process is None:
            return False
        self.process.send_signal(number)
        return True


@dataclass(slots=True)
class System:
    """The servers and services of a run."""

    platform: PlatformSettings
    stack: LocalStack
    services: list[Service]
    source_key: str
    operator_key: str
    folder: Path
    killed: int = 0
    scoring_killed: int = 0
    faults: list[float] = field(default_factory=list)
    """The moments at which a service was disturbed."""

    def fault(self) -> None:
        """Records that a service is disturbed now."""
        self.faults.append(time.monotonic())

    def named(self, kind: str) -> list[Service]:
        """Returns the services of a kind that should run."""
        return [each for each in self.services if each.kind == kind and each.is_wanted]

    @property
    def ingest_url(self) -> str:
        """Returns the address of ingest."""
        return f"http://127.0.0.1:{self.named('ingest')[0].port}"

    @property
    def alerts_url(self) -> str:
        """Returns the address of alerts."""
        return f"http://127.0.0.1:{self.named('alerts')[0].port}"

    async def supervise(self) -> None:
        """Restarts services that ended, until it is cancelled."""
        while True:
            for service in self.services:
                if service.is_wanted and service.pid is None:
                    if service.process is not None:
                        service.deaths += 1
                        self.fault()
                        was_killed = service.process.returncode == -signal.SIGKILL
                        self.killed += was_killed
                        self.scoring_killed += was_killed and service.kind == "scoring"
                    service.start()
            await asyncio.sleep(0.2)

    async def wait_until_ready(self) -> None:
        """Waits until every service that should run is ready."""
        async with httpx2.AsyncClient(timeout=2) as client, asyncio.timeout(READY_WITHIN_SECONDS):
            for service in [each for each in self.services if each.is_wanted]:
                while not await _is_ready(client, service):  # noqa: ASYNC110 - a process, not an event
                    await asyncio.sleep(0.2)

    def close(self) -> None:
        """Ends every child: with SIGTERM, then with SIGKILL."""
        for service in self.services:
            service.is_wanted = False
            service.send(signal.SIGCONT)
            service.send(signal.SIGTERM)
        for service in self.services:
            if service.process is None:
                continue
            try:
                service.process.wait(25)
            except subprocess.TimeoutExpired:
                service.process.kill()
                service.process.wait()


async def _is_ready(client: httpx2.AsyncClient, service: Service) -> bool:
    try:
        answer = await client.get(f"http://127.0.0.1:{service.port}/readyz")
    except httpx2.TransportError:
        return False
    return answer.status_code == httpx2.codes.OK


@asynccontextmanager
async def brought_up(folder: Path, *, console: Console) -> AsyncIterator[System]:
    """Starts the system in an empty folder, and ends it afterwards."""
    own = StackSettings().model_copy(update={"kafka_bootstrap": None, "database_url": None})
    async with AsyncExitStack() as exits:
        stack = exits.enter_context(LocalStack(folder / "stack", settings=own, console=console))
        platform = PlatformSettings(
            kafka_bootstrap=stack.kafka_bootstrap,
            database_url=stack.database_url,
            topic_prefix="tocsin.",
            partitions=PARTITIONS,
            bank_timezone="Europe/Berlin",
        )
        await migrate(platform.dsn, service_urls=service_urls(platform.dsn))
        await ensure(platform.kafka_bootstrap, topics=planned(platform, replicas=1))
        source, operator = await _keys(platform.dsn)
        system = System(
            platform=platform,
            stack=stack,
            services=_services(platform, folder),
            source_key=source,
            operator_key=operator,
            folder=folder,
        )
        exits.callback(system.close)
        for service in system.services:
            if service.is_wanted:
                service.start()
        await system.wait_until_ready()
        yield system


def _services(platform: PlatformSettings, folder: Path) -> list[Service]:
    (folder / "no-mappings").mkdir(parents=True, exist_ok=True)
    shared = {
        # Attempts follow in seconds instead of days, so that every delivery ends inside the run.
        "TOCSIN_FAULT_WEBHOOK_STEPS": "0,1,2,4,8,8,8,8,8,8,8,8",
        "TOCSIN_KAFKA_BOOTSTRAP": platform.kafka_bootstrap,
        **service_variables(platform.dsn),
        "TOCSIN_PARTITIONS": str(PARTITIONS),
        "TOCSIN_BANK_TIMEZONE": platform.bank_timezone,
        "TOCSIN_DAY_CLOSE": "events",
        "TOCSIN_DAY_CLOSE_SOURCE": CALENDAR,
    }
    sealing_key = base64.b64encode(bytes(range(32))).decode()
    special = {
        "ingest": {"MAPPINGS": str(folder / "no-mappings"), "PRODUCE_TIMEOUT_SECONDS": "5"},
        "scoring": {"MOST_RECORDS": "500"},
        "alerts": {
            "SECRET_KEY": sealing_key,
            "WEBHOOK_ALLOW_LOOPBACK": "true",
            "WEBHOOK_DEADLINE_SECONDS": "2",
            "WEBHOOK_LEASE_SECONDS": "6",
        },
    }
    kinds = ("ingest", "scoring", "scoring", "scoring", "alerts", "alerts")
    services = []
    for number, (kind, port) in enumerate(zip(kinds, free_ports(len(kinds)), strict=True)):
        prefix = f"TOCSIN_{kind.upper()}_"
        own = {prefix + name: value for name, value in special[kind].items()}
        own |= {
            prefix + "PORT": str(port),
            prefix + "SESSION_TIMEOUT_SECONDS": str(SESSION_SECONDS),
        }
        name = f"{kind}-{number}"
        # As a stateful set names its pods: one that restarts within the session has its partitions.
        own[prefix + "INSTANCE_ID"] = name
        services.append(
            Service(
                name=name,
                module=f"services.{kind}",
                port=port,
                settings=shared | own,
                log=folder / f"{name}.log",
            )
        )
    # The third scoring worker joins and leaves as a fault.
    services[3].is_wanted = False
    return services


async def _keys(dsn: str) -> tuple[str, str]:
    now = SystemClock().now()
    connection = await asyncpg.connect(dsn)
    try:
        grants = (
            Grant(
                name="bank",
                roles=frozenset({Role.SOURCE}),
                sources=SOURCES,
                may_send=("*", "day.closed"),
                expires_at=now + timedelta(days=2),
            ),
            Grant(
                name="operator",
                roles=frozenset({Role.OPERATOR, Role.AUDITOR}),
                expires_at=now + timedelta(days=2),
            ),
        )
        source, operator = [(await store.issue(connection, grant, at=now))[1] for grant in grants]
    finally:
        await connection.close()
    return source, operator
