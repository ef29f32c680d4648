"""Concessions (R-10) by hand-worked numbers, at their edges, and where they cannot be formed."""

import pytest

from services.scoring.domain import vocabulary
from services.scoring.domain.measurement import AMBER, GREEN, NOT_APPLICABLE, RED, Reason
from tests.fakes.story import Story


def with_concessions(*effective: str) -> Story:
    story = Story(start="2024-01-01")
    story.loan(10_000)
    story.schedule(("2026-12-31", 10_000))
    for version, on in enumerate(effective, 2):
        story.on(on).reschedule(("2027-06-30", 10_000), version=version, effective=on)
    return story


class TestConcessions:
    @pytest.mark.parametrize(
        ("effective", "count", "level"),
        [
            pytest.param((), 0, GREEN, id="none"),
            pytest.param(("2024-03-20",), 1, AMBER, id="one is amber"),
            pytest.param(("2024-03-20", "2024-07-01"), 2, RED, id="two are red"),
        ],
    )
    def test_counts_them(self, effective: tuple[str, ...], count: int, level: int) -> None:
        story = with_concessions(*effective)
        assert story.figure("R-10") == count
        assert story.level("R-10") == level

    def test_one_is_forgotten_after_24_calendar_months(self) -> None:
        story = with_concessions("2024-03-20").close_through("2026-03-19")
        assert story.figure("R-10") == 1
        story.close()
        assert story.figure("R-10") == 0
        assert story.level("R-10") == GREEN

    @pytest.mark.parametrize(
        ("until", "level"),
        [
            pytest.param("2024-03-31", AMBER, id="30 days past due leave it amber"),
            pytest.param("2024-04-01", RED, id="31 days past due make it red"),
        ],
    )
    def test_one_beside_more_than_thirty_days_past_due_is_red(self, until: str, level: int) -> None:
        story = Story(start="2024-01-01")
        story.loan(10_000)
        story.schedule(("2024-12-31", 10_000))
        story.on("2024-02-01").reschedule(
            ("2024-03-01", 500), ("2024-12-31", 9_500), version=2, effective="2024-02-01"
        )
        story.close_through(until)
        assert story.level("R-10") == level

    def test_the_arrears_leave_after_ninety_days(self) -> None:
        story = Story(start="2024-01-01")
        story.loan(10_000)
        story.schedule(("2024-12-31", 10_000))
        story.on("2024-02-01").reschedule(
            ("2024-03-01", 500), ("2024-12-31", 9_500), version=2, effective="2024-02-01"
        )
        story.on("2024-04-02").pays(500)  # open for the last time on 1 April, 31 days past due
        story.close_through("2024-06-29")
        assert story.level("R-10") == RED
        story.close()
        assert story.level("R-10") == AMBER

    def test_a_loan_without_a_schedule_hides_its_concessions(self) -> None:
        story = Story()
        story.loan(10_000)
        assert story.measure("R-10").reason == Reason.NO_SCHEDULE

    def test_lines_have_no_schedule_to_concede(self) -> None:
        story = Story()
        assert story.measure("R-10").status == NOT_APPLICABLE
        story.loan(0, loan_type=vocabulary.CARD)
        assert story.measure("R-10").status == NOT_APPLICABLE

    def test_the_schedule_is_the_evidence(self) -> None:
        story = with_concessions("2024-03-20")
        found = [one for one in story.assessments[-1].contributors if one.indicator == "R-10"]
        assert found[0].evidence == [story.borrower.loans[0].schedule_ref]
