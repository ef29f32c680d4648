"""Statements grow old, and a change of policy breaks comparisons: dates by hand, on `default`."""

from dataclasses import replace

from services.scoring.adapters.rulebook_reader import compile_rulebook, read_document
from services.scoring.domain.assess.exit_rules import blockers, exit_rule_of
from services.scoring.domain.assess.state_inputs import state_inputs_of
from services.scoring.domain.indicators import statement_information
from services.scoring.domain.primitives.measurement import (
    MEASURED,
    NOT_APPLICABLE,
    UNMEASURABLE,
    Reason,
)
from services.scoring.domain.rulebook.rulebook import StatementAge
from tests.fakes.story import Story
from tests.fakes.units import day
from tests.stories.firms import accounts_of

FIGURES = {"total_assets": 1_000, "equity": 500, "revenue": 2_000}


def firm(segment: str = "SME", *, is_dated: bool = False) -> Story:
    """Return a firm that filed its accounts for 2023 in May 2024."""
    story = Story(segment=segment, start="2024-05-15", rulebook="default")
    story.files("2023-12", is_dated=is_dated, **FIGURES)
    return story


class TestTooOld:
    def test_eighteen_months_after_the_period_it_says_nothing(self) -> None:
        # 31 December 2023 and 18 months: 30 June 2025 is the last day.
        story = firm().close_through("2025-06-30")
        assert story.measure("F-08").status == MEASURED
        before = story.borrower.risk.completeness
        story.close_through("2025-07-01")
        measurement = story.measure("F-08")
        assert (measurement.status, measurement.reason) == (UNMEASURABLE, Reason.STALE_DATA)
        assert story.borrower.risk.completeness < before

    def test_a_new_statement_is_read_again(self) -> None:
        story = firm().close_through("2025-08-01")
        story.files("2024-12", **FIGURES)
        assert story.measure("F-08").status == MEASURED

    def test_another_rulebook_reads_it_as_long_as_it_is_the_newest(self) -> None:
        story = Story(start="2024-05-15")
        story.files("2023-12", **FIGURES)
        assert story.close_through("2025-07-01").measure("F-08").status == MEASURED

    def test_it_relaxes_no_state(self) -> None:
        story = Story(start="2024-05-15", rulebook="default")
        story.files("2023-12", is_dated=False, **accounts_of())
        story.statement_due("2024-12-31", "2026-12-31")
        story.on("2025-06-20").finding()
        assert story.state == "ATTENTION"
        story.on("2025-06-25").finding(settled=True)
        # The score was calm for 30 days on 24 July, and the figures are too old since 1 July.
        story.close_through("2025-09-30")
        assert story.state == "ATTENTION"
        inputs = state_inputs_of(story.borrower, story.rules, story.borrower.counters.closed_day)
        rule = exit_rule_of(inputs)
        assert rule is not None
        assert "statement_stale" in blockers(inputs, rule)
        story.files("2024-12", **accounts_of())
        story.close_through("2025-10-01")
        assert story.state == "NORMAL"


class TestWhenItIsDue:
    def test_a_firm_has_180_days_after_the_next_period(self) -> None:
        # 31 December 2024 and 180 days: 29 June 2025.
        story = firm().close_through("2025-06-29")
        assert story.figure("F-01") == 0
        story.close_through("2025-07-15")
        assert (story.figure("F-01"), story.state) == (16, "ATTENTION")
        story.close_through("2025-09-26")
        assert (story.figure("F-01"), story.state) == (89, "ATTENTION")
        story.close_through("2025-09-27")
        assert (story.figure("F-01"), story.state) == (90, "WATCH")

    def test_a_large_one_has_120(self) -> None:
        # 31 December 2024 and 120 days: 30 April 2025.
        assert firm("LARGE").close_through("2025-05-10").figure("F-01") == 10

    def test_a_country_has_days_of_its_own(self) -> None:
        age = StatementAge(countries={"DE": (365, 240)})
        story = firm()
        rules = replace(story.rules, statement_age=age)
        assert statement_information.statement_due(story.borrower, rules) == day("2025-12-31")
        document = read_document("default")
        document["statements"] = {"countries": {"DE": {"due_days": 365, "due_days_large": 240}}}
        assert compile_rulebook(document, origin="test").statement_age == age

    def test_people_owe_none(self) -> None:
        assert firm("RETAIL").close_through("2025-09-30").measure("F-01").status == NOT_APPLICABLE

    def test_without_a_statement_no_period_is_known(self) -> None:
        story = Story(start="2024-05-15", rulebook="default")
        assert story.close_through("2024-05-15").measure("F-01").status == NOT_APPLICABLE

    def test_a_date_once_stated_goes_on_for_later_statements_without_one(self) -> None:
        # That of 2023 was due on 28 June 2024; without dates that of 2025 is due on 28 June 2026.
        story = firm(is_dated=True)
        story.on("2025-05-15").files("2024-12", is_dated=False, **FIGURES)
        due = statement_information.statement_due(story.borrower, story.rules)
        assert due == day("2026-06-28")


class TestChangesOfPolicy:
    def test_year_on_year_figures_are_unmeasurable_for_that_year(self) -> None:
        for mark in ("accounting_policy_changed", "fiscal_year_changed"):
            story = firm().on("2025-05-15")
            changed = FIGURES | {"revenue": 1_000}
            story.files("2024-12", marks={mark: True}, **changed)
            measurement = story.measure("F-02")
            assert (measurement.status, measurement.reason) == (
                UNMEASURABLE,
                Reason.NOT_COMPARABLE,
            )
            assert story.measure("F-08").status == MEASURED
            story.on("2026-05-15").files("2025-12", **changed)
            assert story.figure("F-02") == 0
