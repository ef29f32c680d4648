"""What a state was worth, on borrowers whose days can be counted by hand."""

import pytest

from services.cli.backtest.figures import Watched, is_right, lead_of, worth
from services.cli.backtest.outcomes import Outcome
from services.cli.evaluate.histories import History

ATTENTION, WATCH, HIGH_RISK = 0, 1, 2
HORIZON = 365


def watched(
    name: str, ranks: dict[int, int], *, event: int | None = None, distress: int | None = None
) -> Watched:
    history = History(name, "SME", event, list(ranks), list(ranks.values()))
    return Watched(Outcome(name, event, "story", distress), history)


FAILS = watched("B-1", {1: 0, 100: 1, 150: 2, 199: 2}, event=200, distress=80)
SURPRISES = watched("B-2", {1: 0, 199: 0}, event=200, distress=200)
RECOVERS = watched("B-3", {1: 0, 120: 1, 180: 0}, distress=90)
HEALTHY = watched("B-4", {1: 0, 50: 1, 51: 0, 52: 0})


def test_a_lead_runs_from_the_warning_to_the_event() -> None:
    assert lead_of(FAILS, 1) == 100
    assert lead_of(FAILS, 2) == 50
    assert lead_of(SURPRISES, 1) is None


def test_a_warning_is_never_older_than_the_trouble() -> None:
    always = watched("B-5", {1: 1, 199: 1}, event=200, distress=150)
    assert lead_of(always, 1) == 50


@pytest.mark.parametrize(
    ("outcome", "day", "right"),
    [
        (Outcome("B", 400, "all", None), 35, True),
        (Outcome("B", 400, "all", None), 34, False),
        (Outcome("B", 400, "all", None), 400, False),
        (Outcome("B", None, "all", 90), 90, True),
        (Outcome("B", None, "all", 90), 89, False),
        (Outcome("B", None, "all", None), 90, False),
    ],
)
def test_an_entry_is_right_when_something_real_is_behind_it(
    outcome: Outcome, day: int, right: bool
) -> None:
    assert is_right(outcome, day, HORIZON) is right


def test_a_group_counts_events_trouble_and_health_apart() -> None:
    found = worth("all", [FAILS, SURPRISES, RECOVERS, HEALTHY], HORIZON)
    assert (found.borrowers, found.events, found.in_trouble, found.healthy) == (4, 2, 1, 1)
    attention = found.states[ATTENTION]
    assert (attention.warned, attention.in_trouble_warned) == (1, 1)
    assert attention.leads == (100, 100, 100)
    # Three borrowers came into it; the healthy one's was wrong.
    assert (attention.entries, attention.entries_right) == (3, 2)
    assert attention.healthy_ever == 1.0
    assert attention.healthy_time == 0.25
    assert found.states[WATCH].warned == 1
    assert found.states[HIGH_RISK].warned == 0


def test_the_burden_is_entries_a_hundred_borrower_months() -> None:
    found = worth("all", [watched("B-1", {0: 0, 10: 1, 3044: 0})], HORIZON)
    assert found.months == pytest.approx(100.01, abs=0.01)
    assert found.states[ATTENTION].entries_per_100_months == pytest.approx(1.0, abs=0.001)
