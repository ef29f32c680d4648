"""An event that names only an account keeps its first borrower, on the real servers."""

import asyncio

import pytest

from services.ingest.adapters.identity_table import IdentityTable
from services.ingest.application.identity import EventIdentity
from services.kit.database import PostgresDatabase
from tests.fakes.wire_events import flow, registration, written

from .conftest import Opener, RunningIngest, until
from .test_raw_topics import booking

pytestmark = pytest.mark.integration


async def test_an_event_that_is_sent_again_after_its_account_moved_keeps_its_borrower(
    ingest: RunningIngest,
) -> None:
    await ingest.post(written(registration("B-1", accounts=["AC-1"])))
    await ingest.post(written(flow("T-1")))
    await ingest.send_raw("raw.account-flows", booking("T-2"))

    async def both() -> bool:
        return len(await ingest.events()) == 3

    await until(both, "both flows are on the topic")
    await ingest.post(written(registration("B-2", accounts=["AC-1"])))
    await ingest.post(written(flow("T-1")))
    await ingest.send_raw("raw.account-flows", booking("T-2"), booking("T-3"))

    async def all_there() -> list[dict[str, str]]:
        events = await ingest.events()
        return events if len(events) == 7 else []

    events = await until(all_there, "all flows are on the topic again")
    borrowers = {(each["id"], each["subject"]) for each in events if each["id"].startswith("T-")}
    assert borrowers == {("T-1", "B-1"), ("T-2", "B-1"), ("T-3", "B-2")}


async def test_two_processes_give_an_event_the_same_borrower(open_ingest: Opener) -> None:
    ingest = (await open_ingest(run_tasks=False)).ingest
    tables = [IdentityTable(PostgresDatabase(ingest.pool)) for _ in range(2)]
    for number in range(20):
        claims = [
            [EventIdentity("core/x", f"E-{number}-{k}", borrower, b"d" * 16) for k in range(5)]
            for borrower in ("B-1", "B-2")
        ]
        first, second = await asyncio.gather(
            tables[0].first(claims[0]), tables[1].first(claims[1][::-1])
        )
        assert sorted(first) == sorted(second)
