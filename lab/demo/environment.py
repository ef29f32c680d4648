"""The environment of a demo: an empty folder, servers, schemas, topics and keys.

The demo always starts servers of its own and never uses those that environment variables name;
every run starts from nothing. Invariant: only one demo at a time uses a folder.
"""

import asyncio
import fcntl
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import asyncpg
from rich.console import Console

from lab.simulator import dialect, events
from lab.stack import service_processes
from lab.stack.local import LocalStack
from lab.stack.logins import service_urls
from lab.stack.settings import StackSettings
from services.alerts.directory.adapters.directory_document import DirectoryDocument
from services.cli.errors import CommandError
from services.cli.topics import Topic, ensure, planned
from services.kit.access import persons, store
from services.kit.access.keys import Role
from services.kit.access.persons import StoredPerson
from services.kit.access.store import Grant
from services.kit.clock import SystemClock
from services.kit.migrations import migrate
from services.kit.settings import PlatformSettings

PARTITIONS = 4
KEYS_VALID = timedelta(days=30)
# All topics that ingest's mappings read. The demo's bank writes to the first three; the others are
# for records of your own.
RAW_TOPICS = (
    dialect.REPAYMENTS_TOPIC,
    dialect.ACCOUNT_FLOWS_TOPIC,
    dialect.STATEMENTS_TOPIC,
    "raw.lending",
    "raw.credit-file",
    "raw.market",
)
SOURCES = (events.CUSTOMERS, events.CONTRACTS, events.CALENDAR)
HEAD_OF_RISK = "rita"
LOCK_FILE = ".lock"


@dataclass(frozen=True, slots=True)
class DemoKeys:
    """The API keys of the demo."""

    bank: str
    operator: str
    people: Mapping[str, str]
    """By person id."""

    @property
    def officer(self) -> str:
        """Return the key for the pages: of the head of risk, who sees every borrower."""
        return self.people[HEAD_OF_RISK]


@contextmanager
def clean_stack(data_dir: Path, *, console: Console) -> Iterator[LocalStack]:
    """Yield a running stack in an emptied folder, and stop it afterwards.

    Raises:
        CommandError: If another demo uses the folder.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / LOCK_FILE).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CommandError(
                f"Another demo is running in {data_dir}.",
                remedy="End it with Ctrl-C, or choose another folder with --data.",
            ) from error
        _clear(data_dir)
        own = StackSettings().model_copy(update={"kafka_bootstrap": None, "database_url": None})
        with LocalStack(data_dir / "stack", settings=own, console=console) as stack:
            yield stack


def _clear(data_dir: Path) -> None:
    """Stop what a killed demo left running, then remove what it wrote."""
    service_processes.stop_left_over(data_dir)
    LocalStack(data_dir / "stack").stop()
    for path in data_dir.iterdir():
        if path.name == LOCK_FILE:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


async def prepare(platform: PlatformSettings, document: DirectoryDocument) -> DemoKeys:
    """Create schemas, topics, and the keys of the bank's systems and people."""
    raw = [Topic(name=name, partitions=PARTITIONS) for name in RAW_TOPICS]
    async with asyncio.TaskGroup() as group:
        group.create_task(migrate(platform.dsn, service_urls=service_urls(platform.dsn)))
        group.create_task(
            ensure(platform.kafka_bootstrap, topics=[*planned(platform, replicas=1), *raw])
        )
    return await _create_keys(platform.dsn, document)


async def _create_keys(dsn: str, document: DirectoryDocument) -> DemoKeys:
    now = SystemClock().now()
    grants = (
        Grant(
            name="the demo's core bank",
            roles=frozenset({Role.SOURCE}),
            sources=SOURCES,
            may_send=("*", "day.closed"),
            expires_at=now + KEYS_VALID,
        ),
        Grant(
            name="the demo's operator",
            roles=frozenset({Role.OPERATOR, Role.AUDITOR}),
            expires_at=now + KEYS_VALID,
        ),
    )
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        bank, operator = [(await store.issue(connection, grant, at=now))[1] for grant in grants]
        people = {}
        for person_id, person in document.people.items():
            stored = StoredPerson(person_id=person_id, display_name=person.name, created_at=now)
            await persons.create(connection, stored)
            grant = Grant(
                name=person.name,
                roles=frozenset(person.roles),
                person_id=person_id,
                officer_id=person.officer_id,
                expires_at=now + KEYS_VALID,
            )
            people[person_id] = (await store.issue(connection, grant, at=now))[1]
    finally:
        await connection.close()
    return DemoKeys(bank=bank, operator=operator, people=people)
