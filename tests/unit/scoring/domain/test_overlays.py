"""Overlays for products and for young firms, and what happens on the day on which they end."""

from dataclasses import replace
from functools import cache
from textwrap import indent

import pytest

from services.scoring.adapters.rulebook_edits import with_overlays
from services.scoring.adapters.rulebook_reader import path_of, read_text
from services.scoring.domain.borrower.risk import slot_of
from services.scoring.domain.events.control import DayClosed
from services.scoring.domain.fold import fold, new_borrower
from services.scoring.domain.indicators.account_flows import SLOT, inflow_drop
from services.scoring.domain.primitives.dates import full_months
from services.scoring.domain.primitives.measurement import AMBER, MEASURED, UNMEASURABLE, Reason
from services.scoring.domain.primitives.vocabulary import BULLET, CARD, TERM
from services.scoring.domain.rulebook.context import Context
from services.scoring.domain.rulebook.rulebook import Rules, is_of_industry
from tests.fakes.story import Story
from tests.fakes.units import day, iso

F14, A03, A19 = slot_of("F-14"), slot_of("A-03"), slot_of("A-19")


@cache
def context(*packs: str, base: str = "default") -> Context:
    text = path_of(base).read_text("utf-8")
    return Context(read_text(with_overlays(text, list(packs))))


def rules_of(rules: Rules, slot: int) -> int | None:
    """Return the weight, None where it is switched off."""
    rule = rules.by_slot[slot]
    return None if rule is None else rule.weight


class TestYoungFirms:
    def started(self, start: str) -> Story:
        story = Story(start="2024-01-01")
        story.apply(replace(story.log[0], id="again", start_day=day(start)))
        return story

    @pytest.mark.parametrize(
        ("start", "is_young"),
        [
            pytest.param("2022-01-02", True, id="23 months old"),
            pytest.param("2022-01-01", False, id="24 months old"),
            pytest.param("2024-02-01", True, id="starts next month"),
        ],
    )
    def test_are_judged_differently_for_24_months(self, start: str, is_young: bool) -> None:
        rules = context().rules_for(self.started(start).borrower)
        assert rules_of(rules, A19) == (450_000 if is_young else 300_000)
        assert (rules_of(rules, F14) is None) == is_young

    def test_a_firm_without_a_start_date_is_not_young(self) -> None:
        rules = context().rules_for(Story().borrower)
        assert rules_of(rules, A19) == 300_000

    def test_the_close_of_the_day_on_which_it_is_no_longer_young_evaluates_it_again(self) -> None:
        story, known = self.started("2022-01-10"), context()
        borrower = new_borrower("b-1")
        for event in story.log:
            fold(borrower, event, known)
        weights = []
        for _ in range(12):
            closing = DayClosed(*story.head(), closed_day=story.today)
            fold(borrower, closing, known)
            rules = known.rules_for(borrower)
            weights.append(rules_of(rules, A19))
            is_asked = borrower.signals.status[F14] == UNMEASURABLE
            assert is_asked == (rules.by_slot[F14] is not None)
            story.today += 1
        assert weights == [450_000] * 9 + [300_000] * 3

    def test_full_months(self) -> None:
        assert full_months(day("2022-01-31"), day("2022-02-28")) == 0
        assert full_months(day("2022-01-31"), day("2022-03-01")) == 1
        assert full_months(day("2022-01-10"), day("2024-01-10")) == 24


class TestProducts:
    def test_only_cards(self) -> None:
        story = Story()
        story.loan(0, loan_id="c-1", loan_type=CARD)
        assert rules_of(context("cards").rules_for(story.borrower), A03) == 0
        story.loan(100, loan_id="l-1", loan_type=TERM)
        assert rules_of(context("cards").rules_for(story.borrower), A03) == 300_000
        story.borrower.loans[1].closed_day = story.today
        assert rules_of(context("cards").rules_for(story.borrower), A03) == 0

    def test_bullet_loans_are_term_loans_of_their_own_kind(self) -> None:
        story = Story(start="2024-01-01")
        for number in range(6):
            loan = f"l-{number}"
            story.loan(100, loan_id=loan, repayment_type=BULLET)
            due = story.today + 15
            story.schedule((iso(due), 100.0), loan_id=loan)
            # Three in time, then 2, 3 and 4 days late.
            story.on(iso(due + (0, 0, 0, 2, 3, 4)[number])).pays(100, loan_id=loan)
            story.close()
        rules = context("bullet-loans").rules_for(story.borrower)
        late, creep = rules.by_slot[slot_of("R-03")], rules.by_slot[slot_of("R-05")]
        assert late is not None
        assert creep is not None
        # Three of six were late by a day or more: 1 to 3 is 0 to 1.
        assert story.measure("R-03").values == [0, 3_000_000]
        assert late.components[1].intensity(3_000_000) == 1_000_000
        # 2, 3 and 4 days are 3 on average: (3 + 1) / 9 of the way from -1 to 8.
        assert story.measure("R-05").values == [3_000_000, 3_000_000]
        assert creep.components[1].intensity(3_000_000) == 444_444
        assert creep.components[1].level(3_000_000) == AMBER

    def test_overlays_of_term_loans_apply_to_bullets_unless_they_have_their_own(self) -> None:
        both = (
            "- {name: t, product: TERM, indicators: {A-03: {weight: 0.1}, A-04: {weight: 0.1}}}\n"
            "- {name: b, product: BULLET, indicators: {A-03: {weight: 0.2}}}\n"
        )
        text = (
            path_of("default")
            .read_text("utf-8")
            .replace("overlays:\n", f"overlays:\n{indent(both, '  ')}", 1)
        )
        known = Context(read_text(text))
        story = Story()
        story.loan(100, loan_id="l-1", repayment_type=BULLET)
        rules = known.rules_for(story.borrower)
        assert [rules_of(rules, slot) for slot in (A03, slot_of("A-04"))] == [200_000, 100_000]
        story.loan(100, loan_id="l-2")
        assert rules_of(known.rules_for(story.borrower), A03) == 100_000

    def test_without_loans_no_product(self) -> None:
        assert rules_of(context("cards").rules_for(Story().borrower), A03) == 300_000

    def test_a_loan_of_another_kind_evaluates_the_borrower_again(self) -> None:
        story = Story()
        story.loan(0, loan_id="c-1", loan_type=CARD)
        booked = story.log[-1]
        known = context("cards")
        new = Story().borrower
        for event in [*story.log[:-1], booked]:
            fold(new, event, known)
        assert known.rules_for(new).by_slot[A03] is not context().rules_for(new).by_slot[A03]
        assert new.risk.sequence > 0


class TestSeasonOnly:
    def trading(self, months: int) -> Story:
        story = Story(start="2023-01-01", accounts="a-1", industry="55.1")
        for month in range(months):
            story.on(iso(day(f"{2023 + month // 12}-{month % 12 + 1:02d}-10"))).flow(1_000)
        story.close_through(iso(day(f"{2023 + months // 12}-{months % 12 + 1:02d}-01")))
        return story

    @pytest.mark.parametrize(("months", "is_known"), [(14, False), (15, True)])
    def test_nothing_but_the_year_before_is_a_base(self, months: int, is_known: bool) -> None:
        story = self.trading(months)
        as_of = story.borrower.counters.closed_day
        usual = inflow_drop(
            story.borrower, as_of, context(base="reference").rules_for(story.borrower)
        )
        assert usual.status == MEASURED
        rules = context("tourism", base="reference").rules_for(story.borrower)
        rule = rules.by_slot[SLOT]
        assert rule is not None
        assert rule.is_season_only
        measurement = inflow_drop(story.borrower, as_of, rules)
        assert (measurement.status == MEASURED) == is_known
        if not is_known:
            assert measurement.reason == Reason.SHORT_HISTORY


@pytest.mark.parametrize(
    ("code", "beginning", "matches"),
    [
        ("47.11", "47", True),
        ("G47.11", "47", True),
        ("G47.11", "G47", True),
        ("G", "47", False),
        ("H49.4", "47", False),
        ("1.47", "47", False),
        ("", "47", False),
    ],
)
def test_an_industry_is_known_with_and_without_its_section_letter(
    code: str, beginning: str, matches: bool
) -> None:
    assert is_of_industry(code, beginning) == matches
