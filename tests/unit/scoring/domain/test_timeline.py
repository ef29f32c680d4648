"""When a rulebook comes into force, and what happens to a borrower then."""

from dataclasses import replace

import pytest

from services.scoring.adapters.rulebook_reader import load_rulebook
from services.scoring.domain.borrower.risk import NORMAL, WATCH
from services.scoring.domain.events.control import DayClosed, RulebookActivated
from services.scoring.domain.fold import fold
from services.scoring.domain.rulebook.context import Context
from services.scoring.domain.rulebook.rulebook import Rulebook
from services.scoring.domain.rulebook.timeline import Timeline, UnknownRulebook
from tests.fakes.story import Story
from tests.fakes.units import day

BOOKS = {
    version: replace(load_rulebook(name), version=version, resolved={})
    for version, name in (("start", "reference"), ("a", "default"), ("b", "reference"))
}


def find(activation: RulebookActivated) -> Rulebook:
    if activation.version not in BOOKS:
        raise UnknownRulebook(activation.version)
    return BOOKS[activation.version]


def beginning() -> Timeline:
    return Timeline(Context(BOOKS["start"]), find)


def activation(version: str, effective: str) -> RulebookActivated:
    return RulebookActivated(
        "scoring", "x", "*", 0, 0, None, 0, "house", version, "", day(effective)
    )


def close(on: str) -> DayClosed:
    return DayClosed("clock", f"day-closed:{on}", "*", 0, day(on), None, 0, day(on))


def in_force(*events: DayClosed | RulebookActivated) -> tuple[str, int]:
    timeline = beginning()
    for event in events:
        timeline.apply_control_event(event)
    return timeline.context.rulebook.version, timeline.context.since_day


def test_an_activated_rulebook_waits_for_the_close_of_a_day() -> None:
    activated = activation("a", "2026-03-02")
    assert in_force(close("2026-03-01"), activated) == ("start", 0)
    assert in_force(close("2026-03-01"), activated, close("2026-03-02")) == ("a", day("2026-03-02"))


def test_the_close_of_a_day_before_its_effective_date_leaves_it_waiting() -> None:
    activated = activation("a", "2026-03-02")
    assert in_force(activated, close("2026-02-28"), close("2026-03-01")) == ("start", 0)
    assert in_force(activated, close("2026-03-01"), close("2026-03-03")) == ("a", day("2026-03-03"))


def test_a_day_that_was_closed_already_is_no_boundary() -> None:
    activated = activation("a", "2026-03-02")
    closed = close("2026-03-05")
    assert in_force(closed, activated, close("2026-03-05"), close("2026-03-04")) == ("start", 0)
    assert in_force(closed, activated, close("2026-03-06")) == ("a", day("2026-03-06"))


def test_of_two_that_are_due_the_later_effective_date_counts_and_then_the_later_in_the_log() -> (
    None
):
    a, b = activation("a", "2026-03-02"), activation("b", "2026-03-03")
    assert in_force(b, a, close("2026-03-04"))[0] == "b"
    assert in_force(b, a, close("2026-03-02"), close("2026-03-03"))[0] == "b"
    same = activation("a", "2026-03-03")
    assert in_force(b, same, close("2026-03-04"))[0] == "a"
    assert in_force(same, b, close("2026-03-04"))[0] == "b"


def test_activating_the_earlier_version_again_is_the_way_back() -> None:
    a, b = activation("a", "2026-03-02"), activation("b", "2026-03-03")
    back = activation("a", "2026-03-04")
    closes = [close(f"2026-03-0{number}") for number in (2, 3, 4)]
    assert in_force(a, closes[0], b, closes[1], back, closes[2]) == ("a", day("2026-03-04"))


def test_a_rulebook_that_is_not_at_hand_is_an_error_at_once() -> None:
    with pytest.raises(UnknownRulebook):
        beginning().apply_control_event(activation("lost", "2026-03-02"))


def test_the_first_close_under_new_rules_evaluates_every_borrower() -> None:
    """A concession leads to WATCH by a rule of the new rulebook, with no event of the borrower."""
    story = Story(start="2026-01-05")
    story.loan(12_000)
    story.schedule(("2026-02-01", 1_000), ("2026-03-01", 1_000))
    story.on("2026-03-04")
    old = load_rulebook("reference")
    rule = next(entry for entry in old.policy.entries if entry.id == "watch-arrears-30")
    # The same rulebook, but 30 days of arrears are no reason to watch.
    lenient = replace(
        old,
        policy=replace(
            old.policy, entries=tuple(entry for entry in old.policy.entries if entry.to < rule.to)
        ),
        resolved={},
    )
    borrower = Story(start="2026-01-05").borrower
    timeline = Timeline(Context(lenient), lambda _: old)
    for event in story.log:
        timeline.apply_control_event(event)
        borrower = fold(borrower, event, timeline.context).borrower
    assert borrower.counters.operational_days == day("2026-03-03") - day("2026-02-01")
    assert borrower.risk.state < WATCH
    assert borrower.risk.state > NORMAL
    activated = activation("b", "2026-03-04")
    timeline.apply_control_event(activated)
    closing = replace(story.log[-1], id="c", closed_day=day("2026-03-04"))
    timeline.apply_control_event(closing)
    outcome = fold(borrower, closing, timeline.context)
    assert outcome.borrower.risk.state == WATCH
    assert outcome.assessment is not None
    assert "watch-arrears-30" in outcome.assessment.trigger_rule_ids
    # The next close is an ordinary one again.
    following = replace(closing, id="d", closed_day=day("2026-03-05"))
    timeline.apply_control_event(following)
    assert timeline.context.since_day == day("2026-03-04")
    assert fold(outcome.borrower, following, timeline.context).borrower.risk.state == WATCH
