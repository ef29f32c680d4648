"""Collects the history that cuts are set on, and writes the cuts into a draft rulebook.

Called by `tocsin rulebook calibrate`. Healthy means, without labels: never more than 30 days past
due and never in default in the whole file. The first months only warm the baselines up and are not
observed, nor is what comes after a borrower's last event: accounts that just stop are no alarm. Of
a data profile only the time in it is observed.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from services.scoring.adapters.assessment_json import shown_day
from services.scoring.adapters.offline import OfflineScorer, ScoredBorrower
from services.scoring.domain.assess.entry_rules import is_triggered
from services.scoring.domain.assess.explain import shown_micro
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.risk import ATTENTION, DEFAULT, HIGH_RISK, WATCH
from services.scoring.domain.primitives.vocabulary import SEGMENTS
from services.scoring.domain.rulebook.alert_budget import (
    HIGH_RISK_GATE,
    OTHER_ATTENTION,
    OTHER_HIGH_RISK,
    OTHER_WATCH,
    WATCH_GATE,
    Budget,
    DayCloses,
    Floors,
    Occupied,
    occupied_anyway,
    occupied_by,
    set_cuts,
)
from services.scoring.domain.rulebook.data_profile import data_profile_of
from services.scoring.domain.rulebook.rulebook import (
    CUT_POINTS,
    EVERY_SEGMENT,
    Cuts,
    Rules,
    cuts_key,
)

OTHER_BIT: Final = {
    ATTENTION: OTHER_ATTENTION,
    WATCH: OTHER_WATCH,
    HIGH_RISK: OTHER_HIGH_RISK,
    DEFAULT: OTHER_HIGH_RISK,
}
# What a rule requires besides the score.
GATE_BIT: Final = {WATCH: WATCH_GATE, HIGH_RISK: HIGH_RISK_GATE}
HEALTHY_DAYS_PAST_DUE: Final = 30
WARM_UP_DAYS: Final = 210
STATEMENT_TYPE: Final = "statement.received.v1"
STATEMENT_DAYS: Final = 365
# With fewer healthy borrowers a share of 5 % is one or two people: use the cuts of all segments.
FEWEST_BORROWERS: Final = 30
_CUTS_BLOCK: Final = re.compile(r"^cuts:\n(?:[ \t#].*\n|\n(?=[ \t]))*", re.MULTILINE)


@dataclass(slots=True)
class History:
    """One borrower's series and whether it stayed healthy.

    ``figures`` has what `collect` was to read at each close, None where it is not measured.
    """

    segment: str
    first_day: int
    is_healthy: bool = True
    series: DayCloses = field(default_factory=DayCloses)
    figures: list[int | None] = field(default_factory=list)


@dataclass(slots=True)
class Calibrated:
    """The cuts of one segment, the population that they were set on and what they spend.

    ``key`` is that of the cuts in a rulebook. ``anyway`` is what other rules spend at any cuts.
    """

    key: str
    borrowers: int
    cuts: Cuts
    spent: Occupied
    anyway: Occupied


def collect(
    run: OfflineScorer,
    lines: Iterable[bytes],
    warm_up_days: int = WARM_UP_DAYS,
    counts: Callable[[str], bool] = lambda _: True,
    data_profile: str = "",
    figure_of: Callable[[Borrower, Rules], int | None] = lambda *_: None,
) -> dict[str, History]:
    """Folds the file and returns, per borrower, the series of day closes.

    Closes of a borrower's first days are not counted: most indicators need a history of their own.
    Nor are borrowers for whom `counts` returns False: the cuts are to be tested on those. With a
    data profile, only closes at which a borrower has it are.
    """
    histories: dict[str, History] = {}
    ends: dict[str, int] = {}
    for scored in run.fold_lines(lines):
        name = scored.borrower.borrower_id
        if not scored.is_day_close:
            ends[name] = max(ends.get(name, 0), _known_until(scored))
        elif counts(name):
            history = _add(histories, scored, run.rules_for(scored.borrower))
            is_warm = scored.as_of - history.first_day >= warm_up_days
            is_of_profile = data_profile in ("", data_profile_of(scored.borrower))
            history.series.weights.append(is_warm and is_of_profile)
            history.figures.append(figure_of(scored.borrower, run.rules_for(scored.borrower)))
    for name, history in histories.items():
        history.series.end_after(ends.get(name, 0))
    return histories


def _known_until(scored: ScoredBorrower) -> int:
    """Return until when an event says how a borrower is: a statement does for a year."""
    return scored.as_of + (STATEMENT_DAYS if scored.cause.type == STATEMENT_TYPE else 0)


def _add(histories: dict[str, History], scored: ScoredBorrower, rules: Rules) -> History:
    borrower = scored.borrower
    history = histories.get(borrower.borrower_id)
    if history is None:
        segment = SEGMENTS[borrower.profile.segment]
        history = histories[borrower.borrower_id] = History(segment, scored.as_of)
    risk = borrower.risk
    if borrower.counters.operational_days > HEALTHY_DAYS_PAST_DUE or risk.state == DEFAULT:
        history.is_healthy = False
    history.series.days.append(scored.as_of)
    history.series.scores.append(risk.score)
    history.series.families.append(max(risk.families))
    history.series.bits.append(_bits(scored, rules))
    return history


def _bits(scored: ScoredBorrower, rules: Rules) -> int:
    risk, signals = scored.borrower.risk, scored.borrower.signals
    bits = 0
    for rule in rules.policy.entries:
        if rule.score or rule.family_cut or rule.to not in OTHER_BIT:
            continue
        if is_triggered(rule, risk, signals, rules):
            bits |= OTHER_BIT[rule.to]
    if bits & OTHER_HIGH_RISK:
        bits |= OTHER_WATCH
    if bits & OTHER_WATCH:
        bits |= OTHER_ATTENTION
    for rule in rules.policy.entries:
        gate = GATE_BIT.get(rule.to, 0) if rule.score else 0
        if gate and is_triggered(replace(rule, score=False), risk, signals, rules):
            bits |= gate
    return bits


def healthy_of(histories: Mapping[str, History]) -> list[History]:
    """Returns the histories of healthy borrowers that are observed at any time."""
    return [
        history
        for history in histories.values()
        if history.is_healthy and any(history.series.weights)
    ]


def calibrate(
    healthy: list[History], budget: Budget, floors: Floors, family_days: int, data_profile: str
) -> list[Calibrated]:
    """Returns cuts for each large enough segment and, without a profile, for all (``*``)."""
    populations = {} if data_profile else {EVERY_SEGMENT: [history.series for history in healthy]}
    for segment in sorted({history.segment for history in healthy}):
        own = [history.series for history in healthy if history.segment == segment]
        if len(own) >= FEWEST_BORROWERS:
            populations[cuts_key(segment, data_profile)] = own
    calibrated = []
    for key, population in populations.items():
        cuts = set_cuts(population, budget, floors, family_days)
        spent, anyway = occupied_by(population, cuts), occupied_anyway(population)
        calibrated.append(Calibrated(key, len(population), cuts, spent, anyway))
    return calibrated


def described(calibrated: Calibrated, budget: str, origin: str, day: int) -> Cuts:
    """Returns the cuts with population, budget and date as they are written with them."""
    spent = calibrated.spent
    shares = ", ".join(map(_percent, (spent.attention, spent.watch, spent.high_risk)))
    return replace(
        calibrated.cuts,
        population=f"{calibrated.borrowers} healthy borrowers of {origin}",
        budget=f"{budget}; spent {shares}",
        set_on=shown_day(day) or "",
    )


def higher(before: Cuts, after: Cuts) -> Cuts:
    """Returns the higher of each cut; both populations are named unless one alone decided."""
    points = {name: max(getattr(before, name), getattr(after, name)) for name in CUT_POINTS}
    points["family"] = max(before.family, after.family)
    for cuts in (before, after):
        if all(getattr(cuts, name) == cut for name, cut in points.items()):
            return cuts
    return replace(after, **points, population=f"{before.population}; {after.population}")


def with_cuts(text: str, cuts: Mapping[str, Cuts]) -> str:
    """Returns the rulebook's text with its cuts replaced; comments elsewhere stay.

    Raises:
        ValueError: If the text has no ``cuts:`` block to replace.
    """
    block = "cuts:\n" + "".join(_written(key, cuts[key]) for key in sorted(cuts))
    replaced, count = _CUTS_BLOCK.subn(lambda _: block, text, count=1)
    if count == 0:
        raise ValueError("the rulebook has no cuts: block at the start of a line")
    return replaced


def in_words(budget: Budget, floors: Floors) -> str:
    """Returns budget and floors as they are written with the cuts."""
    lowest = (shown_micro(cut * 100) for cut in (floors.attention, floors.watch, floors.high_risk))
    return (
        f"attention {_percent(budget.attention)}, watch {_percent(budget.watch)}, high risk "
        f"{_percent(budget.high_risk)} of healthy time; never below {', '.join(lowest)} points"
    )


def _written(key: str, cuts: Cuts) -> str:
    lines = [f'  "{key}":']
    lines += [f"    {name}: {shown_micro(getattr(cuts, name) * 100)}" for name in CUT_POINTS]
    lines += [
        f"    family: {shown_micro(cuts.family)}",
        f"    family_days: {cuts.family_days}",
        f"    population: {cuts.population}",
        f"    budget: {cuts.budget}",
        f"    date: {cuts.set_on}",
    ]
    return "\n".join(lines) + "\n"


def _percent(micro: int) -> str:
    """Returns a share in percent, with one decimal at most."""
    return f"{shown_micro(round(micro, -3) * 100)} %"
