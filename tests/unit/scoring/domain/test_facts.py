"""One fact is counted once, across families: scores by hand, on `default`.

R-08 .35 and A-09 .35 are amber (g .4) at one item: .14 each, red (g 1) at three. A-14 .40, A-19 .30
and A-23 .30 are red (g 1) at nothing. R-01 .70 is g .35 at 30 days, .245, and g 1 at 60.
"""

import pytest

from services.scoring.adapters.rulebook_reader import RulebookError, read_document
from services.scoring.adapters.rulebook_reader import compile_rulebook as compiled
from services.scoring.domain.assess import facts, score
from services.scoring.domain.borrower.risk import RiskRecord, Signals, slot_of
from services.scoring.domain.primitives.measurement import (
    AMBER,
    MICRO,
    RED,
    Measurement,
    measured,
    measured_components,
)
from services.scoring.domain.rulebook.rulebook import FAMILIES, Rules
from tests.fakes.story import Story, context
from tests.unit.scoring.domain.test_score import signals_of

ONE_FAILED_DEBIT = {
    "R-08": measured(MICRO),
    "A-09": measured_components([MICRO, 0]),
}
NO_MONEY = {"R-14": measured(0), "A-14": measured(0), "A-19": measured(0), "A-23": measured(0)}


@pytest.fixture(scope="module")
def rules() -> Rules:
    return context("default").rulebook.rules_for("SME")


def judged(rules: Rules, measurements: dict[str, Measurement]) -> tuple[int, Signals]:
    """Return the score, and the signals behind it."""
    signals = signals_of(rules, measurements)
    repeated = facts.repeated(signals, rules, RiskRecord())
    families = [score.family_score(signals, rules, each, repeated) for each in range(FAMILIES)]
    return score.combined(families), signals


def corroborating(rules: Rules, measurements: dict[str, Measurement], level: int = AMBER) -> int:
    """Return how many families have a fact of their own."""
    return facts.families_at(RiskRecord(), signals_of(rules, measurements), rules, level)


class TestTheScore:
    def test_a_failed_debit_counts_once(self, rules: Rules) -> None:
        # Not 1 - .86 x .86 = .2604.
        total, _ = judged(rules, ONE_FAILED_DEBIT)
        assert total == 140_000

    def test_the_strongest_counts(self, rules: Rules) -> None:
        total, _ = judged(rules, ONE_FAILED_DEBIT | {"A-09": measured_components([3 * MICRO, 0])})
        assert total == 350_000

    def test_too_little_money_is_one_fact(self, rules: Rules) -> None:
        total, _ = judged(rules, NO_MONEY)
        assert total == 400_000

    def test_other_facts_count_besides(self, rules: Rules) -> None:
        # 1 - .86 x .60.
        total, _ = judged(rules, ONE_FAILED_DEBIT | NO_MONEY)
        assert total == 484_000

    def test_what_is_not_repeated_of_a_group_still_counts(self, rules: Rules) -> None:
        # R-06 repeats R-01 (60 days: .70); R-03, of the same correlation group, does not: .25.
        late = {
            "R-01": measured(60 * MICRO),
            "R-06": measured(MICRO),
            "R-03": measured_components([3 * MICRO, 3 * MICRO]),
        }
        total, _ = judged(rules, late)
        assert total == 775_000

    def test_the_shares_add_up_and_name_what_was_not_counted(self, rules: Rules) -> None:
        total, signals = judged(rules, ONE_FAILED_DEBIT | NO_MONEY)
        repeated = facts.repeated(signals, rules, RiskRecord())
        shares = score.shares(signals, rules, total, repeated)
        assert sum(share.points_micro for share in shares) == pytest.approx(48_400_000, abs=2)
        also = {share.slot: sorted(share.also) for share in shares}
        assert also == {
            slot_of("A-14"): sorted(map(slot_of, ("R-14", "A-19", "A-23"))),
            slot_of("R-08"): [slot_of("A-09")],
        }


class TestCorroboration:
    def test_one_fact_in_two_families_is_one(self, rules: Rules) -> None:
        assert corroborating(rules, ONE_FAILED_DEBIT) == 1
        assert corroborating(rules, NO_MONEY) == 1

    def test_two_facts_are_two_families(self, rules: Rules) -> None:
        assert corroborating(rules, ONE_FAILED_DEBIT | NO_MONEY) == 2
        assert corroborating(rules, ONE_FAILED_DEBIT | {"A-11": measured_components([MICRO] * 2)})

    def test_a_fact_of_a_family_of_its_own_leaves_the_other_to_the_shared_one(
        self, rules: Rules
    ) -> None:
        late = {"R-03": measured_components([3 * MICRO, 3 * MICRO])}
        assert corroborating(rules, ONE_FAILED_DEBIT | late) == 2
        assert corroborating(rules, ONE_FAILED_DEBIT | late, RED) == 1


class TestArrears:
    def test_days_over_a_limit_are_one_fact(self) -> None:
        story = Story(rulebook="default")
        for _ in range(31):
            story.line(60_000, 50_000)
            story.close()
        # R-01 30 days: .245; R-02 30 days: .70 x .40; A-05 31 days: .45, the strongest. Beside it
        # A-03, how much of the line is in use: .30, hence 1 - .55 x .70.
        assert story.borrower.risk.score == 615_000
        cause, use = story.latest.contributors
        assert (cause.indicator, use.indicator) == ("A-05", "A-03")
        assert sorted(other.indicator for other in cause.also) == ["R-01", "R-02"]

    def test_an_excess_beside_a_late_loan_is_a_fact_of_its_own(self) -> None:
        story = Story(rulebook="default")
        story.loan(100_000)
        story.schedule(("2024-01-05", 5_000), ("2025-01-31", 95_000))
        for number in range(60):
            story.line(60_000 if number > 56 else 10_000, 50_000)
            story.close()
        risk = story.borrower.risk
        assert risk.is_excess_apart
        # Account: three days over the limit, amber by both figures: .45 x .4 and a little more.
        assert risk.families[1] >= 180_000

    def test_a_scar_counts_once_and_only_what_lies_before(self) -> None:
        story = Story(rulebook="default")
        story.loan(100_000)
        story.schedule(("2024-01-31", 5_000), ("2024-06-30", 5_000), ("2025-06-30", 90_000))
        story.close_through("2024-03-11")
        # 40 days late, all of it in the present arrears: R-04 is lit and scores nothing.
        assert story.figure("R-04") == 40
        assert story.borrower.signals.contribution[slot_of("R-04")] == 0
        assert story.borrower.signals.contribution[slot_of("R-13")] == 0
        story.on("2024-03-12").pays(5_000)
        # 40 days: g .5 + 10/30 x .5, of .30; one month late at the end of February: g 1/8 of .60.
        assert story.borrower.signals.contribution[slot_of("R-04")] == 200_000
        assert story.borrower.signals.contribution[slot_of("R-13")] == 75_000
        assert story.borrower.risk.score >= 200_000
        story.close_through("2024-07-10")
        # Ten days late again: the scar goes on as it was.
        assert story.figure("R-01") == 10
        assert story.borrower.signals.contribution[slot_of("R-04")] == 200_000


def test_without_facts_every_family_counts() -> None:
    rules = context("reference").rulebook.rules_for("SME")
    assert rules.facts == ()
    # The table's weights: .35 and .35, g .4 at one item.
    total, _ = judged(rules, ONE_FAILED_DEBIT)
    assert total == 260_400


@pytest.mark.parametrize(
    ("facts_", "fault"),
    [
        ([{"fact": "a", "indicators": ["R-99"]}], "R-99"),
        (
            [{"fact": "a", "indicators": ["R-08"]}, {"fact": "b", "indicators": ["R-08"]}],
            "one fact only",
        ),
    ],
)
def test_a_rulebook_names_each_indicator_once(facts_: object, fault: str) -> None:
    document = read_document("default") | {"facts": facts_}
    with pytest.raises(RulebookError, match=fault):
        compiled(document, origin="test")
