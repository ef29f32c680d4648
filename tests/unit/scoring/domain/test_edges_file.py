"""Forecasts, credit file, model: the thresholds of the catalogue from both sides, and gaps.

What an indicator is about is tested with its subject; here are the edges: the last figure that is
still green or amber, and the first that is not.
"""

from dataclasses import replace

import pytest

from services.scoring.domain.handlers.credit_file import expect_related_state
from services.scoring.domain.primitives.measurement import AMBER, GREEN, RED
from tests.fakes.edges import borrower, owing


class TestForecast:
    @pytest.mark.parametrize(
        ("ebit", "miss", "level"),
        [(81, -0.19, GREEN), (80, -0.20, AMBER), (61, -0.39, AMBER), (60, -0.40, RED)],
        ids=["19 per cent", "20 are amber", "39 are amber", "40 are red"],
    )
    def test_missed_ebitda(self, ebit: int, miss: float, level: int) -> None:
        story = borrower("2023-03-01")
        story.forecast("ebitda", 100, ends="2023-12-31")
        story.files("2023-12", ebit=ebit, depreciation_amortisation=0)
        assert story.figure("F-22", component=1) == pytest.approx(miss)
        assert story.level("F-22") == level


class TestFile:
    @pytest.mark.parametrize(
        ("state", "level"),
        [("NORMAL", GREEN), ("WATCH", AMBER), ("HIGH_RISK", RED)],
    )
    def test_a_guarantor_of_a_thousandth(self, state: str, level: int) -> None:
        story = owing(("2030-01-10", 1_000))
        story.guarantor("g-1", 1)
        expect_related_state(story.borrower.credit_file, "g-1")
        story.related_state("g-1", state)
        assert story.figure("C-04", component=1) == (0 if level == GREEN else 0.001)
        assert story.level("C-04") == level

    @pytest.mark.parametrize(
        ("severity", "level"), [("LOW", GREEN), ("MEDIUM", AMBER), ("HIGH", RED)]
    )
    def test_findings_by_severity(self, severity: str, level: int) -> None:
        story = borrower()
        story.finding(severity)
        assert story.level("C-07") == level

    @pytest.mark.parametrize(
        ("before", "now", "times", "level"),
        [
            pytest.param(10_000, 19_900, 1.99, GREEN, id="less than twice"),
            pytest.param(10_000, 20_000, 2.00, AMBER, id="twice is amber"),
            pytest.param(10_000, 29_900, 2.99, AMBER, id="less than three times is amber"),
            pytest.param(10_000, 30_000, 3.00, RED, id="three times is red"),
            pytest.param(2_450, 7_400, 7_400 / 2_450, GREEN, id="by less than half a point"),
            pytest.param(2_500, 7_500, 3.00, RED, id="by half a point"),
        ],
    )
    def test_probability_of_default(self, before: int, now: int, times: float, level: int) -> None:
        story = borrower()
        known = replace(story.log[0], id="pd", origination_pd_micro=before, current_pd_micro=now)
        story.apply(known)
        assert story.figure("X-01") == pytest.approx(times, abs=1e-6)
        assert story.level("X-01") == level
