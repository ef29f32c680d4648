"""What scoring set aside is listed, retried, released and discarded, in the log's order."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import tzinfo
from typing import Any

import asyncpg
import httpx2
import pytest

from services.cli.verify.commands import verified
from services.kit.access import store
from services.kit.access.keys import Role
from services.kit.clock import SystemClock
from services.kit.database import PostgresDatabase
from services.kit.settings import PlatformSettings
from services.kit.stream.outbox import Message
from services.kit.stream.producer import ProduceFailed
from services.kit.stream.quarantine_review import QuarantineReview, RecordFilters
from services.scoring import wiring
from services.scoring.adapters.codec import build_codec
from services.scoring.application.ports import Codec
from services.scoring.entrypoints.worker import application
from services.scoring.wiring import Scoring
from tests.fakes.wire_events import booked, closed, paid, registered, scheduled
from tests.integration.scoring.conftest import Feed, Run

pytestmark = pytest.mark.integration
PAYMENT = paid("B-1", 1, day=3)
BROKEN = b"{not json"


def unable_to_read(raw: bytes) -> Any:
    """Returns a builder of codecs with a defect: they cannot read one event."""

    def build(zone: tzinfo) -> Codec:
        codec = build_codec(zone)

        def decode(value: bytes) -> Any:
            if value == raw:
                raise codec.refusal("a defect of this version")
            return codec.decode(value)

        return replace(codec, decode=decode)

    return build


@asynccontextmanager
async def client(
    scoring: Scoring, platform: PlatformSettings, **grant: Any
) -> AsyncIterator[httpx2.AsyncClient]:
    connection = await asyncpg.connect(platform.dsn)
    issued = await store.issue(
        connection, store.Grant(name="test", **grant), at=SystemClock().now()
    )
    await connection.close()
    app = application(scoring)
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app, raise_app_exceptions=False),
        base_url="http://scoring",
        headers={"Authorization": f"Bearer {issued[1]}"},
    ) as http:
        yield http


async def test_a_record_that_a_later_version_can_read_is_applied_at_the_end_of_the_log(
    run: Run, feed: Feed, platform: PlatformSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator, event = {"roles": frozenset({Role.OPERATOR})}, json.loads(PAYMENT)
    await feed([registered("B-1"), booked("B-1"), scheduled("B-1"), PAYMENT, BROKEN, closed(5)])
    with monkeypatch.context() as defect:
        defect.setattr(wiring, "build_codec", unable_to_read(PAYMENT))
        async with run() as scoring, client(scoring, platform, **operator) as http:
            findings = await verified(platform, "default", wait_seconds=60)
            assert (findings.differences, findings.quarantined) == ([], 2)
            listed = (await http.get("/v1/quarantine", params={"status": "open"})).json()["items"]
            ours = next(item for item in listed if item["event_id"] == event["id"])
            assert (ours["reason"], ours["source"]) == ("undecodable", event["source"])
            assert "raw_base64" not in ours
            shown = (await http.get(f"/v1/quarantine/{ours['id']}")).json()
            assert shown["raw_text"].encode() == PAYMENT
            refused = await http.post(f"/v1/quarantine/{ours['id']}/retry")
            assert refused.status_code == 409
            assert "a defect of this version" in refused.json()["detail"]
    async with run() as scoring, client(scoring, platform, **operator) as http:
        retried = await http.post(f"/v1/quarantine/{ours['id']}/retry")
        assert retried.json()["status"] == "released"
        again = await http.post(f"/v1/quarantine/{ours['id']}/release")
        assert again.status_code == 409
        findings = await verified(platform, "default", wait_seconds=60)
        assert findings.verified, findings.differences
        assert (findings.quarantined, findings.duplicates) == (2, 0)
    connection = await asyncpg.connect(platform.dsn)
    applied = await connection.fetchval(
        "SELECT count(*) FROM scoring.ledger WHERE event_id = $1", event["id"]
    )
    await connection.close()
    assert applied == 1


async def test_a_record_that_is_discarded_keeps_its_bytes_and_the_reason(
    run: Run, feed: Feed, platform: PlatformSettings
) -> None:
    await feed([registered("B-1"), BROKEN])
    grant = {"roles": frozenset({Role.OPERATOR})}
    async with run() as scoring, client(scoring, platform, **grant) as http:
        await verified(platform, "default", wait_seconds=60)
        (entry,) = (await http.get("/v1/quarantine")).json()["items"]
        path, reason = f"/v1/quarantine/{entry['id']}", {"reason": "a probe of the network"}
        assert (await http.post(f"{path}/discard", json=reason)).is_success
        assert (await http.post(f"{path}/release")).status_code == 409
        shown = (await http.get(path)).json()
        assert (shown["status"], shown["note"]) == ("discarded", reason["reason"])
        assert shown["raw_text"].encode() == BROKEN
        counts = (await http.get("/v1/quarantine/counts")).json()
        assert (counts["open"], counts["released"], counts["discarded"]) == (0, 0, 1)


async def test_a_source_lists_its_own_records_and_settles_none(
    run: Run, feed: Feed, platform: PlatformSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = json.loads(PAYMENT)["source"]
    await feed([registered("B-1"), PAYMENT, BROKEN])
    monkeypatch.setattr(wiring, "build_codec", unable_to_read(PAYMENT))
    async with run() as scoring:
        await verified(platform, "default", wait_seconds=60)
        for sources, expected in (((source,), 1), ((source[:-1] + "*",), 1), (("other",), 0)):
            grant = {"roles": frozenset({Role.SOURCE}), "sources": sources}
            async with client(scoring, platform, **grant) as http:
                items = (await http.get("/v1/quarantine")).json()["items"]
                assert len(items) == expected
                for path in ("retry", "release"):
                    answer = await http.post(f"/v1/quarantine/1/{path}")
                    assert answer.status_code == 403


class NoBroker:
    """A producer whose broker does not answer."""

    async def start(self) -> None:
        """Connects to nothing."""

    async def stop(self) -> None:
        """Disconnects from nothing."""

    async def publish(self, messages: Sequence[Message]) -> None:
        raise ProduceFailed("no broker")

    async def publish_in_order(self, messages: Sequence[Message]) -> None:
        raise ProduceFailed("no broker")


async def test_a_release_without_the_broker_changes_nothing(
    run: Run, feed: Feed, platform: PlatformSettings
) -> None:
    await feed([BROKEN])
    async with run() as scoring:
        await verified(platform, "default", wait_seconds=60)
        review = QuarantineReview(
            schema="scoring",
            database=PostgresDatabase(scoring.pool),
            producer=NoBroker(),
            check=lambda _value: None,
            clock=SystemClock(),
        )
        (entry,) = await review.entries(RecordFilters())
        with pytest.raises(ProduceFailed):
            await review.release(entry.id, by="op")
        assert (await review.entry(entry.id)).entry.settled_at is None
