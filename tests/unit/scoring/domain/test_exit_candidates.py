"""Who is a candidate for an exit, why, and who is not."""

import pytest

from services.scoring.domain.borrower.risk import DEFAULT, EXIT_LIST, WATCH
from services.scoring.domain.portfolio.exit_candidates import exit_candidate, expected_margin, rank
from tests.fakes.story import Story


def owing(rate: int = 50_000) -> Story:
    story = Story(start="2024-03-01")
    story.loan(1_000, rate_micro=rate)
    story.close()
    return story


def reasons(story: Story) -> list[str] | None:
    candidate = exit_candidate(story.borrower, story.rules, story.borrower.counters.closed_day)
    return None if candidate is None else candidate.reasons


def test_a_borrower_in_good_standing_is_none() -> None:
    assert reasons(owing()) is None


def test_one_reason_is_not_enough_two_are() -> None:
    story = owing()
    story.borrower.profile.origination_pd_micro = 10_000
    story.borrower.profile.current_pd_micro = 20_000  # twice; 5 % rate less 0.9 % is a margin
    assert reasons(story) is None
    story.borrower.profile.current_pd_micro = 120_000  # 5 % less 5.4 %
    assert reasons(story) == ["PD_RISEN", "UNPROFITABLE"]


def test_long_on_watch_and_worsening_follow_the_days_of_the_state() -> None:
    story = owing()
    risk, closed = story.borrower.risk, story.borrower.counters.closed_day
    risk.state, risk.since, risk.tightened_on = WATCH, closed - 89, closed - 89
    risk.score = 640_000
    assert reasons(story) is None  # worsening alone; 6 points to the next cut
    risk.score = 650_000
    assert reasons(story) == ["WORSENING", "NEAR_NEXT_STATE"]
    risk.since = risk.tightened_on = closed - 90
    assert reasons(story) == ["LONG_ON_WATCH", "NEAR_NEXT_STATE"]


def test_who_two_people_listed_needs_no_other_reason() -> None:
    story = owing()
    story.borrower.risk.flags |= EXIT_LIST
    assert reasons(story) == ["LISTED"]


@pytest.mark.parametrize("why", ["default", "material arrears", "nothing owed"])
def test_workout_and_what_owes_nothing_are_other_lists(why: str) -> None:
    story = owing()
    story.borrower.risk.flags |= EXIT_LIST
    if why == "default":
        story.borrower.risk.state = DEFAULT
    elif why == "material arrears":
        story.borrower.counters.regulatory_days = 1
    else:
        story.borrower.counters.exposure_minor = 0
    assert reasons(story) is None


def test_the_margin_weighs_loans_by_principal() -> None:
    story = owing(rate=40_000)
    story.loan(3_000, "l-2", rate_micro=80_000)
    story.borrower.profile.current_pd_micro = 100_000
    # (4 % x 1,000 + 8 % x 3,000) / 4,000 = 7 %; less 10 % x 45 % = 4.5 %.
    assert expected_margin(story.borrower) == 25_000
    story.borrower.profile.current_pd_micro = None
    assert expected_margin(story.borrower) is None


def test_the_list_begins_with_who_was_listed_then_with_most_reasons() -> None:
    candidates = []
    for name, flags, pd in (("b", 0, 120_000), ("a", EXIT_LIST, 0), ("c", EXIT_LIST, 120_000)):
        story = owing()
        story.borrower.borrower_id = name
        story.borrower.risk.flags |= flags
        story.borrower.profile.origination_pd_micro = 10_000
        story.borrower.profile.current_pd_micro = pd
        candidate = exit_candidate(story.borrower, story.rules, story.today)
        assert candidate is not None
        candidates.append(candidate)
    assert [candidate.borrower_id for candidate in sorted(candidates, key=rank)] == ["c", "a", "b"]
