"""Raw topics: the bank's words become our events, or are kept with bytes and reason."""

import shutil
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.ingest.settings import SHIPPED_MAPPINGS
from tests.conftest import CreateTopics
from tests.fakes.wire_events import registration, written

from .conftest import Desk, Opener, until

pytestmark = pytest.mark.integration


def payment(ref: str | None = "R-1", **changes: Any) -> dict[str, Any]:
    """Return a repayment in the demo bank's words."""
    return {
        "evt": "PAY",
        "ref": ref,
        "cust_no": "B-1",
        "contract_no": "L-1",
        "amt": 412055,
        "ccy": "EUR",
        "val_dt": "31.03.2026",
        "book_dt": "31.03.2026",
        "book_tm": "17:05:00",
        "pay_kind": "DD",
        **changes,
    }


def booking(ref: str, *, account: str = "AC-1", **changes: Any) -> dict[str, Any]:
    """Return an account flow that knows only its account."""
    return {
        "evt": "TXN",
        "ref": ref,
        "acct_no": account,
        "dc": "C",
        "amt": 25000,
        "ccy": "EUR",
        "bk_cd": "111",
        "chan": "U",
        "val_dt": "31.03.2026",
        "book_dt": "31.03.2026",
        "book_tm": "09:30:00",
        **changes,
    }


async def test_a_record_in_the_banks_words_becomes_our_event(desk: Desk) -> None:
    await desk.send_raw("raw.repayments", payment())
    found = await until(desk.events, "the event is on the topic")
    assert found == [
        {
            "specversion": "1.0",
            "id": "R-1",
            "source": "core/repayments",
            "type": "repayment.posted.v1",
            "subject": "B-1",
            "time": "2026-03-31T15:05:00Z",
            "data": {
                "loan_id": "L-1",
                "paid_amount": "4120.55",
                "currency": "EUR",
                "value_date": "2026-03-31",
                "channel": "DEBIT",
            },
        }
    ]


async def test_a_customer_and_a_schedule_come_by_a_raw_topic_too(desk: Desk) -> None:
    booked = {"book_dt": "31.03.2026", "book_tm": "17:05:00", "cust_no": "B-1", "ccy": "EUR"}
    customer = {"evt": "CUS", "ref": "K-1", "seg": "M", "ctry": "DE", "accts": ["AC-1"], **booked}
    schedule = {
        "evt": "SCH",
        "ref": "K-2",
        "contract_no": "L-1",
        "plan_no": 1,
        "plan": [{"inst_no": 1, "due": "15.04.2026", "prin": 380000, "intr": 32055}],
        **booked,
    }
    spoilt = {**schedule, "ref": "K-3", "plan": [{"inst_no": 1, "due": "April"}]}
    await desk.send_raw("raw.account-flows", booking("T-1"))
    await until(lambda: desk.kept(status="parked"), "the flow waits for its customer")
    await desk.send_raw("raw.lending", customer, schedule, spoilt)

    async def all_there() -> list[Any]:
        found = await desk.events()
        return found if len(found) == 3 else []

    found = await until(all_there, "customer, schedule and flow are on the topic")
    by_id = {each["id"]: each for each in found}
    assert by_id["T-1"]["subject"] == "B-1"
    assert by_id["K-2"]["data"]["instalments"] == [
        {
            "instalment_no": 1,
            "due_date": "2026-04-15",
            "due_principal": "3800.00",
            "due_interest": "320.55",
            "due_fees": "0",
        }
    ]
    kept = await until(lambda: desk.kept(status="open"), "the spoilt schedule is kept")
    assert [(each["reason"], each["pointer"]) for each in kept] == [
        ("not_convertible", "/plan/0/due")
    ]


async def test_a_calendar_from_a_raw_topic_goes_to_every_partition(desk: Desk) -> None:
    calendar = {
        "evt": "CAL",
        "ref": "M-1",
        "stamp": "2025-12-01T08:00:00+01:00",
        "cal": "TARGET",
        "first_day": "2026-01-01",
        "end_day": "2027-01-01",
        "days_off": ["2026-01-01"],
    }
    await desk.send_raw("raw.market", calendar)

    async def everywhere() -> list[Any]:
        found = await desk.events()
        return found if len(found) == 2 else []

    found = await until(everywhere, "the calendar is on both partitions")
    assert [each["id"] for each in found] == ["M-1", "M-1"]
    assert found[0]["data"]["holidays"] == ["2026-01-01"]


async def test_a_record_without_a_reference_gets_its_position_as_id(desk: Desk) -> None:
    offset = await desk.send_raw("raw.repayments", payment(None))
    found = await until(desk.events, "the event is on the topic")
    assert found[0]["id"].startswith(f"{desk.prefix}raw.repayments:0:{offset}:")


async def test_bad_records_are_kept_as_they_came_and_stop_nobody(desk: Desk) -> None:
    bad = [
        b"\xff\x00",
        b"",
        b"[1]",
        b'{"evt": "PAY", "evt": "PAY"}',
        written(payment(evt="???")),
        written(payment(amt="12,50")),
        written(payment(pay_kind="XX")),
        written(payment(contract_no=None)),
        written(payment(val_dt="2026-03-31")),
        written(payment(cust_no=None)),
    ]
    await desk.send_raw("raw.repayments", payment("R-1"), *bad, payment("R-2"))

    async def all_bad() -> list[dict[str, Any]]:
        found = await desk.kept()
        return found if len(found) == len(bad) else []

    kept = await until(all_bad, "the bad records are kept")

    async def both() -> list[Any]:
        found = await desk.events()
        return found if len(found) == 2 else []

    found = await until(both, "both good records are on the topic")
    assert [each["id"] for each in found] == ["R-1", "R-2"]
    assert [(entry["reason"], entry["pointer"]) for entry in kept] == [
        ("not_utf8", ""),
        ("empty_record", ""),
        ("not_an_object", ""),
        ("duplicate_key", ""),
        ("unknown_kind", "/evt"),
        ("not_convertible", "/amt"),
        ("unknown_code", "/pay_kind"),
        ("missing_field", "/data/loan_id"),
        ("not_convertible", "/val_dt"),
        ("missing_borrower", "/subject"),
    ]
    assert "contract_no" in kept[7]["detail"]
    assert [entry["position"]["offset"] for entry in kept] == list(range(1, 11))
    shown = (await desk.operator.get(f"/v1/quarantine/{kept[0]['id']}")).json()
    assert shown["raw_base64"] == "/wA="


async def test_after_the_mapping_is_fixed_a_retry_sends_the_event(
    open_desk: Opener, tmp_path: Path
) -> None:
    mappings = tmp_path / "mappings"
    shutil.copytree(SHIPPED_MAPPINGS, mappings)
    broken = await open_desk()
    await broken.send_raw("raw.repayments", payment(pay_kind="WIRE"))
    kept = await until(lambda: broken.kept(reason="unknown_code"), "the record is kept")

    file = mappings / "core-repayments.yaml"
    file.write_text(file.read_text().replace("TR: TRANSFER", "TR: TRANSFER\n    WIRE: TRANSFER"))
    fixed = await open_desk(mappings=mappings, run_tasks=False)
    answer = await fixed.operator.post(f"/v1/quarantine/{kept[0]['id']}/retry")
    assert answer.json()["status"] == "released"
    found = await fixed.events()
    assert [(each["id"], each["data"]["channel"]) for each in found] == [("R-1", "TRANSFER")]


async def test_many_are_retried_at_once_by_their_reason(open_desk: Opener, tmp_path: Path) -> None:
    mappings = tmp_path / "mappings"
    shutil.copytree(SHIPPED_MAPPINGS, mappings)
    broken = await open_desk()
    records = [payment(f"R-{n}", pay_kind="WIRE") for n in range(5)]
    await broken.send_raw("raw.repayments", *records, payment("R-9", amt=None))

    async def all_kept() -> bool:
        return len(await broken.kept()) == 6

    await until(all_kept, "all are kept")
    file = mappings / "core-repayments.yaml"
    file.write_text(file.read_text().replace("TR: TRANSFER", "TR: TRANSFER\n    WIRE: TRANSFER"))
    fixed = await open_desk(mappings=mappings, run_tasks=False)
    answer = await fixed.operator.post("/v1/quarantine/retry", json={"reason": "unknown_code"})
    assert answer.json() == {"tried": 5, "released": 5, "still_kept": 0, "more": False}
    assert [each["id"] for each in await fixed.events()] == [f"R-{n}" for n in range(5)]


async def test_flows_of_an_unknown_account_leave_in_order_once_it_is_known(desk: Desk) -> None:
    await desk.send_raw("raw.account-flows", *[booking(f"T-{n}") for n in range(20)])

    async def all_parked() -> bool:
        return len(await desk.kept(status="parked")) == 20

    await until(all_parked, "all flows are parked")
    assert await desk.events() == []
    await desk.post(written(registration("B-1", accounts=["AC-1"])))
    await desk.send_raw("raw.account-flows", *[booking(f"T-{n}") for n in range(20, 30)])

    async def all_there() -> list[Any]:
        found = await desk.events()
        return found if len(found) == 31 else []

    found = await until(all_there, "all flows are on the topic")
    assert [each["id"] for each in found][1:] == [f"T-{n}" for n in range(30)]


async def test_a_flood_of_bad_records_stops_the_topic_instead_of_draining_it(
    open_desk: Opener,
) -> None:
    desk = await open_desk(refused_in_a_row=10)
    await desk.send_raw("raw.repayments", *[payment(f"R-{n}", evt="???") for n in range(50)])

    async def stopped() -> bool:
        return 'reason="too_much_poison"' in (await desk.http.get("/metrics")).text

    await until(stopped, "the partition stands still")
    assert len(await desk.kept()) <= 10
    await desk.send_raw("raw.account-flows", booking("T-1", cust_no="B-1"))
    found = await until(desk.events, "the other topic goes on")
    assert [each["id"] for each in found] == ["T-1"]


async def test_what_was_offered_is_accepted_or_kept(desk: Desk) -> None:
    good = [payment(f"R-{n}") for n in range(40)]
    bad = [payment(f"X-{n}", ccy="euro") for n in range(7)]
    last = await desk.send_raw("raw.repayments", *good, *bad, *good[:5])

    async def all_read() -> bool:
        connection = await asyncpg.connect(desk.platform.dsn)
        try:
            row = await connection.fetchrow(
                "SELECT records, quarantined FROM ingest.partition_progress "
                "WHERE topic = $1 AND partition = 0",
                f"{desk.prefix}raw.repayments",
            )
        finally:
            await connection.close()
        return row is not None and tuple(row) == (last + 1, 7)

    await until(all_read, "everything is read and counted")
    # Duplicates go on to the topic: only the ledger can tell them from corrections in time.
    assert len(await desk.events()) == 45
    assert len(await desk.kept()) == 7


async def test_a_raw_topic_that_comes_later_keeps_nobody_waiting(
    open_desk: Opener, create_topics: CreateTopics, tmp_path: Path
) -> None:
    mapping = (SHIPPED_MAPPINGS / "core-repayments.yaml").read_text()
    (tmp_path / "late.yaml").write_text(mapping.replace("raw.repayments", "raw.late"))
    desk = await open_desk(mappings=tmp_path)

    async def ready() -> bool:
        return (await desk.http.get("/readyz")).status_code == 200

    await until(ready, "ingest is ready without the topic")
    create_topics("raw.late", partitions=1)
    await desk.send_raw("raw.late", payment())
    found = await until(desk.events, "the event is on the topic")
    assert found[0]["id"] == "R-1"
