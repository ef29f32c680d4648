"""The account directory is what the log gives, checked and rebuilt by a command."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg
import pytest

from services.cli.account_log import AccountLog, differences
from services.cli.broker import connected
from services.cli.errors import CommandError
from services.ingest.adapters.account_table import AccountTable
from services.ingest.domain.account_log import AccountAssignment
from services.kit.access.keys import Role
from services.kit.database import PostgresDatabase
from tests.fakes.wire_events import flow, registration, written

from .conftest import Opener, RunningIngest, until
from .test_control_events_wait_for_two import key_of, post

pytestmark = pytest.mark.integration

# The rows of a backup are older; only the owner of an append-only table can take some away.
RESTORED = """
SET session_replication_role = replica;
DELETE FROM ingest.quarantine; DELETE FROM ingest.event_identity; DELETE FROM ingest.account;
RESET session_replication_role
"""


@asynccontextmanager
async def account_log(
    ingest: RunningIngest,
) -> AsyncIterator[tuple[AccountLog, asyncpg.Connection]]:
    connection = await asyncpg.connect(ingest.platform.dsn)
    try:
        async with connected(ingest.platform.kafka_bootstrap) as broker:
            yield AccountLog(connection, broker, ingest.platform), connection
    finally:
        await connection.close()


def sent(count: int, ingest: RunningIngest) -> Callable[[], Awaitable[bool]]:
    async def condition() -> bool:
        return len(await ingest.events()) == count

    return condition


async def test_the_directory_is_what_the_log_gives(ingest: RunningIngest) -> None:
    newer = registration("B-2", accounts=["AC-1", "AC-2"])
    older = {**registration("B-1", accounts=["AC-1", "AC-3"]), "time": "2026-03-01T00:00:00Z"}
    foreign = {**registration("B-9", accounts=["AC-1"]), "source": "tests"}
    for event in (newer, older):
        assert (await ingest.post(written(event))).status_code == 202
    refused = await ingest.post(written(foreign))
    assert refused.json()["items"][0]["reason"] == "account_not_owned"
    accounts = [{"account_id": "AC-4", "borrower_id": "B-4"}]
    imports = {"source": "core/accounts", "accounts": accounts}
    assert (await ingest.operator.post("/v1/accounts", json=imports)).is_success
    taken = {**imports, "accounts": [{"account_id": "AC-2", "borrower_id": "B-4"}]}
    assert (await ingest.operator.post("/v1/accounts", json=taken)).status_code == 409
    async with account_log(ingest) as (log, connection):
        stored = await log.stored()
        assert {name: each.borrower_id for name, each in stored.items()} == {
            "AC-1": "B-2",
            "AC-2": "B-2",
            "AC-3": "B-1",
            "AC-4": "B-4",
        }
        assert differences(await log.expected(), stored) == []
        await connection.execute(
            "UPDATE ingest.account SET borrower_id = 'B-7' WHERE account_id = 'AC-1';"
            "UPDATE ingest.account SET account_id = 'AC-5' WHERE account_id = 'AC-4'"
        )
        assert differences(await log.expected(), await log.stored()) == [
            "AC-1: B-2 by reg-B-2 of core/demo is not stored",
            f"AC-4: B-4 by {stored['AC-4'].event_id} of core/accounts is not stored",
            "AC-5: nothing in the log names it",
        ]


async def test_a_restore_loses_no_account_no_identity_and_nothing_that_was_parked(
    ingest: RunningIngest,
) -> None:
    await ingest.post(written(registration("B-1", accounts=["AC-1"])))
    await ingest.post(written(flow("T-1", account="AC-1")))
    await ingest.post(written(registration("B-2", accounts=["AC-1"])))
    for number in range(3):
        parked = await ingest.post(written(flow(f"P-{number}", account="AC-7")))
        assert parked.json()["items"][0]["status"] == "parked"
    async with account_log(ingest) as (log, connection):
        await connection.execute(RESTORED)
        rebuilt = await log.rebuild()
        assert (rebuilt.accounts, rebuilt.identities, rebuilt.parked) == (1, 1, 3)
        assert differences(await log.expected(), await log.stored()) == []
        again = await log.rebuild()
        assert (again.accounts, again.identities, again.parked) == (1, 0, 0)
    await ingest.post(written(flow("T-1", account="AC-1")))
    await ingest.post(written(registration("B-7", accounts=["AC-7"])))
    await until(sent(8, ingest), "the parked flows are on the topic")
    flows = [(each["id"], each["subject"]) for each in await ingest.events()]
    assert [each for each in flows if each[0].startswith("P-")] == [
        (f"P-{number}", "B-7") for number in range(3)
    ]
    assert [each for each in flows if each[0] == "T-1"] == [("T-1", "B-1")] * 2


async def rebuilt_alone(
    log: AccountLog, meanwhile: Callable[[], Awaitable[object]] | None = None
) -> None:
    async with log.beside_no_ingest():
        await log.rebuild()
        if meanwhile:
            await meanwhile()


async def test_a_rebuild_beside_a_running_ingest_is_refused_and_changes_nothing(
    ingest: RunningIngest,
) -> None:
    await ingest.post(written(registration("B-1", accounts=["AC-1"])))
    async with account_log(ingest) as (log, connection):
        await connection.execute("UPDATE ingest.account SET borrower_id = 'B-7'")
        before = await log.stored()
        with pytest.raises(CommandError, match="Ingest is running"):
            await rebuilt_alone(log)
        await ingest.ingest.pool.close()
        name = {"application_name": "tocsin-ingest"}
        async with asyncpg.create_pool(
            ingest.platform.dsn, min_size=0, server_settings=name
        ) as another:
            with pytest.raises(CommandError, match="Ingest is running"):
                await rebuilt_alone(log, meanwhile=lambda: another.fetchval("SELECT 1"))
        assert await log.stored() == before
        await rebuilt_alone(log)
        assert differences(await log.expected(), await log.stored()) == []


async def test_two_people_hand_accounts_over_to_another_source(ingest: RunningIngest) -> None:
    await ingest.post(written(registration("B-1", accounts=["AC-1", "AC-2", "AC-3"])))
    of_next = {**registration("B-2", accounts=["AC-1"], event_id="reg-next"), "source": "tests"}
    refused = await ingest.post(written(of_next))
    assert refused.json()["items"][0]["reason"] == "account_not_owned"
    ana, ben = (
        await key_of(ingest, "ana", Role.OPERATOR, Role.APPROVER),
        await key_of(ingest, "ben", Role.APPROVER),
    )
    why = {"reason": "the new core system"}
    for subject, status in (
        ("AC-1", 404),
        ("AC-9 core/demo tests", 404),
        ("AC-1 core/demo core/demo", 409),
        ("AC-1 core/demo tests", 201),
        ("* core/demo tests", 201),
    ):
        answer = await post(ingest, "", ana, kind="account-handover", subject=subject, **why)
        assert answer.status_code == status, answer.text
        if status == 201:
            number = answer.json()["id"]
            assert (await post(ingest, f"/{number}/approve", ana, **why)).status_code == 403
            assert (await post(ingest, f"/{number}/approve", ben, **why)).status_code == 200
        if subject.startswith("AC-1 core/demo tests"):
            assert (await ingest.post(written(of_next))).status_code == 202
    ours = {**registration("B-3", accounts=["AC-2"], event_id="O-1")}
    assert (await ingest.post(written(ours))).json()["items"][0]["reason"] == "account_not_owned"
    async with account_log(ingest) as (log, connection):
        stored = await log.stored()
        assert {name: (each.borrower_id, each.source) for name, each in stored.items()} == {
            "AC-1": ("B-2", "tests"),
            "AC-2": ("B-1", "tests"),
            "AC-3": ("B-1", "tests"),
        }
        assert differences(await log.expected(), stored) == []
        await connection.execute("DELETE FROM ingest.account")
        await log.rebuild()
        assert await log.stored() == stored


async def test_of_sources_that_claim_at_the_same_time_one_owns(open_ingest: Opener) -> None:
    ingest = (await open_ingest(run_tasks=False)).ingest
    table = AccountTable(PostgresDatabase(ingest.pool))
    sources = [f"source-{number}" for number in range(8)]
    claims = await asyncio.gather(
        *(table.claim({f"AC-{number}": source for number in range(50)}) for source in sources)
    )
    assert len(claims[0]) == 50
    assert claims == [claims[0]] * len(sources)


async def test_the_table_takes_the_newest_of_the_owner_in_any_order(open_ingest: Opener) -> None:
    ingest = (await open_ingest(run_tasks=False)).ingest
    table = AccountTable(PostgresDatabase(ingest.pool))

    def assignment(borrower: str, hour: int, source: str = "core") -> AccountAssignment:
        moment = datetime(2026, 3, 1, hour, tzinfo=UTC)
        return AccountAssignment("AC-1", borrower, source, moment, f"reg-{borrower}")

    assert await table.claim({"AC-1": "core"}) == {"AC-1": "core"}
    both = {"AC-2": "other", "AC-1": "other"}
    assert await table.claim(both) == {"AC-1": "core", "AC-2": "other"}
    assert (await table.look_up(["AC-1"])).borrowers == {}
    for borrower, hour, source, expected in (
        ("B-2", 2, "core", "B-2"),
        ("B-1", 1, "core", "B-2"),
        ("B-9", 9, "other", "B-2"),
        ("B-3", 2, "core", "B-3"),
        ("B-4", 4, "core", "B-4"),
    ):
        await table.assign([assignment(borrower, hour, source)])
        assert (await table.look_up(["AC-1"])).borrowers == {"AC-1": expected}
