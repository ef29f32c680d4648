"""Draws a borrower's profile: segment, industry, size, season, customers, costs, buffers.

Drawn once per borrower from its own random numbers. The figures follow usual orders of size (cost
shares of revenue, days of cash), not any indicator's threshold. Invariant: a healthy profile earns
more than it spends over a year, debt service included.
"""

from dataclasses import dataclass
from random import Random

SEGMENT_SHARES = (
    ("RETAIL", 0.44),
    ("MICRO", 0.20),
    ("SME", 0.25),
    ("CORPORATE", 0.08),
    ("LARGE", 0.03),
)
# Monthly revenue, or net pay, in whole currency units: lowest and highest of a log-uniform draw.
MONTHLY_INCOME = {
    "RETAIL": (1_900, 6_500),
    "MICRO": (12_000, 55_000),
    "SME": (90_000, 900_000),
    "CORPORATE": (1_500_000, 8_000_000),
    "LARGE": (15_000_000, 70_000_000),
}
BUSINESS_TO_BUSINESS = ("C25.6", "C28.2", "C10.7", "C22.2", "F41.2", "H49.4", "J62.0", "M71.1")
CONSUMER_FACING = ("G47.1", "G47.7", "I56.1", "S96.0")
SEASONAL = ("I55.1", "A01.1", "R93.2", "F43.9")
FLAT = (1.0,) * 12
# Twelve factors around 1 for the months of the year; the mean of each row is 1.
CHRISTMAS = (0.86, 0.86, 0.95, 0.98, 1.0, 0.99, 0.97, 0.93, 0.99, 1.04, 1.15, 1.28)
SUMMER = (0.55, 0.57, 0.75, 0.92, 1.15, 1.4, 1.6, 1.55, 1.25, 0.95, 0.68, 0.63)
BUILDING = (0.62, 0.68, 0.92, 1.08, 1.14, 1.18, 1.16, 1.1, 1.14, 1.12, 1.02, 0.84)


@dataclass(frozen=True, slots=True)
class Customer:
    """A named payer and its share of the sales."""

    party_id: str
    share_ratio: float
    pays_on: int
    """Day of the month, before weekends are taken out."""


@dataclass(frozen=True, slots=True)
class Costs:
    """The costs of the business or household, as shares of the planned income."""

    supplier_ratio: float
    payroll_ratio: float
    social_ratio: float
    tax_ratio: float
    rent_ratio: float
    utility_ratio: float

    @property
    def fixed_ratio(self) -> float:
        """Return the share that does not follow the sales."""
        return self.payroll_ratio + self.social_ratio + self.rent_ratio + self.utility_ratio


@dataclass(frozen=True, slots=True)
class SimulatedProfile:
    """One borrower of the portfolio."""

    no: int
    borrower_id: str
    segment: str
    industry_code: str | None
    legal_form: str
    currency: str
    officer_id: str
    branch_id: str
    rating: str
    origination_pd: str
    customer_since_years: int
    income_minor: int
    """Planned monthly revenue or net pay."""
    season: tuple[float, ...]
    growth_ratio: float
    customers: tuple[Customer, ...]
    costs: Costs
    debt_service_ratio: float
    buffer_days: int
    """Days of spending that are normally in the account."""
    reserve_months: float
    """Savings elsewhere, in months of income."""
    line_months: float
    """Limit of the revolving line in months of income; 0 without a line."""

    @property
    def is_person(self) -> bool:
        """Return whether this is a household and not a firm."""
        return self.segment == "RETAIL"


def draw(rng: Random, *, no: int, segment: str, scenario: str) -> SimulatedProfile:
    """Draw one borrower.

    A story only chooses who it can happen to: who loses the main customer had one, who fails was
    thinly capitalised as those who fail are, and who dips in winter is in a seasonal trade.
    """
    is_person = segment == "RETAIL"
    industry, season = (None, FLAT) if is_person else _industry(rng, scenario=scenario)
    low, high = MONTHLY_INCOME[segment]
    income_minor = int(low * (high / low) ** rng.random()) * 100
    is_fragile = scenario in FRAGILE
    branch = rng.randint(1, 4)
    grade = min(9, max(1, round(rng.gauss(4.0 + is_fragile, 1.3))))
    has_line = segment in ("SME", "CORPORATE", "LARGE") and (
        scenario == "line_overuse" or rng.random() < 0.65
    )
    return SimulatedProfile(
        no=no,
        borrower_id=f"B{no:05d}",
        segment=segment,
        industry_code=industry,
        legal_form="PERSON" if is_person else rng.choice(("GMBH", "AG", "KG", "SARL", "BV")),
        currency=_currency(rng),
        officer_id=f"officer-{branch}{rng.randint(1, 3)}",
        branch_id=f"branch-{branch}",
        rating=str(grade),
        origination_pd=f"{0.002 * 1.6**grade:.4f}",
        customer_since_years=rng.randint(1, 18),
        income_minor=income_minor,
        season=season,
        growth_ratio=rng.gauss(0.02, 0.03),
        customers=() if is_person else _customers(rng, no=no, scenario=scenario),
        costs=_household(rng) if is_person else _firm(rng),
        debt_service_ratio=rng.uniform(0.08, 0.2) if is_person else rng.uniform(0.03, 0.055),
        buffer_days=_buffer_days(rng, is_person=is_person, is_fragile=is_fragile),
        reserve_months=rng.uniform(0.02, 0.12) if is_fragile else rng.triangular(0.7, 4.0, 1.5),
        line_months=rng.uniform(0.2, 0.5) if has_line else 0.0,
    )


FRAGILE = frozenset(
    (
        "lost_main_customer",
        "margin_squeeze",
        "slow_drain",
        "line_overuse",
        "statement_withheld",
        "cash_flow_crunch",
        "over_leverage",
        "recovery",
        "just_begun",
    )
)


def _buffer_days(rng: Random, *, is_person: bool, is_fragile: bool) -> int:
    """Draw how many days of spending are in the account; people are paid once a month only."""
    if is_person:
        return rng.randint(30, 50) if is_fragile else int(rng.triangular(45, 150, 75))
    return rng.randint(16, 27) if is_fragile else int(rng.triangular(22, 75, 38))


def _currency(rng: Random) -> str:
    return "EUR" if rng.random() < 0.96 else rng.choice(("CHF", "GBP"))


def _industry(rng: Random, *, scenario: str) -> tuple[str, tuple[float, ...]]:
    if scenario == "seasonal_dip":
        code = rng.choice(SEASONAL)
    elif scenario == "lost_main_customer" or rng.random() < 0.62:
        code = rng.choice(BUSINESS_TO_BUSINESS)
    else:
        code = rng.choice(CONSUMER_FACING)
    if code in SEASONAL:
        return code, BUILDING if code.startswith("F") else SUMMER
    if code.startswith("G47"):
        return code, CHRISTMAS
    wobble = [1.0 + rng.uniform(-0.06, 0.06) for _ in range(12)]
    return code, tuple(value * 12 / sum(wobble) for value in wobble)


def _customers(rng: Random, *, no: int, scenario: str) -> tuple[Customer, ...]:
    """Draw the named payers: one larger than the others, the rest of the sales in small tickets."""
    key = rng.uniform(0.5, 0.62) if scenario == "lost_main_customer" else rng.uniform(0.1, 0.28)
    others = rng.randint(3, 6)
    rest = rng.uniform(0.55, 0.8) * (1.0 - key)
    weights = [rng.uniform(0.5, 1.5) for _ in range(others)]
    shares = [key, *(rest * weight / sum(weights) for weight in weights)]
    return tuple(
        Customer(party_id=f"C{no:05d}-{index}", share_ratio=share, pays_on=rng.randint(2, 26))
        for index, share in enumerate(shares)
    )


def _firm(rng: Random) -> Costs:
    payroll = rng.uniform(0.14, 0.22)
    rent = rng.uniform(0.02, 0.04)
    utility = rng.uniform(0.008, 0.02)
    tax = rng.uniform(0.02, 0.035)
    margin = max(0.09, rng.gauss(0.125, 0.03))
    social = payroll * 0.22
    supplier = 1.0 - margin - payroll - social - rent - utility - tax
    return Costs(supplier, payroll, social, tax, rent, utility)


def _household(rng: Random) -> Costs:
    rent = rng.uniform(0.22, 0.34)
    return Costs(
        supplier_ratio=rng.uniform(0.28, 0.36),
        payroll_ratio=0.0,
        social_ratio=rng.uniform(0.03, 0.05),
        tax_ratio=0.0,
        rent_ratio=rent,
        utility_ratio=rng.uniform(0.04, 0.06),
    )
