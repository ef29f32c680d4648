"""The envelope: one canonical form, moments in UTC, what is unknown is kept."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from services.contracts.envelope import CloudEvent, encode_event, parse_event, read_envelope
from services.contracts.registry import money_fields, read_data, unknown_fields
from services.contracts.rejection import EventRejected
from tests.fakes.canonical import repayment, written


def parsed(**changes: Any) -> CloudEvent:
    return parse_event(written({**repayment(), **changes}))


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2026-03-31T17:05:00Z", "2026-03-31T17:05:00Z"),
        ("2026-03-31T17:05:00+02:00", "2026-03-31T15:05:00Z"),
        ("2026-03-31T00:30:00.5+01:00", "2026-03-30T23:30:00.500000Z"),
        ("2026-03-31T17:05:00.123456789Z", "2026-03-31T17:05:00.123456Z"),
        ("2026-03-31T17:05:00-00:00", "2026-03-31T17:05:00Z"),
    ],
    ids=["utc", "offset", "another day", "finer than a microsecond is cut off", "minus zero"],
)
def test_a_moment_is_written_in_utc(sent: str, kept: str) -> None:
    assert json.loads(encode_event(parsed(time=sent)))["time"] == kept


def test_equal_events_are_equal_bytes_whatever_their_order_and_spacing() -> None:
    event = repayment()
    backwards = json.dumps(dict(reversed(event.items())), indent=4).encode()
    assert encode_event(parse_event(backwards)) == encode_event(parse_event(written(event)))


def test_the_canonical_bytes_are_sorted_compact_and_utf_8() -> None:
    event = parsed(extension="ü")
    expected = json.dumps(
        json.loads(encode_event(event)), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert encode_event(event) == expected.encode("utf-8")
    assert "ü".encode() in encode_event(event)


def test_unknown_attributes_and_fields_are_kept() -> None:
    event = parsed(branch="7", data={**repayment()["data"], "field_of_tomorrow": [1]})
    again = parse_event(encode_event(event))
    assert again == event
    assert json.loads(encode_event(again))["branch"] == "7"
    assert unknown_fields(event.type, event.data) == ["field_of_tomorrow"]


def test_an_event_made_in_code_is_the_one_that_is_read_back() -> None:
    made = CloudEvent(
        id="E-1",
        source="core/demo",
        type="day.closed.v1",
        subject="*",
        time=datetime(2026, 3, 31, 22, tzinfo=UTC),
        data={"closed_date": "2026-03-31"},
    )
    assert parse_event(encode_event(made)) == made


def test_all_faults_of_an_event_are_named_at_once() -> None:
    data = {**repayment()["data"], "paid_amount": 1, "value_date": "31.03.2026", "channel": "X"}
    with pytest.raises(EventRejected) as refusal:
        read_data(parsed(data=data))
    assert refusal.value.pointer == "/data/paid_amount"
    assert "/data/channel, /data/value_date" in refusal.value.detail


def test_a_rejection_repeats_no_value() -> None:
    with pytest.raises(EventRejected) as refusal:
        read_data(parsed(data={**repayment()["data"], "flag_reason": 5, "loan_id": "Erika M."}))
    assert "Erika" not in str(refusal.value)


@pytest.mark.parametrize("document", [None, [], "text", 5])
def test_what_is_no_object_is_no_event(document: object) -> None:
    with pytest.raises(EventRejected, match="one JSON object"):
        read_envelope(document)


def test_money_is_found_inside_lists_too() -> None:
    assert money_fields("schedule.published.v1") == {"due_principal", "due_interest", "due_fees"}
    assert money_fields("day.closed.v1") == frozenset()
