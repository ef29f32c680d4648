"""Plans a month of a firm: receipts from customers; suppliers, staff, landlord and taxes to pay.

Written into a `Plan` at the start of each month with the conditions of each day. Payroll, rent and
utilities do not follow the sales; that is how a lost customer hurts. Invariant: under ordinary
conditions a year's receipts exceed a year's payments by the margin of the profile.
"""

from lab.simulator.accounts import CashFlow
from lab.simulator.plan import Earned, Plan
from lab.simulator.profile import Customer, SimulatedProfile
from lab.simulator.scenarios.conditions import Conditions

TICKETS_A_MONTH = {"MICRO": 5, "SME": 8, "CORPORATE": 10, "LARGE": 12}
PURCHASES_A_MONTH = {"MICRO": 4, "SME": 7, "CORPORATE": 9, "LARGE": 10}
NEW_LENDERS = 3


class Firm:
    """The operations of one firm."""

    def __init__(self, profile: SimulatedProfile, plan: Plan) -> None:
        self._profile = profile
        self._plan = plan
        self._first_month = 0
        self._trend = 1.0

    def write_month(self, month_index: int) -> None:
        """Plan one month, from today on."""
        self._first_month = self._first_month or month_index
        self._trend = 1.0 + 0.5 * (self._trend - 1.0) + self._plan.rng.gauss(0.0, 0.035)
        earned = self._plan.earned.setdefault(month_index, Earned())
        self._receive_from_customers(month_index, earned)
        self._receive_tickets(month_index, earned)
        self._buy(month_index, earned)
        self._pay_fixed_costs(month_index, earned)
        self._take_out(month_index, earned)
        self._service_new_debt(month_index, earned)

    def planned_sales(self, month_index: int) -> float:
        """Return the sales of a month as planned, season and growth included."""
        profile = self._profile
        years = (month_index - self._first_month) / 12
        grown = (1.0 + profile.growth_ratio) ** years
        factor: float = profile.season[month_index % 12] * grown * self._trend
        return profile.income_minor * factor

    def _sold_ratio(self, conditions: Conditions) -> float:
        if conditions.has_ceased:
            return 0.0
        return conditions.revenue_ratio * self._plan.confidence

    def _receive_from_customers(self, month_index: int, earned: Earned) -> None:
        sales = self.planned_sales(month_index)
        for index, customer in enumerate(self._profile.customers):
            agreed = self._plan.day_in(month_index, customer.pays_on)
            conditions = self._plan.script(agreed)
            bought = self._sold_ratio(conditions) * customer.share_ratio
            if index == 0:
                bought *= conditions.key_customer_ratio
            if bought <= 0.0 or agreed < self._plan.today:
                continue
            earned.revenue += sales * bought
            self._receive(customer, agreed + conditions.collection_delay_days, sales * bought)

    def _receive(self, customer: Customer, ordinal: int, amount: float) -> None:
        plan = self._plan
        late = plan.rng.choice((-1, 0, 0, 1, 2, 4))
        flow = CashFlow(
            plan.second(),
            plan.noisy(amount, 0.06),
            True,
            "CUSTOMER_RECEIPT",
            "TRANSFER",
            customer.party_id,
            "CUSTOMER",
        )
        plan.add(ordinal + late, flow)

    def _receive_tickets(self, month_index: int, earned: Earned) -> None:
        plan, profile = self._plan, self._profile
        share = 1.0 - sum(customer.share_ratio for customer in profile.customers)
        count = TICKETS_A_MONTH[profile.segment]
        amount = self.planned_sales(month_index) * share / count
        category, channel = (
            ("POS_SETTLEMENT", "POS")
            if (profile.industry_code or "").startswith(("G47", "I"))
            else ("SALES_RECEIPT", "TRANSFER")
        )
        for index in range(count):
            ordinal = plan.day_in(month_index, 1 + 30 * index // count)
            conditions = plan.script(ordinal)
            sold = amount * self._sold_ratio(conditions)
            if sold <= 0.0 or ordinal < plan.today:
                continue
            earned.revenue += sold
            party = f"{profile.borrower_id}-walk-in"
            flow = CashFlow(
                plan.second(), plan.noisy(sold, 0.15), True, category, channel, party, "CUSTOMER"
            )
            plan.add(ordinal + conditions.collection_delay_days // 2, flow)

    def _buy(self, month_index: int, earned: Earned) -> None:
        plan, profile = self._plan, self._profile
        count = PURCHASES_A_MONTH[profile.segment]
        amount = self.planned_sales(month_index) * profile.costs.supplier_ratio / count
        key_share = profile.customers[0].share_ratio
        for index in range(count):
            ordinal = plan.day_in(month_index, 2 + 28 * index // count)
            conditions = plan.script(ordinal)
            lost = key_share * (1.0 - conditions.key_customer_ratio)
            needed = amount * self._sold_ratio(conditions) * (1.0 - lost) * conditions.cost_ratio
            if needed <= 0.0 or ordinal < plan.today:
                continue
            earned.purchases += needed
            party = f"S{profile.no:05d}-{index % 4}"
            plan.add(
                ordinal,
                CashFlow(
                    plan.second(),
                    plan.noisy(needed, 0.1),
                    False,
                    "SUPPLIER_OUT",
                    "TRANSFER",
                    party,
                    "SUPPLIER",
                    can_wait=True,
                ),
            )

    def _pay_fixed_costs(self, month_index: int, earned: Earned) -> None:
        income, costs = self._profile.income_minor, self._profile.costs
        direct = "DIRECT_DEBIT"
        bills = (
            (1, costs.rent_ratio, "RENT_OUT", direct, "LANDLORD", "OTHER", "rent"),
            (10, costs.tax_ratio, "TAX_OUT", direct, "TAX-OFFICE", "TAX", "tax"),
            (15, costs.utility_ratio, "UTILITY_OUT", direct, "UTILITY", "SUPPLIER", "utility"),
            (26, costs.payroll_ratio, "PAYROLL_OUT", "TRANSFER", "STAFF", "EMPLOYEE", "payroll"),
            (27, costs.social_ratio, "SOCIAL_OUT", direct, "SOCIAL-FUND", "TAX", "social"),
        )
        for day_of_month, ratio, category, channel, party, party_type, cycle in bills:
            ordinal = self._plan.day_in(month_index, day_of_month)
            if ordinal < self._plan.today or self._plan.script(ordinal).has_ceased:
                continue
            amount = self._plan.noisy(income * ratio, 0.02)
            earned.fixed_costs += amount
            flow = CashFlow(
                self._plan.second(), amount, False, category, channel, party, party_type, cycle
            )
            self._plan.add(ordinal, flow._replace(can_wait=channel == "TRANSFER"))

    def _take_out(self, month_index: int, earned: Earned) -> None:
        """Money that leaves the firm for the owner's other purposes, or that the owner brings."""
        brought = self._plan.day_in(month_index, 16)
        ratio = self._plan.script(brought).capital_in_ratio
        if ratio > 0.0:
            amount = self._plan.noisy(self._profile.income_minor * ratio)
            owner = f"R{self._profile.no:05d}"
            self._plan.add(
                brought,
                CashFlow(10 * 3600, amount, True, "CAPITAL_IN", "TRANSFER", owner, "RELATED"),
            )
        for day_of_month, category, channel in (
            (7, "RELATED_OUT", "TRANSFER"),
            (19, "CASH_OUT", "CASH"),
            (22, "RELATED_OUT", "TRANSFER"),
        ):
            ordinal = self._plan.day_in(month_index, day_of_month)
            ratio = self._plan.script(ordinal).drain_ratio / 3
            if ratio <= 0.0:
                continue
            amount = self._plan.noisy(self._profile.income_minor * ratio, 0.2)
            earned.drained += amount
            party = f"R{self._profile.no:05d}"
            self._plan.add(
                ordinal,
                CashFlow(self._plan.second(), amount, False, category, channel, party, "RELATED"),
            )

    def _service_new_debt(self, month_index: int, earned: Earned) -> None:
        """Borrow elsewhere, invest it, and serve what was borrowed before."""
        plan, income = self._plan, self._profile.income_minor
        ordinal = plan.day_in(month_index, 12)
        ratio = plan.script(ordinal).new_debt_ratio
        grown = ratio - plan.script(ordinal - 30).new_debt_ratio
        lender = f"LENDER-{month_index % NEW_LENDERS}"
        if grown > 0.001:
            amount = plan.noisy(income * grown * 8)
            earned.new_debt += amount
            plan.add(
                ordinal,
                CashFlow(9 * 3600, amount, True, "LOAN_IN_OTHER", "TRANSFER", lender, "LENDER"),
            )
            plan.add(
                ordinal,
                CashFlow(11 * 3600, amount, False, "SUPPLIER_OUT", "TRANSFER", "PLANT", "SUPPLIER"),
            )
        if ratio > 0.0:
            plan.add(
                ordinal + 6,
                CashFlow(
                    plan.second(),
                    plan.noisy(income * ratio, 0.03),
                    False,
                    "DEBT_SERVICE_OTHER",
                    "DIRECT_DEBIT",
                    lender,
                    "LENDER",
                ),
            )
