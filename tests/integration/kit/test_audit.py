"""Append-only tables and hash chains on a real PostgreSQL, against its administrator too."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from lab.stack.logins import service_url
from services.cli.audit import app
from services.kit.audit import check_chains
from tests.conftest import Servers

pytestmark = pytest.mark.integration
TABLE = "ingest.offset_change"
ADD = f"""
INSERT INTO {TABLE} (consumer, topic, partition, kind, changed_by, reason, from_offset, to_offset,
                     generation, from_count, to_count, log_start, log_end, excused_offset,
                     fenced_owner)
VALUES ('ingest', 'raw', $1, 'position', 'ada', 'INC-7', 1, 2, 0, 8, 8, 0, 9, 0, '')
"""


async def five_rows(connection: asyncpg.Connection) -> None:
    for partition in range(5):
        await connection.execute(ADD, partition)


@pytest.fixture
async def admin(database_url: str) -> AsyncIterator[Any]:
    opened = await asyncpg.connect(database_url)
    await five_rows(opened)
    yield opened
    await opened.close()


async def broken(connection: Any) -> str | None:
    async with connection.transaction():
        await connection.execute("SET LOCAL timezone = 'UTC'")
        chains = await check_chains(connection, "ingest")
    (chain,) = [chain for chain in chains if chain.table == TABLE]
    return chain.broken


async def tamper(connection: Any, statement: str) -> None:
    """Changes rows as only the owner of the tables can."""
    await connection.execute(f"ALTER TABLE {TABLE} DISABLE TRIGGER ALL")
    await connection.execute(statement)
    await connection.execute(f"ALTER TABLE {TABLE} ENABLE TRIGGER ALL")


async def test_a_chain_is_whole_whatever_the_session_is_set_to(admin: Any) -> None:
    await admin.execute("SET timezone = 'Asia/Tokyo'; SET DateStyle = 'German'")
    await admin.execute(ADD, 5)
    assert await broken(admin) is None
    assert await admin.fetch(f"SELECT audit_number FROM {TABLE} ORDER BY 1") == [
        (number,) for number in range(1, 7)
    ]


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        (f"UPDATE {TABLE} SET changed_by = 'eve' WHERE audit_number = 3", "row 3 was changed"),
        (f"UPDATE {TABLE} SET reason = 'x' WHERE audit_number IN (2, 4)", "row 2 was changed"),
        (f"DELETE FROM {TABLE} WHERE audit_number = 1", "row 1 is missing"),
        (f"DELETE FROM {TABLE} WHERE audit_number = 4", "row 4 is missing"),
        (f"DELETE FROM {TABLE} WHERE audit_number = 5", "row 5 is missing"),
        (f"DELETE FROM {TABLE}", "row 1 is missing"),
        (
            f"UPDATE {TABLE} SET audit_hash = sha256('x') WHERE audit_number = 5",
            "row 5 was changed",
        ),
        (
            "UPDATE ingest.audit_head SET hash = sha256('x')",
            "row 5 is not the last one that was written",
        ),
    ],
)
async def test_the_first_row_that_an_administrator_changed_is_named(
    admin: Any, statement: str, finding: str
) -> None:
    await tamper(admin, statement)
    found_break = await broken(admin)
    assert found_break is not None
    assert found_break.startswith(finding)


async def test_a_row_that_was_put_in_later_breaks_the_chain(admin: Any) -> None:
    await tamper(
        admin,
        f"""INSERT INTO {TABLE} (consumer, topic, partition, kind, changed_by, reason, from_offset,
                to_offset, generation, from_count, to_count, log_start, log_end, excused_offset,
                fenced_owner, audit_number, audit_hash)
            SELECT consumer, topic, 9, kind, changed_by, reason, from_offset, to_offset, generation,
                   from_count, to_count, log_start, log_end, excused_offset, fenced_owner, 6,
                   sha256('x')
              FROM {TABLE} WHERE audit_number = 5""",
    )
    assert str(await broken(admin)).startswith("row 6 was changed")


async def test_many_rows_of_a_statement_and_rows_that_were_not_written_leave_no_gap(
    admin: Any,
) -> None:
    await admin.execute("CREATE UNIQUE INDEX once ON ingest.offset_change (partition)")
    many = ADD.replace("VALUES ('ingest', 'raw', $1", "SELECT 'ingest', 'raw', number")
    many = many.replace(", 0, '')", ", 0, '' FROM generate_series(3, 40) AS number")
    await admin.execute(many + " ON CONFLICT DO NOTHING")
    transaction = admin.transaction()
    await transaction.start()
    await admin.execute(ADD, 50)
    await transaction.rollback()
    await admin.execute(ADD, 51)
    assert await broken(admin) is None
    # Five rows were there, 3 to 40 were offered, and then one more.
    assert await admin.fetchval(f"SELECT max(audit_number) FROM {TABLE}") == 42


async def test_rows_that_were_removed_at_the_end_stay_missing_when_others_follow(
    admin: Any,
) -> None:
    await tamper(admin, f"DELETE FROM {TABLE} WHERE audit_number >= 4")
    await admin.execute(ADD, 6)
    assert await broken(admin) == "row 4 is missing"


async def test_writers_at_the_same_time_take_turns(admin: Any, database_url: str) -> None:
    connections = [await asyncpg.connect(database_url) for _ in range(4)]
    await asyncio.gather(*(five_rows(connection) for connection in connections))
    for connection in connections:
        await connection.close()
    assert await broken(admin) is None
    assert await admin.fetchval(f"SELECT max(audit_number) FROM {TABLE}") == 25


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE {TABLE} SET reason = 'other'",
        f"DELETE FROM {TABLE}",
        f"TRUNCATE {TABLE}",
        "UPDATE ingest.quarantine SET raw = 'other'",
        "UPDATE ingest.quarantine SET status = 'open', received_at = now()",
        "DELETE FROM ingest.quarantine",
        "TRUNCATE ingest.quarantine",
        "UPDATE scoring.quarantine SET value = 'other'",
        "DELETE FROM scoring.quarantine",
        "UPDATE alerts.quarantine SET key = 'other'",
        "DELETE FROM alerts.quarantine",
        "UPDATE alerts.delivery_attempt SET result = 'DELIVERED'",
        "DELETE FROM alerts.delivery_attempt",
        "TRUNCATE alerts.delivery_attempt, alerts.webhook_delivery",
        "DELETE FROM alerts.alert_event",
        "DELETE FROM scoring.proposal_decision",
    ],
)
async def test_nobody_changes_what_was_received_sent_and_decided(
    admin: Any, statement: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="is append-only"):
        await admin.execute(statement)


async def test_a_service_cannot_write_the_end_of_a_chain(database_url: str) -> None:
    service = await asyncpg.connect(service_url(database_url, "ingest"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute("UPDATE ingest.audit_head SET number = 0")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute(f"ALTER TABLE {TABLE} DISABLE TRIGGER ALL")
    await service.close()


def test_the_command_names_the_table_and_the_row_and_ends_with_status_1(
    stack: Servers, database_url: str
) -> None:
    environment = {
        "TOCSIN_KAFKA_BOOTSTRAP": stack.kafka_bootstrap,
        "TOCSIN_DATABASE_URL": database_url,
    }

    def with_database(work: Callable[[asyncpg.Connection], Any]) -> None:
        async def run() -> None:
            connection = await asyncpg.connect(database_url)
            await work(connection)
            await connection.close()

        asyncio.run(run())

    def verified() -> tuple[int, dict[str, Any]]:
        answer = CliRunner().invoke(app, ["verify", "--json"], env=environment)
        return answer.exit_code, json.loads(answer.stdout.splitlines()[-1])

    with_database(five_rows)
    status, answer = verified()
    assert (status, answer["verified"]) == (0, True)
    assert {chain["table"] for chain in answer["chains"]} >= {TABLE, "alerts.alert_event"}
    with_database(
        lambda connection: tamper(connection, f"UPDATE {TABLE} SET reason = '' || partition + 10")
    )
    status, answer = verified()
    assert (status, answer["verified"]) == (1, False)
    (chain,) = [chain for chain in answer["chains"] if chain["broken"]]
    assert (chain["table"], chain["broken"][:17]) == (TABLE, "row 1 was changed")
