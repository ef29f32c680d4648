"""Before the first miss a collapse never looks better, and a false alarm never warns.

On the simulated bank, whose labels no rule has read: borrowers in distress, and the scenarios that
are no distress on purpose. See docs/explanation/simulator.md.
"""

import itertools
from datetime import UTC
from functools import cache

from lab.simulator import canonical
from lab.simulator.portfolio import Portfolio, Setup
from services.scoring.adapters.offline import OfflineScorer, OfflineSettings
from services.scoring.adapters.rulebook_reader import load_rulebook
from services.scoring.domain.borrower.risk import WATCH
from services.scoring.domain.portfolio.outcomes import BorrowerOutcome
from tests.fakes.units import iso

FALSE_ALARMS = {"seasonal_dip", "technical_late_payment", "one_off_late_payer"}
# Nothing comes before the first miss.
SUDDEN = "sudden_default"
BEFORE_THE_MISS_DAYS = 90
# Day, state, the score shown.
Close = tuple[int, int, int]


@cache
def bank() -> tuple[list[BorrowerOutcome], dict[str, list[Close]]]:
    """Return the outcomes of those who are not plainly healthy, and their day closes by name."""
    portfolio = Portfolio(Setup(seed=7, borrowers=80, days=540))
    portfolio.borrowers = [each for each in portfolio.borrowers if each.outcome.group != "healthy"]
    events = (event for _, booked in portfolio.simulate() for event in booked)
    scorer = OfflineScorer(load_rulebook("default"), OfflineSettings(zone=UTC, approves_exits=True))
    closes: dict[str, list[Close]] = {}
    for scored in scorer.fold_lines(map(canonical.encode, events)):
        if scored.is_day_close:
            risk = scored.borrower.risk
            rows = closes.setdefault(scored.borrower.borrower_id, [])
            rows.append((scored.as_of, risk.state, risk.shown_score))
    return portfolio.outcomes(), closes


def test_from_watch_on_the_score_never_falls_before_the_first_miss() -> None:
    outcomes, closes = bank()
    falls, warned = [], 0
    for outcome in outcomes:
        missed = outcome.first_missed
        if outcome.event is None or outcome.group == SUDDEN or missed is None:
            continue
        rows = [
            (day, score)
            for day, state, score in closes[outcome.borrower_id]
            if state >= WATCH and missed - BEFORE_THE_MISS_DAYS <= day < missed
        ]
        warned += bool(rows)
        falls += [
            f"{outcome.group} {outcome.borrower_id}, {iso(day)}: {before} to {after}"
            for (_, before), (day, after) in itertools.pairwise(rows)
            if after < before
        ]
    assert warned >= 3
    assert falls == []


def test_what_looks_like_trouble_and_is_none_is_never_on_watch() -> None:
    outcomes, closes = bank()
    harmless = [outcome for outcome in outcomes if outcome.group in FALSE_ALARMS]
    assert {outcome.group for outcome in harmless} == FALSE_ALARMS
    on_watch = {
        outcome.borrower_id: outcome.group
        for outcome in harmless
        if any(state >= WATCH for _, state, _ in closes[outcome.borrower_id])
    }
    assert on_watch == {}
