"""`tocsin topics`: creates Tocsin's topics, and checks those that exist.

A topic's partition count decides which worker owns a borrower. Changing it on a live topic would
send a borrower's events to two partitions and break their order, so a different count is refused
and never adjusted. The tests create their topics through `ensure` as well.
"""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Annotated

import typer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code
from rich.console import Console

from services.cli.errors import CommandError
from services.cli.options import AsJson
from services.kit.settings import PlatformSettings

HOUR_MS = 3600 * 1000
DAY_MS = 24 * HOUR_MS
# From this many copies on, a write is acknowledged only when a second broker has it.
REPLICAS_FOR_TWO_IN_SYNC = 3
# The ledger in PostgreSQL is the permanent record; the topic must outlive the longest outage.
CONFIGURATION = {
    "cleanup.policy": "delete",
    "retention.ms": str(30 * DAY_MS),
    "compression.type": "producer",
    # Retention counts from arrival: the records of replayed history have their old event times.
    "message.timestamp.type": "LogAppendTime",
}
TIMEOUT_SECONDS = 30
PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic with its required partitions and configuration."""

    name: str
    partitions: int
    replicas: int = 1
    configuration: dict[str, str] = field(default_factory=lambda: dict(CONFIGURATION))


def planned(settings: PlatformSettings, *, replicas: int) -> list[Topic]:
    """Return Tocsin's topics."""
    names = (settings.events_topic, settings.risk_topic, settings.alerts_topic)
    clock = Topic(
        name=settings.clock_topic,
        partitions=1,
        replicas=replicas,
        configuration=CONFIGURATION | {"retention.ms": str(HOUR_MS)},
    )
    # Imports of accounts have no other record: they are never deleted.
    intake = Topic(
        name=settings.intake_topic,
        partitions=settings.partitions,
        replicas=replicas,
        configuration=CONFIGURATION | {"retention.ms": "-1"},
    )
    return [
        *(Topic(name=name, partitions=settings.partitions, replicas=replicas) for name in names),
        clock,
        intake,
    ]


async def ensure(bootstrap: str, *, topics: list[Topic]) -> list[str]:
    """Create the missing topics, check all of them; return the names that were created.

    Returns when every partition has a leader, so that the topics can be used at once.

    Raises:
        CommandError: If a topic exists with another number of partitions.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    async with asyncio.timeout(TIMEOUT_SECONDS):
        await admin.start()
        try:
            existing = set(await admin.list_topics())
            missing = [topic for topic in topics if topic.name not in existing]
            created = await _create(admin, missing)
            while not await _all_checked(admin, topics):  # noqa: ASYNC110 - the broker sends no event for it
                await asyncio.sleep(PAUSE_SECONDS)
        finally:
            await admin.close()
    return created


async def _create(admin: AIOKafkaAdminClient, missing: list[Topic]) -> list[str]:
    if not missing:
        return []
    answer = await admin.create_topics(
        [
            NewTopic(
                name=topic.name,
                num_partitions=topic.partitions,
                replication_factor=topic.replicas,
                topic_configs=configuration_of(topic.configuration, replicas=topic.replicas),
            )
            for topic in missing
        ]
    )
    created = []
    for name, code, message in answer.topic_errors:
        # Another process may create it at the same moment; then it is checked like the others.
        if code and for_code(code) is not TopicAlreadyExistsError:
            raise CommandError(
                f"The broker refused to create topic {name}: {message or for_code(code).__name__}.",
                remedy="Check the number of replicas against the number of brokers (--replicas).",
            )
        if not code:
            created.append(str(name))
    return created


def configuration_of(configuration: dict[str, str], *, replicas: int) -> dict[str, str]:
    """Return a topic's configuration, with two copies in sync for a write where three exist."""
    in_sync = {"min.insync.replicas": "2"} if replicas >= REPLICAS_FOR_TWO_IN_SYNC else {}
    return configuration | in_sync


async def _all_checked(admin: AIOKafkaAdminClient, topics: list[Topic]) -> bool:
    """Compare each topic with its plan; return False while the broker still creates one."""
    wanted = {topic.name: topic.partitions for topic in topics}
    for description in await admin.describe_topics(list(wanted)):
        name, partitions = description["topic"], description["partitions"]
        if description["error_code"] or any(partition["leader"] < 0 for partition in partitions):
            return False
        if len(partitions) != wanted[name]:
            raise CommandError(
                f"Topic {name} has {len(partitions)} partitions, but TOCSIN_PARTITIONS is "
                f"{wanted[name]}.",
                remedy=(
                    f"Set TOCSIN_PARTITIONS={len(partitions)}. To really change the number, replay "
                    "into new topics with another TOCSIN_TOPIC_PREFIX: a borrower must not change "
                    "partition while its events are on the way."
                ),
            )
    return True


def topics(
    as_json: AsJson = False,
    replicas: Annotated[
        int, typer.Option(min=1, help="Copies of each partition; 3 in production.")
    ] = 1,
    also: Annotated[
        list[str] | None,
        typer.Option("--also", help="Another topic, such as a raw topic of the bank; repeatable."),
    ] = None,
) -> None:
    """Create Tocsin's topics; checks the number of partitions of those that exist.

    Reads TOCSIN_KAFKA_BOOTSTRAP, TOCSIN_TOPIC_PREFIX and TOCSIN_PARTITIONS.

    Examples:

        tocsin topics
        tocsin topics --replicas 1 --also raw.repayments --also raw.account-flows
    """
    settings = PlatformSettings()
    wanted = [
        *planned(settings, replicas=replicas),
        *(
            Topic(name=name, partitions=settings.partitions, replicas=replicas)
            for name in also or ()
        ),
    ]
    created = asyncio.run(ensure(settings.kafka_bootstrap, topics=wanted))
    console = Console(stderr=True)
    for topic in wanted:
        status = "created" if topic.name in created else "exists"
        unit = "partition" if topic.partitions == 1 else "partitions"
        console.print(f"{topic.name}: {status}, {topic.partitions} {unit}")
    if as_json:
        print(json.dumps({"created": created, "topics": [topic.name for topic in wanted]}))
