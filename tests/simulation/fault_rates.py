"""The rates of faults in a world, and the one random source of all its decisions.

Every decision is drawn from here, so the seed determines the history. `calm` ends the faults; what
is not done within a bound after that never will be.
"""

from dataclasses import dataclass, field
from random import Random

from services.kit.stream import faults
from tests.simulation.loop import PROCESS, Crashed


@dataclass(kw_only=True)
class FaultRates:
    """Probabilities of faults per call; all zero is a world without faults."""

    random: Random = field(default_factory=lambda: Random(0))
    statement_fails: float = 0.0
    commit_fails: float = 0.0
    poll_fails: float = 0.0
    repeats: float = 0.0
    produce_fails: float = 0.0
    answer_lost: float = 0.0
    crash_at_point: float = 0.0
    slowness: float = 0.002
    broker_is_down: bool = False
    database_is_down: bool = False
    passed_points: set[str] = field(default_factory=set)
    crashes: int = 0

    @classmethod
    def drawn(cls, random: Random) -> "FaultRates":
        """Draws the rates of a world; each kind of fault is off in some worlds."""

        def rate(most: float) -> float:
            return random.choice((0.0, most / 4, most))

        return cls(
            random=random,
            statement_fails=rate(0.02),
            commit_fails=rate(0.25),
            poll_fails=rate(0.2),
            repeats=rate(0.3),
            produce_fails=rate(0.4),
            answer_lost=rate(0.3),
            crash_at_point=rate(0.03),
            slowness=random.choice((0.001, 0.01, 0.1)),
        )

    def calm(self) -> None:
        """Ends all faults."""
        self.statement_fails = self.commit_fails = self.poll_fails = self.repeats = 0.0
        self.produce_fails = self.answer_lost = self.crash_at_point = 0.0
        self.broker_is_down = self.database_is_down = False
        self.slowness = min(self.slowness, 0.01)

    def happens(self, rate: float) -> bool:
        """Draws whether a fault of this rate happens now."""
        return rate > 0 and self.random.random() < rate

    def delay(self) -> float:
        """Draws how long a step takes."""
        return self.random.random() * self.slowness

    def arm(self) -> None:
        """Crashes processes at the named points of the real code."""
        faults.arm(self._point)

    def _point(self, name: str) -> None:
        self.passed_points.add(name)
        process = PROCESS.get()
        if process is None:
            return
        process.check()
        if self.happens(self.crash_at_point):
            self.crashes += 1
            process.is_alive = False
            raise Crashed(f"{process.name} at {name}")
