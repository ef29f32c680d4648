"""The time guard on the real servers: early events wait in the database, a load takes history."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.ingest.adapters.history_load_table import HistoryLoadTable
from services.ingest.application.time_gate import LoadsReading
from tests.fakes.wire_events import cloud_event, repayment, written

from .conftest import RunningIngest, until

pytestmark = pytest.mark.integration
BATCH = "application/cloudevents-batch+json"
FAR = "2150-01-05"


def close(date: str) -> dict[str, Any]:
    return cloud_event(
        "day.closed.v1",
        f"day-closed:{date}",
        borrower="*",
        data={"closed_date": date},
        time=f"{date}T23:00:00Z",
    )


async def send(ingest: RunningIngest, *events: dict[str, Any]) -> list[str | None]:
    answer = await ingest.post(written(events), BATCH)
    return [item.get("reason") for item in answer.json()["items"]]


async def test_an_early_event_waits_and_is_tried_again(ingest: RunningIngest) -> None:
    assert await send(ingest, repayment("PAY-1", value_date=FAR)) == ["ahead_of_time"]
    [entry] = await ingest.quarantined()
    assert entry["retry_at"].startswith("2149-12-31")
    await ingest.ingest.pool.execute("UPDATE ingest.quarantine SET retry_at = now()")

    async def was_tried() -> bool:
        [tried] = await ingest.quarantined()
        return bool(tried["attempts"] and tried["retry_at"].startswith("2149-12-31"))

    await until(was_tried, "the early event was tried again and still waits")


async def test_a_load_takes_history_and_a_live_source_none(ingest: RunningIngest) -> None:
    old = {**repayment("PAY-1", value_date="1999-12-30"), "time": "1999-12-30T10:00:00Z"}
    assert await send(ingest, old) == ["long_past"]
    opened = await ingest.operator.post(
        "/v1/history-loads", json={"sources": ["core/*"], "reason": "the old core system"}
    )
    assert opened.status_code == 201
    wrong = repayment("PAY-3", value_date="2000-12-31")

    async def is_open() -> bool:
        events = [
            {**old, "id": "PAY-2"},
            close("1999-12-30"),
            {**wrong, "time": "1999-12-31T10:00:00Z"},
        ]
        return await send(ingest, *events) == [None, None, "ahead_of_time"]

    # Another process of ingest knows of the load within a second.
    await until(is_open, "the load is known")
    closed = await ingest.operator.post("/v1/history-loads/1/close")
    assert closed.status_code == 200
    [load] = (await ingest.operator.get("/v1/history-loads")).json()["items"]
    assert load["closed_at"] is not None


async def test_it_is_not_ready_while_its_clock_and_postgresqls_disagree(
    ingest: RunningIngest, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = HistoryLoadTable.read

    async def ten_minutes_ahead(table: HistoryLoadTable) -> LoadsReading:
        reading = await read(table)
        return replace(reading, now=reading.now + timedelta(minutes=10))

    async def answers(status: int) -> bool:
        return (await ingest.http.get("/readyz")).status_code == status

    await until(lambda: answers(200), "ingest is ready")
    monkeypatch.setattr(HistoryLoadTable, "read", ten_minutes_ahead)
    await until(lambda: answers(503), "the clocks disagree")
    assert "+600 s" in (await ingest.http.get("/readyz")).json()["checks"]["clock"]
    monkeypatch.undo()
    await until(lambda: answers(200), "the clocks agree again")
