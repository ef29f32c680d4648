"""Reading the risk topic, paging, and secrets at rest."""

import json
from collections.abc import Mapping

import pytest

from services.alerts.decisions.adapters.assessment_wire import (
    IncomingAssessment,
    IncomingIsolation,
    Unreadable,
    read,
)
from services.alerts.decisions.domain.assessment import AssessmentSummary
from services.alerts.delivery.adapters.sealing import CannotOpen, Sealer, new_secret, read_key
from services.alerts.primitives import paging
from services.alerts.primitives.errors import InvalidInput
from services.alerts.primitives.vocabulary import Level, RiskState
from services.scoring.adapters.codec import isolation_event
from tests.fakes.assessments import MONDAY, assessment, contributor, isolation_record, record

GREEN = contributor("A-01", Level.GREEN)
RECORD = record(assessment(RiskState.WATCH, contributor(), GREEN), offset=0)
assert RECORD.value is not None
EVENT = json.loads(RECORD.value)


def test_an_assessment_is_read_and_its_document_kept_whole() -> None:
    incoming = read(RECORD.value)
    assert isinstance(incoming, IncomingAssessment)
    assert incoming.assessment == assessment(RiskState.WATCH, contributor())
    assert json.loads(incoming.document) == EVENT["data"]


def read_with(fields: Mapping[str, object]) -> AssessmentSummary:
    """Return the assessment that states these fields, and else nothing of money at risk."""
    data = {name: value for name, value in EVENT["data"].items() if name != "money_at_risk"}
    incoming = read(json.dumps({**EVENT, "data": {**data, **fields}}).encode())
    assert isinstance(incoming, IncomingAssessment)
    return incoming.assessment


@pytest.mark.parametrize(
    ("fields", "is_at_risk"),
    [
        ({}, True),
        ({"money_at_risk": []}, False),
        ({"money_at_risk": ["EXPOSURE"]}, True),
        ({"money_at_risk": ["UNKNOWN"]}, True),
    ],
    ids=["not stated", "none", "exposure", "unknown"],
)
def test_unknown_exposure_is_exposure(fields: dict[str, list[str]], is_at_risk: bool) -> None:
    assert read_with(fields).is_money_at_risk is is_at_risk


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, (True, True, True)),
        ({"money_at_risk": []}, (False, False, False)),
        ({"money_at_risk": ["GUARANTOR"]}, (False, False, False)),
        ({"money_at_risk": ["EXPOSURE"]}, (True, False, False)),
        ({"money_at_risk": ["EXPOSURE"], "undrawn": "0.00"}, (True, True, False)),
        ({"money_at_risk": ["EXPOSURE"], "undrawn": "500.00"}, (True, True, True)),
        ({"money_at_risk": ["COMMITMENT"]}, (True, True, True)),
    ],
)
def test_debt_and_lines_are_read(
    fields: dict[str, object], expected: tuple[bool, bool, bool]
) -> None:
    summary = read_with(fields)
    assert (summary.has_debt, summary.has_line, summary.is_undrawn) == expected
    assert summary.days_late == EVENT["data"]["dpd_operational"]


def test_an_isolation_and_its_end_are_read() -> None:
    for since in (MONDAY, None):
        value = isolation_record("b-1", since, offset=0).value
        assert read(value) == IncomingIsolation(borrower_id="b-1", since=since, at=MONDAY)
    foreign = isolation_event("b-1", MONDAY, MONDAY).replace(b'"subject":"b-1"', b'"subject":"b-2"')
    with pytest.raises(Unreadable, match="differ"):
        read(foreign)


def test_an_event_of_another_type_is_none_of_our_business() -> None:
    assert read(json.dumps({**EVENT, "type": "assessment.corrected.v1"}).encode()) is None


def changed(**data: object) -> bytes:
    return json.dumps({**EVENT, "data": {**EVENT["data"], **data}}).encode()


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"type": "assessment.changed.v1", "subject": "b-1"}',
        changed(sequence="1"),
        changed(sequence=None),
        changed(state="SICK"),
        changed(at="2026-03-02T09:00:00"),
        changed(at="yesterday"),
        changed(borrower_id="b-2"),
        changed(contributors=[{"indicator": "R-01"}]),
        changed(past_due="\x00"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_cannot_be_applied_is_refused_with_a_reason(value: bytes | None) -> None:
    with pytest.raises(Unreadable) as refused:
        read(value)
    assert str(refused.value)


def test_a_sealed_secret_opens_for_its_own_endpoint_only() -> None:
    sealer = Sealer([b"k" * 32])
    secret = new_secret()
    sealed = sealer.seal(secret, endpoint_id="e-1")
    assert sealer.open(sealed, endpoint_id="e-1") == secret
    for broken, endpoint_id in (
        (sealed, "e-2"),
        (sealed[:-1], "e-1"),
        (sealed[:20], "e-1"),
        (b"", "e-1"),
    ):
        with pytest.raises(CannotOpen):
            sealer.open(broken, endpoint_id=endpoint_id)


def test_an_old_key_still_opens_and_the_new_one_seals() -> None:
    sealed = Sealer([b"a" * 32]).seal("whsec_x", endpoint_id="e")
    both = Sealer([b"b" * 32, b"a" * 32])
    assert both.open(sealed, endpoint_id="e") == "whsec_x"
    fresh = both.seal("whsec_x", endpoint_id="e")
    with pytest.raises(CannotOpen):
        Sealer([b"a" * 32]).open(fresh, endpoint_id="e")


@pytest.mark.parametrize("text", ["", "!!", "YWJj"])
def test_a_sealing_key_of_the_wrong_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="sealing key"):
        read_key(text)


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "e30=", "WzEsMl0=", "1.5", "-1", "9" * 30])
def test_a_cursor_that_we_did_not_make_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput):
        paging.read_moment_cursor(cursor)
    with pytest.raises(InvalidInput):
        paging.read_position_cursor(cursor)


def test_a_cursor_comes_back_as_it_went() -> None:
    assert paging.read_moment_cursor(paging.moment_cursor(MONDAY, "a")) == (MONDAY, "a")
