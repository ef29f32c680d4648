"""Indicators of how an account was run before, by hand-worked numbers (A-24 to A-27)."""

import pytest

from services.scoring.domain.borrower.risk import slot_of
from services.scoring.domain.indicators.subjects import loans_by_instalment
from services.scoring.domain.primitives.measurement import AMBER, GREEN, NOT_APPLICABLE, RED, Reason
from tests.fakes.edges import borrower
from tests.fakes.story import Story, context
from tests.fakes.units import day, iso

MONTHLY = [(f"2024-{month:02d}-10", 1_000.0) for month in range(3, 13)]
CHARGE = "PENALTY_INTEREST"


def account(**balances: float) -> Story:
    """Return a borrower with 5,000 at each day's end from January 2024, but on these days."""
    story = borrower(accounts="a-1")
    for offset in range(75):
        on = iso(day("2024-01-01") + offset)
        story.balance(balances.get(on.replace("-", "_").removeprefix("2024_0"), 5_000))
        story.close()
    return story


def owing(story: Story, *dues: tuple[str, float], loan_id: str = "l-1") -> Story:
    story.loan(sum(amount for _, amount in dues), loan_id=loan_id)
    story.schedule(*dues, loan_id=loan_id)
    return story


class TestInstalmentCover:
    @pytest.mark.parametrize(
        ("lowest", "cover", "level"),
        [
            pytest.param(1_000, 1.00, GREEN, id="the instalment itself"),
            pytest.param(990, 0.99, AMBER, id="less than the instalment is amber"),
            pytest.param(500, 0.50, AMBER, id="half is amber"),
            pytest.param(490, 0.49, RED, id="less than half is red"),
            pytest.param(-40, 0.00, RED, id="a balance below zero is no money"),
        ],
    )
    def test_lowest_balance_over_the_next_instalment(
        self, lowest: float, cover: float, level: int
    ) -> None:
        story = owing(account(**{"2_20": lowest}), *MONTHLY)
        assert story.figure("A-24") == pytest.approx(cover)
        assert story.level("A-24") == level

    def test_the_instalments_of_all_loans_count(self) -> None:
        story = owing(account(**{"2_20": 1_500}), *MONTHLY)
        owing(story, ("2024-03-20", 2_000), ("2024-06-20", 2_000), loan_id="l-2")
        assert story.figure("A-24") == pytest.approx(0.5)
        subjects = loans_by_instalment(story.borrower, day("2024-03-15"), story.rules)
        assert [(each.id, each.minor, iso(each.since)) for each in subjects] == [
            ("l-2", 200_000, "2024-03-20"),
            ("l-1", 100_000, "2024-04-10"),
        ]

    def test_the_lowest_day_counts_for_sixty_days(self) -> None:
        story = owing(account(**{"2_20": 500}), *MONTHLY)
        story.on("2024-04-01").balance(5_000)
        story.close_through("2024-04-19")
        assert story.figure("A-24") == pytest.approx(0.5)
        story.close()
        assert story.figure("A-24") == pytest.approx(5)

    def test_what_may_be_drawn_is_money_as_well(self) -> None:
        story = owing(account(**{"2_20": -200}), *MONTHLY)
        story.line(300, 1_000)
        story.close()
        assert story.figure("A-24") == pytest.approx(0.7)

    def test_of_a_balloon_the_instalment_before_it_counts(self) -> None:
        story = owing(account(**{"2_20": 500}), ("2024-03-10", 1_000), ("2024-06-10", 9_000))
        assert story.figure("A-24") == pytest.approx(0.5)

    def test_a_loan_repaid_all_at_once_has_no_instalment(self) -> None:
        story = owing(account(), ("2024-12-10", 9_000))
        assert story.measure("A-24").status == NOT_APPLICABLE

    def test_a_loan_with_nothing_left_to_pay_has_none(self) -> None:
        story = owing(account(), *MONTHLY)
        story.pays(10_000)
        story.close()
        assert story.measure("A-24").status == NOT_APPLICABLE

    def test_fewer_than_sixty_days_are_too_few(self) -> None:
        story = owing(borrower(accounts="a-1"), *MONTHLY)
        story.balance(700)
        story.on("2024-02-01").balance(700)
        story.close_through("2024-02-28")
        assert story.measure("A-24").reason == Reason.SHORT_HISTORY
        story.close()
        assert story.figure("A-24") == pytest.approx(0.7)


class TestLowestBalance:
    def spending(self, lowest: float) -> Story:
        """Return 90 days of 100 spent a day and 5,000 left, but on one day."""
        story = borrower(accounts="a-1")
        for number in range(90):
            story.flow(-100, "SUPPLIER_OUT")
            story.balance(lowest if number == 10 else 5_000)
            story.close()
        return story

    @pytest.mark.parametrize(
        ("lowest", "days", "level"),
        [
            pytest.param(35, 0.35, GREEN, id="a third of a day"),
            pytest.param(34, 0.34, AMBER, id="less is amber"),
            pytest.param(15, 0.15, AMBER, id="a seventh of a day is amber"),
            pytest.param(14, 0.14, RED, id="less is red"),
            pytest.param(-90, 0.0, RED, id="an overdrawn account had none"),
        ],
    )
    def test_in_days_of_the_usual_outflow(self, lowest: float, days: float, level: int) -> None:
        story = self.spending(lowest)
        assert story.figure("A-25") == pytest.approx(days)
        assert story.level("A-25") == level

    def test_it_counts_for_180_days(self) -> None:
        story = self.spending(50)  # on 11 January; 90 days end on 30 March
        for month in range(4, 8):
            story.on(f"2024-{month:02d}-01").balance(5_000)
            story.flow(-1_000, "SUPPLIER_OUT")
        story.on("2024-07-08").balance(5_000)
        story.close()  # of 90 days: 3,000, so 50 last 1.5 days
        assert story.figure("A-25") == pytest.approx(1.5)
        story.close()
        assert story.figure("A-25") == pytest.approx(150)

    def test_who_spends_nothing_lasts_for_long(self) -> None:
        assert account().figure("A-25") == 3_650

    def test_fewer_than_sixty_days_are_too_few(self) -> None:
        story = borrower(accounts="a-1")
        story.balance(700)
        story.flow(-600, "RENT_OUT")
        story.on("2024-02-01").balance(700)
        story.close_through("2024-02-28")
        assert story.measure("A-25").reason == Reason.SHORT_HISTORY
        story.close()
        assert story.figure("A-25") == pytest.approx(70)  # 600 in 60 days


class TestInstalmentToIncome:
    def earning(self, *months: float, category: str = "SALARY_IN") -> Story:
        story = borrower(accounts="a-1")
        for number, amount in enumerate(months, start=1):
            story.on(f"2024-{number:02d}-15").flow(amount, category)
        return story.on(f"2024-{len(months) + 1:02d}-01")

    @pytest.mark.parametrize(
        ("instalment", "share", "level"),
        [
            pytest.param(890, 0.89, GREEN, id="89 per cent"),
            pytest.param(900, 0.90, AMBER, id="90 per cent are amber"),
            pytest.param(1_490, 1.49, AMBER, id="149 per cent are amber"),
            pytest.param(1_500, 1.50, RED, id="one and a half times is red"),
        ],
    )
    def test_a_months_instalment_over_the_median_month(
        self, instalment: float, share: float, level: int
    ) -> None:
        story = self.earning(1_000, 700, 1_600)
        owing(story, *[(due, instalment) for due, _ in MONTHLY])
        story.close()
        assert story.figure("A-26") == pytest.approx(share)
        assert story.level("A-26") == level

    @pytest.mark.parametrize(
        ("dues", "share"),
        [
            pytest.param(("2024-05-10", "2024-08-10", "2024-11-10"), 0.2, id="by the quarter"),
            pytest.param(("2024-04-05", "2024-04-12", "2024-04-19"), 30 / 7 * 0.6, id="by week"),
            pytest.param(("2024-04-05", "2024-06-05", "2024-08-05"), 0.3, id="every two months"),
        ],
    )
    def test_other_rhythms_are_taken_by_the_month(
        self, dues: tuple[str, ...], share: float
    ) -> None:
        story = owing(self.earning(1_000, 1_000, 1_000), *[(due, 600.0) for due in dues])
        assert story.figure("A-26") == pytest.approx(share, abs=1e-5)

    def test_a_payment_moves_no_instalment_but_the_last_one_ends_it(self) -> None:
        story = owing(self.earning(1_000, 1_000, 1_000), ("2024-04-10", 500), ("2024-05-10", 300))
        assert story.figure("A-26") == pytest.approx(0.5)
        story.close_through("2024-04-10")
        assert story.figure("A-26") == pytest.approx(0.3)
        story.pays(800)
        story.close()
        assert story.measure("A-26").status == NOT_APPLICABLE

    @pytest.mark.parametrize(
        ("months", "category", "reason"),
        [
            ((1_000, 1_000), "SALARY_IN", Reason.SHORT_HISTORY),
            ((1_000, 1_000, 1_000), "UNKNOWN", Reason.UNKNOWN_CATEGORIES),
            ((1_000, 1_000, 1_000), "OWN_TRANSFER", Reason.ZERO_BASE),
        ],
    )
    def test_gaps(self, months: tuple[float, ...], category: str, reason: Reason) -> None:
        story = owing(self.earning(*months, category=category), *MONTHLY)
        assert story.measure("A-26").reason == reason


class TestPenaltyInterest:
    @pytest.mark.parametrize(
        ("charges", "level"),
        [
            pytest.param(0, GREEN, id="none"),
            pytest.param(1, AMBER, id="one is amber"),
            pytest.param(2, RED, id="two are red"),
        ],
    )
    def test_days_with_a_charge(self, charges: int, level: int) -> None:
        story = account()
        for _ in range(charges):
            story.flow(-3, CHARGE)
            story.flow(-2, CHARGE)
            story.close()
        assert story.figure("A-27") == charges
        assert story.level("A-27") == level

    def test_interest_of_other_kinds_and_a_refund_are_none(self) -> None:
        story = account()
        story.flow(-3, "INTEREST")
        story.flow(3, CHARGE)
        assert story.figure("A-27") == 0

    def test_a_reversed_charge_never_was(self) -> None:
        story = account()
        charge = story.flow(-3, CHARGE)
        story.close()
        assert story.level("A-27") == AMBER
        story.flow(-3, CHARGE, value="2024-03-16", reverses=charge)
        assert story.figure("A-27") == 0
        assert story.level("A-27") == GREEN

    def test_it_counts_for_180_days_and_survives_pruning(self) -> None:
        story = account()
        story.flow(-3, CHARGE, value="2024-03-15")
        story.close_through("2024-09-10")
        assert story.figure("A-27") == 1
        story.close()
        assert story.figure("A-27") == 0
        assert story.borrower.signals.level[slot_of("A-27")] == GREEN

    def test_fewer_than_sixty_days_are_too_few(self) -> None:
        story = borrower(accounts="a-1")
        story.flow(-3, CHARGE)
        story.close_through("2024-02-28")
        assert story.measure("A-27").reason == Reason.SHORT_HISTORY
        story.close()
        assert story.figure("A-27") == 1


def test_a_melting_account_is_one_fact() -> None:
    rules = context("default").rulebook.rules_for("RETAIL")
    about_money = {slot_of(name) for name in ("A-19", "A-23", "A-24", "A-25", "A-27")}
    assert [slots for slots in rules.facts if about_money & set(slots)] == [
        slots for slots in rules.facts if about_money <= set(slots)
    ]
    assert slot_of("A-26") not in {slot for slots in rules.facts for slot in slots}


def test_the_catalogue_as_written_does_without_them() -> None:
    slots = {rule.slot for rule in context("reference").rulebook.rules_for("RETAIL").indicators}
    assert not slots & {slot_of(f"A-{number}") for number in range(24, 28)}
