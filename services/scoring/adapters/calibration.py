"""Collects the history that cuts are set on, and writes the cuts into a draft rulebook.

Called by `tocsin rulebook calibrate`. Healthy means, without labels: never more than 30 days past
due and never in default in the whole file. The first months only warm the baselines up and are not
observed, nor is what comes after a borrower's last event: accounts that just stop are no alarm.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from services.scoring.adapters.assessment_json import shown_day
from services.scoring.adapters.offline import OfflineScorer, ScoredBorrower
from services.scoring.domain.assess.entry_rules import is_triggered
from services.scoring.domain.assess.explain import shown_micro
from services.scoring.domain.assess.facts import families_at
from services.scoring.domain.borrower.risk import ATTENTION, DEFAULT, HIGH_RISK, WATCH
from services.scoring.domain.primitives.measurement import AMBER, RED
from services.scoring.domain.primitives.vocabulary import SEGMENTS
from services.scoring.domain.rulebook.alert_budget import (
    OBSERVED,
    OTHER_ATTENTION,
    OTHER_HIGH_RISK,
    OTHER_WATCH,
    TWO_FAMILIES,
    TWO_RED_FAMILIES,
    Budget,
    DayCloses,
    Floors,
    occupied_anyway,
    set_cuts,
)
from services.scoring.domain.rulebook.rulebook import CUT_POINTS, Cuts, Rules

OTHER_BIT: Final = {
    ATTENTION: OTHER_ATTENTION,
    WATCH: OTHER_WATCH,
    HIGH_RISK: OTHER_HIGH_RISK,
    DEFAULT: OTHER_HIGH_RISK,
}
HEALTHY_DAYS_PAST_DUE: Final = 30
WARM_UP_DAYS: Final = 210
STATEMENT_TYPE: Final = "statement.received.v1"
STATEMENT_DAYS: Final = 365
# With fewer healthy borrowers a share of 5 % is one or two people: use the cuts of all segments.
FEWEST_BORROWERS: Final = 30
_CUTS_BLOCK: Final = re.compile(r"^cuts:\n(?:[ \t#].*\n|\n(?=[ \t]))*", re.MULTILINE)


@dataclass(slots=True)
class History:
    """One borrower's series and whether it stayed healthy."""

    segment: str
    first_day: int
    is_healthy: bool = True
    series: DayCloses = field(default_factory=DayCloses)


@dataclass(slots=True)
class Calibrated:
    """The cuts of one segment and the population that they were set on."""

    segment: str
    borrowers: int
    cuts: Cuts
    attention_anyway: int
    watch_anyway: int


def collect(
    run: OfflineScorer,
    lines: Iterable[bytes],
    warm_up_days: int = WARM_UP_DAYS,
    counts: Callable[[str], bool] = lambda _: True,
) -> dict[str, History]:
    """Folds the file and returns, per borrower, the series of day closes.

    Closes of a borrower's first days are not counted: most indicators need a history of their own.
    Nor are borrowers for whom `counts` returns False: the cuts are to be tested on those.
    """
    histories: dict[str, History] = {}
    ends: dict[str, int] = {}
    for scored in run.fold_lines(lines):
        name = scored.borrower.borrower_id
        if not scored.is_day_close:
            ends[name] = max(ends.get(name, 0), _known_until(scored))
        elif counts(name):
            _add(histories, scored, run.rules_for(scored.borrower), warm_up_days)
    for name, history in histories.items():
        history.series.end_after(ends.get(name, 0))
    return histories


def _known_until(scored: ScoredBorrower) -> int:
    """Return until when an event says how a borrower is: a statement does for a year."""
    return scored.as_of + (STATEMENT_DAYS if scored.cause.type == STATEMENT_TYPE else 0)


def _add(
    histories: dict[str, History], scored: ScoredBorrower, rules: Rules, warm_up_days: int
) -> None:
    borrower = scored.borrower
    history = histories.get(borrower.borrower_id)
    if history is None:
        segment = SEGMENTS[borrower.profile.segment]
        history = histories[borrower.borrower_id] = History(segment, scored.as_of)
    risk = borrower.risk
    if borrower.counters.operational_days > HEALTHY_DAYS_PAST_DUE or risk.state == DEFAULT:
        history.is_healthy = False
    bits = _bits(scored, rules)
    if scored.as_of - history.first_day >= warm_up_days:
        bits |= OBSERVED
    history.series.days.append(scored.as_of)
    history.series.scores.append(risk.score)
    history.series.families.append(max(risk.families))
    history.series.bits.append(bits)


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
    if families_at(risk, signals, rules, AMBER) >= 2:
        bits |= TWO_FAMILIES
    if families_at(risk, signals, rules, RED) >= 2:
        bits |= TWO_RED_FAMILIES
    return bits


def calibrate(
    histories: dict[str, History], budget: Budget, floors: Floors, family_days: int
) -> list[Calibrated]:
    """Returns cuts for all segments together (``*``) and for each that is large enough."""
    healthy = [history for history in histories.values() if history.is_healthy]
    segments = sorted({history.segment for history in healthy})
    populations = {"*": [history.series for history in healthy]}
    for segment in segments:
        own = [history.series for history in healthy if history.segment == segment]
        if len(own) >= FEWEST_BORROWERS:
            populations[segment] = own
    calibrated = []
    for segment, population in populations.items():
        anyway = occupied_anyway(population)
        cuts = set_cuts(population, budget, floors, family_days)
        calibrated.append(
            Calibrated(segment, len(population), cuts, anyway.attention, anyway.watch)
        )
    return calibrated


def with_cuts(
    text: str,
    calibrated: list[Calibrated],
    budget: str,
    origin: str,
    day: int,
    lowest: Mapping[str, Cuts] | None = None,
) -> str:
    """Returns the rulebook's text with its cuts replaced; comments elsewhere stay.

    Args:
        budget: Written with each cut, as `in_words` puts it; likewise ``origin`` and ``day``.
        lowest: Cuts that stay where they are higher than the calibrated ones, and of segments that
            were not calibrated, with their own population, budget and date.

    Raises:
        ValueError: If the text has no ``cuts:`` block to replace.
    """
    cuts = {each.segment: _described(each, budget, origin, day) for each in calibrated}
    for segment, before in (lowest or {}).items():
        cuts[segment] = _higher(before, cuts[segment]) if segment in cuts else before
    block = "cuts:\n" + "".join(_written(segment, cuts[segment]) for segment in sorted(cuts))
    replaced, count = _CUTS_BLOCK.subn(lambda _: block, text, count=1)
    if count == 0:
        raise ValueError("the rulebook has no cuts: block at the start of a line")
    return replaced


def in_words(budget: Budget, floors: Floors) -> str:
    """Returns budget and floors as they are written with the cuts."""
    lowest = (shown_micro(cut * 100) for cut in (floors.attention, floors.watch, floors.high_risk))
    return (
        f"attention {_percent(budget.attention)}, watch {_percent(budget.watch)}, "
        f"high risk {_percent(budget.high_risk)}; never below {', '.join(lowest)} points"
    )


def _described(calibrated: Calibrated, budget: str, origin: str, day: int) -> Cuts:
    population = f"{calibrated.borrowers} healthy borrowers of {origin}"
    set_on = shown_day(day) or ""
    return replace(calibrated.cuts, population=population, budget=budget, set_on=set_on)


def _higher(before: Cuts, after: Cuts) -> Cuts:
    """Returns the higher of each cut; both populations are named unless one alone decided."""
    points = {name: max(getattr(before, name), getattr(after, name)) for name in CUT_POINTS}
    points["family"] = max(before.family, after.family)
    for cuts in (before, after):
        if all(getattr(cuts, name) == cut for name, cut in points.items()):
            return cuts
    return replace(after, **points, population=f"{before.population}; {after.population}")


def _written(segment: str, cuts: Cuts) -> str:
    lines = [f'  "{segment}":']
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
    return f"{shown_micro(micro * 100)} %"
