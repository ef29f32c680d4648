"""A day close that does not follow the last one, released by two people on the real servers."""

from datetime import date, timedelta
from typing import Any

import asyncpg
import httpx2
import pytest

from services.ingest.entrypoints.http import create_app
from services.kit.access import persons, store
from services.kit.access.keys import Role
from services.kit.access.persons import StoredPerson
from services.kit.clock import SystemClock
from services.kit.stream.producer import KafkaProducer, ProduceFailed
from tests.fakes.wire_events import cloud_event, written
from tests.integration.ingest.conftest import RunningIngest

pytestmark = pytest.mark.integration

LAST = date(2026, 3, 1)


def close(closed: date) -> bytes:
    name = f"day-closed:{closed}"
    data = {"closed_date": str(closed)}
    return written(cloud_event("day.closed.v1", name, borrower="*", data=data))


async def key_of(ingest: RunningIngest, person: str, *roles: Role) -> dict[str, str]:
    """Returns the headers of a new key of a person."""
    connection = await asyncpg.connect(ingest.platform.dsn)
    try:
        now = SystemClock().now()
        stored = StoredPerson(person_id=person, display_name=person, created_at=now)
        await persons.create(connection, stored)
        grant = store.Grant(name=f"key of {person}", roles=frozenset(roles), person_id=person)
        _, text = await store.issue(connection, grant, at=now)
    finally:
        await connection.close()
    return {"Authorization": f"Bearer {text}"}


async def post(ingest: RunningIngest, path: str, key: dict[str, str], **body: str) -> Any:
    app = create_app(ingest.ingest, ingest.settings)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://ingest") as client:
        if path:
            number = path.split("/")[1]
            shown = await client.get(f"/v1/approvals/{number}", headers=key)
            body["digest"] = shown.json()["digest"]
        return await client.post(f"/v1/approvals{path}", json=body, headers=key)


async def ids(ingest: RunningIngest) -> set[str]:
    return {event["id"] for event in await ingest.events()}


async def test_a_close_that_waits_is_released_by_two_people_and_closes_follow_it(
    ingest: RunningIngest,
) -> None:
    late = LAST + timedelta(days=20)
    assert (await ingest.post(close(LAST))).status_code == 202
    refused = await ingest.post(close(late))
    assert (refused.status_code, refused.json()["items"][0]["reason"]) == (422, "awaits_approval")
    number = str(refused.json()["items"][0]["quarantine_id"])
    ana = await key_of(ingest, "ana", Role.OPERATOR, Role.APPROVER)
    ben = await key_of(ingest, "ben", Role.APPROVER)
    why = {"reason": "an outage of three weeks"}

    proposed = await post(ingest, "", ana, kind="control-event", subject=number, **why)
    assert proposed.status_code == 201, proposed.text
    proposal = proposed.json()["id"]
    assert (await post(ingest, f"/{proposal}/approve", ana, **why)).status_code == 403
    assert await ids(ingest) == {f"day-closed:{LAST}"}

    approved = await post(ingest, f"/{proposal}/approve", ben, **why)
    assert approved.status_code == 200, approved.text
    assert await ids(ingest) == {f"day-closed:{LAST}", f"day-closed:{late}"}
    [entry] = await ingest.quarantined(status="released")
    assert (entry["id"], entry["note"]) == (int(number), f"approval {proposal}")
    # The date is the last one now: the next needs nobody, and the same again is a duplicate.
    assert (await ingest.post(close(late + timedelta(days=1)))).status_code == 202
    assert (await ingest.post(close(late))).status_code == 202


async def test_after_a_withdrawal_closes_follow_the_last_one_that_stands(
    ingest: RunningIngest,
) -> None:
    wrong = LAST + timedelta(days=7)
    assert (await ingest.post(close(LAST))).status_code == 202
    assert (await ingest.post(close(wrong))).status_code == 202
    ana = await key_of(ingest, "ana", Role.OPERATOR, Role.APPROVER)
    ben = await key_of(ingest, "ben", Role.APPROVER)
    why = {"reason": "a week too early"}
    kind = {"kind": "day-close-withdrawal"}
    never_taken = await post(ingest, "", ana, subject="2026-04-01", **kind, **why)
    assert never_taken.status_code == 404
    proposal = (await post(ingest, "", ana, subject=str(wrong), **kind, **why)).json()["id"]
    assert (await post(ingest, f"/{proposal}/approve", ana, **why)).status_code == 403
    assert (await post(ingest, f"/{proposal}/approve", ben, **why)).status_code == 200
    # 14 days after the last that stands, although 7 after the one that was withdrawn.
    refused = await ingest.post(close(LAST + timedelta(days=14)))
    assert refused.json()["items"][0]["reason"] == "awaits_approval"
    # The withdrawn one again is a duplicate in scoring, and stands here no more.
    assert (await ingest.post(close(wrong))).status_code == 202
    refused = await ingest.post(close(LAST + timedelta(days=13)))
    assert refused.json()["items"][0]["reason"] == "awaits_approval"
    assert (await ingest.post(close(LAST + timedelta(days=6)))).status_code == 202


async def test_a_rejected_close_stays_in_quarantine_and_is_not_in_the_log(
    ingest: RunningIngest,
) -> None:
    refused = await ingest.post(close(date(2199, 12, 31)))
    number = str(refused.json()["items"][0]["quarantine_id"])
    ana = await key_of(ingest, "ana", Role.OPERATOR)
    ben = await key_of(ingest, "ben", Role.APPROVER)
    why = {"reason": "a wrong year"}
    await post(ingest, "", ana, kind="control-event", subject=number, **why)
    assert (await post(ingest, "/1/reject", ben, **why)).status_code == 200
    assert await ids(ingest) == set()
    [entry] = await ingest.quarantined()
    assert entry["reason"] == "awaits_approval"


async def test_only_what_waits_for_approval_can_be_proposed(ingest: RunningIngest) -> None:
    refused = await ingest.post(b"{broken")
    number = str(refused.json()["items"][0]["quarantine_id"])
    ana = await key_of(ingest, "ana", Role.OPERATOR)
    why = {"reason": "let it pass"}
    for subject, status in ((number, 409), ("999", 404), ("x", 404)):
        answer = await post(ingest, "", ana, kind="control-event", subject=subject, **why)
        assert answer.status_code == status


async def test_an_approval_that_the_broker_does_not_take_is_no_decision(
    ingest: RunningIngest, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = await ingest.post(close(date(2199, 12, 31)))
    number = str(refused.json()["items"][0]["quarantine_id"])
    ana = await key_of(ingest, "ana", Role.OPERATOR)
    ben = await key_of(ingest, "ben", Role.APPROVER)
    why = {"reason": "to see it fail"}
    await post(ingest, "", ana, kind="control-event", subject=number, **why)
    with monkeypatch.context() as patched:

        async def broken(*_args: object) -> None:
            raise ProduceFailed("the broker does not answer")

        patched.setattr(KafkaProducer, "publish_in_order", broken)
        assert (await post(ingest, "/1/approve", ben, **why)).status_code == 503
    [entry] = await ingest.quarantined()
    assert entry["status"] == "open"
    assert (await post(ingest, "/1/reject", ben, **why)).status_code == 200
