"""The circuit breaker, moment by moment."""

from datetime import timedelta

import pytest

from services.alerts.delivery.domain import circuit_breaker as breaker
from services.alerts.delivery.domain.circuit_breaker import NEW, Gate

START = 1000.0


def opened() -> breaker.Breaker:
    tripped = NEW
    for _ in range(5):
        assert tripped.gate(START) is Gate.CLOSED
        tripped = breaker.failed(tripped, at=START)
    return tripped


def test_five_failures_in_a_row_open_it_for_30_seconds() -> None:
    tripped = opened()
    assert tripped.gate(START + 29) is Gate.OPEN
    assert tripped.gate(START + 30) is Gate.PROBE


def test_a_success_forgets_all_failures() -> None:
    assert breaker.succeeded(opened()) == NEW


def test_a_failed_probe_doubles_the_pause_up_to_half_an_hour() -> None:
    tripped, at = opened(), START
    pauses = []
    for _ in range(8):
        assert tripped.open_until is not None
        at = tripped.open_until
        tripped = breaker.failed(tripped, at=at)
        assert tripped.open_until is not None
        pauses.append(tripped.open_until - at)
    assert pauses == [60, 120, 240, 480, 960, 1800, 1800, 1800]


def test_a_failure_that_ends_while_it_is_open_changes_nothing() -> None:
    tripped = opened()
    assert breaker.failed(tripped, at=START + 1) == tripped


def test_a_pause_asked_for_is_kept_when_longer() -> None:
    until = START + 600
    assert breaker.paused(NEW, until=until).gate(START) is Gate.OPEN
    assert breaker.paused(opened(), until=until).open_until == until
    assert breaker.paused(opened(), until=START).open_until == START + 30


@pytest.mark.parametrize(
    ("failures", "failing_for", "disables"),
    [
        (10, timedelta(hours=120), True),
        (10, timedelta(hours=120) - timedelta(seconds=1), False),
        (9, timedelta(hours=500), False),
        (0, timedelta(), False),
    ],
)
def test_only_ten_failures_over_so_long_disable(
    failures: int, failing_for: timedelta, disables: bool
) -> None:
    limit = timedelta(hours=120)
    assert (
        breaker.should_disable(failing_for=failing_for, failures=failures, limit=limit) is disables
    )
