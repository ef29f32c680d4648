"""Random lives of a borrower, for the property tests of the fold."""

from dataclasses import replace
from functools import cache

from hypothesis import strategies as st

from services.scoring.domain.primitives.vocabulary import CARD
from tests.fakes.story import EVERYTHING_ON, Story
from tests.fakes.units import day, iso
from tests.property.scoring import file_steps

START = "2023-08-01"
GROWN_DAYS = 430
CATEGORIES = (
    "CUSTOMER_RECEIPT",
    "SALARY_IN",
    "UNKNOWN",
    "OWN_TRANSFER",
    "RELATED_IN",
    "LOAN_IN_OTHER",
    "CAPITAL_IN",
)
DEBIT_CATEGORIES = (
    "SUPPLIER_OUT",
    "PAYROLL_OUT",
    "CASH_OUT",
    "RELATED_OUT",
    "OWN_TRANSFER",
    "FEE",
    "TAX_OUT",
    "DEBT_SERVICE_OTHER",
    "SECURITIES_OUT",
    "PENALTY_INTEREST",
)

amounts = st.integers(min_value=1, max_value=3_000)
# How many days before today a thing took effect: mostly today, sometimes late.
lateness = st.sampled_from((0, 0, 0, 1, 2, 5, 20, 45, 100))

steps = st.one_of(
    st.tuples(st.just("close"), st.sampled_from((1, 1, 1, 2, 5, 31)), lateness),
    st.tuples(st.just("pays"), amounts, lateness),
    st.tuples(st.just("reverses"), st.integers(min_value=0, max_value=5), lateness),
    st.tuples(st.just("credit"), amounts, lateness),
    st.tuples(st.just("debit"), amounts, lateness),
    st.tuples(st.just("takes_back"), st.integers(min_value=0, max_value=5), lateness),
    st.tuples(st.just("balance"), st.integers(min_value=-2_000, max_value=9_000), lateness),
    st.tuples(st.just("line"), amounts, lateness),
    st.tuples(st.just("fails"), amounts, lateness),
    st.tuples(st.just("returned"), amounts, lateness),
    st.tuples(st.just("draws"), amounts, lateness),
    st.tuples(st.just("promises"), amounts, lateness),
    st.tuples(st.just("helped"), amounts, lateness),
    st.tuples(st.just("blocks"), amounts, lateness),
    st.tuples(st.just("declares"), amounts, lateness),
    st.tuples(st.just("foretells"), amounts, lateness),
    st.tuples(st.just("reschedule"), st.integers(min_value=1, max_value=60), lateness),
    st.tuples(st.just("file"), st.integers(min_value=0, max_value=9_999), lateness),
)
histories = st.lists(steps, min_size=1, max_size=40)


# A firm's figures in whole units; the year after, everything is a tenth larger.
FIGURES = {
    "revenue": 120_000,
    "cogs": 70_000,
    "gross_profit": 50_000,
    "sga": 20_000,
    "depreciation_amortisation": 4_000,
    "ebit": 9_000,
    "interest_expense": 2_000,
    "profit_before_tax": 7_000,
    "tax_expense": 1_500,
    "net_income": 5_500,
    "cash": 6_000,
    "receivables": 15_000,
    "inventory": 11_000,
    "other_current_assets": 1_000,
    "current_assets": 33_000,
    "ppe_net": 40_000,
    "total_assets": 75_000,
    "payables": 9_000,
    "short_term_debt": 8_000,
    "current_liabilities": 20_000,
    "long_term_debt": 22_000,
    "total_liabilities": 45_000,
    "retained_earnings": 12_000,
    "equity": 30_000,
    "cfo": 7_000,
    "capex": 3_000,
    "debt_raised": 2_000,
    "debt_repaid": 1_000,
    "equity_raised": 0,
    "cash_tax_paid": 1_200,
    "contingent_liabilities": 500,
    "guarantees_given": 2_000,
    "shares_outstanding": 1_000,
}


def _one_day(story: Story, number: int) -> None:
    """Add what happens on the n-th day of the years before."""
    if number % 30 == 14:
        story.pays(1_000)
    story.flow(300 + number % 11, "CUSTOMER_RECEIPT", counterparty_id=f"c-{number % 3}")
    story.flow(-280, DEBIT_CATEGORIES[number % 6])
    if number % 30 == 25:
        story.flow(-900, "PAYROLL_OUT")
        story.flow(-200, "UTILITY_OUT")
    if number % 30 == 12:
        story.flow(-150, "DEBT_SERVICE_OTHER", counterparty_id="bank-x")
    if number % 4:
        story.balance(4_000 + 37 * (number * 7 % 29))
    if number % 6 == 0:
        story.balance(500 + number, account="a-2")
    story.line(900 + 61 * (number % 13), 2_000, interest=1)
    if number % 7 == 0:
        story.card(300 + number % 50, 1_000, months_late=number // 7 % 2)


@cache
def grown_up() -> Story:
    """Return a borrower with fourteen months behind it, so that every indicator can be measured."""
    profile = {"accounts": "a-1 a-2", "industry": "94.1", "rulebook": EVERYTHING_ON}
    story = Story(segment="MICRO", start=START, **profile)
    story.apply(
        replace(
            story.log[0],
            id="again",
            origination_pd_micro=20_000,
            current_pd_micro=30_000,
        )
    )
    story.loan(20_000, review_due_day=day("2024-12-31"))
    dues = [f"{2023 + month // 12}-{month % 12 + 1:02d}-15" for month in range(7, 24)]
    story.schedule(*[(due, 950.0, 50.0) for due in dues])
    story.loan(3_000, loan_id="l-2")
    story.schedule(("2024-11-20", 3_000.0), loan_id="l-2")
    story.loan(0, loan_id="card", loan_type=CARD)
    story.files("2022-12", **FIGURES)
    story.forecast("revenue", 140_000, ends="2023-12-31")
    for number in range(GROWN_DAYS):
        if number == 250:
            later = {name: figure * 11 // 10 for name, figure in FIGURES.items()}
            story.files("2023-12", **later | {"profit_before_tax": -1})
        if number == GROWN_DAYS - 30:
            story.draws(5_000)
            story.collateral(9_000, insured_until=story.today + 90)
            story.guarantor("g-1", 4_000)
            story.link("m-1")
            story.related_state("g-1", "ATTENTION")
            story.related_state("m-1", "NORMAL")
            story.covenant(1.5, 1.2)
            story.inspection()
            story.report("ARREARS", 5, 100)
        _one_day(story, number)
        story.close()
    return story


class Life:
    """Takes random steps of a story, remembering what can be taken back."""

    def __init__(self) -> None:
        """Begin with a borrower who has accounts, a line and a loan of monthly instalments."""
        self.story: Story = grown_up().fork()
        self.payments: list[tuple[str, int]] = []
        self.flows: list[tuple[str, float, str, str]] = []
        self.versions = 1

    def live(self, step: tuple[str, int, int]) -> None:
        """Take one step."""
        kind, number, late = step
        value = iso(self.story.today - late)
        getattr(self, f"_{kind}")(number, value)

    def _close(self, days: int, value: str) -> None:
        for _ in range(days):
            self.story.close()

    def _pays(self, amount: int, value: str) -> None:
        self.payments.append((self.story.pays(amount, value), amount))

    def _reverses(self, which: int, value: str) -> None:
        if self.payments:
            payment, amount = self.payments.pop(which % len(self.payments))
            self.story.reverses(payment, amount if which % 2 else max(1, amount // 2))

    def _credit(self, amount: int, value: str) -> None:
        self._flow(amount, CATEGORIES[amount % len(CATEGORIES)], value)

    def _debit(self, amount: int, value: str) -> None:
        self._flow(-amount, DEBIT_CATEGORIES[amount % len(DEBIT_CATEGORIES)], value)

    def _flow(self, amount: float, category: str, value: str) -> None:
        flow_id = self.story.flow(amount, category, value, counterparty_id=f"c-{amount % 20}")
        self.flows.append((flow_id, amount, category, value))

    def _takes_back(self, which: int, value: str) -> None:
        if self.flows:
            flow_id, amount, category, day = self.flows.pop(which % len(self.flows))
            payer = f"c-{amount % 20}"
            self.story.flow(amount, category, day, reverses=flow_id, counterparty_id=payer)

    def _balance(self, amount: int, value: str) -> None:
        self.story.balance(amount, value, account="a-1" if amount % 3 else "a-2")

    def _line(self, amount: int, value: str) -> None:
        limit, power = 2_000 - 500 * (amount % 3), None if amount % 2 else 1_200
        self.story.line(amount, limit, on=value, interest=amount % 7, power=power)

    def _fails(self, amount: int, value: str) -> None:
        self.story.fails(amount)

    def _returned(self, amount: int, value: str) -> None:
        self.story.returned(amount, outgoing=bool(amount % 2))

    def _file(self, number: int, value: str) -> None:
        file_steps.take(self.story, number, value)

    def _draws(self, amount: int, value: str) -> None:
        self.story.draws(amount, payee="a-1" if amount % 4 else "c-4", value=value)

    def _promises(self, amount: int, value: str) -> None:
        self.story.promises(amount, by=iso(self.story.today + amount % 9))

    def _helped(self, amount: int, value: str) -> None:
        self.payments.append((self.story.third_party_pays(amount), amount))

    def _blocks(self, amount: int, value: str) -> None:
        kinds = ("SEIZURE", "RELEASED", "CUSTOMER")
        self.story.blocks(kinds[amount % 3], "a-1" if amount % 2 else "a-2", on=value)

    def _declares(self, amount: int, value: str) -> None:
        self.story.declares_related(f"c-{amount % 5}", "c-4")

    def _foretells(self, amount: int, value: str) -> None:
        self.story.forecast("revenue", amount, ends="2024-12-31")

    def _reschedule(self, shift: int, value: str) -> None:
        self.versions += 1
        rows = [(iso(self.story.today + shift + 30 * k), 1_000.0) for k in range(6)]
        self.story.reschedule(*rows, version=self.versions, effective=value)


def lived(steps_taken: list[tuple[str, int, int]]) -> Life:
    """Return a life after these steps and one more close."""
    life = Life()
    for step in steps_taken:
        life.live(step)
    life.story.close()
    return life
