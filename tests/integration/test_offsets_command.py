"""`tocsin offsets` as an operator types it, on migrated schemas and the real broker."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner

from services.cli.offsets.commands import app
from services.kit.access import persons, store
from services.kit.access.keys import Role
from services.kit.access.persons import StoredPerson
from services.kit.access.store import Grant
from services.kit.stream.records import digest
from tests.conftest import CreateTopics, Servers
from tests.fakes.stream import FakeRecord

pytestmark = pytest.mark.integration


def with_database(url: str, work: Callable[[asyncpg.Connection], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await work(connection)
        finally:
            await connection.close()

    return asyncio.run(run())


def new_key(url: str, role: Role, *, person: str | None = None) -> str:
    """Issue a key of a machine, or of a person, who is created."""
    now = datetime.now(UTC)

    async def issue(connection: asyncpg.Connection) -> str:
        if person is not None:
            stored = StoredPerson(person_id=person, display_name=person, created_at=now)
            await persons.create(connection, stored)
        grant = Grant(name="a key", roles=frozenset({role}), person_id=person)
        return (await store.issue(connection, grant, at=now))[1]

    return str(with_database(url, issue))


def write(bootstrap: str, topic: str, count: int) -> None:
    async def run() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
        await producer.start()
        for number in range(count):
            await producer.send_and_wait(topic, b"%d" % number, partition=0)
        await producer.stop()

    asyncio.run(run())


def test_a_recreated_topic_is_shown_and_set_with_a_reason_that_is_kept(
    stack: Servers, database_url: str, create_topics: CreateTopics, topic_prefix: str
) -> None:
    (topic,) = create_topics("events", partitions=1)
    write(stack.kafka_bootstrap, topic, 5)
    other = digest(FakeRecord(offset=2, value=b"what was applied from the old topic"))
    with_database(
        database_url,
        lambda connection: connection.execute(
            "INSERT INTO scoring.partition_progress (consumer, topic, partition, partition_count,"
            " epoch, owner, next_offset, last_digest) VALUES ('scoring', $1, 0, 1, 4, 'w', 3, $2)",
            topic,
            other,
        ),
    )
    environment = {
        "TOCSIN_KAFKA_BOOTSTRAP": stack.kafka_bootstrap,
        "TOCSIN_DATABASE_URL": database_url,
        "TOCSIN_TOPIC_PREFIX": topic_prefix,
    }

    def run(*arguments: str, answer: str = "") -> Any:
        return CliRunner().invoke(app, list(arguments), env=environment, input=answer)

    shown = json.loads(run("show", "--json").stdout.splitlines()[-1])
    assert shown["stopped"] == 1
    (place,) = shown["partitions"]
    assert (place["position"], place["log_start"], place["log_end"], place["lag"]) == (3, 0, 5, 2)
    assert (place["epoch"], place["owner"], place["digest"]) == (4, "w", "differs")
    assert place["reason"] == "topic_recreated"
    assert place["runbook"] == "docs/runbook.md#partition-stopped-topic-recreated"

    setting = ("set", "--consumer", "scoring", "--topic", topic, "--partition", "0")
    why = ("--to-start", "--reason", "INC-7")
    for key, problem in (
        ("", "No key is given"),
        (f"tsk_{'a' * 12}_{'A' * 43}", "unknown, expired or revoked"),
        (new_key(database_url, Role.OPERATOR), "is a machine's"),
        (new_key(database_url, Role.AUDITOR, person="ada"), "has not the role OPERATOR"),
    ):
        environment["TOCSIN_API_KEY"] = key
        assert problem in str(run(*setting, *why, "--yes").exception)
    assert "No such option" in run(*setting, *why, "--by", "ada").output
    environment["TOCSIN_API_KEY"] = new_key(database_url, Role.OPERATOR, person="ada")
    assert "Nothing was changed" in str(run(*setting, *why, answer="n\n").exception)
    outside = run(*setting, "--to", "6", "--reason", "INC-7", "--yes")
    assert "which holds 0 to 5" in str(outside.exception)
    done = json.loads(run(*setting, *why, "--yes", "--json").stdout.splitlines()[-1])
    assert (done["from"], done["to"], done["skipped"], done["read_again"]) == (3, 0, 0, 3)

    row = with_database(
        database_url,
        lambda connection: connection.fetchrow(
            "SELECT epoch, owner, next_offset, last_digest FROM scoring.partition_progress"
        ),
    )
    assert tuple(row) == (5, "", 0, None)
    kept = with_database(
        database_url,
        lambda connection: connection.fetchrow(
            "SELECT changed_by, reason, from_offset, to_offset, fenced_owner"
            " FROM scoring.offset_change"
        ),
    )
    assert tuple(kept) == ("ada", "INC-7", 3, 0, "w")


def test_a_service_may_read_what_people_decided_and_not_write_it(database_url: str) -> None:
    async def rights(connection: asyncpg.Connection) -> Any:
        return await connection.fetchrow(
            "SELECT has_table_privilege('tocsin_scoring', 'scoring.offset_change', 'SELECT'),"
            " has_table_privilege('tocsin_scoring', 'scoring.offset_change', 'INSERT')"
        )

    assert tuple(with_database(database_url, rights)) == (True, False)
