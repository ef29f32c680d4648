"""While a signal is lit its own base leaves out the time since it turned: by hand, on `default`.

And a mistake heals: what an event did to a base is undone with it.
"""

from collections.abc import Callable

import pytest

from services.scoring.domain.primitives.measurement import AMBER, GREEN
from tests.fakes.story import Story
from tests.histories.same import judged

Step = Callable[[Story, int], None]


def months(story: Story, first: int, last: int, *steps: Step) -> Story:
    """Live the months from January 2024 on by their numbers, the first is 1."""
    for number in range(first, last + 1):
        text = f"{2024 + (number - 1) // 12}-{(number - 1) % 12 + 1:02d}"
        story.on(f"{text}-05")
        for step in steps:
            step(story, number)
    return story


def a_firm() -> Story:
    return Story(start="2024-01-01", accounts="a-1", rulebook="default")


def gets(amount: float, party: str = "customer") -> Step:
    return lambda story, _: story.flow(amount, counterparty_id=party) and None


def pays(amount: float, category: str, party: str = "payee") -> Step:
    return lambda story, _: story.flow(-amount, category, counterparty_id=party) and None


class TestWhatLastsIsNotUsual:
    def test_a_lost_customer(self) -> None:
        main, others = gets(600, "main"), gets(600, "others")
        story = months(a_firm(), 1, 10, main, others)
        # From the thirteenth month on, the newest ten of the base have less and less of it.
        months(story, 11, 20, others)
        assert story.level("A-20") > AMBER
        assert story.figure("A-20", component=1) == 0.5

    def test_cash_taken_out(self) -> None:
        spends, takes = pays(900, "SUPPLIER_OUT"), pays(100, "CASH_OUT")
        story = months(a_firm(), 1, 12, gets(1_500), spends, takes)
        months(story, 13, 20, gets(1_500), pays(500, "SUPPLIER_OUT"), pays(500, "CASH_OUT"))
        # Half of the debits in place of the tenth of the year before it turned.
        assert story.level("A-11") > GREEN
        assert story.measure("A-11").baseline == 100_000

    def test_payments_to_other_lenders(self) -> None:
        pays_lender = pays(50, "DEBT_SERVICE_OTHER", "lender")
        story = months(a_firm(), 1, 12, gets(1_000), pays_lender)
        months(story, 13, 22, gets(1_000), pays(250, "DEBT_SERVICE_OTHER", "lender"))
        assert story.figure("A-18", component=1) == pytest.approx(0.2)


class TestMistakes:
    """Each story with a mistake and its reversal is the one without them."""

    def of_a_lost_customer(self, *, has_mistake: bool) -> Story:
        """Return a firm that lost half of its sales, credited with them by mistake once."""
        others = gets(600, "others")
        story = months(a_firm(), 1, 10, gets(600, "main"), others)
        months(story, 11, 19, others)
        mistaken = has_mistake and story.flow(5_000, counterparty_id="main")
        # From the end of July on the customer is back, until the receipt is taken back.
        assert (story.close_through("2025-08-04").level("A-20") == GREEN) == has_mistake
        months(story, 20, 20, others)
        if mistaken:
            story.flow(5_000, reverses=mistaken, counterparty_id="main", value="2025-07-05")
        return story.close_through("2025-08-31")

    def test_what_was_put_out_is_lit_by_the_base_that_it_turned_on(self) -> None:
        straight = self.of_a_lost_customer(has_mistake=False)
        mistaken = self.of_a_lost_customer(has_mistake=True)
        # The newest ten months have too little of the customer for a key one.
        assert straight.level("A-20") > GREEN
        assert judged(straight.borrower.signals) == judged(mistaken.borrower.signals)

    def with_cash(self, *, has_mistake: bool) -> Story:
        """Return a sound firm that takes out more cash in February, and a lot by mistake."""
        usual = (gets(1_500), pays(900, "SUPPLIER_OUT"))
        story = months(a_firm(), 1, 13, *usual, pays(100, "CASH_OUT"))
        months(story, 14, 14, *usual, pays(150, "CASH_OUT"))
        if has_mistake:
            mistaken = story.flow(-5_000, "CASH_OUT")
            assert story.level("A-11") > GREEN
            story.on("2025-02-20").flow(-5_000, "CASH_OUT", reverses=mistaken, value="2025-02-05")
        return story.close_through("2025-03-10")

    def test_what_was_lit_by_a_mistake_has_no_base(self) -> None:
        straight, mistaken = self.with_cash(has_mistake=False), self.with_cash(has_mistake=True)
        assert straight.level("A-11") == GREEN
        assert judged(straight.borrower.signals) == judged(mistaken.borrower.signals)
