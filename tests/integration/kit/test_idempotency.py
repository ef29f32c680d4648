"""The table of commands on a real PostgreSQL: who claims a key, for how long, and what is kept."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from lab.stack.logins import service_url
from services.kit.http.idempotency import ClaimState, KeyedCommand, PostgresCommands, StoredAnswer
from tests.fakes.assessments import MONDAY
from tests.fakes.clock import ManualClock

pytestmark = pytest.mark.integration
COMMAND = KeyedCommand(actor="ada", key="k-1", fingerprint=b"1" * 32)
OTHER = KeyedCommand(actor="ada", key="k-1", fingerprint=b"2" * 32)
ANSWER = StoredAnswer(status=201, headers={"etag": '"2"'}, body=b'{"version": 2}')


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Any]:
    opened = await asyncpg.create_pool(service_url(database_url, "alerts"), min_size=1, max_size=8)
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(MONDAY)


@pytest.fixture
def commands(pool: Any, clock: ManualClock) -> PostgresCommands:
    return PostgresCommands(pool, schema="alerts", clock=clock)


async def states(commands: PostgresCommands, *wanted: KeyedCommand) -> list[ClaimState]:
    return [(await commands.claim(command)).state for command in wanted]


async def test_of_many_at_once_one_claims_the_key(commands: PostgresCommands) -> None:
    claims = await asyncio.gather(*(commands.claim(COMMAND) for _ in range(20)))
    assert sorted(claim.state for claim in claims) == sorted(
        [ClaimState.CLAIMED, *[ClaimState.IN_FLIGHT] * 19]
    )


async def test_an_answer_is_kept_for_a_day(commands: PostgresCommands, clock: ManualClock) -> None:
    await commands.finish(COMMAND, await commands.claim(COMMAND), ANSWER)
    clock.advance(timedelta(hours=24).total_seconds() - 1)
    again = await commands.claim(COMMAND)
    assert (again.state, again.answer) == (ClaimState.ANSWERED, ANSWER)
    assert await states(commands, OTHER) == [ClaimState.OTHER_REQUEST]
    clock.advance(1)
    assert await states(commands, OTHER) == [ClaimState.CLAIMED]


async def test_the_rows_of_others_are_removed_after_a_day(
    commands: PostgresCommands, clock: ManualClock, pool: Any
) -> None:
    await commands.finish(COMMAND, await commands.claim(COMMAND), ANSWER)
    clock.advance(timedelta(hours=24).total_seconds())
    await commands.claim(KeyedCommand(actor="bob", key="k-2", fingerprint=b"3" * 32))
    assert await pool.fetchval("SELECT array_agg(actor) FROM alerts.idempotency_key") == ["bob"]


async def test_a_released_key_can_be_used_again(commands: PostgresCommands) -> None:
    await commands.release(COMMAND, await commands.claim(COMMAND))
    assert await states(commands, OTHER) == [ClaimState.CLAIMED]


async def test_the_claim_of_a_process_that_died_ends_after_a_minute(
    commands: PostgresCommands, clock: ManualClock
) -> None:
    lost = await commands.claim(COMMAND)
    clock.advance(59)
    assert await states(commands, COMMAND, OTHER) == [
        ClaimState.IN_FLIGHT,
        ClaimState.OTHER_REQUEST,
    ]
    clock.advance(1)
    assert await states(commands, OTHER, COMMAND) == [
        ClaimState.OTHER_REQUEST,
        ClaimState.CLAIMED,
    ]
    # The first process was only slow: what it does now does not touch the claim of the second.
    await commands.finish(COMMAND, lost, ANSWER)
    await commands.release(COMMAND, lost)
    assert await states(commands, COMMAND) == [ClaimState.IN_FLIGHT]
