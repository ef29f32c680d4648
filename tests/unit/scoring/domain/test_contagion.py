"""Trouble travels one link and no further; nobody passes on what they caught."""

import json

import pytest

from services.scoring.domain.borrower.risk import STATE_NAMES
from tests.contract.catalogue import validator_of
from tests.fakes.town import Town


def test_a_link_makes_the_guarantor_tell_its_state_at_once() -> None:
    town = Town("A", "G")
    town.guarantees("G", "A")
    assert town.told() == [("G", "A", "NORMAL")]
    assert town.heard("A", "G") == "NORMAL"


def test_a_guarantor_that_was_in_trouble_before_the_link_says_so() -> None:
    town = Town("A", "G")
    town.goes_bust("G")
    town.guarantees("G", "A", day=2)
    assert town.heard("A", "G") == "DEFAULT"
    assert town.state("A") == "WATCH"


def test_a_guarantor_of_whom_nothing_is_known_says_nothing_until_it_is_registered() -> None:
    town = Town("A")
    town.guarantees("G", "A")
    assert town.heard("A", "G") is None
    town.tell("borrower.registered", "G", segment="SME", reporting_currency="EUR", country="DE")
    assert town.heard("A", "G") == "NORMAL"


def test_the_same_link_told_again_asks_only_once() -> None:
    town = Town("A", "G")
    town.guarantees("G", "A")
    town.guarantees("G", "A")
    assert len(town.sent) == 2  # one question, one answer


def test_every_change_of_state_is_told_to_everybody_who_hangs_on_it() -> None:
    town = Town("A", "B", "G")
    for name in ("A", "B"):
        town.guarantees("G", name)
    town.goes_bust("G")
    assert town.told()[2:] == [("G", "A", "DEFAULT"), ("G", "B", "DEFAULT")]


class TestARing:
    @pytest.fixture
    def ring(self) -> Town:
        """A guarantees for B, B for C, C for A."""
        town = Town("A", "B", "C")
        town.guarantees("A", "B")
        town.guarantees("B", "C")
        town.guarantees("C", "A")
        return town

    def test_trouble_travels_one_link(self, ring: Town) -> None:
        said_before = len(ring.told())
        ring.goes_bust("A")
        assert (ring.state("A"), ring.state("B"), ring.state("C")) == ("DEFAULT", "WATCH", "NORMAL")
        assert ring.told()[said_before:] == [("A", "B", "DEFAULT")]

    def test_what_was_caught_is_not_passed_on_at_a_later_event_either(self, ring: Town) -> None:
        ring.goes_bust("A")
        said = len(ring.told())
        for day in range(1, 40):
            ring.close(day)
        ring.report("B", "ARREARS", 41)  # amber by itself: B stays on the watch that it caught
        assert ring.state("B") == "WATCH"
        assert ring.heard("C", "B") == "NORMAL"
        assert len(ring.told()) == said

    def test_what_a_borrower_gets_into_by_itself_is_told(self, ring: Town) -> None:
        ring.goes_bust("A")
        ring.report("B", "DEFAULT", 5)
        assert ring.state("B") == "HIGH_RISK"
        assert ring.heard("C", "B") == "HIGH_RISK"
        assert ring.state("C") == "WATCH"

    def test_a_ring_in_default_all_round_stops_talking(self, ring: Town) -> None:
        for name in ("A", "B", "C"):
            ring.goes_bust(name)
        assert [ring.state(name) for name in "ABC"] == ["DEFAULT"] * 3
        assert len(ring.sent) == 3 + 3 + 3  # three questions, three answers, three defaults

    def test_a_caught_watch_that_lingers_is_not_told_as_ones_own(self, ring: Town) -> None:
        ring.goes_bust("A")
        ring.report("A", "CLEARED", 2)
        for day in range(2, 20):
            ring.close(day)
        assert ring.heard("B", "A") == "PROBATION"
        assert ring.state("B") == "WATCH"
        assert ring.heard("C", "B") == "NORMAL"


def test_easing_is_told_too() -> None:
    town = Town("A", "G")
    town.guarantees("G", "A")
    town.goes_bust("G")
    town.report("G", "CLEARED", 2)
    town.close(2)
    assert town.heard("A", "G") == "PROBATION"


def test_the_same_log_asks_for_the_same_bytes() -> None:
    first, second = (Town("A", "B") for _ in range(2))
    for town in (first, second):
        town.guarantees("A", "B")
        town.goes_bust("A")
    assert first.log == second.log
    ids = [one["id"] for one in first.sent]
    assert len(set(ids)) == len(ids)


def test_what_is_told_is_what_the_schemas_allow() -> None:
    town = Town("A", "G")
    town.guarantees("G", "A")
    town.goes_bust("G")
    for document in town.sent:
        validator_of(document["type"]).validate(json.loads(json.dumps(document)))
    assert town.sent[-1]["data"]["from_state"] == STATE_NAMES[0]
    assert town.sent[-1]["data"]["changed_date"] == "2026-01-06"
