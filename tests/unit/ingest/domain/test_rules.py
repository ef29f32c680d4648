"""The small decisions of ingest: sources, balances, CloudEvents modes, ids, the one form."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.currencies import decimals_of
from services.contracts.rejection import RejectionCode
from services.contracts.statement import is_balanced
from services.contracts.strict_json import encode_canonical, read_with_canonical
from services.ingest.domain.candidate import Candidate
from services.ingest.domain.fingerprints import position_id
from services.ingest.domain.http_modes import cloud_event_of
from services.ingest.domain.media_types import BATCH, LINES, PLAIN, STRUCTURED, json_type_of
from services.ingest.domain.normalising import normalised, with_minor_units
from services.ingest.domain.plausibility import date_refusal
from services.ingest.domain.reasons import REMEDIES, Refusal, RefusalReason
from services.ingest.domain.sources import may_send, may_speak_for


def test_a_date_is_compared_with_the_booking_by_its_own_window() -> None:
    booked = date(2026, 3, 31)
    dates = [("report_date", date(2026, 5, 1), 31), ("effective_date", date(2027, 4, 1), 366)]
    assert date_refusal(dates, booked=booked) is None
    refusal = date_refusal([*dates, ("report_date", date(2026, 5, 2), 31)], booked=booked)
    assert refusal is not None
    assert (refusal.reason, refusal.pointer) == (RefusalReason.INVALID_FIELD, "/data/report_date")


@pytest.mark.parametrize(
    ("source", "allowed", "may"),
    [
        ("core/loans", ("core/loans",), True),
        ("core/loans", ("core/*",), True),
        ("core", ("core/*",), False),
        ("core/loans/eu", ("core/loans",), False),
        ("anything", ("*",), True),
        ("core/loans", (), False),
    ],
)
def test_a_key_speaks_for_its_sources_only(
    source: str, allowed: tuple[str, ...], may: bool
) -> None:
    assert may_speak_for(source, allowed) is may


@pytest.mark.parametrize(
    ("event_type", "is_control", "allowed", "may"),
    [
        ("repayment.posted", False, ("*",), True),
        ("repayment.posted", False, ("repayment.*",), True),
        ("repayment.posted", False, ("account.*", "day.closed"), False),
        ("day.closed", True, ("*", "day.*"), False),
        ("day.closed", True, ("*", "day.closed"), True),
        ("day.closed", True, (), False),
    ],
)
def test_a_control_event_is_allowed_by_its_full_name_only(
    event_type: str, is_control: bool, allowed: tuple[str, ...], may: bool
) -> None:
    assert may_send(event_type, allowed, is_control=is_control) is may


@pytest.mark.parametrize(
    ("assets", "passes"),
    [("1000", True), ("1005.02", True), ("1005.03", False), ("994.98", False), ("995.03", True)],
    ids=["equal", "half a percent above", "just beyond", "beyond below", "inside below"],
)
def test_a_statement_balances_within_half_a_percent_of_assets(assets: str, passes: bool) -> None:
    # 0.5 % of 1005.02 is 5.0251: a difference of 5.02 passes. Of 1005.03 it is 5.02515: 5.03 fails.
    # 0.5 % of 994.98 is 4.9749: 5.02 fails. Of 995.03 it is 4.97515: a difference of 4.97 passes.
    assert is_balanced(Decimal(assets), Decimal(600), Decimal(400)) is passes


def test_every_reason_says_what_to_do() -> None:
    assert set(REMEDIES) == set(RefusalReason)


def test_the_codes_of_the_contracts_are_reasons_too() -> None:
    assert {code.value for code in RejectionCode} <= {reason.value for reason in RefusalReason}


def test_the_id_of_a_position_is_the_same_on_every_run_and_another_for_other_bytes() -> None:
    first = position_id(topic="raw.x", partition=3, offset=7, raw=b"a")
    assert first == position_id(topic="raw.x", partition=3, offset=7, raw=b"a")
    assert first == "raw.x:3:7:ca978112"
    assert first != position_id(topic="raw.x", partition=3, offset=7, raw=b"b")


def test_the_binary_mode_takes_attributes_from_headers() -> None:
    headers = [("Ce-SpecVersion", "1.0"), ("ce-id", "a%20b"), ("ce-sequence", "12"), ("Host", "x")]
    assert cloud_event_of({"loan_id": "L"}, headers=headers, read_json=json.loads) == {
        "specversion": "1.0",
        "id": "a b",
        "sequence": 12,
        "data": {"loan_id": "L"},
    }


def test_an_attribute_twice_is_refused() -> None:
    headers = [("ce-specversion", "1.0"), ("ce-id", "a"), ("CE-Id", "b")]
    refusal = cloud_event_of({}, headers=headers, read_json=json.loads)
    assert isinstance(refusal, Refusal)
    assert refusal.pointer == "/id"


def test_a_header_with_a_nul_is_refused() -> None:
    headers = [("ce-specversion", "1.0"), ("ce-note", "a%00")]
    refusal = cloud_event_of({}, headers=headers, read_json=json.loads)
    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.pointer) == (RefusalReason.FORBIDDEN_CHARACTER, "/note")


def test_data_may_come_in_base64() -> None:
    event = {"id": "E-1", "data_base64": "eyJsb2FuX2lkIjoiTCJ9"}
    assert cloud_event_of(event, read_json=json.loads) == {"id": "E-1", "data": {"loan_id": "L"}}


@pytest.mark.parametrize(
    "event",
    [
        {"data_base64": "e30=", "data": {}},
        {"data_base64": {}},
        {"data_base64": "e30"},
        {"data_base64": "é"},
        {"data_base64": "e3 0="},
    ],
)
def test_data_that_is_not_base64_or_comes_twice_is_refused(event: dict[str, Any]) -> None:
    refusal = cloud_event_of(event, read_json=json.loads)
    assert isinstance(refusal, Refusal)
    assert refusal.pointer == "/data_base64"


@pytest.mark.parametrize(
    ("named", "published"),
    [
        ("application/json", "application/json"),
        ("application/json; charset=UTF-8", "application/json"),
        ("application/vnd.bank.payment+json", "application/json"),
        ("Application/JSON", "application/json"),
        ("text/csv", "text/csv"),
        ("application/json; charset=latin1", "application/json; charset=latin1"),
        (7, 7),
    ],
)
def test_data_in_json_of_any_name_is_published_as_plain_json(
    named: object, published: object
) -> None:
    event = {"datacontenttype": named, "data": {}}
    assert cloud_event_of(event, read_json=json.loads) == {
        "datacontenttype": published,
        "data": {},
    }


@pytest.mark.parametrize(
    ("content_type", "media_type"),
    [
        ("application/cloudevents+json", STRUCTURED),
        ("Application/CloudEvents+JSON;charset=utf-8", STRUCTURED),
        ('application/cloudevents-batch+json; x=1; charset="UTF-8"', BATCH),
        ("application/x-ndjson ; charset=us-ascii", LINES),
        ("application/json", PLAIN),
        ("application/vnd.bank.payment+json; version=2", PLAIN),
        ("application/json; charset=latin1", None),
        ("application/json; charset=utf-8; charset=utf-16", None),
        ("application/cloudevents+avro", None),
        ("application/cloudevents-protobuf+json", None),
        ("image/svg+json", None),
        ("text/json", None),
        ("application", None),
        ("", None),
    ],
)
def test_a_content_type_is_read_without_its_parameters(
    content_type: str, media_type: str | None
) -> None:
    assert json_type_of(content_type) == media_type


def candidate(**data: Any) -> Candidate:
    return Candidate(document={"id": " E-1 ", "subject": None, "data": data})


def test_the_one_form_has_no_nulls_no_blanks_and_capitals_for_codes() -> None:
    given = candidate(currency=" eur ", note="", facility_id=None, list=[{"a": None, "b": " c "}])
    assert normalised(given, encode=encode_canonical).document == {
        "id": "E-1",
        "data": {"currency": "EUR", "list": [{"b": "c"}]},
    }


def test_what_came_in_is_not_changed_by_normalising() -> None:
    given = candidate(currency="eur")
    normalised(given, encode=encode_canonical)
    assert given.document["data"] == {"currency": "eur"}


def test_amounts_get_the_minor_unit_of_their_currency_also_inside_lists() -> None:
    given = candidate(currency="JPY", instalments=[{"due": "1500.00"}, {"due": "3.50"}])
    refusal = with_minor_units(given, money_fields=frozenset({"due"}), decimals_of=decimals_of)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is RefusalReason.TOO_MANY_DECIMALS
    assert refusal.pointer == "/data/instalments/1/due"


TEXTS = st.sampled_from(
    [
        "",
        " ",
        "A",
        " A",
        "A ",
        "a b",
        "A\t",
        "\u00a0A",
        "A\u2003",
        "eur",
        '"',
        ' "',
        "null",
        "\\",
        "\x7f",
    ]
)
VALUES = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers(-5, 5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["currency", "country", "note", "list"]), VALUES))
def test_the_one_form_is_the_same_whether_the_canonical_json_is_known_or_not(
    data: dict[str, Any],
) -> None:
    document, canonical = read_with_canonical(encode_canonical({"id": "E-1", "data": data}))
    assert isinstance(document, dict)
    known = normalised(Candidate(document, canonical=canonical), encode=encode_canonical)
    unknown = normalised(Candidate(document), encode=encode_canonical)
    assert known.document == unknown.document
    assert known.canonical == encode_canonical(known.document)


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        ("1500.000", "EUR", "1500.00"),
        ("-3.50", "EUR", "-3.50"),
        ("1500.00", "JPY", "1500"),
        ("1.2340", "KWD", "1.234"),
        ("1", "EUR", "1"),
    ],
)
def test_zeros_beyond_the_minor_unit_are_cut_off(amount: str, currency: str, written: str) -> None:
    read = normalised(candidate(currency=currency, amount=amount), encode=encode_canonical)
    sized = with_minor_units(read, money_fields=frozenset({"amount"}), decimals_of=decimals_of)
    assert isinstance(sized, Candidate)
    assert sized.document["data"]["amount"] == written


def test_only_amounts_have_minor_units() -> None:
    read = normalised(candidate(currency="EUR", rate="0.0725"), encode=encode_canonical)
    sized = with_minor_units(read, money_fields=frozenset({"amount"}), decimals_of=decimals_of)
    assert isinstance(sized, Candidate)
    assert sized.document["data"]["rate"] == "0.0725"


@pytest.mark.parametrize("code", ["uß", "ŉu", "ﬀu"])
def test_letters_that_become_two_in_capitals_are_no_currency(code: str) -> None:
    tidied = normalised(candidate(currency=code), encode=encode_canonical)
    assert tidied.document["data"]["currency"] == code


def test_an_amount_of_many_digits_is_left_to_the_contract() -> None:
    endless = "1" * 50_000 + ".123456"
    given = candidate(currency="EUR", amount=endless)
    sized = with_minor_units(given, money_fields=frozenset({"amount"}), decimals_of=lambda _: 2)
    assert isinstance(sized, Candidate)
    assert sized.document["data"]["amount"] == endless
