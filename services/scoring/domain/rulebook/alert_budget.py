"""Sets score cuts from how many healthy borrowers may be in each state, without labels.

Called by `tocsin rulebook calibrate` with one series of day closes per borrower. A cut is the
lowest one that keeps the healthy borrowers' time in the state within the budget, the time that
hysteresis adds and the time that rules other than the score cost included.

Must stay true: pure; the same history gives the same cuts. A cut frozen on one population does not
travel to another, so whoever stores a cut also stores budget, population and date.
"""

from dataclasses import dataclass, field, replace
from typing import Final

from services.scoring.domain.primitives.measurement import MICRO
from services.scoring.domain.rulebook.rulebook import CUT_DISTANCE, Cuts

# Bits of a day: which entry rules other than the score are true, and for which states a rule lacks
# nothing but the score.
OTHER_ATTENTION: Final = 1
OTHER_WATCH: Final = 2
OTHER_HIGH_RISK: Final = 4
WATCH_GATE: Final = 8
HIGH_RISK_GATE: Final = 16
# A gate that no day opens.
CLOSED_GATE: Final = 32

STEP_MICRO: Final = 5_000
FAMILY_STEP_MICRO: Final = 10_000
LEAST_FAMILY_CUT: Final = 600_000
NEVER: Final = MICRO + 1
# Exit cuts have the distance to the entry cuts that the catalogue proposes: 14/20, 30/40, 55/70.
EXIT_PCT: Final = (70, 75, 78)
EXIT_DAYS: Final = (30, 60, 60)


@dataclass(slots=True)
class DayCloses:
    """One borrower's day closes in order: score, strongest family and the bits of the day.

    ``weights`` are the days of healthy time that each close represents, 0 for one that is not
    observed. ``days`` are the days closed; empty when every day was closed.
    """

    scores: list[int] = field(default_factory=list)
    families: list[int] = field(default_factory=list)
    bits: list[int] = field(default_factory=list)
    days: list[int] = field(default_factory=list)
    weights: list[int] = field(default_factory=list)

    def end_after(self, last_day: int) -> None:
        """Let each observed close represent the time to the next one, none of it after a day.

        What is known of the borrower ends on that day.
        """
        for index, day in enumerate(self.days):
            if self.weights[index]:
                is_last = index + 1 == len(self.days)
                until = last_day + 1 if is_last else min(self.days[index + 1], last_day + 1)
                self.weights[index] = max(0, until - day)

    def days_to(self, index: int) -> int:
        """Return how many days after the close before it a close comes."""
        return self.days[index] - self.days[index - 1] if self.days and index else 1


@dataclass(frozen=True, slots=True)
class Budget:
    """The share of healthy time that may be spent in a state or a worse one, micro-units."""

    attention: int = 200_000
    watch: int = 50_000
    high_risk: int = 10_000


@dataclass(frozen=True, slots=True)
class Floors:
    """Cuts never go lower, however much the budget leaves over, micro-units.

    A portfolio without trouble would otherwise call its least tidy borrowers sick.
    """

    attention: int = 250_000
    watch: int = 400_000
    high_risk: int = 700_000


@dataclass(frozen=True, slots=True)
class Occupied:
    """Shares of healthy time in each state or a worse one, micro-units."""

    attention: int
    watch: int
    high_risk: int


@dataclass(frozen=True, slots=True)
class Question:
    """The state whose occupancy is measured: its trigger bits, gate and exit rule.

    A family at ``family`` for ``family_days`` calendar days leads into it as well.
    """

    other: int
    gate: int
    exit_pct: int
    exit_days: int
    family: int = NEVER
    family_days: int = 0


ATTENTION_QUESTION: Final = Question(OTHER_ATTENTION, 0, EXIT_PCT[0], EXIT_DAYS[0])
WATCH_QUESTION: Final = Question(OTHER_WATCH, WATCH_GATE, EXIT_PCT[1], EXIT_DAYS[1])
HIGH_RISK_QUESTION: Final = Question(OTHER_HIGH_RISK, HIGH_RISK_GATE, EXIT_PCT[2], EXIT_DAYS[2])


def occupancy(population: list[DayCloses], question: Question, cut: int) -> int:
    """Return the share of observed borrower-days spent in the state, micro-units.

    A borrower is in from the day on which a rule is true, until the score has been below the exit
    cut for the exit's days with no rule true.
    """
    inside = observed = 0
    for series in population:
        inside += _days_inside(series, question, cut)
        observed += sum(series.weights)
    return inside * MICRO // observed if observed else 0


def _days_inside(series: DayCloses, question: Question, cut: int) -> int:
    leave_below = cut * question.exit_pct // 100
    inside = calm = run = 0
    is_in = False
    for index, (score, bits) in enumerate(zip(series.scores, series.bits, strict=True)):
        is_above = series.families[index] >= question.family
        run = run + (series.days_to(index) if run else 1) if is_above else 0
        is_triggered = score >= cut and (not question.gate or bits & question.gate)
        if is_triggered or bits & question.other or (is_above and run >= question.family_days):
            is_in, calm = True, 0
        elif is_in:
            calm = calm + (series.days_to(index) if calm else 1) if score < leave_below else 0
            is_in = calm < question.exit_days
        inside += series.weights[index] * is_in
    return inside


def lowest_cut(
    population: list[DayCloses], question: Question, budget: int, *, at_least: int
) -> int:
    """Return the lowest cut within the budget, in half points; 100 points if none is."""
    low, high = (at_least + STEP_MICRO - 1) // STEP_MICRO, MICRO // STEP_MICRO
    while low < high:
        middle = (low + high) // 2
        if occupancy(population, question, middle * STEP_MICRO) <= budget:
            high = middle
        else:
            low = middle + 1
    return low * STEP_MICRO


def occupied_anyway(population: list[DayCloses]) -> Occupied:
    """Return the occupancies that no cut can change."""
    return Occupied(
        occupancy(population, ATTENTION_QUESTION, NEVER),
        occupancy(population, WATCH_QUESTION, NEVER),
        occupancy(population, HIGH_RISK_QUESTION, NEVER),
    )


def occupied_by(population: list[DayCloses], cuts: Cuts) -> Occupied:
    """Return the occupancies at these cuts."""
    return Occupied(
        occupancy(population, _with_family(ATTENTION_QUESTION, cuts), cuts.attention),
        occupancy(population, _with_family(WATCH_QUESTION, cuts), cuts.watch),
        occupancy(population, HIGH_RISK_QUESTION, cuts.high_risk),
    )


def _with_family(question: Question, cuts: Cuts) -> Question:
    return replace(question, family=cuts.family, family_days=cuts.family_days * 7 // 5)


def lowest_family_cut(
    population: list[DayCloses], budget: int, days: int, *, at_least: int, watch: int
) -> int:
    """Return the lowest family cut within the budget of WATCH, 1 if none is.

    Args:
        days: Calendar days for which the family stays at the cut.
        at_least: The cut never is lower.
        watch: The cut of WATCH, whose exit cut ends a warning by a family as well.
    """
    question = replace(WATCH_QUESTION, gate=CLOSED_GATE, family_days=days)
    step = FAMILY_STEP_MICRO
    low, high = max(at_least + step - 1, LEAST_FAMILY_CUT) // step, MICRO // step
    while low < high:
        middle = (low + high) // 2
        if occupancy(population, replace(question, family=middle * step), watch) <= budget:
            high = middle
        else:
            low = middle + 1
    return low * step


def _lowest_beside(
    population: list[DayCloses], question: Question, budget: int, at_least: int
) -> int:
    """Return the lowest cut within the budget, or that adds nothing where other rules exceed it."""
    anyway = occupancy(population, question, NEVER)
    return lowest_cut(population, question, max(budget, anyway), at_least=at_least)


def set_cuts(population: list[DayCloses], budget: Budget, floors: Floors, family_days: int) -> Cuts:
    """Return the cuts of one segment; the caller adds population, budget and date."""
    anyway = occupied_anyway(population)
    attention = min(
        _lowest_beside(population, ATTENTION_QUESTION, budget.attention, floors.attention),
        MICRO - 2 * CUT_DISTANCE,
    )
    least, days = max(floors.watch, attention + CUT_DISTANCE), family_days * 7 // 5
    # The family rule is a second way into WATCH, which may use up half of what other rules leave of
    # that budget. Where nothing ever corroborates a score it is the only one.
    is_second = any(bits & WATCH_GATE for series in population for bits in series.bits)
    share = anyway.watch + max(0, budget.watch - anyway.watch) // (1 + is_second)
    family = lowest_family_cut(population, share, days, at_least=attention, watch=least)
    question = replace(WATCH_QUESTION, family=family, family_days=days)
    watch = min(_lowest_beside(population, question, budget.watch, least), MICRO - CUT_DISTANCE)
    least = max(floors.high_risk, watch + CUT_DISTANCE)
    high_risk = _lowest_beside(population, HIGH_RISK_QUESTION, budget.high_risk, least)
    return Cuts(
        attention=attention,
        watch=watch,
        high_risk=high_risk,
        attention_exit=attention * EXIT_PCT[0] // 100,
        watch_exit=watch * EXIT_PCT[1] // 100,
        high_risk_exit=high_risk * EXIT_PCT[2] // 100,
        family=family,
        family_days=family_days,
    )
