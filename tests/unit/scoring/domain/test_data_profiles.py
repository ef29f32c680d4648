"""Cuts by data profile: which are in force, and what happens when more becomes known."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.adapters.rulebook_reader import load_rulebook
from services.scoring.domain.borrower.risk import STATE_NAMES
from services.scoring.domain.rulebook.context import Context
from services.scoring.domain.rulebook.data_profile import (
    DATA_PROFILES,
    data_profile_of,
    families_without_data,
)
from services.scoring.domain.rulebook.rulebook import ACCOUNT, STATEMENT, Rulebook
from services.scoring.domain.rulebook.timeline import Timeline
from tests.fakes.story import Story
from tests.fakes.units import iso

# The cuts of each profile, in points; segments without them have 60, 70 and 80.
ATTENTION = {
    "full": 20,
    "no_accounts": 30,
    "statements_only": 45,
    "repayments_only": 25,
    "accounts_only": 10,
}


@cache
def rulebook(*, every: bool = False) -> Rulebook:
    """Return `reference` with cuts of SME by data profile, those of no_accounts left out."""
    written = load_rulebook("reference")

    def cuts_from(points: int, population: str) -> object:
        entry = points * 10_000
        return replace(
            written.cuts["*"],
            attention=entry,
            watch=entry + 100_000,
            high_risk=entry + 200_000,
            attention_exit=entry - 50_000,
            watch_exit=entry + 50_000,
            high_risk_exit=entry + 150_000,
            population=population,
        )

    cuts = {"*": cuts_from(60, "everybody"), "SME": cuts_from(50, "small firms")}
    for name in ATTENTION:
        if every or name != "no_accounts":
            cuts[f"SME {name}"] = cuts_from(ATTENTION[name], name)
    return replace(written, cuts=cuts, resolved={})  # type: ignore[arg-type]


def story_of(segment: str = "SME", *, every: bool = False) -> Story:
    """Return a borrower of whom nothing is known, under that rulebook."""
    story = Story(segment=segment)
    story.timeline = Timeline(Context(rulebook(every=every)), lambda _: rulebook())
    return story


def files(story: Story, **lines: int) -> None:
    story.files("2023-12", **{"revenue": 1_000, "equity": 400, "total_assets": 1_000} | lines)


def repays(story: Story) -> None:
    story.loan()


def draws_a_line(story: Story) -> None:
    story.line(100, 1_000)


def banks(story: Story) -> None:
    story.flow(100, "CUSTOMER_RECEIPT")


KINDS: dict[str, Callable[[Story], None]] = {
    "statements": files,
    "loans": repays,
    "lines": draws_a_line,
    "accounts": banks,
}


@pytest.mark.parametrize(
    ("kinds", "name"),
    [
        ("", ""),
        ("statements", "statements_only"),
        ("loans", "repayments_only"),
        ("lines", "repayments_only"),
        ("accounts", "accounts_only"),
        ("statements loans", "no_accounts"),
        ("statements accounts", "full"),
        ("loans accounts", "full"),
        ("statements lines accounts", "full"),
    ],
)
def test_the_profile_says_which_kinds_of_data_are_known(kinds: str, name: str) -> None:
    story = story_of()
    for kind in kinds.split():
        KINDS[kind](story)
    assert data_profile_of(story.borrower) == name


def test_the_profile_does_not_change_by_time_or_by_a_loan_that_ended() -> None:
    story = story_of()
    files(story)
    story.loan()
    story.ends("REPAID")
    # The statement is too old from July 2025 on.
    assert data_profile_of(story.on("2025-12-31").borrower) == "no_accounts"


@pytest.mark.parametrize(
    ("segment", "kinds", "population"),
    [
        pytest.param("SME", "statements", "statements_only", id="of the profile"),
        pytest.param("SME", "statements loans", "small firms", id="else of the segment"),
        pytest.param("RETAIL", "accounts", "everybody", id="else of all"),
        pytest.param("SME", "", "small firms", id="nothing is known"),
    ],
)
def test_cuts_are_those_of_profile_segment_or_all(
    segment: str, kinds: str, population: str
) -> None:
    story = story_of(segment)
    for kind in kinds.split():
        KINDS[kind](story)
    story.close()
    rules = story.timeline.context.rules_for(story.borrower)
    assert rules.cuts.population == population
    story.on("2024-02-01")
    assert story.latest.cuts_population == population


def test_the_event_that_brings_more_data_is_assessed_by_the_new_cuts() -> None:
    # Equity of 9 %, amber below 10 and red below 5: 0.4 + 0.6 x 1/5 of a weight of 40 points.
    story = story_of()
    files(story, equity=90)
    story.close()
    assert (story.latest.score, story.latest.state) == (208_000, "NORMAL")
    banks(story)
    assert story.latest.cuts == (200_000, 300_000, 400_000)
    assert story.latest.transition is not None
    assert (story.latest.transition.after, story.latest.state) == ("ATTENTION", "ATTENTION")


def test_a_statement_that_comes_second_is_assessed_by_the_new_cuts_at_once() -> None:
    story = story_of()
    banks(story)
    story.close()
    files(story, equity=90)
    # Above the 10 points of accounts alone as well: the state is that of the new cuts.
    assert story.latest.score == 208_000
    assert story.latest.cuts == (200_000, 300_000, 400_000)


HAPPENINGS = st.lists(
    st.sampled_from(["statements", "loss", "loans", "lines", "accounts", "late", "day", "month"]),
    min_size=2,
    max_size=12,
)


def happens(story: Story, kind: str) -> None:
    if kind in KINDS:
        KINDS[kind](story)
    elif kind == "loss":
        files(story, equity=-100, net_income=-200)
    elif kind == "late":
        story.loan(loan_id="l-2")
        story.schedule((iso(story.today + 1), 900.0), loan_id="l-2")
    else:
        for _ in range(1 if kind == "day" else 31):
            story.close()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(HAPPENINGS)
def test_a_state_gets_better_only_by_a_recorded_transition(kinds: list[str]) -> None:
    # The profiles' cuts rise and fall as data come, in all orders.
    story = story_of(every=True)
    for kind in kinds:
        before, seen = story.borrower.risk.state, len(story.assessments)
        happens(story, kind)
        steps = [a.transition for a in story.assessments[seen:] if a.transition is not None]
        moves = [(step.before, step.after) for step in steps]
        state = STATE_NAMES[before]
        for source, target in moves:
            assert source == state
            state = target
        assert state == STATE_NAMES[story.borrower.risk.state]
        if kind not in ("day", "month"):
            assert story.borrower.risk.state >= before


def test_every_profile_has_cuts_of_its_own_here() -> None:
    assert set(ATTENTION) == set(DATA_PROFILES)


def test_families_of_which_nothing_came_or_was_announced() -> None:
    story = story_of()
    assert families_without_data(story.borrower) == [ACCOUNT, STATEMENT]
    story.flow(100, "CUSTOMER_RECEIPT")
    assert families_without_data(story.borrower) == [STATEMENT]
    story.statement_due("2023-12-31", "2024-06-30")
    assert families_without_data(story.borrower) == []
