"""How money leaves and who brings it (A-11, A-15, A-20) by hand-worked numbers, at their edges, and
where they cannot be formed."""

import pytest

from services.scoring.domain.primitives.measurement import AMBER, GREEN, NOT_APPLICABLE, RED, Reason
from tests.fakes.statements import statement
from tests.fakes.story import EVERYTHING_ON, Story


def year_with_cash(before: float, lately: float) -> Story:
    """Return 1,000 of debits on each 15th of 2023, of which so much cash until September and from
    October; all closed. The last 90 days begin on 3 October."""
    story = Story(start="2023-01-01", accounts="a-1")
    for month in range(1, 13):
        cash = lately if month > 9 else before
        story.on(f"2023-{month:02d}-15")
        if cash:
            story.flow(-cash, "CASH_OUT")
        story.flow(-(1_000 - cash), "SUPPLIER_OUT")
    return story.close_through("2023-12-31")


class TestCashShare:
    @pytest.mark.parametrize(
        ("before", "lately", "share", "times", "level"),
        [
            # Share of the year: (9 x before + 3 x lately) / 12,000.
            pytest.param(50, 199, 0.199, 199 * 12 / 1047, GREEN, id="19.9 per cent"),
            pytest.param(50, 200, 0.200, 200 * 12 / 1050, AMBER, id="20 per cent is amber"),
            pytest.param(50, 299, 0.299, 299 * 12 / 1347, AMBER, id="29.9 per cent is amber"),
            pytest.param(50, 300, 0.300, 300 * 12 / 1350, RED, id="30 per cent is red"),
            pytest.param(80, 240, 0.240, 2.0, AMBER, id="twice the own share is enough"),
            pytest.param(81, 240, 0.240, 240 * 12 / 1449, GREEN, id="less than twice is usual"),
            pytest.param(400, 400, 0.400, 1.0, GREEN, id="a shop that always worked in cash"),
        ],
    )
    def test_the_share_and_the_own_share_must_agree(
        self, before: float, lately: float, share: float, times: float, level: int
    ) -> None:
        story = year_with_cash(before, lately)
        assert story.figure("A-11", component=0) == pytest.approx(share)
        assert story.figure("A-11", component=1) == pytest.approx(times, abs=1e-6)
        assert story.level("A-11") == level

    def test_a_withdrawal_shows_at_once(self) -> None:
        story = year_with_cash(50, 50)
        assert story.level("A-11") == GREEN
        story.flow(-2_000, "SUPPLIER_OUT", channel=2)  # by the channel it is cash
        assert story.level("A-11") == RED

    def test_it_fades_as_the_withdrawals_leave_the_ninety_days(self) -> None:
        story = year_with_cash(0, 0)
        story.flow(-2_000, "CASH_OUT")
        story.close_through("2024-03-30")
        assert story.figure("A-11", component=0) == 1
        story.close()
        assert story.figure("A-11", component=0) == 0
        assert story.level("A-11") == GREEN

    def test_the_own_share_needs_six_full_months(self) -> None:
        story = Story(start="2023-01-01", accounts="a-1")
        story.flow(-100, "CASH_OUT")
        story.on("2023-06-15").flow(-100, "CASH_OUT")
        story.close()
        assert story.measure("A-11").reason == Reason.SHORT_HISTORY
        story.close_through("2023-06-30")
        assert story.figure("A-11") == 1

    def test_without_cash_there_is_nothing_to_measure_against(self) -> None:
        assert Story(accounts="a-1").figure("A-11") == 0
        assert Story().measure("A-11").status == NOT_APPLICABLE


def two_customers(share: float, now: float, *, months: int = 10) -> Story:
    """Return a customer that brought `share` of 1,000 a month and pays `now` in the last two."""
    story = Story(start="2023-01-01", accounts="a-1")
    for month in range(1, months + 3):
        story.on(f"2023-{month:02d}-15")
        key = share if month <= months else now
        if key:
            story.flow(key, counterparty_id="c-1")
        for number in range(10):  # the others: a tenth of the rest each
            story.flow((1_000 - share) / 10, counterparty_id=f"other-{number}")
    return story.on("2024-01-01") if months == 10 else story.on(f"2023-{months + 3:02d}-01")


class TestKeyCustomer:
    @pytest.mark.parametrize(
        ("share", "now", "loss", "level"),
        [
            pytest.param(400, 400, 0.0, GREEN, id="pays as always"),
            pytest.param(400, 84, 0.79, GREEN, id="79 per cent less is green"),
            pytest.param(200, 40, 0.80, AMBER, id="80 per cent less of a fifth is amber"),
            pytest.param(340, 0, 1.00, AMBER, id="34 per cent of the credits are amber"),
            pytest.param(350, 70, 0.80, RED, id="80 per cent less of 35 per cent is red"),
        ],
    )
    def test_what_a_key_customer_pays_less(
        self, share: float, now: float, loss: float, level: int
    ) -> None:
        story = two_customers(share, now)
        assert story.figure("A-20", component=0) == pytest.approx(loss)
        assert story.figure("A-20", component=1) == pytest.approx(share / 1_000)
        assert story.level("A-20") == level

    def test_a_customer_of_less_than_a_fifth_is_no_key_customer(self) -> None:
        story = two_customers(190, 0)
        assert story.figure("A-20", component=0) == 0
        assert story.figure("A-20", component=1) == pytest.approx(0.19)

    def test_four_months_before_the_last_two_are_enough(self) -> None:
        assert two_customers(400, 0, months=4).figure("A-20") == 1
        assert two_customers(400, 0, months=3).measure("A-20").reason == Reason.SHORT_HISTORY

    def test_credits_without_a_name_are_no_evidence_about_customers(self) -> None:
        story = Story(start="2023-01-01", accounts="a-1")
        for month in range(1, 8):
            story.on(f"2023-{month:02d}-15").flow(100)
        story.on("2023-08-01")
        assert story.measure("A-20").reason == Reason.NO_DATA

    def test_without_credits_there_is_no_customer(self) -> None:
        story = Story(start="2023-01-01", accounts="a-1").on("2023-08-01")
        assert story.measure("A-20").reason == Reason.ZERO_BASE
        assert Story().measure("A-20").status == NOT_APPLICABLE

    def test_money_from_a_related_party_is_no_operating_credit(self) -> None:
        story = Story(start="2023-01-01", accounts="a-1")
        related = 3
        story.flow(100, counterparty_type=related)
        assert not story.borrower.flows.operating_credits.days
        assert story.borrower.flows.related_net.cum == [-10_000]


def selling(routed: float, *, share: float | None = 0.5, **lines: int) -> Story:
    """Return 2,000,000 of sales in 2023, a loan of 300,000, and so much coming in over the year."""
    story = Story(start="2023-01-01", accounts="a-1", rulebook=EVERYTHING_ON)
    micro = None if share is None else int(share * 1_000_000)
    story.loan(300_000, routing_share_micro=micro)
    for month in range(1, 13):
        story.on(f"2023-{month:02d}-15").flow(routed / 12)
    story.borrower.statements = [statement("2023-12", revenue=2_000_000, **lines)]
    return story.close_through("2024-01-31")


class TestSalesRouting:
    @pytest.mark.parametrize(
        ("routed", "share", "level"),
        [
            pytest.param(720_000, 0.72, GREEN, id="72 per cent are green"),
            pytest.param(684_000, 0.684, AMBER, id="less than 70 is amber"),
            pytest.param(504_000, 0.504, AMBER, id="50 per cent are amber"),
            pytest.param(492_000, 0.492, RED, id="less than half is red"),
        ],
    )
    def test_credits_over_the_sales_that_the_contract_expects_here(
        self, routed: float, share: float, level: int
    ) -> None:
        # As of January 2024 the twelve months are February to January: eleven twelfths came.
        story = selling(routed * 12 / 11)
        assert story.figure("A-15") == pytest.approx(share)
        assert story.level("A-15") == level

    def test_without_an_agreement_the_share_of_the_debts_is_expected(self) -> None:
        debts = {"short_term_debt": 400_000, "long_term_debt": 800_000}
        story = selling(360_000 * 12 / 11, share=None, **debts)
        # 300,000 of 1,200,000 are owed here: a quarter of 2,000,000 is expected.
        assert story.figure("A-15") == pytest.approx(0.72)

    def test_a_statement_without_debts_leaves_the_expectation_open(self) -> None:
        assert selling(100, share=None).measure("A-15").reason == Reason.MISSING_LINE

    def test_who_owes_nothing_and_agreed_nothing_is_expected_nowhere(self) -> None:
        story = selling(100, share=None, short_term_debt=1, long_term_debt=1)
        story.pays(300_000)
        story.schedule(("2023-06-30", 300_000))
        assert story.measure("A-15").status == NOT_APPLICABLE

    def test_twelve_full_months_and_a_statement_are_needed(self) -> None:
        story = Story(start="2023-01-01", accounts="a-1").on("2023-12-31")
        story.borrower.statements = [statement("2022-12", revenue=100)]
        assert story.measure("A-15").reason == Reason.SHORT_HISTORY
        story.close()
        story.borrower.statements = []
        assert story.measure("A-15").reason == Reason.NO_STATEMENT

    def test_many_unknown_credits_make_it_unmeasurable(self) -> None:
        story = selling(1_200)
        story.flow(700, "UNKNOWN")
        story.on("2024-03-01")
        assert story.measure("A-15").reason == Reason.UNKNOWN_CATEGORIES

    def test_a_person_has_no_sales(self) -> None:
        assert Story(segment="RETAIL", accounts="a-1").measure("A-15").status == NOT_APPLICABLE
