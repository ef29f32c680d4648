"""Plans a month of a household: pay comes in, rent and bills go out, the rest is spent or saved.

People spend less when the account runs low, so one short month does not become a crisis. Invariant:
under ordinary conditions the pay covers rent, bills, living costs and instalments.
"""

from lab.simulator.accounts import CashFlow
from lab.simulator.plan import Earned, Plan
from lab.simulator.profile import SimulatedProfile

BENEFIT_RATIO = 0.35
"""Unemployment benefit as a share of the pay, from the month after the job was lost."""
SHOPPING_DAYS = (2, 8, 14, 20, 26)
CASH_DAYS = (5, 18)


class Household:
    """The operations of one household."""

    def __init__(self, profile: SimulatedProfile, plan: Plan) -> None:
        self._profile = profile
        self._plan = plan
        self._pay_day = plan.rng.randint(24, 28)

    def write_month(self, month_index: int) -> None:
        """Plan one month, from today on."""
        self._plan.earned.setdefault(month_index, Earned())
        self._receive_pay(month_index)
        self._pay_bills(month_index)
        self._spend(month_index)
        self._gamble(month_index)

    def _receive_pay(self, month_index: int) -> None:
        plan, profile = self._plan, self._profile
        ordinal = plan.day_in(month_index, self._pay_day)
        conditions = plan.script(ordinal)
        if conditions.has_ceased or ordinal < plan.today:
            return
        amount = profile.income_minor * conditions.revenue_ratio
        party = f"E{profile.no:05d}"
        if conditions.key_customer_ratio == 0.0:
            had_job = plan.script(ordinal - 31).key_customer_ratio > 0.0
            if had_job:
                return
            amount, party = profile.income_minor * BENEFIT_RATIO, "EMPLOYMENT-OFFICE"
        if month_index % 12 == 10 and conditions.key_customer_ratio > 0.0:
            amount *= 1.5
        flow = CashFlow(
            9 * 3600,
            plan.noisy(amount, 0.015),
            True,
            "SALARY_IN",
            "TRANSFER",
            party,
            "OTHER",
            "salary",
        )
        plan.add(ordinal, flow)

    def _pay_bills(self, month_index: int) -> None:
        plan, costs, income = self._plan, self._profile.costs, self._profile.income_minor
        bills = (
            (1, costs.rent_ratio, "RENT_OUT", "TRANSFER", "LANDLORD", "rent"),
            (4, costs.utility_ratio, "UTILITY_OUT", "DIRECT_DEBIT", "UTILITY", "utility"),
            (9, costs.social_ratio, "FEE", "DIRECT_DEBIT", "INSURER", "insurance"),
        )
        for day_of_month, ratio, category, channel, party, cycle in bills:
            ordinal = plan.day_in(month_index, day_of_month)
            if ordinal < plan.today or plan.script(ordinal).has_ceased:
                continue
            amount = plan.noisy(income * ratio, 0.02)
            flow = CashFlow(plan.second(), amount, False, category, channel, party, "OTHER", cycle)
            plan.add(ordinal, flow._replace(can_wait=channel == "TRANSFER"))

    def _spend(self, month_index: int) -> None:
        plan, profile = self._plan, self._profile
        income, ratio = profile.income_minor, profile.costs.supplier_ratio
        shop = f"SHOP-{profile.no % 50}"
        for days, share, category, channel in (
            (SHOPPING_DAYS, 0.7, "SUPPLIER_OUT", "CARD"),
            (CASH_DAYS, 0.3, "CASH_OUT", "CASH"),
        ):
            for day_of_month in days:
                ordinal = plan.day_in(month_index, day_of_month)
                conditions = plan.script(ordinal)
                if ordinal < plan.today or conditions.has_ceased:
                    continue
                thrift = 0.85 if conditions.key_customer_ratio == 0.0 else 1.0
                spent = income * ratio * thrift * share / len(days)
                flow = CashFlow(
                    plan.second(), plan.noisy(spent, 0.2), False, category, channel, shop, "OTHER"
                )
                plan.add(ordinal, flow)

    def _gamble(self, month_index: int) -> None:
        """Spend what a drained household spends: soon after pay day, before the bills come."""
        for day_of_month in (self._pay_day + 1, 2, 11):
            ordinal = self._plan.day_in(month_index, day_of_month)
            ratio = self._plan.script(ordinal).drain_ratio / 3
            if ratio <= 0.0:
                continue
            amount = self._plan.noisy(self._profile.income_minor * ratio, 0.2)
            self._plan.add(
                ordinal,
                CashFlow(
                    self._plan.second(),
                    amount,
                    False,
                    "GAMBLING_OUT",
                    "CARD",
                    "WHEEL-OF-FORTUNE",
                    "GAMBLING",
                ),
            )
