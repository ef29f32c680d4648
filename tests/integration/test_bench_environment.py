"""The environment of a measurement: borrowers that both services have, no figures of idle runs."""

from pathlib import Path

import asyncpg
import pytest

from lab.bench import many_borrowers
from lab.bench.bulk_load import load_borrowers
from lab.bench.environment import BenchEnvironment, MeasuredServers, refuse_stopped
from services.alerts.decisions.adapters.borrower_rows import Borrowers
from services.cli.errors import CommandError

pytestmark = pytest.mark.integration


def ground_on(database_url: str) -> BenchEnvironment:
    servers = MeasuredServers(bootstrap="", database_url=database_url, broker_pid=0, database_pid=0)
    return BenchEnvironment(servers=servers, database_url=database_url, prefix="", folder=Path())


async def test_alerts_has_heard_a_settled_crowd_as_far_as_scoring_has_spoken(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many_borrowers, "SIMULATED", 10)
    pipeline, _, _ = many_borrowers.simulated_lives(days_ahead=1)
    assert await load_borrowers(database_url, pipeline, borrowers=30, ledger_rows=0) == 30
    connection = await asyncpg.connect(database_url)
    try:
        spoken = await connection.fetch(
            "SELECT borrower_id, sequence FROM scoring.borrower WHERE sequence > 0"
        )
        heard = await Borrowers().lock(connection, [row["borrower_id"] for row in spoken])
    finally:
        await connection.close()
    assert len(spoken) > 20
    assert {one: row.sequence for one, row in heard.items()} == dict(spoken)


@pytest.mark.parametrize("schema", ["scoring", "alerts"])
async def test_no_figures_come_of_a_run_in_which_a_consumer_stood_still(
    database_url: str, schema: str
) -> None:
    await refuse_stopped(ground_on(database_url))
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(
            f"INSERT INTO {schema}.partition_stop"
            " (consumer, topic, partition, epoch, reason, detail)"
            " VALUES ($1, 'risk', 3, 1, 'sequence_gap', 'number 5 follows 0')",
            schema,
        )
    finally:
        await connection.close()
    with pytest.raises(CommandError, match=f"{schema} stopped partition 3: sequence_gap"):
        await refuse_stopped(ground_on(database_url))
