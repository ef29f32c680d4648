"""One sender or raw topic fills its own room in the quarantine, and nobody else's."""

from contextlib import AsyncExitStack

import pytest

from services.ingest.adapters.quarantine_room import QuarantineRoom
from services.ingest.application.errors import QuarantineFull
from services.ingest.application.inputs import Input, InputChannel
from services.ingest.settings import IngestSettings
from services.kit.clock import SystemClock
from services.kit.database import PostgresDatabase
from tests.fakes.wire_events import repayment, written

from .conftest import Opener, _started, until
from .test_raw_topics import booking, payment

pytestmark = pytest.mark.integration


async def test_a_sender_without_room_is_refused_until_something_is_settled(
    open_ingest: Opener,
) -> None:
    ingest = await open_ingest(run_tasks=False, max_quarantined_bytes=2_048)
    first, second = await ingest.post(b"x" * 600), await ingest.post(b"y" * 600)
    assert (first.status_code, second.status_code) == (422, 429)
    assert len(await ingest.quarantined()) == 1
    assert (await ingest.post(written(repayment()))).status_code == 202
    discard = {"reason": "a probe of the network"}
    assert (await ingest.operator.post("/v1/quarantine/1/discard", json=discard)).is_success
    later = await open_ingest(run_tasks=False, max_quarantined_bytes=2_048)
    assert (await later.post(b"y" * 600)).status_code == 422


async def test_rows_and_headers_take_room_like_bytes(open_ingest: Opener) -> None:
    ingest = await open_ingest(run_tasks=False, max_quarantined_bytes=4_096)
    five = await ingest.post(b"1\n2\n3\n4\n5\n", "application/x-ndjson")
    assert (five.status_code, await ingest.quarantined()) == (429, [])
    binary = {"ce-specversion": "1.0", "ce-note": "x" * 2_000}
    first = await ingest.post(b"{}", "application/json", **binary)
    second = await ingest.post(b"[]", "application/json", **binary)
    assert (first.status_code, second.status_code) == (422, 429)
    # Another process counts what this one stored.
    [stored] = await ingest.quarantined()
    database = PostgresDatabase(ingest.ingest.pool)
    room = QuarantineRoom(database, max_bytes=4_096, clock=SystemClock())
    with pytest.raises(QuarantineFull, match=r"has 30\d\d bytes"):
        await room.take([Input(channel=InputChannel.HTTP, raw=b"x" * 200, sender=stored["sender"])])


async def test_a_raw_topic_without_room_stops_and_goes_on_once_there_is_some(
    open_ingest: Opener,
) -> None:
    base = await open_ingest(run_tasks=False)
    settings = IngestSettings(raw_topic_prefix=base.prefix, max_quarantined_bytes=1_024)
    async with AsyncExitStack() as closing:
        ingest = await _started(closing, base.platform, settings, run_tasks=True)
        await ingest.send_raw("raw.repayments", *[payment(f"R-{n}", evt="???") for n in range(9)])

        async def stopped() -> bool:
            return 'reason="quarantine_full"' in (await ingest.http.get("/metrics")).text

        await until(stopped, "the partition is stopped")
        await ingest.send_raw("raw.account-flows", booking("T-1", cust_no="B-1"))
        events = await until(ingest.events, "the other topic goes on")
        assert [each["id"] for each in events] == ["T-1"]
        quarantined = await ingest.quarantined()
        assert len(quarantined) < 9
    for entry in quarantined:
        discard = {"reason": "a probe of the network"}
        path = f"/v1/quarantine/{entry['id']}/discard"
        assert (await base.operator.post(path, json=discard)).is_success
    restarted = await open_ingest()

    async def all_read() -> bool:
        return len(await restarted.quarantined()) == 9

    await until(all_read, "the records that waited are read")
