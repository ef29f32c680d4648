"""F-01 counts from due dates that were announced; what was handed in is no longer due."""

from dataclasses import replace

import pytest

from services.scoring.adapters.state_bytes import decode, encode
from services.scoring.domain.borrower.risk import STATE_NAMES
from services.scoring.domain.primitives.measurement import NOT_APPLICABLE, UNMEASURABLE
from tests.fakes.story import Story
from tests.fakes.units import day

YEAR_2023, DUE_31_MAY = "2023-12-31", "2024-05-31"


def beginning(segment: str = "SME", **profile: str) -> Story:
    return Story(segment=segment, start="2024-01-01", **profile)


def hands_in(story: Story, month: str, months: int = 12, basis: str = "AUDITED") -> None:
    """File a statement that states no due date of its own."""
    story.files(month, months, basis=basis, is_dated=False)


@pytest.mark.parametrize(
    ("closed", "days"), [("2024-05-31", 0), ("2024-06-01", 1), ("2024-06-30", 30)]
)
def test_a_first_statement_that_never_comes_is_late_from_the_announced_day(
    closed: str, days: int
) -> None:
    story = beginning()
    story.statement_due(YEAR_2023, DUE_31_MAY)
    story.close_through(closed)
    assert story.figure("F-01") == days


def test_more_than_fifteen_days_call_for_attention() -> None:
    story = beginning()
    story.statement_due(YEAR_2023, DUE_31_MAY)
    story.close_through("2024-06-15")
    assert STATE_NAMES[story.borrower.risk.state] == "NORMAL"
    story.close()
    assert STATE_NAMES[story.borrower.risk.state] == "ATTENTION"


def test_a_received_statement_is_no_longer_due_whichever_event_came_first() -> None:
    announced, handed = beginning(), beginning()
    announced.statement_due(YEAR_2023, DUE_31_MAY)
    hands_in(announced, "2023-12")
    hands_in(handed, "2023-12")
    handed.statement_due(YEAR_2023, DUE_31_MAY)
    for story in (announced, handed):
        assert story.borrower.credit_file.deadlines == []
        story.close_through("2024-07-31")
        assert story.measure("F-01").status == NOT_APPLICABLE


def test_the_oldest_of_several_counts() -> None:
    story = beginning()
    story.statement_due("2024-03-31", "2024-05-15", months=3)
    story.statement_due(YEAR_2023, DUE_31_MAY)
    hands_in(story, "2024-03", 3)
    story.close_through("2024-06-10")
    # The quarter has come, the year before it has not: ten days.
    assert story.figure("F-01") == 10


def test_figures_that_nobody_audited_are_not_the_audited_ones() -> None:
    story = beginning()
    story.statement_due(YEAR_2023, DUE_31_MAY, basis="AUDITED")
    hands_in(story, "2023-12", basis="MANAGEMENT")
    story.close_through("2024-06-10")
    assert story.figure("F-01") == 10
    hands_in(story, "2023-12", basis="AUDITED")
    assert story.measure("F-01").status == NOT_APPLICABLE


def test_a_later_year_makes_up_for_one_that_never_came() -> None:
    story = beginning()
    story.statement_due("2022-12-31", "2023-05-31")
    assert story.figure("F-01") == day("2024-01-01") - day("2023-05-31")
    hands_in(story, "2023-12")
    assert story.borrower.credit_file.deadlines == []


def test_a_later_announcement_of_the_same_period_replaces_the_first_and_a_reversal_removes_it() -> (
    None
):
    story = beginning()
    story.statement_due(YEAR_2023, DUE_31_MAY)
    extended = story.statement_due(YEAR_2023, "2024-06-30")
    story.close_through("2024-07-02")
    assert story.figure("F-01") == 2
    story.statement_due(YEAR_2023, "2024-06-30", corrects=extended, kind="reversal")
    assert story.measure("F-01").status == NOT_APPLICABLE


def test_an_announced_day_is_better_than_the_rhythm() -> None:
    story = beginning()
    # Due 180 days after its end, 29 June 2023; a year on that is 29 June 2024.
    story.files("2022-12")
    by_rhythm = story.fork()
    story.statement_due(YEAR_2023, "2024-07-31")
    for borrower in (story, by_rhythm):
        borrower.close_through("2024-07-10")
    assert by_rhythm.figure("F-01") == 11
    assert story.figure("F-01") == 0


def test_interim_figures_are_due_by_their_own_rhythm_when_the_audited_year_has_come() -> None:
    story = beginning()
    story.files("2023-12", 3)
    story.files("2023-12", 12)
    (quarter, year) = story.borrower.statements
    story.borrower.statements[0] = replace(quarter, due_day=day("2024-03-01"))
    assert year.due_day == day("2024-06-28")
    story.close_through("2024-06-11")
    # Three months after 1 March.
    assert story.figure("F-01") == 10


def test_a_small_firm_that_was_asked_for_statements_is_expected_to_file() -> None:
    asked, not_asked = beginning("MICRO"), beginning("MICRO")
    asked.statement_due(YEAR_2023, DUE_31_MAY)
    assert asked.measure("F-08").status == UNMEASURABLE
    assert not_asked.measure("F-08").status == NOT_APPLICABLE


def test_deadlines_survive_storage() -> None:
    story = beginning()
    story.statement_due(YEAR_2023, DUE_31_MAY, basis="AUDITED")
    restored = decode(encode(story.borrower))
    assert restored.credit_file == story.borrower.credit_file
    (deadline,) = restored.credit_file.deadlines
    assert (deadline.due_day, deadline.period_months) == (day(DUE_31_MAY), 12)


def test_what_is_late_is_its_own_evidence() -> None:
    story = beginning()
    announced_id = story.statement_due(YEAR_2023, DUE_31_MAY)
    story.close_through("2024-06-20")
    late = next(
        contributor
        for contributor in story.assessments[-1].contributors
        if contributor.indicator == "F-01"
    )
    assert late.evidence == [f"core#{announced_id}"]
