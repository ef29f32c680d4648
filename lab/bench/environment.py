"""The environment of a run: a broker, a new database and topics of its own, removed at the end.

Uses the servers that the environment variables name, or else starts a stack in the given folder.
The processes of the servers are found by the ports they listen on: their CPU is part of every
figure.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import psutil
from aiokafka.admin import AIOKafkaAdminClient
from rich.console import Console

from lab.bench.meters import cpu_seconds
from lab.stack.local import LocalStack
from lab.stack.logins import service_urls, service_variables
from services.cli.errors import CommandError
from services.cli.topics import ensure, planned
from services.kit.ids import time_ordered_id
from services.kit.migrations import migrate
from services.kit.settings import PlatformSettings

PARTITIONS = 4
TIME_ZONE = "Europe/Berlin"
STOPS = """
SELECT consumer, partition, reason, detail FROM scoring.partition_stop
UNION ALL SELECT consumer, partition, reason, detail FROM alerts.partition_stop
 LIMIT 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredServers:
    """The addresses of broker and database, and the ids of their processes."""

    bootstrap: str
    database_url: str
    broker_pid: int
    database_pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchEnvironment:
    """A new database and new topics on the servers, and a folder for logs."""

    servers: MeasuredServers
    database_url: str
    prefix: str
    folder: Path

    @property
    def platform(self) -> PlatformSettings:
        """Return the settings of a service in this environment."""
        return PlatformSettings.model_validate(
            {
                "kafka_bootstrap": self.servers.bootstrap,
                "database_url": self.database_url,
                **{
                    f"{name}_database_url": url
                    for name, url in service_urls(self.database_url).items()
                },
                "topic_prefix": self.prefix,
                "partitions": PARTITIONS,
                "bank_timezone": TIME_ZONE,
            }
        )

    @property
    def settings(self) -> dict[str, str]:
        """Return them as the environment variables of a process."""
        return {
            "TOCSIN_KAFKA_BOOTSTRAP": self.servers.bootstrap,
            **service_variables(self.database_url),
            "TOCSIN_TOPIC_PREFIX": self.prefix,
            "TOCSIN_PARTITIONS": str(PARTITIONS),
            "TOCSIN_BANK_TIMEZONE": TIME_ZONE,
            "TOCSIN_LOG_LEVEL": "WARNING",
        }


@contextmanager
def servers(data_dir: Path, console: Console) -> Iterator[MeasuredServers]:
    """Yield running servers; those that were started here are stopped at the end."""
    with LocalStack(data_dir, console=console) as stack:
        bootstrap, url = stack.kafka_bootstrap, stack.database_url
        measured = MeasuredServers(
            bootstrap=bootstrap,
            database_url=url,
            broker_pid=stack.kafka_pid or listener(_port(bootstrap, 9092)),
            database_pid=stack.postgres_pid or listener(urlsplit(url).port or 5432),
        )
        cpu_seconds([measured.broker_pid, measured.database_pid])
        yield measured


@asynccontextmanager
async def fresh_environment(on: MeasuredServers) -> AsyncIterator[BenchEnvironment]:
    """Yield a database and topics that nothing else uses."""
    name = f"bench_{time_ordered_id().replace('-', '')[-16:]}"
    admin = await asyncpg.connect(on.database_url, timeout=10)
    try:
        await admin.execute(f'CREATE DATABASE "{name}"')
        with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
            parts = urlsplit(on.database_url)
            environment = BenchEnvironment(
                servers=on,
                database_url=urlunsplit(parts._replace(path=f"/{name}")),
                prefix=f"{name}.",
                folder=Path(folder),
            )
            platform = environment.platform
            await migrate(platform.dsn, service_urls=platform.service_dsns())
            await ensure(on.bootstrap, topics=planned(platform, replicas=1))
            yield environment
            await _drop_topics(platform)
    finally:
        with suppress(asyncpg.PostgresError):
            await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await admin.close()


async def refuse_stopped(environment: BenchEnvironment) -> None:
    """Refuse the figures of a run in which a consumer stopped: doing nothing is fast.

    Raises:
        CommandError: If scoring or alerts has stopped a partition.
    """
    connection = await asyncpg.connect(environment.database_url, timeout=10)
    try:
        row = await connection.fetchrow(STOPS)
    finally:
        await connection.close()
    if row is not None:
        raise CommandError(
            f"{row['consumer']} stopped partition {row['partition']}: {row['reason']}, "
            f"{row['detail']}",
            remedy="This is a fault of the bench or of the service; the figures would be worthless",
        )


async def _drop_topics(platform: PlatformSettings) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=platform.kafka_bootstrap)
    async with asyncio.timeout(20):
        await client.start()
        try:
            await client.delete_topics(
                [
                    platform.events_topic,
                    platform.intake_topic,
                    platform.risk_topic,
                    platform.alerts_topic,
                ]
            )
        finally:
            await client.close()


def listener(port: int) -> int:
    """Return the process that listens on a port of this machine.

    Raises:
        CommandError: If there is none: a server elsewhere cannot be measured.
    """
    for connection in psutil.net_connections("tcp"):
        address = connection.laddr
        is_it = connection.status == psutil.CONN_LISTEN and address and address.port == port
        if is_it and connection.pid is not None:
            return connection.pid
    raise CommandError(
        f"No process of this machine listens on port {port}.",
        remedy="The bench counts the CPU of broker and database: run it where they run.",
    )


def _port(bootstrap: str, otherwise: int) -> int:
    return int(bootstrap.split(",")[0].rpartition(":")[2] or otherwise)
