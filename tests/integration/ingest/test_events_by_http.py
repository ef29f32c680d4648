"""Events by HTTP: accepted on the topic or quarantined, each with its verdict."""

from typing import Any

import pytest

from tests.fakes.wire_events import (
    cloud_event,
    flow,
    lines,
    registration,
    repayment,
    validated,
    written,
)

from .conftest import Opener, RunningIngest, until

pytestmark = pytest.mark.integration
BATCH = "application/cloudevents-batch+json"
LINES = "application/x-ndjson"


async def test_an_accepted_event_is_on_the_topic_in_canonical_form(ingest: RunningIngest) -> None:
    answer = await ingest.post(written(repayment()))
    assert answer.status_code == 202
    assert answer.json()["items"] == [{"index": 0, "id": "PAY-1", "status": "accepted"}]
    assert await ingest.event_bytes() == [validated(written(repayment())).value]


async def test_a_batch_keeps_the_order_of_each_borrower(ingest: RunningIngest) -> None:
    sent = [repayment(f"PAY-{n}", borrower=f"B-{n % 3}") for n in range(60)]
    answer = await ingest.post(written(sent), BATCH)
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 60
    events = await ingest.events()
    for n in range(3):
        ids = [each["id"] for each in events if each["subject"] == f"B-{n}"]
        assert ids == [f"PAY-{k}" for k in range(60) if k % 3 == n]


async def test_each_line_gets_its_own_verdict(ingest: RunningIngest) -> None:
    broken = written(repayment("PAY-2", paid_amount=100.0))
    answer = await ingest.post(
        lines(repayment("PAY-1"), broken, b"{not json", repayment("PAY-4")), LINES
    )
    assert answer.status_code == 207
    body = answer.json()
    assert [item["status"] for item in body["items"]] == [
        "accepted",
        "quarantined",
        "quarantined",
        "accepted",
    ]
    assert body["items"][1]["reason"] == "invalid_field"
    assert body["items"][1]["pointer"] == "/data/paid_amount"
    assert body["items"][2]["reason"] == "not_json"
    assert [each["id"] for each in await ingest.events()] == ["PAY-1", "PAY-4"]
    shown = await ingest.operator.get(f"/v1/quarantine/{body['items'][1]['quarantine_id']}")
    assert shown.json()["raw_text"].encode() == broken


async def test_the_binary_mode_carries_attributes_in_headers(ingest: RunningIngest) -> None:
    sent = repayment()
    answer = await ingest.post(
        written(sent["data"]),
        "application/json",
        **{
            "ce-specversion": "1.0",
            "ce-id": sent["id"],
            "ce-source": sent["source"],
            "ce-type": sent["type"],
            "ce-subject": sent["subject"],
            "ce-time": sent["time"],
            "ce-sequence": "7",
        },
    )
    assert answer.status_code == 202, answer.text
    assert (await ingest.events())[0]["sequence"] == 7


async def test_a_source_that_the_key_may_not_speak_for_is_turned_away(
    ingest: RunningIngest,
) -> None:
    answer = await ingest.post(written({**repayment(), "source": "elsewhere"}))
    assert answer.status_code == 403
    assert answer.json()["items"][0]["status"] == "rejected"
    assert await ingest.events() == []
    assert await ingest.quarantined() == []


async def test_nobody_sends_without_a_key(ingest: RunningIngest) -> None:
    answer = await ingest.http.post("/v1/events", content=b"{}", headers={"Authorization": ""})
    assert answer.status_code == 401


async def test_a_control_event_is_written_to_every_partition(ingest: RunningIngest) -> None:
    closed = cloud_event(
        "day.closed.v1",
        "day-closed:2026-03-31",
        borrower="*",
        data={"closed_date": "2026-03-31"},
    )
    assert (await ingest.post(written(closed))).status_code == 202
    assert [each["id"] for each in await ingest.events()] == ["day-closed:2026-03-31"] * 2


async def test_what_only_tocsin_writes_is_refused(ingest: RunningIngest) -> None:
    override = cloud_event(
        "override.approved.v1",
        "OV-1",
        borrower="B-1",
        data={
            "override_id": "OV-1",
            "kind": "RELAX",
            "reason": "none",
            "proposed_by": "O-1",
            "approved_by": ["O-1"],
            "effective_date": "2026-03-31",
        },
    )
    answer = await ingest.post(written(override))
    assert answer.status_code == 422
    assert answer.json()["items"][0]["reason"] == "not_for_sources"


async def test_an_event_of_an_unknown_account_waits_and_leaves_in_order(
    ingest: RunningIngest,
) -> None:
    sent = [flow(f"TX-{n}", account="AC-9") for n in range(5)]
    first = await ingest.post(written(sent[:3]), BATCH)
    assert first.status_code == 202
    assert first.json()["parked"] == 3
    registered = await ingest.post(written(registration("B-9", accounts=["AC-9"])))
    assert registered.status_code == 202
    second = await ingest.post(written(sent[3:]), BATCH)
    assert second.status_code == 202

    async def all_there() -> list[Any]:
        events = await ingest.events()
        return events if len(events) == 6 else []

    events = await until(all_there, "the parked events are on the topic")
    assert [each["id"] for each in events] == ["reg-B-9", "TX-0", "TX-1", "TX-2", "TX-3", "TX-4"]
    assert {each["subject"] for each in events} == {"B-9"}

    async def none_parked() -> bool:
        counts = (await ingest.operator.get("/v1/quarantine/counts")).json()
        return bool(counts["parked"] == 0)

    # Sent first, marked afterwards: a moment later than they are on the topic.
    await until(none_parked, "no event is parked any more")


async def test_an_imported_account_releases_what_waits_for_it(ingest: RunningIngest) -> None:
    await ingest.post(written(flow("TX-1", account="AC-7")))
    imported = await ingest.operator.post(
        "/v1/accounts",
        json={
            "source": "core/accounts",
            "accounts": [{"account_id": "AC-7", "borrower_id": "B-7"}],
        },
    )
    assert imported.json() == {"imported": 1}
    events = await until(ingest.events, "the event is on the topic")
    assert events[0]["subject"] == "B-7"


async def test_the_same_bad_event_again_counts_up_instead_of_filling_the_table(
    ingest: RunningIngest,
) -> None:
    bad = written(repayment(paid_amount=1))
    first, second = await ingest.post(bad), await ingest.post(bad)
    assert first.json()["items"][0]["quarantine_id"] == second.json()["items"][0]["quarantine_id"]
    assert [entry["times_seen"] for entry in await ingest.quarantined()] == [2]


async def test_a_discarded_input_keeps_its_bytes_and_its_reason(ingest: RunningIngest) -> None:
    await ingest.post(b"\xff\xfe")
    number = (await ingest.quarantined())[0]["id"]
    answer = await ingest.operator.post(
        f"/v1/quarantine/{number}/discard", json={"reason": "a probe of the network team"}
    )
    assert answer.status_code == 200
    assert answer.json()["status"] == "discarded"
    assert answer.json()["raw_base64"] == "//4="
    again = await ingest.operator.post(f"/v1/quarantine/{number}/retry")
    assert again.status_code == 409


async def test_too_large_a_body_and_too_many_events_are_413(open_ingest: Opener) -> None:
    ingest = await open_ingest(max_items=2, max_body_bytes=2_000, run_tasks=False)
    assert (await ingest.post(b"x" * 2_001)).status_code == 413
    three = lines(*[{"id": str(n)} for n in range(3)])
    assert (await ingest.post(three, LINES)).status_code == 413
    assert await ingest.quarantined() == []


async def test_another_media_type_is_415(ingest: RunningIngest) -> None:
    assert (await ingest.post(b"{}", "text/xml")).status_code == 415
    answer = await ingest.post(b"{}", **{"Content-Encoding": "gzip"})
    assert answer.status_code == 415


async def test_it_is_ready_when_broker_and_database_answer(ingest: RunningIngest) -> None:
    async def ready() -> bool:
        return (await ingest.http.get("/readyz")).status_code == 200

    await until(ready, "ingest is ready")
    text = (await ingest.http.get("/metrics")).text
    assert "tocsin_ingest_inputs_total" in text
