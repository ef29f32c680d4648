"""Every type that a bank sends can be mapped from a raw topic, each field to the right field.

The records of `raw_records/` and their events are written by hand, with every field of their type.
Ingest must map each record to its event, valid by schema and Struct.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lab.demo.environment import RAW_TOPICS
from services.contracts.registry import EVENT_TYPES, EventSender
from services.contracts.validation import ValidEvent
from services.ingest.application.inputs import Input, InputChannel, InputVerdict, RecordPosition
from services.ingest.domain.candidate import Candidate
from services.ingest.domain.reasons import Refusal, RefusalReason
from services.ingest.settings import SHIPPED_MAPPINGS
from tests.fakes.ingest_in_memory import MemoryIngest, demo_mappings, ingest_in_memory
from tests.fakes.wire_events import undeclared_fields

from .catalogue import validator_of

# Types of banks that no raw topic carries; docs/reference/core-bank.md explains why.
NO_MAPPING = {
    "day.closed.v1": "must come after the bookings of all topics, which do not wait for each other",
}
RECORDS_FOLDER = Path(__file__).parent / "raw_records"
ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reference" / "core-bank.md").read_text(encoding="utf-8")


@cache
def cases() -> dict[str, dict[str, Any]]:
    """Returns the records with their events by event type."""
    by_type = {}
    for path in sorted(RECORDS_FOLDER.glob("*.json")):
        for case in json.loads(path.read_text(encoding="utf-8")):
            assert case["event"]["type"] not in by_type, path
            by_type[case["event"]["type"]] = case
    return by_type


@cache
def mapped_types() -> dict[str, tuple[str, dict[str, Any]]]:
    """Returns the topic and the fields of each type in the shipped mappings, as plain texts."""
    by_type: dict[str, tuple[str, dict[str, Any]]] = {}
    for path in SHIPPED_MAPPINGS.glob("*.yaml"):
        # The BaseLoader reads all values as texts, which is enough for names.
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
        for event in document["events"].values():
            assert event["type"] not in by_type, f"{event['type']} is mapped twice"
            by_type[event["type"]] = document["topic"], event["data"]
    return by_type


def kinds_of(topic: str) -> dict[str, str]:
    return {case["record"]["evt"]: name for name, case in cases().items() if case["topic"] == topic}


def changed(event_type: str, changes: dict[str, Any]) -> dict[str, Any]:
    """Returns a record with other values; a key such as `plan/1/due` is a path into a list."""
    record: dict[str, Any] = json.loads(json.dumps(cases()[event_type]["record"]))
    for path, value in changes.items():
        *steps, last = path.split("/")
        parent: Any = record
        for step in steps:
            parent = parent[int(step)] if isinstance(parent, list) else parent[step]
        parent[int(last) if isinstance(parent, list) else last] = value
    return record


@pytest.fixture
def memory() -> MemoryIngest:
    return ingest_in_memory()


async def take(memory: MemoryIngest, event_type: str, record: object) -> InputVerdict:
    position = RecordPosition(topic=cases()[event_type]["topic"], partition=0, offset=7)
    raw = json.dumps(record).encode()
    given_input = Input(channel=InputChannel.KAFKA, raw=raw, position=position)
    return (await memory.ingest.intake.take([given_input]))[0]


def test_every_type_that_ingest_takes_has_a_mapping_or_a_reason() -> None:
    taken = {name for name, row in EVENT_TYPES.items() if row.sender is EventSender.SOURCES}
    assert taken - NO_MAPPING.keys() == mapped_types().keys()
    assert NO_MAPPING.keys() <= taken


def test_every_mapping_has_a_record_written_by_hand() -> None:
    assert cases().keys() == mapped_types().keys()
    for name, case in cases().items():
        assert case["topic"] == mapped_types()[name][0]


def test_the_page_names_every_type_that_has_no_mapping() -> None:
    for name in EVENT_TYPES.keys() - mapped_types().keys():
        noun = name.rpartition(".")[0]
        family = noun.partition(".")[0] + ".*"
        assert f"`{noun}`" in PAGE or f"`{family}`" in PAGE, name


def test_the_page_names_every_kind_and_field_of_a_record() -> None:
    for name, case in cases().items():
        section = PAGE.partition(f"## `{case['topic']}`")[2].partition("\n## ")[0]
        assert f"`{case['record']['evt']}` {name.rpartition('.')[0]}" in section, name
        for field in case["record"]:
            assert f"`{field}`" in section, (name, field)


def test_the_demo_makes_the_topics_that_its_mappings_read() -> None:
    assert set(RAW_TOPICS) == {topic for topic, _ in mapped_types().values()}


@pytest.mark.parametrize("name", sorted(mapped_types()))
def test_a_mapping_reads_every_field_of_its_type(name: str) -> None:
    _, data = mapped_types()[name]
    assert data.keys() == set(EVENT_TYPES[name].data.__struct_fields__)
    if name != "statement.received.v1":  # Of its lines two will do; the dialect's test has more.
        assert cases()[name]["event"]["data"].keys() == data.keys()


@pytest.mark.parametrize("name", sorted(cases()))
async def test_a_record_in_the_banks_words_is_the_event(memory: MemoryIngest, name: str) -> None:
    case = cases()[name]
    booked = datetime.fromisoformat(case["event"]["time"])
    memory.clock.advance(max(0, (booked - memory.clock.now()).total_seconds()))
    # The first rate of a currency waits for two people; these follow one of the same size.
    for each in case["event"]["data"].get("rates", []):
        memory.controls.rates["EUR", each["currency"], date(2026, 3, 30)] = Decimal(each["rate"])
    verdict = await take(memory, name, case["record"])
    assert isinstance(verdict.outcome, ValidEvent), verdict.outcome
    document = json.loads(verdict.outcome.value)
    assert document == case["event"]
    assert memory.publisher.sent == [verdict.outcome.event]
    validator_of(name).validate(document)
    assert isinstance(verdict.outcome.event.data, EVENT_TYPES[name].data)
    assert undeclared_fields(verdict.outcome.value) == []


@pytest.mark.parametrize("name", sorted(cases()))
async def test_a_word_left_out_gives_a_valid_event_or_a_refusal(
    memory: MemoryIngest, name: str
) -> None:
    record = cases()[name]["record"]
    for field in record:
        verdict = await take(memory, name, {**record, field: None})
        if isinstance(verdict.outcome, ValidEvent):
            validator_of(name).validate(json.loads(verdict.outcome.value))


BAD: list[tuple[str, dict[str, Any], RefusalReason, str, str]] = [
    ("borrower.registered.v1", {"seg": "?"}, RefusalReason.UNKNOWN_CODE, "/seg", "segments"),
    (
        "borrower.registered.v1",
        {"seg": None},
        RefusalReason.MISSING_FIELD,
        "/data/segment",
        "`seg`",
    ),
    (
        "borrower.registered.v1",
        {"accts": "AC-1"},
        RefusalReason.NOT_CONVERTIBLE,
        "/accts",
        "not a list",
    ),
    (
        "borrower.registered.v1",
        {"accts/1": None},
        RefusalReason.NOT_CONVERTIBLE,
        "/accts/1",
        "null",
    ),
    (
        "borrower.registered.v1",
        {"accts/0": "AC 1"},
        RefusalReason.INVALID_FIELD,
        "/data/account_ids/0",
        "an entry of `accts`",
    ),
    (
        "loan.booked.v1",
        {"beg_dt": "2025-01-15"},
        RefusalReason.NOT_CONVERTIBLE,
        "/beg_dt",
        "DD.MM.YYYY",
    ),
    (
        "loan.booked.v1",
        {"beg_dt": "31.02.2025"},
        RefusalReason.NOT_CONVERTIBLE,
        "/beg_dt",
        "calendar",
    ),
    (
        "loan.booked.v1",
        {"rate_bp": "5.75"},
        RefusalReason.NOT_CONVERTIBLE,
        "/rate_bp",
        "not an integer",
    ),
    (
        "loan.booked.v1",
        {"route_bp": 10001},
        RefusalReason.INVALID_FIELD,
        "/data/routing_share",
        "share",
    ),
    (
        "loan.booked.v1",
        {"contract_no": ""},
        RefusalReason.MISSING_FIELD,
        "/data/loan_id",
        "`contract_no`",
    ),
    (
        "loan.disbursed.v1",
        {"amt": 0},
        RefusalReason.INVALID_FIELD,
        "/data/disbursed_amount",
        "`amt`",
    ),
    ("loan.closed.v1", {"end_cd": "XX"}, RefusalReason.UNKNOWN_CODE, "/end_cd", "table ends"),
    (
        "schedule.published.v1",
        {"plan": None},
        RefusalReason.MISSING_FIELD,
        "/data/instalments",
        "`plan`",
    ),
    (
        "schedule.published.v1",
        {"plan/1": 5},
        RefusalReason.NOT_CONVERTIBLE,
        "/plan/1",
        "not an object",
    ),
    (
        "schedule.published.v1",
        {"plan/1/due": "2025-03-15"},
        RefusalReason.NOT_CONVERTIBLE,
        "/plan/1/due",
        "plan → /data/instalments: at /1/due",
    ),
    (
        "schedule.published.v1",
        {"plan/1/prin": None},
        RefusalReason.MISSING_FIELD,
        "/data/instalments/1/due_principal",
        "`prin` in an entry of `plan`",
    ),
    ("schedule.changed.v1", {"chg_cd": "?"}, RefusalReason.UNKNOWN_CODE, "/chg_cd", "changes"),
    (
        "schedule.changed.v1",
        {"plan/0/prin": 1.5},
        RefusalReason.NOT_CONVERTIBLE,
        "/plan/0/prin",
        "1.5",
    ),
    (
        "schedule.changed.v1",
        {"ccy": None},
        RefusalReason.NOT_CONVERTIBLE,
        "/plan/0/prin",
        "(ccy) is null",
    ),
    ("limit.changed.v1", {"temp": "J"}, RefusalReason.NOT_CONVERTIBLE, "/temp", "neither Y nor N"),
    ("account.blocked.v1", {"blk_cd": "9"}, RefusalReason.UNKNOWN_CODE, "/blk_cd", "blocks"),
    ("promise.made.v1", {"pay_by": "soon"}, RefusalReason.NOT_CONVERTIBLE, "/pay_by", "DD.MM.YYYY"),
    ("claim.disputed.v1", {"stat": "A"}, RefusalReason.UNKNOWN_CODE, "/stat", "disputes"),
    (
        "collateral.valued.v1",
        {"contracts": []},
        RefusalReason.INVALID_FIELD,
        "/data/loan_ids",
        "contracts",
    ),
    (
        "covenant.certified.v1",
        {"actual_val": 3.8},
        RefusalReason.NOT_CONVERTIBLE,
        "/actual_val",
        "string",
    ),
    (
        "guarantor.linked.v1",
        {"guar_no": None},
        RefusalReason.MISSING_FIELD,
        "/data/guarantor_borrower_id",
        "",
    ),
    ("group.linked.v1", {"link_cd": "X"}, RefusalReason.UNKNOWN_CODE, "/link_cd", "links"),
    (
        "related-parties.declared.v1",
        {"parties/1/rel_cd": "ZZ"},
        RefusalReason.UNKNOWN_CODE,
        "/parties/1/rel_cd",
        "relations",
    ),
    (
        "external-delinquency.reported.v1",
        {"mark": "11"},
        RefusalReason.UNKNOWN_CODE,
        "/mark",
        "bureau",
    ),
    ("inspection.recorded.v1", {"result": 4}, RefusalReason.UNKNOWN_CODE, "/result", "outcomes"),
    ("finding.raised.v1", {"fnd_cd": None}, RefusalReason.MISSING_FIELD, "/data/code", "`fnd_cd`"),
    (
        "statement.due.v1",
        {"months": 5},
        RefusalReason.INVALID_FIELD,
        "/data/period_months",
        "`months`",
    ),
    ("forecast.received.v1", {"ln": "P010X"}, RefusalReason.UNKNOWN_CODE, "/ln", "metrics"),
    (
        "forecast.received.v1",
        {"book_dt": None},
        RefusalReason.MISSING_ATTRIBUTE,
        "/time",
        "book_dt",
    ),
    (
        "calendar.published.v1",
        {"days_off/1": "3.4."},
        RefusalReason.NOT_CONVERTIBLE,
        "/days_off/1",
        "YYYY",
    ),
    (
        "calendar.published.v1",
        {"stamp": "2025-12-01T08:00:00"},
        RefusalReason.INVALID_ATTRIBUTE,
        "/time",
        "",
    ),
    (
        "fx.published.v1",
        {"fixings/0/mid": 0.9},
        RefusalReason.NOT_CONVERTIBLE,
        "/fixings/0/mid",
        "0.9",
    ),
    ("fx.published.v1", {"fixings": []}, RefusalReason.INVALID_FIELD, "/data/rates", "`fixings`"),
    (
        "sector-stress.published.v1",
        {"sectors": {}},
        RefusalReason.NOT_CONVERTIBLE,
        "/sectors",
        "not a list",
    ),
]


@pytest.mark.parametrize(
    ("name", "changes", "reason", "pointer", "words"),
    BAD,
    ids=[f"{name.rpartition('.')[0]}: {next(iter(changes))}" for name, changes, *_ in BAD],
)
async def test_an_unreadable_record_is_quarantined_with_its_pointer(
    memory: MemoryIngest,
    name: str,
    changes: dict[str, Any],
    reason: RefusalReason,
    pointer: str,
    words: str,
) -> None:
    verdict = await take(memory, name, changed(name, changes))
    assert isinstance(verdict.outcome, Refusal), verdict.outcome
    assert (verdict.outcome.reason, verdict.outcome.pointer) == (reason, pointer)
    assert words in verdict.outcome.detail
    (quarantined,) = memory.quarantine.rows
    assert (quarantined.entry.reason, quarantined.entry.pointer) == (reason, pointer)
    assert memory.publisher.sent == []


@pytest.mark.parametrize("topic", sorted({case["topic"] for case in cases().values()}))
async def test_an_unknown_kind_is_refused_with_the_list_of_kinds(
    memory: MemoryIngest, topic: str
) -> None:
    kinds = kinds_of(topic)
    name = next(iter(kinds.values()))
    verdict = await take(memory, name, {**cases()[name]["record"], "evt": "???"})
    assert isinstance(verdict.outcome, Refusal)
    assert (verdict.outcome.reason, verdict.outcome.pointer) == (RefusalReason.UNKNOWN_KIND, "/evt")
    assert all(kind in verdict.outcome.detail for kind in kinds)


async def test_a_customer_on_the_raw_topic_registers_its_accounts(memory: MemoryIngest) -> None:
    blocked = changed("account.blocked.v1", {"cust_no": None})
    waiting = await take(memory, "account.blocked.v1", blocked)
    assert not isinstance(waiting.outcome, ValidEvent | Refusal)
    customer = cases()["borrower.registered.v1"]["record"]
    await take(memory, "borrower.registered.v1", customer)
    assert memory.quarantine.borrowers == {"AC-1": "B-1", "20045": "B-1"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def paths_of(record: dict[str, Any]) -> Iterator[str]:
    for name, value in record.items():
        yield name
        if isinstance(value, list):
            yield f"{name}/0"
            if isinstance(value[0], dict):
                yield from (f"{name}/0/{inner}" for inner in value[0])


@given(drawn=st.data())
def test_no_value_of_any_field_breaks_a_mapping(drawn: st.DataObject) -> None:
    name = drawn.draw(st.sampled_from(sorted(cases())))
    case = cases()[name]
    path = drawn.draw(st.sampled_from(sorted(paths_of(case["record"]))))
    record = changed(name, {path: drawn.draw(JSON)})
    candidate = demo_mappings()[case["topic"]].candidate(record, fallback_id="pos-1")
    assert isinstance(candidate, Candidate | Refusal)
