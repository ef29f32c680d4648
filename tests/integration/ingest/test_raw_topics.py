"""Raw topics: records of the bank become events, or are quarantined with bytes and reason."""

import shutil
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.ingest.settings import SHIPPED_MAPPINGS
from tests.conftest import CreateTopics
from tests.fakes.wire_events import registration, written

from .conftest import Opener, RunningIngest, until

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
    """Returns an account flow without a borrower."""
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


async def test_a_record_of_the_bank_becomes_an_event(ingest: RunningIngest) -> None:
    await ingest.send_raw("raw.repayments", payment())
    events = await until(ingest.events, "the event is on the topic")
    assert events == [
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


async def test_a_customer_and_a_schedule_come_by_a_raw_topic_too(ingest: RunningIngest) -> None:
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
    await ingest.send_raw("raw.account-flows", booking("T-1"))
    await until(lambda: ingest.quarantined(status="parked"), "the flow waits for its customer")
    await ingest.send_raw("raw.lending", customer, schedule, spoilt)

    async def all_there() -> list[Any]:
        events = await ingest.events()
        return events if len(events) == 3 else []

    events = await until(all_there, "customer, schedule and flow are on the topic")
    by_id = {each["id"]: each for each in events}
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
    entries = await until(
        lambda: ingest.quarantined(status="open"), "the spoilt schedule is quarantined"
    )
    assert [(each["reason"], each["pointer"]) for each in entries] == [
        ("not_convertible", "/plan/0/due")
    ]


async def test_a_calendar_from_a_raw_topic_goes_to_every_partition(ingest: RunningIngest) -> None:
    calendar = {
        "evt": "CAL",
        "ref": "M-1",
        "stamp": "2025-12-01T08:00:00+01:00",
        "cal": "TARGET",
        "first_day": "2026-01-01",
        "end_day": "2027-01-01",
        "days_off": ["2026-01-01"],
    }
    await ingest.send_raw("raw.market", calendar)

    async def everywhere() -> list[Any]:
        events = await ingest.events()
        return events if len(events) == 2 else []

    events = await until(everywhere, "the calendar is on both partitions")
    assert [each["id"] for each in events] == ["M-1", "M-1"]
    assert events[0]["data"]["holidays"] == ["2026-01-01"]


async def test_a_record_without_a_reference_gets_its_position_as_id(ingest: RunningIngest) -> None:
    offset = await ingest.send_raw("raw.repayments", payment(None))
    events = await until(ingest.events, "the event is on the topic")
    assert events[0]["id"].startswith(f"{ingest.prefix}raw.repayments:0:{offset}:")


async def test_bad_records_are_quarantined_and_stop_no_other(ingest: RunningIngest) -> None:
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
    await ingest.send_raw("raw.repayments", payment("R-1"), *bad, payment("R-2"))

    async def all_bad() -> list[dict[str, Any]]:
        events = await ingest.quarantined()
        return events if len(events) == len(bad) else []

    entries = await until(all_bad, "the bad records are quarantined")

    async def both() -> list[Any]:
        events = await ingest.events()
        return events if len(events) == 2 else []

    events = await until(both, "both good records are on the topic")
    assert [each["id"] for each in events] == ["R-1", "R-2"]
    assert [(entry["reason"], entry["pointer"]) for entry in entries] == [
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
    assert "contract_no" in entries[7]["detail"]
    assert [entry["position"]["offset"] for entry in entries] == list(range(1, 11))
    shown = (await ingest.operator.get(f"/v1/quarantine/{entries[0]['id']}")).json()
    assert shown["raw_base64"] == "/wA="


async def test_large_records_that_were_read_in_a_square_of_their_size_are_passed(
    ingest: RunningIngest,
) -> None:
    keys = ",".join(f'"{number:06}":1' for number in range(22_000))
    texts = ",".join(['"\\u0041"'] * 12_000)
    await ingest.send_raw(
        "raw.repayments",
        f'{{{keys},"000001":1}}'.encode(),
        f'{{"{"k" * 100_000}":[{texts}]}}'.encode(),
        payment("R-1"),
    )
    events = await until(ingest.events, "the record behind them is on the topic")
    assert [each["id"] for each in events] == ["R-1"]

    async def both() -> list[str]:
        reasons = [entry["reason"] for entry in await ingest.quarantined()]
        return reasons if len(reasons) == 2 else []

    assert await until(both, "both are quarantined") == ["too_large", "unknown_kind"]


async def test_after_the_mapping_is_fixed_a_retry_sends_the_event(
    open_ingest: Opener, tmp_path: Path
) -> None:
    mappings = tmp_path / "mappings"
    shutil.copytree(SHIPPED_MAPPINGS, mappings)
    broken = await open_ingest()
    await broken.send_raw("raw.repayments", payment(pay_kind="WIRE"))
    entries = await until(
        lambda: broken.quarantined(reason="unknown_code"), "the record is quarantined"
    )

    file = mappings / "core-repayments.yaml"
    file.write_text(file.read_text().replace("TR: TRANSFER", "TR: TRANSFER\n    WIRE: TRANSFER"))
    fixed = await open_ingest(mappings=mappings, run_tasks=False)
    answer = await fixed.operator.post(f"/v1/quarantine/{entries[0]['id']}/retry")
    assert answer.json()["status"] == "released"
    events = await fixed.events()
    assert [(each["id"], each["data"]["channel"]) for each in events] == [("R-1", "TRANSFER")]


async def test_many_are_retried_at_once_by_their_reason(
    open_ingest: Opener, tmp_path: Path
) -> None:
    mappings = tmp_path / "mappings"
    shutil.copytree(SHIPPED_MAPPINGS, mappings)
    broken = await open_ingest()
    records = [payment(f"R-{n}", pay_kind="WIRE") for n in range(5)]
    await broken.send_raw("raw.repayments", *records, payment("R-9", amt=None))

    async def all_quarantined() -> bool:
        return len(await broken.quarantined()) == 6

    await until(all_quarantined, "all are quarantined")
    file = mappings / "core-repayments.yaml"
    file.write_text(file.read_text().replace("TR: TRANSFER", "TR: TRANSFER\n    WIRE: TRANSFER"))
    fixed = await open_ingest(mappings=mappings, run_tasks=False)
    answer = await fixed.operator.post("/v1/quarantine/retry", json={"reason": "unknown_code"})
    assert answer.json() == {"tried": 5, "released": 5, "still_kept": 0, "more": False}
    assert [each["id"] for each in await fixed.events()] == [f"R-{n}" for n in range(5)]


async def test_flows_of_an_unknown_account_leave_in_order_once_it_is_known(
    ingest: RunningIngest,
) -> None:
    await ingest.send_raw("raw.account-flows", *[booking(f"T-{n}") for n in range(20)])

    async def all_parked() -> bool:
        return len(await ingest.quarantined(status="parked")) == 20

    await until(all_parked, "all flows are parked")
    assert await ingest.events() == []
    await ingest.post(written(registration("B-1", accounts=["AC-1"])))
    await ingest.send_raw("raw.account-flows", *[booking(f"T-{n}") for n in range(20, 30)])

    async def all_there() -> list[Any]:
        events = await ingest.events()
        return events if len(events) == 31 else []

    events = await until(all_there, "all flows are on the topic")
    assert [each["id"] for each in events][1:] == [f"T-{n}" for n in range(30)]


async def test_a_flood_of_bad_records_stops_the_topic_instead_of_draining_it(
    open_ingest: Opener,
) -> None:
    ingest = await open_ingest(refused_in_a_row=10)
    await ingest.send_raw("raw.repayments", *[payment(f"R-{n}", evt="???") for n in range(50)])

    async def stopped() -> bool:
        return 'reason="too_much_poison"' in (await ingest.http.get("/metrics")).text

    await until(stopped, "the partition is stopped")
    assert len(await ingest.quarantined()) <= 10
    await ingest.send_raw("raw.account-flows", booking("T-1", cust_no="B-1"))
    events = await until(ingest.events, "the other topic goes on")
    assert [each["id"] for each in events] == ["T-1"]


async def test_every_record_is_published_or_quarantined(ingest: RunningIngest) -> None:
    good = [payment(f"R-{n}") for n in range(40)]
    bad = [payment(f"X-{n}", ccy="euro") for n in range(7)]
    last = await ingest.send_raw("raw.repayments", *good, *bad, *good[:5])

    async def all_read() -> bool:
        connection = await asyncpg.connect(ingest.platform.dsn)
        try:
            row = await connection.fetchrow(
                "SELECT records, quarantined FROM ingest.partition_progress "
                "WHERE topic = $1 AND partition = 0",
                f"{ingest.prefix}raw.repayments",
            )
        finally:
            await connection.close()
        return row is not None and tuple(row) == (last + 1, 7)

    await until(all_read, "everything is read and counted")
    # Duplicates are published too: only the ledger can distinguish them from corrections.
    assert len(await ingest.events()) == 45
    assert len(await ingest.quarantined()) == 7


async def test_ingest_is_not_ready_and_names_a_raw_topic_until_it_is_created(
    open_ingest: Opener, create_topics: CreateTopics, tmp_path: Path
) -> None:
    mapping = (SHIPPED_MAPPINGS / "core-repayments.yaml").read_text()
    (tmp_path / "late.yaml").write_text(mapping.replace("raw.repayments", "raw.late"))
    ingest = await open_ingest(mappings=tmp_path)

    async def ready() -> bool:
        return (await ingest.http.get("/readyz")).status_code == 200

    async def why() -> str:
        checks: dict[str, str] = (await ingest.http.get("/readyz")).json()["checks"]
        reason = checks.pop(f"raw topic {ingest.prefix}raw.late")
        return reason if set(checks.values()) == {"ok"} else ""

    reason = await until(why, "all but the topic is ready")
    assert reason == (
        f"the topic {ingest.prefix}raw.late is missing; create it (`tocsin topics --also "
        f"{ingest.prefix}raw.late`), or take its mapping out of the folder TOCSIN_INGEST_MAPPINGS"
    )
    assert not await ready()
    create_topics("raw.late", partitions=1)
    await until(ready, "ingest reads the topic")
    await ingest.send_raw("raw.late", payment())
    events = await until(ingest.events, "the event is on the topic")
    assert events[0]["id"] == "R-1"
