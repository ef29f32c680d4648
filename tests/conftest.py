"""Fixtures of all tests: a clean environment, and real servers for tests that need them.

The session's servers are those that TOCSIN_KAFKA_BOOTSTRAP and TOCSIN_DATABASE_URL name, else a
stack of our own, started here and stopped at the end. All other TOCSIN_* variables are removed,
so that no test depends on the shell it was started from. A test that needs servers fails when there
are none; it never skips.

For tests: `stack` (addresses), `own_stack` (servers that only this module uses, to be killed),
`database_url` (a fresh, migrated database), `topic_prefix` and `create_topics`.
"""

import os
import secrets
import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
import structlog
from aiokafka.admin import AIOKafkaAdminClient
from hypothesis import settings

from lab.stack.local import LocalStack
from lab.stack.logins import service_urls, service_variables
from lab.stack.probes import in_own_loop
from lab.stack.settings import StackSettings
from services.cli.topics import Topic, ensure
from services.kit.migrations import migrate_now

KEPT_VARIABLES = {"TOCSIN_PUBLIC_DATA"}
STACK_SETTINGS = StackSettings()
OWN_SERVERS = STACK_SETTINGS.model_copy(update={"kafka_bootstrap": None, "database_url": None})
CreateTopics = Callable[..., list[str]]


# A slow example is a busy machine, not a defect; speed belongs in the benchmark.
settings.register_profile("tocsin", deadline=None)
settings.load_profile("tocsin")

# Who starts the tests in the background of a shell has SIGINT ignored, and children inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure() -> None:
    """Remove our variables, and let SIGTERM end the session as Ctrl-C does, servers included.

    Tracebacks in logs are plain: by default they show the locals of each frame, which takes minutes
    where one is a pool or a batch.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
        ]
    )
    for name in list(os.environ):
        if name.startswith("TOCSIN_") and name not in KEPT_VARIABLES:
            del os.environ[name]
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Where the session's broker and database are."""

    kafka_bootstrap: str
    database_url: str

    def database(self, name: str) -> str:
        """Return the address of another database of the same server."""
        return urlsplit(self.database_url)._replace(path=f"/{name}").geturl()


@pytest.fixture(scope="session")
def stack() -> Iterator[Servers]:
    with (
        tempfile.TemporaryDirectory(prefix="tocsin-tests-", ignore_cleanup_errors=True) as folder,
        LocalStack(Path(folder) / "stack", settings=STACK_SETTINGS) as running,
    ):
        yield Servers(kafka_bootstrap=running.kafka_bootstrap, database_url=running.database_url)


@pytest.fixture(scope="module")
def own_stack() -> Iterator[LocalStack]:
    """Servers that a test may kill and restart; nobody else uses them."""
    with (
        tempfile.TemporaryDirectory(prefix="tocsin-own-", ignore_cleanup_errors=True) as folder,
        LocalStack(Path(folder) / "stack", settings=OWN_SERVERS) as running,
    ):
        yield running


@pytest.fixture(scope="session")
def template_database(stack: Servers) -> Iterator[str]:
    """The name of a database with every migration applied, copied for each test."""
    name = f"template_{secrets.token_hex(6)}"
    _run_sql(stack.database_url, f'create database "{name}"')
    url = stack.database(name)
    migrate_now(url, service_urls=service_urls(url))
    yield name
    _run_sql(stack.database_url, f'drop database "{name}" with (force)')


@pytest.fixture
def database_url(stack: Servers, template_database: str) -> Iterator[str]:
    """A fresh, migrated database; dropped afterwards, whoever is still connected.

    The URL is the administrator's; the variables of the services' own logins are set.
    """
    name = f"test_{secrets.token_hex(6)}"
    _run_sql(stack.database_url, f'create database "{name}" template "{template_database}"')
    with pytest.MonkeyPatch.context() as environment:
        for variable, url in service_variables(stack.database(name)).items():
            environment.setenv(variable, url)
        yield stack.database(name)
    _run_sql(stack.database_url, f'drop database "{name}" with (force)')


@pytest.fixture
def topic_prefix(stack: Servers) -> Iterator[str]:
    """A prefix that no other test uses; its topics are deleted afterwards."""
    prefix = f"t{secrets.token_hex(4)}."
    yield prefix
    in_own_loop(lambda: _delete_topics(stack.kafka_bootstrap, prefix=prefix))


@pytest.fixture
def create_topics(stack: Servers, topic_prefix: str) -> CreateTopics:
    """`create_topics("events", "risk", partitions=4)` makes prefixed topics, returns the names."""

    def create(*names: str, partitions: int = 4) -> list[str]:
        topics = [Topic(name=f"{topic_prefix}{name}", partitions=partitions) for name in names]
        in_own_loop(lambda: ensure(stack.kafka_bootstrap, topics=topics))
        return [topic.name for topic in topics]

    return create


def _run_sql(database_url: str, statement: str) -> None:
    async def execute() -> None:
        connection = await asyncpg.connect(database_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    in_own_loop(execute)


async def _delete_topics(bootstrap: str, *, prefix: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        ours = [name for name in await admin.list_topics() if name.startswith(prefix)]
        if ours:
            await admin.delete_topics(ours)
    finally:
        await admin.close()
