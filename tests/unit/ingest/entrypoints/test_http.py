"""HTTP under bad input: every request gets an answer below 500, and no event is lost silently."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.domain.media_types import MEDIA_TYPES
from tests.fakes.ingest_in_memory import MemoryIngest, ingest_in_memory
from tests.fakes.wire_events import flow, lines, repayment, written

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
LINES = "application/x-ndjson"
KEY = {"Authorization": "Bearer any"}


@pytest.fixture
def memory() -> MemoryIngest:
    return ingest_in_memory()


@pytest.fixture
async def http(memory: MemoryIngest) -> AsyncIterator[httpx2.AsyncClient]:
    async with client(memory) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared() -> tuple[MemoryIngest, FastAPI]:
    """One application for the many examples of a property; each example clears it first."""
    memory = ingest_in_memory()
    return memory, memory.app()


def emptied(shared: tuple[MemoryIngest, FastAPI]) -> tuple[MemoryIngest, httpx2.AsyncClient]:
    memory, app = shared
    memory.clear()
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    return memory, httpx2.AsyncClient(transport=transport, base_url="http://ingest", headers=KEY)


def client(memory: MemoryIngest) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=memory.app(), raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="http://ingest", headers=KEY)


def changed(**attributes: Any) -> bytes:
    return written({**repayment(), **attributes})


def without(*names: str) -> bytes:
    return written({name: value for name, value in repayment().items() if name not in names})


MALFORMED: list[tuple[str, bytes]] = [
    (STRUCTURED, b""),
    (STRUCTURED, b"{"),
    (STRUCTURED, b"null"),
    (STRUCTURED, b"[]"),
    (STRUCTURED, b'"text"'),
    (STRUCTURED, b"5"),
    (STRUCTURED, b"{}"),
    (STRUCTURED, b"\xff\xfe{}"),
    (STRUCTURED, b'{"id": "a", "id": "b"}'),
    (STRUCTURED, b'{"id": NaN}'),
    (STRUCTURED, b'{"id": -Infinity}'),
    (STRUCTURED, b'{"id": 1e400}'),
    (STRUCTURED, b'{"id": "\\u0000"}'),
    (STRUCTURED, b'{"id": "\\udfff"}'),
    (STRUCTURED, b'{"data": ' + b"[" * 5_000 + b"]" * 5_000 + b"}"),
    (STRUCTURED, b'{"data": ' + b'{"a":' * 50 + b"1" + b"}" * 50 + b"}"),
    (STRUCTURED, b'{"sequence": ' + b"9" * 10_000 + b"}"),
    (STRUCTURED, changed(data={"note": "x" * 300_000})),
    (STRUCTURED, without("id")),
    (STRUCTURED, without("type")),
    (STRUCTURED, without("time")),
    (STRUCTURED, without("subject")),
    (STRUCTURED, without("data")),
    (STRUCTURED, without("specversion")),
    (STRUCTURED, changed(specversion="0.3")),
    (STRUCTURED, changed(id="")),
    (STRUCTURED, changed(id=5)),
    (STRUCTURED, changed(id="with space")),
    (STRUCTURED, changed(id="x" * 5_000)),
    (STRUCTURED, changed(type="repayment.posted")),
    (STRUCTURED, changed(type="repayment.posted.v99")),
    (STRUCTURED, changed(type=["repayment.posted.v1"])),
    (STRUCTURED, changed(type={"a": 1})),
    (STRUCTURED, changed(time="2026-03-31T17:05:00")),
    (STRUCTURED, changed(time="31.03.2026")),
    (STRUCTURED, changed(time=1774976700)),
    (STRUCTURED, changed(time="2026-13-31T17:05:00Z")),
    (STRUCTURED, changed(time="2026-03-31T17:05:00+99:00")),
    (STRUCTURED, changed(time="0001-01-01T00:00:00+14:00")),
    (STRUCTURED, changed(subject=["B-1"])),
    (STRUCTURED, changed(subject="*")),
    (STRUCTURED, changed(data=[1])),
    (STRUCTURED, changed(data="text")),
    (STRUCTURED, changed(sequence="7")),
    (STRUCTURED, changed(sequence=-1)),
    (STRUCTURED, changed(sequence=2**70)),
    (STRUCTURED, changed(BranchId="7")),
    (STRUCTURED, changed(extension={"nested": 1})),
    (STRUCTURED, changed(correctsid="PAY-0")),
    (STRUCTURED, written(repayment(paid_amount=100.0))),
    (STRUCTURED, written(repayment(paid_amount="100,00"))),
    (STRUCTURED, written(repayment(paid_amount="-100.00"))),
    (STRUCTURED, written(repayment(paid_amount="100.005"))),
    (STRUCTURED, written(repayment(paid_amount="١٠٠"))),
    (STRUCTURED, written(repayment(paid_amount="1" * 30))),
    (STRUCTURED, written(repayment(currency="Euro"))),
    (STRUCTURED, written(repayment(currency=["EUR"]))),
    (STRUCTURED, written(repayment(value_date="2026-02-30"))),
    (STRUCTURED, written(repayment(channel="WIRE"))),
    (STRUCTURED, written(repayment(instalment_no=1.5))),
    (STRUCTURED, written(repayment(technical_flag="yes"))),
    (STRUCTURED, written(flow(account="", borrower=None))),
    (BATCH, b"{"),
    (BATCH, b"{}"),
    (BATCH, b"[1, null, [], {}]"),
    (BATCH, b"[" * 3_000),
    (BATCH, b"\xff"),
    (LINES, b"{\n}\n[\n"),
    (LINES, b"\x00"),
]


@pytest.mark.parametrize(
    ("media_type", "body"), MALFORMED, ids=lambda value: str(value)[:60].replace("/", "_")
)
async def test_malformed_input_is_answered_and_quarantined(
    memory: MemoryIngest, http: httpx2.AsyncClient, media_type: str, body: bytes
) -> None:
    answer = await http.post("/v1/events", content=body, headers={"Content-Type": media_type})
    assert answer.status_code == 422
    items = answer.json()["items"]
    assert items
    for item in items:
        assert item["status"] == "quarantined"
        assert item["remedy"]
        assert item["detail"]
    stored = b"".join(full.input.raw for full in memory.quarantine.rows)
    for item in items:
        assert memory.quarantine.rows[item["quarantine_id"] - 1].input.raw in (body, stored) or body
    assert len(memory.quarantine.rows) == len({item["quarantine_id"] for item in items})


def test_fifty_malformed_inputs_are_among_them() -> None:
    assert len(MALFORMED) >= 50


async def test_the_original_bytes_of_each_item_of_a_batch_are_stored(
    memory: MemoryIngest, http: httpx2.AsyncClient
) -> None:
    odd = b'{ "id" :  "A" , "weird": [1,  2] }'
    body = b"[" + odd + b", " + written(repayment()) + b"]"
    answer = await http.post("/v1/events", content=body, headers={"Content-Type": BATCH})
    assert answer.status_code == 207
    assert memory.quarantine.rows[0].input.raw == odd


@settings(max_examples=100, deadline=None)
@given(drawn=st.data())
async def test_no_mutation_of_a_good_request_makes_a_server_error(
    shared: tuple[MemoryIngest, FastAPI], drawn: st.DataObject
) -> None:
    memory, http = emptied(shared)
    media_type = drawn.draw(st.sampled_from([STRUCTURED, BATCH, LINES, "application/json"]))
    body = bytearray(
        {
            BATCH: written([repayment(), flow(), repayment("PAY-2")]),
            LINES: lines(repayment(), flow()),
        }.get(media_type, written(repayment()))
    )
    for _ in range(drawn.draw(st.integers(1, 6))):
        start = drawn.draw(st.integers(0, len(body) - 1))
        body[start : start + drawn.draw(st.integers(0, 3))] = drawn.draw(st.binary(max_size=3))
        if not body:
            break
    async with http:
        answer = await http.post(
            "/v1/events", content=bytes(body), headers={"Content-Type": media_type}
        )
    assert answer.status_code < 500
    if answer.status_code != 403:
        settled = len(memory.publisher.sent) + sum(
            full.entry.times_seen for full in memory.quarantine.rows
        )
        rejected = sum(item["status"] == "rejected" for item in answer.json()["items"])
        assert settled + rejected == len(answer.json()["items"])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None)
@given(drawn=st.data())
async def test_no_value_in_any_place_makes_a_server_error(
    shared: tuple[MemoryIngest, FastAPI], drawn: st.DataObject
) -> None:
    _, http = emptied(shared)
    event = drawn.draw(st.sampled_from([repayment(), flow()]))
    holder = event if drawn.draw(st.booleans()) else event["data"]
    holder[drawn.draw(st.sampled_from(sorted(holder)) | st.text(max_size=5))] = drawn.draw(VALUES)
    async with http:
        answer = await http.post(
            "/v1/events", content=written(event), headers={"Content-Type": STRUCTURED}
        )
    assert answer.status_code in (202, 403, 422)


@settings(max_examples=100, deadline=None)
@given(
    headers=st.dictionaries(
        st.sampled_from(["ce-specversion", "ce-id", "ce-time", "ce-sequence", "ce-", "ce-data"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20),
    ),
    body=st.binary(max_size=30),
)
async def test_no_header_makes_a_server_error(
    shared: tuple[MemoryIngest, FastAPI], headers: dict[str, str], body: bytes
) -> None:
    _, http = emptied(shared)
    async with http:
        answer = await http.post(
            "/v1/events", content=body, headers={**headers, "Content-Type": "application/json"}
        )
    assert answer.status_code in (202, 403, 422)


@pytest.mark.parametrize("part", ["broker", "database"])
async def test_without_broker_or_database_the_answer_is_503_with_retry_after(
    memory: MemoryIngest, http: httpx2.AsyncClient, part: str
) -> None:
    memory.publisher.is_down = part == "broker"
    memory.quarantine.is_down = part == "database"
    body = lines(repayment(), b"broken")
    answer = await http.post("/v1/events", content=body, headers={"Content-Type": LINES})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_too_many_requests_at_once_are_503_with_retry_after(memory: MemoryIngest) -> None:
    transport = httpx2.ASGITransport(app=memory.app(max_requests_in_flight=1))
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://ingest", headers=KEY
    ) as http:
        seen: list[int] = []

        async def publish(events: Any) -> None:
            inner = await http.post(
                "/v1/events", content=written(repayment()), headers={"Content-Type": STRUCTURED}
            )
            seen.append(inner.status_code)
            memory.publisher.sent += [valid.event for valid in events]

        memory.publisher.publish = publish  # type: ignore[method-assign]
        outer = await http.post(
            "/v1/events", content=written(repayment()), headers={"Content-Type": STRUCTURED}
        )
    assert seen == [503]
    assert outer.status_code == 202


async def test_the_quarantine_is_listed_in_pages(
    memory: MemoryIngest, http: httpx2.AsyncClient
) -> None:
    for number in range(5):
        await http.post("/v1/events", content=b"%d" % number, headers={"Content-Type": STRUCTURED})
    first = (await http.get("/v1/quarantine", params={"limit": 3})).json()
    second = (await http.get("/v1/quarantine", params={"limit": 3, "after": first["after"]})).json()
    assert [item["id"] for item in first["items"] + second["items"]] == [1, 2, 3, 4, 5]
    assert second["after"] is None


async def test_an_entry_shows_its_bytes_and_its_remedy(
    memory: MemoryIngest, http: httpx2.AsyncClient
) -> None:
    await http.post("/v1/events", content=b"\xff", headers={"Content-Type": STRUCTURED})
    shown = (await http.get("/v1/quarantine/1")).json()
    assert base64.b64decode(shown["raw_base64"]) == b"\xff"
    assert shown["raw_text"] is None
    assert "UTF-8" in shown["remedy"]


async def test_a_sender_sees_its_own_inputs_and_settles_none(
    memory: MemoryIngest, http: httpx2.AsyncClient
) -> None:
    def sender(source: str) -> dict[str, str]:
        return {"Authorization": f"Bearer sender-{source}"}

    unsigned, wrong = b"{", written({**repayment(paid_amount=1), "source": "core/loans"})
    for key, body in (("core/loans", unsigned), ("core/cards", unsigned), ("core/loans", wrong)):
        headers = {"Content-Type": STRUCTURED, **sender(key)}
        await http.post("/v1/events", content=body, headers=headers)
    await http.post("/v1/events", content=wrong, headers={"Content-Type": STRUCTURED})
    for key, numbers in (("core/loans", [1, 3, 4]), ("core/cards", [2]), ("core/none", [])):
        listed = (await http.get("/v1/quarantine", headers=sender(key))).json()["items"]
        assert [item["id"] for item in listed] == numbers
    shown = await http.get("/v1/quarantine/1", headers=sender("core/loans"))
    assert shown.json()["raw_text"] == "{"
    assert (await http.get("/v1/quarantine/1", headers=sender("core/cards"))).status_code == 404
    for path in ("1/retry", "1/discard"):
        refused = await http.post(f"/v1/quarantine/{path}", json={}, headers=sender("core/loans"))
        assert refused.status_code == 403


async def test_without_room_in_the_quarantine_a_request_is_429_and_nothing_is_taken(
    memory: MemoryIngest, http: httpx2.AsyncClient
) -> None:
    memory.quarantine.is_full = True
    body = lines(repayment("PAY-1"), b"broken")
    full = await http.post("/v1/events", content=body, headers={"Content-Type": LINES})
    assert full.status_code == 429
    assert full.headers["Retry-After"] == "60"
    assert (memory.publisher.sent, memory.quarantine.rows) == ([], [])
    good = written(repayment("PAY-2"))
    taken = await http.post("/v1/events", content=good, headers={"Content-Type": STRUCTURED})
    assert taken.status_code == 202


async def test_a_retry_of_everything_by_mistake_is_refused(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/v1/quarantine/retry", json={})
    assert answer.status_code == 422


async def test_a_discard_needs_a_reason(http: httpx2.AsyncClient) -> None:
    await http.post("/v1/events", content=b"{", headers={"Content-Type": STRUCTURED})
    assert (await http.post("/v1/quarantine/1/discard", json={})).status_code == 422
    assert (await http.post("/v1/quarantine/1/discard", json={"reason": "ok then"})).is_success


async def test_an_unknown_number_is_404(http: httpx2.AsyncClient) -> None:
    for method, path in (("GET", ""), ("POST", "/retry")):
        answer = await http.request(method, f"/v1/quarantine/7{path}")
        assert answer.status_code == 404
        assert answer.json()["type"] == "urn:tocsin:problem:not-found"


def test_the_media_types_are_those_of_the_description() -> None:
    described = ingest_in_memory().app().openapi()["paths"]["/v1/events"]["post"]
    assert set(described["requestBody"]["content"]) == set(MEDIA_TYPES)
    assert json.dumps(described)
