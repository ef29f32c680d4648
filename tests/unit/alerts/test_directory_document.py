"""The YAML of a directory: what it means, and every fault with its path."""

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import jsonschema
import pytest
import yaml

from services.alerts.directory.adapters.directory_reader import (
    canonical_bytes,
    organisation_of,
    read_directory,
)
from services.alerts.directory.domain.member import ApprovalLimit
from services.alerts.directory.domain.organisation_faults import InvalidDirectory
from services.alerts.primitives.vocabulary import OwnerKind
from tests.fakes.directory_example import example

SCHEMA = Path(__file__).resolve().parents[3] / "schemas" / "people" / "v1.schema.json"
SMALL = """
calendar: bank
calendars: {bank: {timezone: Europe/Berlin}}
people:
  ana: {name: Ana, roles: [OFFICER], officer_id: 0017}
  sam: {name: Sam, roles: [SENIOR]}
"""


def faults_of(text: str) -> list[tuple[str, str]]:
    with pytest.raises(InvalidDirectory) as caught:
        read_directory(text)
    assert all(fault.remedy for fault in caught.value.faults)
    return [(fault.path, fault.fault) for fault in caught.value.faults]


def test_the_example_of_the_how_to_is_usable() -> None:
    organisation = organisation_of(read_directory(example()), version=3)
    assert organisation.version == 3
    assert organisation.risk_head == "rita"
    sam = organisation.members["sam"]
    assert sam.approval_limit == ApprovalLimit(amount=Decimal(250000), currency="EUR")
    christmas = organisation.responsible(OwnerKind.OFFICER, "0017", on=date(2026, 12, 24))
    assert christmas.because == "substitute of ana, absent until 2027-01-04"


def test_the_example_satisfies_the_schema_of_editors() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    content = yaml.safe_load(example())
    # An editor reads days of YAML as texts.
    jsonschema.validate(json.loads(json.dumps(content, default=str)), schema)


def test_calendars_are_those_of_person_branch_and_bank() -> None:
    organisation = organisation_of(read_directory(example()), version=1)
    munich = organisation.calendar_of(OwnerKind.OFFICER, "wei")
    berlin = organisation.calendar_of(OwnerKind.OFFICER, "0017")
    assert (munich.opens, munich.closes) == (time(8, 30), time(16, 30))
    assert (berlin.opens, berlin.closes) == (time(9), time(17))
    # Epiphany is a holiday in Bavaria and none in Berlin; the bank's own day off is one in Berlin.
    assert not munich.is_working_day(date(2027, 1, 6))
    assert berlin.is_working_day(date(2027, 1, 6))
    assert not berlin.is_working_day(date(2026, 12, 31))
    assert munich.is_working_day(date(2026, 12, 31))


def test_working_time_passes_daylight_saving_by_the_local_clock() -> None:
    text = SMALL.replace("Europe/Berlin", "Europe/Madrid, country: ES")
    calendar = organisation_of(read_directory(text), version=1).calendars["bank"]
    friday = datetime(2026, 10, 23, 15, tzinfo=ZoneInfo("Europe/Madrid"))
    # Two hours are left on Friday and two follow on Monday, after the clocks went back on Sunday:
    # 11:00 at +01:00 is 10:00 UTC.
    due = calendar.add_working_time(friday, timedelta(hours=4))
    assert due == datetime(2026, 10, 26, 10, tzinfo=UTC)


def test_the_weekend_is_that_of_the_country() -> None:
    text = SMALL.replace("Europe/Berlin", "Asia/Riyadh, country: SA")
    calendar = organisation_of(read_directory(text), version=1).calendars["bank"]
    assert [calendar.is_working_day(date(2026, 11, day)) for day in (5, 6, 7, 8)] == [
        True,
        False,
        False,
        True,
    ]


def test_free_weekdays_can_be_written() -> None:
    text = SMALL.replace("Europe/Berlin", "Europe/Berlin, free_weekdays: [SUN]")
    calendar = organisation_of(read_directory(text), version=1).calendars["bank"]
    assert calendar.free_weekdays == {6}


def test_ids_are_texts() -> None:
    assert read_directory(SMALL).people["ana"].officer_id == "0017"


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ("Europe/Berlin", "Europe/Nowhere", "calendars.bank.timezone"),
        ("Europe/Berlin", "Europe/Berlin, country: XX", "calendars.bank"),
        ("Europe/Berlin", 'Europe/Berlin, opens: "17:00"', "calendars.bank"),
        ("Europe/Berlin", "Europe/Berlin, subdivision: BY", "calendars.bank"),
        ("[OFFICER]", "[OFFICIER]", "people.ana.roles[0]"),
        ("[OFFICER]", "[OFFICER, SOURCE]", "people.ana.roles[1]"),
        ("[OFFICER]", "[]", "people.ana.roles"),
        ("ana: {", "Ana: {", "people.Ana"),
        ("name: Ana", "name: Ana, phone: 1", "people.ana.phone"),
        ("name: Ana", "name: Ana, email: ana", "people.ana.email"),
        ("name: Ana", "name: Ana, absences: [{begins: 1.2.26, ends: 2026-02-03}]", None),
        ("name: Ana", "name: Ana, approval_limit: {amount: -1, currency: EUR}", None),
    ],
)
def test_each_fault_has_its_path(before: str, after: str, path: str | None) -> None:
    (fault,) = faults_of(SMALL.replace(before, after, 1))
    assert fault[0] == (path or fault[0])
    assert fault[0].startswith(("calendars.bank", "people."))


def test_all_faults_of_form_are_listed_at_once() -> None:
    text = SMALL.replace("Europe/Berlin", "X").replace("[SENIOR]", "[BOSS]")
    assert [path for path, _ in faults_of(text)] == [
        "calendars.bank.timezone",
        "people.sam.roles[0]",
    ]


def test_a_person_who_is_written_twice_is_a_fault() -> None:
    (fault,) = faults_of(SMALL + "  sam: {name: Sam, roles: [RISK]}\n")
    assert fault == ("(file)", "line 7, column 3: 'sam' is written twice")


def test_an_alias_is_a_fault() -> None:
    (fault,) = faults_of(SMALL + "  ben: &b {name: B, roles: [RISK]}\n  cy: *b\n")
    assert fault == ("(file)", "line 8, column 7: an alias (*) is not allowed; write the value out")


def test_a_broken_reference_is_a_fault_of_the_text() -> None:
    (fault,) = faults_of(SMALL.replace("name: Ana", "name: Ana, superior: smith"))
    assert fault == ("people.ana.superior", "there is no person smith")


def test_the_order_of_keys_changes_no_byte() -> None:
    reordered = """
people:
  sam: {roles: [SENIOR], name: Sam, language: en}
  ana: {officer_id: "0017", name: Ana, roles: [OFFICER], absences: []}
calendars: {bank: {timezone: Europe/Berlin, opens: "09:00"}}
calendar: bank
"""
    assert canonical_bytes(read_directory(reordered)) == canonical_bytes(read_directory(SMALL))
    other = SMALL.replace("name: Sam", "name: Sam, language: es")
    assert canonical_bytes(read_directory(other)) != canonical_bytes(read_directory(SMALL))
