"""The runbook's recoveries with the real worker, broker and database, each proved by `verify`."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from services.cli.offsets.commands import app as offsets
from services.cli.verify.commands import verified
from services.kit.access.keys import Role
from services.kit.settings import PlatformSettings
from services.kit.stream.partition import State
from tests.conftest import CreateTopics
from tests.integration.kit.stream.members import recreate_topic, until
from tests.integration.scoring.conftest import PARTITIONS, Feed, Run
from tests.integration.scoring.test_worker import portfolio
from tests.integration.test_offsets_command import new_key

pytestmark = pytest.mark.integration


class Operator:
    """A person with the administrator's database URL and the `tocsin` commands."""

    def __init__(self, platform: PlatformSettings) -> None:
        self._platform = platform
        self._environment = {
            "TOCSIN_KAFKA_BOOTSTRAP": platform.kafka_bootstrap,
            "TOCSIN_DATABASE_URL": platform.dsn,
            "TOCSIN_TOPIC_PREFIX": platform.topic_prefix,
        }

    async def log_in(self) -> None:
        """Take a person's key with the role OPERATOR."""
        key = await asyncio.to_thread(new_key, self._platform.dsn, Role.OPERATOR, person="ada")
        self._environment["TOCSIN_API_KEY"] = key

    async def set_offset(self, partition: int, where: str) -> dict[str, Any]:
        """Run `tocsin offsets set` for a partition of scoring, and return its answer."""
        arguments = ["set", "--consumer", "scoring", "--topic", self._platform.events_topic]
        arguments += ["--partition", str(partition), where, "--reason", "INC-7", "--yes", "--json"]
        result = await asyncio.to_thread(
            CliRunner().invoke, offsets, arguments, env=self._environment
        )
        assert result.exit_code == 0, result.output
        answer: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
        return answer

    async def shown(self) -> list[dict[str, Any]]:
        """Return what `tocsin offsets show` lists."""
        result = await asyncio.to_thread(
            CliRunner().invoke, offsets, ["show", "--json"], env=self._environment
        )
        partitions: list[dict[str, Any]] = json.loads(result.stdout.splitlines()[-1])["partitions"]
        return partitions

    async def stored(self) -> dict[str, bytes]:
        """Return the stored state of every borrower."""
        connection = await asyncpg.connect(self._platform.dsn)
        try:
            rows = await connection.fetch("SELECT borrower_id, state FROM scoring.borrower")
        finally:
            await connection.close()
        return {row["borrower_id"]: row["state"] for row in rows}


@pytest.fixture
async def operator(platform: PlatformSettings) -> Operator:
    person = Operator(platform)
    await person.log_in()
    return person


async def test_a_broker_restored_from_an_older_copy_goes_on_at_its_end(
    run: Run,
    feed: Feed,
    platform: PlatformSettings,
    operator: Operator,
    create_topics: CreateTopics,
) -> None:
    events = portfolio()
    applied = len(events) + (PARTITIONS - 1) * sum(b"day.closed" in raw for raw in events)
    await feed(events[:90])
    async with run():
        assert (await verified(platform, "default", wait_seconds=60)).verified
    # The copy lacks what came last; each partition ends before its position.
    await recreate_topic(
        platform.kafka_bootstrap,
        platform.events_topic,
        lambda: create_topics("events", partitions=PARTITIONS),
    )
    await feed(events[:40])
    async with run() as scoring:
        await until(lambda: {*scoring.consumer.partitions.values()} == {State.STOPPED})
        for partition in range(PARTITIONS):
            changed = await operator.set_offset(partition, "--to-end")
            assert (changed["skipped"], changed["read_again"]) == (0, 0)
        # What comes next gets offsets that other events had, day closes among them.
        await feed(events[90:])
        findings = await verified(platform, "default", wait_seconds=60)
    assert findings.differences == []
    assert findings.verified
    assert (findings.applied, findings.duplicates, findings.quarantined) == (applied, 0, 0)
    assert [row["generation"] for row in await operator.shown()] == [1] * PARTITIONS


async def test_rereading_from_the_start_applies_nothing_a_second_time(
    run: Run, feed: Feed, platform: PlatformSettings, operator: Operator
) -> None:
    await feed([*portfolio(), b"{not json", b'{"subject": "B-1"}'])
    async with run():
        before = await verified(platform, "default", wait_seconds=60)
    assert before.verified
    assert before.quarantined == 2
    states = await operator.stored()
    for partition in range(PARTITIONS):
        changed = await operator.set_offset(partition, "--to-start")
        assert changed["read_again"] > 0
    async with run():
        after = await verified(platform, "default", wait_seconds=60)
    assert after.differences == []
    assert after.verified
    assert (after.applied, after.quarantined) == (before.applied, before.quarantined)
    assert after.duplicates == before.offered + before.duplicates
    assert await operator.stored() == states
