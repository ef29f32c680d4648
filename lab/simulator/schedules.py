"""Repayment schedules: annuity, linear, bullet and interest only, in minor units.

Invariants: the principal parts of a schedule add up to the principal; every due date is a business
day; no part is negative.
"""

from dataclasses import dataclass
from random import Random

from lab.simulator.days import Calendar, Day, month_start
from lab.simulator.profile import SimulatedProfile


@dataclass(slots=True)
class Instalment:
    """One due date and what is still open of it."""

    no: int
    due: int
    principal: int
    interest: int
    open_principal: int = 0
    open_interest: int = 0
    attempts: int = 0
    next_try: int = 0
    is_excused: bool = False
    """The delay is the bank's mistake or a mislaid mandate, not a lack of money."""

    @property
    def open_minor(self) -> int:
        """Return what is still to be paid."""
        return self.open_principal + self.open_interest

    @property
    def tolerance_minor(self) -> int:
        """Return the remainder that no bank chases: one unit, or a thousandth."""
        return max(100, (self.principal + self.interest) // 1000)


@dataclass(slots=True)
class Terms:
    """A loan as it was agreed."""

    loan_id: str
    repayment_type: str
    principal: int
    rate: float
    start: int
    instalments: list[Instalment]

    @property
    def maturity(self) -> int:
        """Return the ordinal of the last due date."""
        return self.instalments[-1].due


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When instalments fall due."""

    count: int
    months_apart: int
    day_of_month: int
    rate: float

    @property
    def period_rate(self) -> float:
        """Return the interest of one period, as a share."""
        return self.rate * self.months_apart / 12


def draw_terms(
    rng: Random, *, profile: SimulatedProfile, day: Day, calendar: Calendar
) -> list[Terms]:
    """Draw the loans of a borrower; together they cost its debt service each month."""
    kinds = _kinds(rng, profile.segment)
    budget = profile.income_minor * profile.debt_service_ratio / len(kinds)
    return [
        _draw_one(
            rng, kind=kind, budget=budget, loan_id=f"{profile.borrower_id}-L{index + 1}", day=day
        )(calendar)
        for index, kind in enumerate(kinds)
    ]


class _Draft:
    """A loan whose due dates wait for the calendar."""

    def __init__(self, *, kind: str, budget: float, loan_id: str, day: Day, rhythm: Rhythm) -> None:
        self.kind = kind
        self.budget = budget
        self.loan_id = loan_id
        self.day = day
        self.rhythm = rhythm

    def __call__(self, calendar: Calendar) -> Terms:
        principal, parts = _PARTS[self.kind](self.budget, self.rhythm)
        first = self.day.month_index + 1
        instalments = [
            Instalment(
                no=index + 1,
                due=calendar.business_day(
                    month_start(first + index * self.rhythm.months_apart).toordinal()
                    + self.rhythm.day_of_month
                    - 1
                ),
                principal=part,
                interest=interest,
                open_principal=part,
                open_interest=interest,
            )
            for index, (part, interest) in enumerate(parts)
        ]
        start = self.day.ordinal
        return Terms(self.loan_id, self.kind, principal, self.rhythm.rate, start, instalments)


def _draw_one(rng: Random, *, kind: str, budget: float, loan_id: str, day: Day) -> _Draft:
    months = rng.randint(26, 72)
    apart = 3 if kind in ("BULLET", "LINEAR") else 1
    rhythm = Rhythm(
        count=max(2, months // apart),
        months_apart=apart,
        day_of_month=rng.choice((1, 5, 10, 15, 20)),
        rate=round(rng.uniform(0.035, 0.085), 4),
    )
    return _Draft(kind=kind, budget=budget * apart, loan_id=loan_id, day=day, rhythm=rhythm)


def _kinds(rng: Random, segment: str) -> list[str]:
    if segment in ("RETAIL", "MICRO"):
        return ["ANNUITY"] * (2 if rng.random() < 0.15 else 1)
    if segment == "SME":
        return ["ANNUITY", *rng.choice(([], [], ["INTEREST_ONLY"], ["LINEAR"]))]
    return ["ANNUITY", rng.choice(("LINEAR", "BULLET"))]


def _annuity(budget: float, rhythm: Rhythm) -> tuple[int, list[tuple[int, int]]]:
    rate = rhythm.period_rate
    principal = int(budget * (1.0 - (1.0 + rate) ** -rhythm.count) / rate)
    payment, left, parts = int(budget), principal, []
    for index in range(rhythm.count):
        interest = int(left * rate)
        part = left if index == rhythm.count - 1 else min(left, payment - interest)
        parts.append((part, interest))
        left -= part
    return principal, parts


def _linear(budget: float, rhythm: Rhythm) -> tuple[int, list[tuple[int, int]]]:
    part = int(budget / (1.0 + rhythm.period_rate * rhythm.count / 2))
    principal = part * rhythm.count
    return principal, [
        (part, int((principal - part * index) * rhythm.period_rate))
        for index in range(rhythm.count)
    ]


def _interest_first(budget: float, rhythm: Rhythm) -> tuple[int, list[tuple[int, int]]]:
    # Half the budget, so that such a loan stays of a size that its final payment can be refinanced.
    interest = int(budget / 2)
    principal = int(interest / rhythm.period_rate)
    return principal, [
        (principal if index == rhythm.count - 1 else 0, interest) for index in range(rhythm.count)
    ]


_PARTS = {
    "ANNUITY": _annuity,
    "LINEAR": _linear,
    "BULLET": _interest_first,
    "INTEREST_ONLY": _interest_first,
}
