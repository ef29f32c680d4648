"""Which closes of a history count when cuts are set on it."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC
from typing import Any

import pytest

from services.scoring.adapters.calibration import collect, healthy_of
from services.scoring.adapters.offline import OfflineScorer, OfflineSettings, ScoredBorrower
from services.scoring.adapters.rulebook_reader import load_rulebook
from services.scoring.domain.assess.assessment import Cause
from services.scoring.domain.borrower.risk import slot_of
from services.scoring.domain.fold import new_borrower
from services.scoring.domain.primitives.measurement import MEASURED, RED
from services.scoring.domain.rulebook.alert_budget import WATCH_GATE, DayCloses
from tests.fakes.units import iso
from tests.fakes.wire_events import cloud_event

PERSON = {"segment": "RETAIL", "reporting_currency": "EUR", "country": "DE"}
STATEMENT = {
    "statement_id": "S-1",
    "period_end": "2023-12-31",
    "period_months": 12,
    "received_date": "2024-01-10",
    "currency": "EUR",
}

BALANCE = {
    "account_id": "A-1",
    "balance_date": "2024-03-01",
    "eod_balance": "10.00",
    "currency": "EUR",
}


def line(borrower: str, day: str, kind: str, data: dict[str, Any]) -> bytes:
    event = cloud_event(
        kind, f"{borrower}-{day}", borrower=borrower, data=data, time=f"{day}T09:00:00Z"
    )
    return json.dumps(event).encode()


@pytest.mark.parametrize(
    ("kind", "data", "last_observed"),
    [
        pytest.param("borrower.registered.v1", PERSON, "2024-01-10", id="its last event"),
        pytest.param("statement.received.v1", STATEMENT, "2025-01-09", id="a year of a statement"),
    ],
)
def test_a_borrower_is_observed_as_long_as_its_events_say_something(
    kind: str, data: dict[str, Any], last_observed: str
) -> None:
    # Another borrower's event a year and a half later closes the days up to then.
    lines = [
        line("B-1", "2024-01-01", "borrower.registered.v1", PERSON),
        line("B-1", "2024-01-10", kind, data),
        line("B-2", "2025-07-01", "borrower.registered.v1", PERSON),
    ]
    scorer = OfflineScorer(load_rulebook("reference"), OfflineSettings(zone=UTC))
    series = collect(scorer, lines, warm_up_days=0)["B-1"].series
    weights = dict(zip(series.days, series.weights, strict=True))
    observed = [day for day, weight in weights.items() if weight]
    assert {weights[day] for day in observed} == {1}
    assert (iso(observed[0]), iso(observed[-1])) == ("2024-01-01", last_observed)
    assert iso(series.days[-1]) == "2025-06-30"


def test_a_close_represents_the_time_to_the_next_one_and_the_last_one_to_the_end() -> None:
    series = DayCloses(days=[10, 11, 40], weights=[1, 1, 1])
    series.end_after(374)
    # The 10th, then the 11th to the 39th, then the 40th to the 374th.
    assert series.weights == [1, 29, 335]


def test_of_a_data_profile_only_the_time_in_it_is_observed() -> None:
    lines = [
        line("B-1", "2024-01-01", "borrower.registered.v1", PERSON),
        line("B-1", "2024-01-10", "statement.received.v1", STATEMENT),
        line("B-1", "2024-03-01", "account.balance-closed.v1", BALANCE),
        line("B-2", "2024-04-01", "borrower.registered.v1", PERSON),
    ]
    for name, first, last in (
        ("statements_only", "2024-01-10", "2024-02-29"),
        ("full", "2024-03-01", "2024-03-31"),
    ):
        scorer = OfflineScorer(load_rulebook("reference"), OfflineSettings(zone=UTC))
        histories = collect(scorer, lines, warm_up_days=0, data_profile=name)
        series = histories["B-1"].series
        observed = [d for d, weight in zip(series.days, series.weights, strict=True) if weight]
        assert (iso(observed[0]), iso(observed[-1])) == (first, last)
        assert [history is histories["B-1"] for history in healthy_of(histories)] == [True]


class TestTheGate:
    """What a score rule requires besides the score opens the way for its cut."""

    @pytest.mark.parametrize(
        ("reds", "is_open"),
        [
            pytest.param(("A-01", "A-23"), True, id="income and the money left"),
            pytest.param(("A-01", "F-02"), True, id="two families"),
            pytest.param(("A-01",), False, id="one signal"),
        ],
    )
    def test_a_day_on_which_only_the_score_is_missing_is_noted(
        self, reds: tuple[str, ...], is_open: bool
    ) -> None:
        borrower, rulebook = new_borrower("B-1"), load_rulebook("default")
        for name in reds:
            borrower.signals.status[slot_of(name)] = MEASURED
            borrower.signals.level[slot_of(name)] = RED
        closed = ScoredBorrower(borrower, 1, 0, Cause("s", "1", "day.closed.v1"), True, None)

        class OneClose(OfflineScorer):
            def fold_lines(self, lines: Iterable[bytes]) -> Iterator[ScoredBorrower]:
                yield closed

        scorer = OneClose(rulebook, OfflineSettings(zone=UTC))
        (bits,) = collect(scorer, [])["B-1"].series.bits
        assert bool(bits & WATCH_GATE) == is_open
