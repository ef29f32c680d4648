"""The envelope: one canonical form, moments in UTC, what is undeclared is kept."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from services.contracts.control import DayClosedV1
from services.contracts.envelope import CloudEvent, content_of, encode_event, rfc3339
from services.contracts.fields import money_fields
from services.contracts.registry import EVENT_TYPES
from services.contracts.rejection import EventRejected
from services.contracts.validation import ValidEvent
from tests.fakes.wire_events import repayment, undeclared_fields, validated, written


def read(**changes: Any) -> ValidEvent:
    return validated(written({**repayment(), **changes}))


def refused(**changes: Any) -> EventRejected:
    with pytest.raises(EventRejected) as refusal:
        read(**changes)
    return refusal.value


def data(**changes: Any) -> dict[str, Any]:
    return {**repayment()["data"], **changes}


def test_the_content_of_an_event_is_what_is_equal_when_it_is_sent_again() -> None:
    # An undeclared text with the name of an attribute, and a borrower id with quotation marks.
    inner = {"a": "1", "subject": 'B"1', "traceparent": "x"}
    event = {"subject": 'B"1', "data": data(note=',"subject":"B\\"1"', other=inner)}
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    content = content_of(read(**event, zone="north").value)
    document = json.loads(content)
    assert document["data"] == event["data"]
    assert document.keys() == {"specversion", "id", "source", "type", "time", "data", "zone"}
    again = {**event, "zone": "north", "traceparent": trace, "datacontenttype": "application/json"}
    assert content_of(read(**{**again, "subject": "B-2"}).value) == content
    assert content_of(read(**event, zone="south").value) != content


@pytest.mark.parametrize(
    ("sent", "canonical"),
    [
        ("2026-03-31T17:05:00Z", "2026-03-31T17:05:00Z"),
        ("2026-03-31T17:05:00+02:00", "2026-03-31T15:05:00Z"),
        ("2026-03-31T00:30:00.5+01:00", "2026-03-30T23:30:00.500000Z"),
        ("2026-03-31T17:05:00.123456789Z", "2026-03-31T17:05:00.123456Z"),
        ("2026-03-31T17:05:00-00:00", "2026-03-31T17:05:00Z"),
    ],
    ids=["utc", "offset", "another day", "finer than a microsecond is cut off", "minus zero"],
)
def test_a_moment_is_written_in_utc(sent: str, canonical: str) -> None:
    assert json.loads(read(time=sent).value)["time"] == canonical


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ("2026-03-31T17:05:00", "no offset"),
        ("2026-03-31t17:05:00z", "RFC 3339"),
        ("2026-03-31 17:05:00Z", "RFC 3339"),
        ("2026-02-30T17:05:00Z", "RFC 3339"),
        ("2026-03-31T24:00:00Z", "RFC 3339"),
        ("2026-03-31T17:05:60Z", "RFC 3339"),
        ("1899-12-31T17:05:00Z", "RFC 3339"),
        ("2026-03-31T17:05:00Z\n", "RFC 3339"),
        (1_774_976_700, "RFC 3339"),
    ],
)
def test_what_is_no_moment_is_refused(sent: object, words: str) -> None:
    refusal = refused(time=sent)
    assert refusal.pointer == "/time"
    assert words in refusal.detail


def test_equal_events_are_equal_bytes_whatever_their_order_and_spacing() -> None:
    event = repayment()
    backwards = json.dumps(dict(reversed(event.items())), indent=4).encode()
    assert validated(backwards).value == validated(written(event)).value


def test_the_canonical_bytes_are_sorted_compact_and_utf_8() -> None:
    value = read(extension="ü").value
    expected = json.dumps(
        json.loads(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert value == expected.encode("utf-8")
    assert "ü".encode() in value


def test_undeclared_attributes_and_fields_are_kept() -> None:
    value = read(branch="7", data=data(field_of_tomorrow=[1])).value
    assert validated(value).value == value
    assert json.loads(value)["branch"] == "7"
    assert undeclared_fields(value) == ["field_of_tomorrow"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("branch", None),
        ("branch", 1.5),
        ("branch", ["x"]),
        ("branch", "x" * 1_001),
        ("Branch", "x"),
    ],
)
def test_an_extension_attribute_is_plain_and_has_a_plain_name(name: str, value: object) -> None:
    assert refused(**{name: value}).pointer == f"/{name}"


def test_an_event_made_in_code_is_the_one_that_is_read_back() -> None:
    made = CloudEvent(
        id="E-1",
        source="core/demo",
        type="day.closed.v1",
        subject="*",
        time=datetime(2026, 4, 1, 0, tzinfo=timezone(timedelta(hours=2))),
        data=DayClosedV1(closed_date=datetime(2026, 3, 31, tzinfo=UTC).date()),
    )
    valid = validated(encode_event(made))
    assert valid.value == encode_event(made)
    assert valid.event.time == datetime(2026, 3, 31, 22, tzinfo=UTC)
    assert isinstance(valid.event.data, DayClosedV1)


@pytest.mark.parametrize("microsecond", [0, 1, 500_000, 999_999])
def test_a_moment_made_in_code_is_written_like_one_that_was_read(microsecond: int) -> None:
    moment = datetime(2026, 3, 31, 17, 5, 0, microsecond, tzinfo=UTC)
    event = CloudEvent(
        id="E-1", source="core/demo", type="a.b.v1", subject="*", time=moment, data={}
    )
    assert json.loads(encode_event(event))["time"] == rfc3339(moment)


def test_all_faults_of_an_event_are_named_at_once() -> None:
    refusal = refused(
        id="a b", data=data(paid_amount=1, value_date="31.03.2026", channel="X", loan_id="L-1\n")
    )
    assert refusal.pointer == "/id"
    for field in ("paid_amount", "value_date", "channel", "loan_id"):
        assert f"/data/{field}" in refusal.detail


def test_the_first_fault_is_the_first_field() -> None:
    refusal = refused(data=data(paid_amount=1, value_date="31.03.2026", channel="X"))
    assert refusal.pointer == "/data/paid_amount"
    assert "/data/channel, /data/value_date" in refusal.detail


def test_a_rejection_repeats_no_value() -> None:
    secret = "Erika M."
    refusal = refused(
        data=data(
            flag_reason=5, loan_id=secret, channel=secret, paid_amount=secret, value_date=secret
        )
    )
    assert "Erika" not in str(refusal)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"correctsid": "E-0"}, "/correctsid"),
        ({"correctionkind": "amendment"}, "/correctionkind"),
        ({"drillid": None}, "/drillid"),
        ({"sequence": 2**63}, "/sequence"),
        ({"sequence": True}, "/sequence"),
        ({"sequence": 1.0}, "/sequence"),
        ({"subject": "*"}, "/subject"),
        ({"id": "E-1\n"}, "/id"),
        ({"data": data(loan_id="L-1\n")}, "/data/loan_id"),
        ({"data": data(currency="EUR\n")}, "/data/currency"),
        ({"data": data(paid_amount="1.00\n")}, "/data/paid_amount"),
        ({"data": data(value_date="2026-03-31\n")}, "/data/value_date"),
        ({"data": data(value_date="1899-12-31")}, "/data/value_date"),
        ({"data": data(value_date="2200-01-01")}, "/data/value_date"),
        ({"data": data(value_date="2026-02-30")}, "/data/value_date"),
        ({"data": data(facility_id=None)}, "/data/facility_id"),
        ({"data": data(instalment_no=1.0)}, "/data/instalment_no"),
        ({"data": data(technical_flag=1)}, "/data/technical_flag"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_struct_alone_would_let_pass_is_refused(
    changes: dict[str, Any], pointer: str
) -> None:
    assert refused(**changes).pointer == pointer


@pytest.mark.parametrize("number", [3.0, True, "3"])
def test_a_number_among_words_is_that_number(number: object) -> None:
    event = {**repayment(), "type": "statement.due.v1"}
    event["data"] = {"due_date": "2026-03-31", "period_end": "2025-12-31", "period_months": number}
    with pytest.raises(EventRejected) as refusal:
        validated(written(event))
    assert refusal.value.detail == "/data/period_months must be 3, 6, 9 or 12"


def test_dates_inside_lists_have_their_bounds_too() -> None:
    holidays = {"calendar": "DE", "from_date": "2026-01-01", "to_date": "2027-01-01"}
    event = {**repayment(), "type": "calendar.published.v1", "subject": "*"}
    with pytest.raises(EventRejected) as refusal:
        validated(
            written({**event, "data": {**holidays, "holidays": ["2026-01-01", "2200-01-01"]}})
        )
    assert refusal.value.pointer == "/data/holidays/1"


def test_a_type_that_nobody_knows_is_named_after_a_wrong_envelope() -> None:
    assert refused(type="repayment.posted.v9").code.value == "unknown_type"
    assert refused(type="repayment.posted.v9", id="a b").pointer == "/id"


def test_money_is_found_inside_lists_too() -> None:
    def names(event_type: str) -> frozenset[str]:
        return money_fields(EVENT_TYPES[event_type].data)

    assert names("schedule.published.v1") == {"due_principal", "due_interest", "due_fees"}
    assert names("day.closed.v1") == frozenset()
