"""Simulates the portfolio: each borrower with its story, and all their days in one order.

All borrowers take each day before any takes the next, so the run streams in booking order with one
day in memory. Invariants: the same settings give the same events, for any hash seed; the random
numbers of a borrower depend on the seed and on its number alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from random import Random

from lab.simulator import announcements, profile
from lab.simulator.booking_faults import EVERYDAY, BookingFaults
from lab.simulator.borrower import SimulatedBorrower
from lab.simulator.days import Calendar, Day
from lab.simulator.events import SimulatedEvent
from lab.simulator.scenarios.catalogue import CATALOGUE
from services.scoring.domain.portfolio.outcomes import BorrowerOutcome


@dataclass(frozen=True, slots=True)
class Setup:
    """The settings of a run."""

    seed: int = 7
    borrowers: int = 80
    days: int = 540
    start: date = date(2024, 1, 1)
    faults: BookingFaults = EVERYDAY
    credit_files: bool = False
    """Also simulate each borrower's credit file, and the bank's announcements."""

    def __post_init__(self) -> None:
        if self.borrowers < 1:
            raise ValueError(f"borrowers is {self.borrowers}: at least 1 is needed")
        if self.days < 1:
            raise ValueError(f"days is {self.days}: at least 1 is needed")


class Portfolio:
    """A labelled portfolio that can be simulated once."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.calendar = Calendar(setup.start, setup.days)
        assigned = assign_scenarios(setup)
        self.borrowers = [
            self._borrower(no, segment, scenario)
            for no, (segment, scenario) in enumerate(assigned, 1)
        ]

    def simulate(self) -> Iterator[tuple[Day, list[SimulatedEvent]]]:
        """Yield each day with its events in booking order."""
        for day in self.calendar:
            booked: list[SimulatedEvent] = []
            for borrower in self.borrowers:
                booked += borrower.simulate(day)
            if self.setup.credit_files:
                booked += announcements.of_the_day(day, self.calendar, self._sectors())
            booked.sort(key=_booking_order)
            yield day, booked

    def outcomes(self) -> list[BorrowerOutcome]:
        """Return what happened to each borrower so far."""
        return [borrower.outcome for borrower in self.borrowers]

    def _sectors(self) -> Iterator[tuple[str, BorrowerOutcome]]:
        for borrower in self.borrowers:
            if borrower.profile.industry_code is not None:
                yield borrower.profile.industry_code, borrower.outcome

    def _borrower(self, no: int, segment: str, scenario: str) -> SimulatedBorrower:
        setup = self.setup
        rng = Random(f"tocsin:{setup.seed}:{no}")
        drawn = profile.draw(rng, no=no, segment=segment, scenario=scenario)
        story = CATALOGUE[scenario].write(rng, start=self.calendar.first, horizon_days=setup.days)
        return SimulatedBorrower(
            profile=drawn,
            story=story,
            rng=rng,
            calendar=self.calendar,
            faults=setup.faults,
            has_credit_file=setup.credit_files,
        )


def assign_scenarios(setup: Setup) -> list[tuple[str, str]]:
    """Return segment and scenario of each borrower, in exact shares and shuffled order."""
    rng = Random(f"tocsin:{setup.seed}:deal:{setup.borrowers}")
    shares = {name: item.share_per_mille for name, item in CATALOGUE.items()}
    scenarios = _in_shares(shares, setup.borrowers)
    segments = _in_shares(
        {name: round(share * 1000) for name, share in profile.SEGMENT_SHARES}, setup.borrowers
    )
    rng.shuffle(segments)
    cast: list[tuple[str, str]] = []
    for scenario in scenarios:
        wanted = CATALOGUE[scenario].segments
        index = next((i for i, segment in enumerate(segments) if segment in wanted), 0)
        cast.append((segments.pop(index), scenario))
    rng.shuffle(cast)
    return [
        (segment, scenario if segment in CATALOGUE[scenario].segments else "healthy")
        for segment, scenario in cast
    ]


def _in_shares(shares_per_mille: dict[str, int], count: int) -> list[str]:
    """Return `count` names in their shares; the largest remainders get what rounding leaves."""
    exact = {name: share * count for name, share in shares_per_mille.items()}
    counts = {name: whole // 1000 for name, whole in exact.items()}
    by_remainder = sorted(exact, key=lambda name: -(exact[name] % 1000))
    for name in by_remainder[: count - sum(counts.values())]:
        counts[name] += 1
    return [name for name, times in counts.items() for _ in range(times)]


def _booking_order(event: SimulatedEvent) -> tuple[int, int, int]:
    return event.second, event.borrower_no, event.no
