"""Mappings: the records they read and refuse, and the errors of invalid mappings."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import jmespath
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.validation import validate
from services.ingest.adapters.mapping import expressions
from services.ingest.adapters.mapping.loader import (
    BadMapping,
    load_mapping,
    load_mappings,
)
from services.ingest.adapters.mapping.mapper import Mapper
from services.ingest.adapters.source_dates import SourceDates
from services.ingest.domain.candidate import Candidate
from services.ingest.domain.reasons import Refusal, RefusalReason
from services.ingest.settings import SHIPPED_MAPPINGS, IngestSettings
from tests.fakes.ingest_in_memory import TIMEZONE

MAPPINGS = load_mappings(SHIPPED_MAPPINGS, timezone=TIMEZONE)
COMMON = {"ccy": "EUR", "book_dt": "31.03.2026", "book_tm": "17:05:00", "val_dt": "31.03.2026"}
RECORDS: dict[str, tuple[str, dict[str, Any]]] = {
    "repayment.posted.v1": (
        "raw.repayments",
        {
            "evt": "PAY",
            "ref": "R-1",
            "cust_no": "B-1",
            "contract_no": "L-1",
            "amt": 412055,
            "pay_kind": "DD",
            "inst_no": 14,
            "third_pty": "N",
        },
    ),
    "repayment.failed.v1": (
        "raw.repayments",
        {
            "evt": "REJ",
            "ref": "R-2",
            "cust_no": "B-1",
            "contract_no": "L-1",
            "amt": 412055,
            "rej_cd": "01",
            "try_no": 2,
        },
    ),
    "repayment.reversed.v1": (
        "raw.repayments",
        {
            "evt": "REV",
            "ref": "R-3",
            "cust_no": "B-1",
            "contract_no": "L-1",
            "amt": 412055,
            "orig_ref": "R-1",
            "rev_cd": "C",
        },
    ),
    "account.transacted.v1": (
        "raw.account-flows",
        {
            "evt": "TXN",
            "ref": "T-1",
            "acct_no": "AC-1",
            "cust_no": "B-1",
            "dc": "D",
            "amt": 990,
            "bk_cd": "220",
            "chan": "U",
            "bal_after": -1,
        },
    ),
    "account.balance-closed.v1": (
        "raw.account-flows",
        {"evt": "EOD", "acct_no": "AC-1", "cust_no": "B-1", "bal_dt": "31.03.2026", "bal": -5},
    ),
    "account.item-returned.v1": (
        "raw.account-flows",
        {
            "evt": "RET",
            "ref": "T-2",
            "acct_no": "AC-1",
            "cust_no": "B-1",
            "amt": 990,
            "ret_cd": "01",
            "outg": "Y",
        },
    ),
    "facility.balance-closed.v1": (
        "raw.account-flows",
        {
            "evt": "LIM",
            "ref": "T-3",
            "acct_no": "AC-1",
            "cust_no": "B-1",
            "fac_no": "F-1",
            "bal_dt": "31.03.2026",
            "lim": 5_000_000,
            "drawn": 4_720_000,
        },
    ),
    "statement.received.v1": (
        "raw.statements",
        {
            "evt": "FIN",
            "ref": "S-1",
            "cust_no": "B-1",
            "stmt_no": "ST-1",
            "per_end": "31.12.2025",
            "months": 12,
            "recv_dt": "31.03.2026",
            "unit": "T",
            "basis": "A",
            "lines": [{"ln": "P010", "amt": 820000}, {"ln": "L070", "amt": -12300}],
        },
    ),
}


def mapped(event_type: str, **changes: Any) -> Candidate | Refusal:
    topic, record = RECORDS[event_type]
    return MAPPINGS[topic].candidate({**COMMON, **record, **changes}, fallback_id="pos-1")


@pytest.mark.parametrize("event_type", sorted(RECORDS))
def test_a_record_of_the_demo_bank_becomes_a_valid_event(event_type: str) -> None:
    candidate = mapped(event_type)
    assert isinstance(candidate, Candidate)
    assert validate(candidate.document).event.type == event_type


def test_a_statement_keeps_its_unit_and_its_missing_lines_missing() -> None:
    candidate = mapped("statement.received.v1")
    assert isinstance(candidate, Candidate)
    data = candidate.document["data"]
    assert data["unit_multiplier"] == 1000
    assert data["revenue"] == "8200.00"
    assert data["equity"] == "-123.00"
    assert "ebit" not in data


def test_a_reversal_names_what_it_takes_back() -> None:
    candidate = mapped("repayment.reversed.v1")
    assert isinstance(candidate, Candidate)
    assert candidate.document["correctsid"] == "R-1"
    assert candidate.document["correctionkind"] == "reversal"


def test_amounts_have_the_decimals_of_their_currency() -> None:
    yen = mapped("repayment.posted.v1", ccy="JPY")
    dinar = mapped("repayment.posted.v1", ccy="KWD")
    assert isinstance(yen, Candidate)
    assert isinstance(dinar, Candidate)
    assert yen.document["data"]["paid_amount"] == "412055"
    assert dinar.document["data"]["paid_amount"] == "412.055"


def test_a_record_without_a_reference_gets_the_id_of_its_position() -> None:
    candidate = mapped("account.balance-closed.v1")
    assert isinstance(candidate, Candidate)
    assert candidate.document["id"] == "pos-1"


@pytest.mark.parametrize(
    ("changes", "reason", "pointer", "words"),
    [
        ({"evt": "NEW"}, RefusalReason.UNKNOWN_KIND, "/evt", "PAY, REJ, REV"),
        ({"evt": None}, RefusalReason.UNKNOWN_KIND, "/evt", "null"),
        ({"pay_kind": "ZZ"}, RefusalReason.UNKNOWN_CODE, "/pay_kind", "payment_kinds"),
        ({"amt": 41.2}, RefusalReason.NOT_CONVERTIBLE, "/amt", "/data/paid_amount"),
        ({"ccy": None}, RefusalReason.NOT_CONVERTIBLE, "/amt", "its currency (ccy) is null"),
        ({"val_dt": "2026-03-31"}, RefusalReason.NOT_CONVERTIBLE, "/val_dt", "DD.MM.YYYY"),
        ({"third_pty": "J"}, RefusalReason.NOT_CONVERTIBLE, "/third_pty", "neither Y nor N"),
    ],
)
def test_a_record_that_cannot_be_read_says_which_field_and_why(
    changes: dict[str, Any], reason: RefusalReason, pointer: str, words: str
) -> None:
    refusal = mapped("repayment.posted.v1", **changes)
    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.pointer) == (reason, pointer)
    assert words in refusal.detail


@pytest.mark.parametrize("record", [None, 5, "text", [], True])
def test_a_record_that_is_no_object_is_refused(record: object) -> None:
    refusal = MAPPINGS["raw.repayments"].candidate(record, fallback_id="x")
    assert isinstance(refusal, Refusal)
    assert refusal.reason is RefusalReason.NOT_AN_OBJECT


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize("event_type", sorted(RECORDS))
@given(drawn=st.data())
def test_no_value_whatever_breaks_a_mapping(event_type: str, drawn: st.DataObject) -> None:
    _, record = RECORDS[event_type]
    field = drawn.draw(st.sampled_from(sorted({**COMMON, **record})))
    assert isinstance(mapped(event_type, **{field: drawn.draw(JSON)}), Candidate | Refusal)


@given(st.sampled_from(["a", "a.b", "a.b.c", "_x"]), JSON)
def test_the_short_way_to_read_a_path_agrees_with_jmespath(expression: str, record: Any) -> None:
    assert expressions.compiled(expression)(record) == jmespath.search(expression, record)


MINIMAL = """
mapping: mine
version: 1
topic: raw.mine
source: core/mine
kind: evt
events:
  CLOSE:
    type: loan.closed.v1
    subject: cust
    time: {from: at}
    data:
      loan_id: loan
      closed_date: {from: day, as: iso_date}
      reason: {value: REPAID}
"""


def loaded(tmp_path: Path, text: str) -> Mapper:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return load_mapping(path, timezone=TIMEZONE)


def test_a_minimal_mapping_reads_a_record(tmp_path: Path) -> None:
    record = {
        "evt": "CLOSE",
        "cust": 7,
        "at": "2026-03-31T10:00:00Z",
        "loan": "L",
        "day": "2026-03-31",
    }
    candidate = loaded(tmp_path, MINIMAL).candidate(record, fallback_id="pos")
    assert isinstance(candidate, Candidate)
    validate(candidate.document)
    assert candidate.document["subject"] == "7"


def test_a_record_can_start_below_the_root(tmp_path: Path) -> None:
    mapper = loaded(tmp_path, MINIMAL.replace("kind: evt", "kind: evt\nroot: payload.after"))
    record = {"payload": {"after": {"evt": "CLOSE", "cust": "B", "loan": "L"}}}
    assert isinstance(mapper.candidate(record, fallback_id="pos"), Candidate)
    assert isinstance(mapper.candidate({"payload": None}, fallback_id="pos"), Refusal)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("loan.closed.v1", "loan.shut.v1", "not an event type"),
        ("loan_id: loan", "loan_no: loan", "has no field loan_no"),
        ("      reason: {value: REPAID}\n", "", "requires reason"),
        ("loan_id: loan", "loan_id: 'a[?'", "not JMESPath"),
        ("as: iso_date", "as: isodate", "as"),
        ("{value: REPAID}", "{from: r, table: reasons}", "table 'reasons'"),
        ("{value: REPAID}", "{from: r, value: x}", "either"),
        ("{value: REPAID}", "{from: r, list: true}", "reason is not a list"),
        ("subject: cust", "subject: {from: cust, table: who}", "subject uses the table 'who'"),
        ("    subject: cust\n", "", "subject"),
        ("version: 1", "version: 1\nversion: 2", "appears twice at line"),
        ("kind: evt", "kind: [", "is not YAML"),
        ("kind: evt", "kin: evt", "kin"),
        ("kind: evt", "dates: {calendar: ZZ}\nkind: evt", "dates.calendar: holidays of 'ZZ'"),
        ("kind: evt", "dates: {days_ahead: 3}\nkind: evt", "dates.days_ahead"),
    ],
    ids=lambda value: value if value and len(value) < 30 else "change",
)
def test_an_invalid_mapping_is_refused_with_file_and_field(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    assert old in MINIMAL
    with pytest.raises(BadMapping) as mistake:
        loaded(tmp_path, MINIMAL.replace(old, new))
    assert str(mistake.value).startswith("mine.yaml")
    assert words in str(mistake.value)


def test_a_mapping_names_the_calendar_and_tolerances_of_its_source(tmp_path: Path) -> None:
    text = MINIMAL.replace(
        "kind: evt", "dates: {calendar: DE-BY, business_days_ahead: 3}\nkind: evt"
    )
    mapped = loaded(tmp_path, text)
    settings = IngestSettings(
        time_tolerances={mapped.source: SourceDates(), "core/*": SourceDates(days_back=30)}
    )
    guard = settings.time_guard(TIMEZONE, mapped={mapped.source: mapped.dates or SourceDates()})
    # 5 January 2026 is a Monday, the sixth a holiday of Bavaria: 7, 8 and 9.
    now = datetime(2026, 1, 5, 12, tzinfo=UTC)
    assert guard.window(mapped.source, now=now, load=None).last_day == date(2026, 1, 9)
    other = guard.window("core/other", now=now, load=None)
    assert (other.first_day, other.last_day) == (date(2025, 12, 6), date(2026, 1, 7))


def test_codes_that_yaml_takes_for_truths_stay_codes(tmp_path: Path) -> None:
    text = MINIMAL.replace("events:", "tables:\n  t: {Y: REPAID, NO: SOLD}\nevents:").replace(
        "{value: REPAID}", "{from: r, table: t}"
    )
    record = {"evt": "CLOSE", "cust": "B", "r": "NO"}
    candidate = loaded(tmp_path, text).candidate(record, fallback_id="pos")
    assert isinstance(candidate, Candidate)
    assert candidate.document["data"] == {"reason": "SOLD"}


def test_two_mappings_of_one_topic_are_refused(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(MINIMAL)
    with pytest.raises(BadMapping, match=r"b\.yaml: raw\.mine is read by mine already"):
        load_mappings(tmp_path, timezone=TIMEZONE)


def test_mappings_of_one_source_name_the_same_dates_or_the_start_is_refused(tmp_path: Path) -> None:
    def write(name: str, dates: str) -> None:
        text = MINIMAL.replace("raw.mine", f"raw.{name}").replace(
            "mapping: mine", f"mapping: {name}"
        )
        (tmp_path / f"{name}.yaml").write_text(text.replace("kind: evt", f"{dates}kind: evt"))

    write("a", "dates: {calendar: DE, days_back: 30}\n")
    write("b", "")
    write("c", "dates: {days_back: 30, calendar: DE}\n")
    assert len(load_mappings(tmp_path, timezone=TIMEZONE)) == 3
    write("d", "dates: {calendar: DE, days_back: 31}\n")
    with pytest.raises(BadMapping, match=r"d: `dates` differ from those of a, and both map"):
        load_mappings(tmp_path, timezone=TIMEZONE)


def test_a_missing_folder_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(BadMapping, match="TOCSIN_INGEST_MAPPINGS"):
        load_mappings(tmp_path / "nowhere", timezone=TIMEZONE)


def test_the_page_names_every_code_that_the_mappings_know() -> None:
    root = Path(__file__).resolve().parents[4]
    page = (root / "docs" / "reference" / "core-bank.md").read_text(encoding="utf-8")
    for path in SHIPPED_MAPPINGS.glob("*.yaml"):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for table in document.get("tables", {}).values():
            for word in table.values():
                assert word in page, (path.name, word)
