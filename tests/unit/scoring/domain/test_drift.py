"""The census of a month close: every borrower once, by bin, compared with the training."""

from pathlib import Path

import pytest

from services.scoring.domain.portfolio.drift import BinCount, census, figures
from tests.fakes.pd_models import a_model, rulebook_with
from tests.fakes.story import Story
from tests.fakes.units import day


def test_only_month_closes_count_and_each_borrower_once(tmp_path: Path) -> None:
    story = Story(rulebook=rulebook_with(tmp_path, champion=a_model()))
    story.loan(10_000)
    story.schedule(("2024-01-31", 1000), ("2024-06-30", 9000))
    story.close_through("2024-03-10")
    # Closes of January and February; R-01 is 0 on the last of January, 29 days on that of February.
    by_figure = {(row.as_of, row.figure): row.counts for row in census(story.assessments)}
    months = {day("2024-01-31"), day("2024-02-29")}
    assert {as_of for as_of, _ in by_figure} == months
    assert {figure for _, figure in by_figure} == {"R-01", "R-03", "pd", "score"}
    assert all(sum(counts) == 1 for counts in by_figure.values())
    assert by_figure[day("2024-01-31"), "R-01"] == [0, 1, 0]
    assert by_figure[day("2024-02-29"), "R-01"] == [0, 0, 1]
    # 5 % or less in January; 26 % in February, beyond the edge at 10 %.
    assert by_figure[day("2024-01-31"), "pd"] == [0, 1, 0]
    assert by_figure[day("2024-02-29"), "pd"] == [0, 0, 1]


def test_without_a_model_nothing_is_counted() -> None:
    story = Story().close_through("2024-02-05")
    assert census(story.assessments) == []


def test_the_index_of_a_count_is_that_of_its_shares() -> None:
    # (.5 - .8) ln(.5/.8) + (.5 - .2) ln(.5/.2) = .4159; nobody unmeasured, before or now.
    count = BinCount(1, "firms", "1", "R-01", [0.0, 0.8, 0.2], [0, 150, 150])
    assert count.borrowers == 300
    assert count.stability_index == pytest.approx(0.4159, abs=1e-4)
    assert BinCount(1, "firms", "1", "R-01", [0.0, 1.0], [0, 0]).stability_index == 0


def test_figures_are_in_the_order_of_an_opinions_bins(tmp_path: Path) -> None:
    story = Story(rulebook=rulebook_with(tmp_path, champion=a_model()))
    (counts,) = story.assessments[-1].opinions
    assert [name for name, _ in figures(counts.model)] == ["R-01", "R-03", "score", "pd"]
    assert len(counts.bins) == 4
