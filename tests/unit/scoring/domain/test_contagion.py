"""Distress affects one link and no further; only a borrower's own state is passed on."""

import json

import pytest

from services.scoring.domain.borrower.risk import STATE_NAMES
from tests.contract.catalogue import validator_of
from tests.fakes.linked_borrowers import LinkedBorrowers


def test_a_link_makes_the_guarantor_report_its_state_at_once() -> None:
    group = LinkedBorrowers("A", "G")
    group.guarantees("G", "A")
    assert group.reported_states() == [("G", "A", "NORMAL")]
    assert group.reported_state("A", "G") == "NORMAL"


def test_a_guarantor_in_default_before_the_link_reports_it() -> None:
    group = LinkedBorrowers("A", "G")
    group.goes_bust("G")
    group.guarantees("G", "A", day=2)
    assert group.reported_state("A", "G") == "DEFAULT"
    assert group.state("A") == "WATCH"


def test_an_unregistered_guarantor_reports_no_state_until_it_is_registered() -> None:
    group = LinkedBorrowers("A")
    group.guarantees("G", "A")
    assert group.reported_state("A", "G") is None
    group.publish("borrower.registered", "G", segment="SME", reporting_currency="EUR", country="DE")
    assert group.reported_state("A", "G") == "NORMAL"


def test_the_same_link_reported_again_sends_one_request() -> None:
    group = LinkedBorrowers("A", "G")
    group.guarantees("G", "A")
    group.guarantees("G", "A")
    assert len(group.sent) == 2  # one request, one answer


def test_every_change_of_state_is_reported_to_every_dependant() -> None:
    group = LinkedBorrowers("A", "B", "G")
    for name in ("A", "B"):
        group.guarantees("G", name)
    group.goes_bust("G")
    assert group.reported_states()[2:] == [("G", "A", "DEFAULT"), ("G", "B", "DEFAULT")]


class TestARing:
    @pytest.fixture
    def ring(self) -> LinkedBorrowers:
        """A guarantees for B, B for C, C for A."""
        group = LinkedBorrowers("A", "B", "C")
        group.guarantees("A", "B")
        group.guarantees("B", "C")
        group.guarantees("C", "A")
        return group

    def test_a_default_affects_one_link(self, ring: LinkedBorrowers) -> None:
        reported_before = len(ring.reported_states())
        ring.goes_bust("A")
        assert (ring.state("A"), ring.state("B"), ring.state("C")) == ("DEFAULT", "WATCH", "NORMAL")
        assert ring.reported_states()[reported_before:] == [("A", "B", "DEFAULT")]

    def test_a_state_from_a_link_is_not_passed_on_at_a_later_event_either(
        self, ring: LinkedBorrowers
    ) -> None:
        ring.goes_bust("A")
        reported = len(ring.reported_states())
        for day in range(1, 40):
            ring.close(day)
        ring.report("B", "ARREARS", 41)  # amber alone: B stays on the WATCH of its link
        assert ring.state("B") == "WATCH"
        assert ring.reported_state("C", "B") == "NORMAL"
        assert len(ring.reported_states()) == reported

    def test_a_borrowers_own_state_is_reported(self, ring: LinkedBorrowers) -> None:
        ring.goes_bust("A")
        ring.report("B", "DEFAULT", 5)
        assert ring.state("B") == "HIGH_RISK"
        assert ring.reported_state("C", "B") == "HIGH_RISK"
        assert ring.state("C") == "WATCH"

    def test_a_ring_in_default_sends_nothing_more(self, ring: LinkedBorrowers) -> None:
        for name in ("A", "B", "C"):
            ring.goes_bust(name)
        assert [ring.state(name) for name in "ABC"] == ["DEFAULT"] * 3
        assert len(ring.sent) == 3 + 3 + 3  # three requests, three answers, three defaults

    def test_a_watch_that_outlasts_its_link_is_not_reported_as_own(
        self, ring: LinkedBorrowers
    ) -> None:
        ring.goes_bust("A")
        ring.report("A", "CLEARED", 2)
        for day in range(2, 20):
            ring.close(day)
        assert ring.reported_state("B", "A") == "PROBATION"
        assert ring.state("B") == "WATCH"
        assert ring.reported_state("C", "B") == "NORMAL"


def test_an_improvement_is_reported_too() -> None:
    group = LinkedBorrowers("A", "G")
    group.guarantees("G", "A")
    group.goes_bust("G")
    group.report("G", "CLEARED", 2)
    group.close(2)
    assert group.reported_state("A", "G") == "PROBATION"


def test_the_same_log_sends_the_same_bytes() -> None:
    first, second = (LinkedBorrowers("A", "B") for _ in range(2))
    for group in (first, second):
        group.guarantees("A", "B")
        group.goes_bust("A")
    assert first.log == second.log
    ids = [document["id"] for document in first.sent]
    assert len(set(ids)) == len(ids)


def test_reported_states_conform_to_the_schemas() -> None:
    group = LinkedBorrowers("A", "G")
    group.guarantees("G", "A")
    group.goes_bust("G")
    for document in group.sent:
        validator_of(document["type"]).validate(json.loads(json.dumps(document)))
    assert group.sent[-1]["data"]["from_state"] == STATE_NAMES[0]
    assert group.sent[-1]["data"]["changed_date"] == "2026-01-06"
