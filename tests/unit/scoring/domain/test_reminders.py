"""Reminders: maturities at the start of their month, inspections by plan."""

import json

import pytest

from services.scoring.adapters.codec import effect_event
from services.scoring.domain.assess.effects import Effect, amount, expected_difficulty
from services.scoring.domain.borrower.risk import DEFAULT, HIGH_RISK, WATCH, slot_of
from services.scoring.domain.events.event import Event
from services.scoring.domain.fold import fold
from services.scoring.domain.primitives import vocabulary
from services.scoring.domain.primitives.measurement import AMBER, MEASURED, RED
from tests.contract.catalogue import validator_of
from tests.fakes.story import EVERYTHING_ON, Story, context
from tests.fakes.units import day, iso


class EffectStory(Story):
    """A story that collects its effects."""

    effects: list[Effect]

    def apply(self, event: Event) -> str:
        """Fold an event and collect its effects."""
        self.log.append(event)
        outcome = fold(self.borrower, event, context(self.rulebook))
        self.effects = [*getattr(self, "effects", []), *outcome.effects]
        return event.id

    def sent(self, kind: str) -> list[dict[str, object]]:
        """Return the data of what was sent of one type, checked against its schema."""
        emitted = [effect for effect in self.effects if effect.is_for_risk]
        documents = [json.loads(effect_event(effect)) for effect in emitted]
        for document in documents:
            validator_of(document["type"]).validate(document)
        return [document["data"] for document in documents if document["type"] == f"{kind}.v1"]


class TestMaturities:
    def test_are_announced_when_their_month_begins(self) -> None:
        story = EffectStory(start="2024-01-15")
        story.loan(1_000, maturity_day=day("2024-03-20"))
        story.loan(500, "l-2", maturity_day=day("2024-04-01"))
        story.schedule(("2024-02-10", 400), ("2024-03-20", 600))
        story.on("2024-02-10").pays(400)
        story.close_through("2024-02-28")
        assert not story.sent("maturity.approaching")
        story.close()
        assert story.sent("maturity.approaching") == [
            {
                "borrower_id": "b-1",
                "loan_id": "l-1",
                "maturity_date": "2024-03-20",
                "days_left": 20,
                "outstanding": "600.00",
                "currency": "EUR",
                "as_of": "2024-02-29",
                "difficulty": "UNKNOWN",
                "state": "NORMAL",
            }
        ]
        story.close_through("2024-03-31")
        assert len(story.sent("maturity.approaching")) == 2

    def test_a_line_is_announced_with_what_is_drawn(self) -> None:
        story = EffectStory(start="2024-01-15")
        story.loan(
            0,
            loan_type=vocabulary.OVERDRAFT,
            facility_id="f-1",
            maturity_day=day("2024-02-10"),
        )
        story.line(320, 1_000)
        story.close_through("2024-01-31")
        (reminder,) = story.sent("maturity.approaching")
        assert reminder["outstanding"] == "320.00"

    def test_an_event_begins_the_month_where_the_bank_closed_no_last_day(self) -> None:
        story = EffectStory(start="2024-01-15")
        story.loan(1_000, maturity_day=day("2024-02-10"))
        story.close_through("2024-01-20")
        story.today = day("2024-02-02")
        story.flow(10)
        (reminder,) = story.sent("maturity.approaching")
        assert reminder["as_of"] == "2024-01-31"

    @pytest.mark.parametrize(
        ("state", "level", "is_measured", "expected"),
        [
            (0, 0, False, "UNKNOWN"),
            (0, 0, True, "LOW"),
            (0, AMBER, True, "MEDIUM"),
            (WATCH, 0, True, "MEDIUM"),
            (0, RED, True, "HIGH"),
            (HIGH_RISK, 0, False, "HIGH"),
            (DEFAULT, 0, True, "HIGH"),
        ],
    )
    def test_the_expected_difficulty_follows_cover_and_state(
        self, state: int, level: int, is_measured: bool, expected: str
    ) -> None:
        story = Story()
        story.borrower.risk.state = state
        story.borrower.signals.level[slot_of("R-14")] = level
        story.borrower.signals.status[slot_of("A-14")] = MEASURED if is_measured else 0
        assert expected_difficulty(story.borrower) == expected


class TestInspections:
    def test_fall_due_by_the_plan_of_segment_and_state_once(self) -> None:
        story = EffectStory(start="2024-01-15", rulebook="default")  # SME, normal: every 12 months
        story.close_through("2025-01-14")
        assert not story.sent("inspection.fell-due")
        story.close_through("2025-03-01")
        assert story.sent("inspection.fell-due") == [
            {
                "borrower_id": "b-1",
                "due_date": "2025-01-15",
                "kind": "DESK_REVIEW",
                "as_of": "2025-01-15",
                "state": "NORMAL",
            }
        ]

    def test_people_in_normal_state_have_no_plan(self) -> None:
        story = EffectStory(segment="RETAIL", start="2024-01-15", rulebook="default")
        story.close_through("2025-03-01")
        assert not story.sent("inspection.fell-due")

    def test_a_worse_state_brings_the_next_one_forward_from_its_own_day(self) -> None:
        story = EffectStory(start="2024-01-15", rulebook="default")
        story.inspection()
        story.on("2024-06-10").report("DEFAULT")  # high risk: every month
        story.close_through("2024-07-09")
        assert not story.sent("inspection.fell-due")
        story.close()
        (reminder,) = story.sent("inspection.fell-due")
        assert (reminder["due_date"], reminder["kind"]) == ("2024-07-10", "SITE_VISIT")

    def test_the_date_that_an_officer_set_counts_where_it_is_earlier(self) -> None:
        story = EffectStory(start="2024-01-15", rulebook="default")
        story.inspection(due="2024-03-01")
        story.close_through("2024-03-05")
        (reminder,) = story.sent("inspection.fell-due")
        assert reminder["due_date"] == "2024-03-01"
        story.inspection(due="2024-05-01")
        story.close_through("2024-05-02")
        assert len(story.sent("inspection.fell-due")) == 2

    def test_what_fell_due_by_the_plan_becomes_overdue(self) -> None:
        story = Story(start="2024-01-15", rulebook=EVERYTHING_ON)
        story.inspection()
        story.close_through("2025-01-30")
        assert story.figure("C-07") == 15
        assert story.level("C-07") == 0
        story.close()
        assert story.level("C-07") == AMBER
        story.inspection()
        assert story.level("C-07") == 0


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (125_050, "EUR", "1250.50"),
        (-5, "EUR", "-0.05"),
        (0, "EUR", "0.00"),
        (7, "JPY", "7"),
        (1_250, "KWD", "1.250"),
    ],
)
def test_an_amount_is_an_exact_decimal(minor: int, currency: str, text: str) -> None:
    assert amount(minor, currency) == text


def test_a_day_is_its_iso_date() -> None:
    assert iso(day("2024-02-29")) == "2024-02-29"
