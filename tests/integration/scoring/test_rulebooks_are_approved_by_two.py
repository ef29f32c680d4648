"""The tables themselves demand two people, and an activation reaches every partition."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from lab.stack.logins import service_url
from services.cli.verify.commands import verified
from services.kit.database import create_pool
from services.kit.settings import PlatformSettings
from services.scoring.adapters.rulebook_reader import SHIPPED, read_text
from services.scoring.domain.rulebook.approval import NotYou, Signatory
from tests.fakes.wire_events import registered
from tests.integration.scoring.conftest import PARTITIONS, Feed, Run

pytestmark = pytest.mark.integration

ANA = Signatory("ana", "key-a", "O-1")
BEN = Signatory("ben", "key-b")
TEXT = (SHIPPED / "reference.yaml").read_text(encoding="utf-8")
DOCUMENT = TEXT.replace("rulebook: reference", "rulebook: house")
VERSION = read_text(DOCUMENT).version
WAIT_SECONDS = 30
STEP = """
INSERT INTO scoring.rulebook_step (name, version, step, after, author, author_key, author_officer,
                                   actor, actor_key, actor_officer, at)
VALUES ('house', '1', $1, $2, $3, $4, $5, $6, $7, $8, now())
"""
AUTHOR = ("ana", "key-a", "O-1")


@pytest.fixture
async def as_service(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """Connections with exactly the service's rights, and a draft of Ana's."""
    url = service_url(database_url, "scoring")
    pool = await create_pool(url, role="tocsin_scoring", application_name="test")
    await pool.execute(
        "INSERT INTO scoring.rulebook (name, version, document, author, author_key, "
        "author_officer, drafted_at) VALUES ('house', '1', 'x', 'ana', 'key-a', 'O-1', now())"
    )
    yield pool
    await pool.close()


@pytest.mark.parametrize(
    "approver",
    [("ana", "key-b", ""), ("ben", "key-a", ""), ("ben", "key-b", "O-1")],
    ids=["same name", "same key", "same officer"],
)
async def test_sql_does_not_let_one_identity_pass(
    as_service: asyncpg.Pool, approver: tuple[str, str, str]
) -> None:
    await as_service.execute(STEP, "PROPOSED", None, *AUTHOR, *AUTHOR)
    with pytest.raises(asyncpg.CheckViolationError, match="approver_is_not_the_author"):
        await as_service.execute(STEP, "APPROVED", "PROPOSED", *AUTHOR, *approver)
    # Nor by a step that names another author.
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await as_service.execute(STEP, "APPROVED", "PROPOSED", "eva", "key-e", "", *approver)
    assert await as_service.fetchval("SELECT status FROM scoring.rulebook_standing") == "PROPOSED"


async def test_sql_does_not_let_a_step_be_left_out(as_service: asyncpg.Pool) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="one_step_after_the_other"):
        await as_service.execute(STEP, "ACTIVATED", None, *AUTHOR, "ben", "key-b", "")
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await as_service.execute(STEP, "ACTIVATED", "APPROVED", *AUTHOR, "ben", "key-b", "")
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await as_service.execute(STEP, "APPROVED", "PROPOSED", *AUTHOR, "ben", "key-b", "")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE scoring.rulebook SET author = 'eva'",
        "UPDATE scoring.rulebook SET document = 'y'",
        "DELETE FROM scoring.rulebook",
        "UPDATE scoring.rulebook_step SET actor = 'eva'",
        "DELETE FROM scoring.rulebook_step",
        "TRUNCATE scoring.rulebook_step",
    ],
)
async def test_what_was_drafted_and_decided_cannot_be_changed(
    as_service: asyncpg.Pool, statement: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await as_service.execute(statement)


async def test_an_activation_is_in_the_log_of_every_partition_once(
    run: Run, feed: Feed, platform: PlatformSettings
) -> None:
    await feed([registered("B-1")])
    async with run() as scoring:
        workflow = scoring.rulebooks
        await workflow.draft(DOCUMENT, author=ANA)
        await workflow.propose("house", VERSION, actor=ANA)
        with pytest.raises(NotYou):
            await workflow.approve("house", VERSION, actor=ANA)
        await workflow.approve("house", VERSION, actor=BEN)
        await workflow.activate("house", VERSION, actor=ANA)
        rows = await _control_rows(scoring.pool)
        assert (await verified(platform, "default", wait_seconds=60)).verified
    assert sorted(row["partition"] for row in rows) == list(range(PARTITIONS))
    activation = json.loads(rows[0]["event"])
    assert activation["data"]["digest"] == "sha256:" + hashlib.sha256(DOCUMENT.encode()).hexdigest()
    assert (activation["data"]["author"], activation["data"]["approved_by"]) == ("key-a", ["key-b"])


async def test_steps_at_the_same_time_take_turns(run: Run) -> None:
    async with run() as scoring:
        workflow = scoring.rulebooks
        await workflow.draft(DOCUMENT, author=ANA)
        await workflow.propose("house", VERSION, actor=ANA)
        await workflow.approve("house", VERSION, actor=BEN)
        activated = await asyncio.gather(
            *(workflow.activate("house", VERSION, actor=ANA) for _ in range(4))
        )
    assert sorted(row.activations for row in activated) == [1, 2, 3, 4]


async def _control_rows(pool: asyncpg.Pool) -> list[Any]:
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            rows: list[Any] = await pool.fetch("SELECT * FROM scoring.control")
            if len(rows) == PARTITIONS:
                return rows
            await asyncio.sleep(0.1)
