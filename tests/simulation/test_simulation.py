"""Two hundred seeds of the simulation, and proof that a seed is a history."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
import structlog

from services.kit.stream import faults
from tests.simulation.playing import configure_logs, play

SEEDS_A_TEST = 20


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    before = structlog.get_config()
    configure_logs(verbose=False)
    yield
    structlog.configure(**before)


@pytest.mark.parametrize("first", range(0, 200, SEEDS_A_TEST))
def test_every_promise_holds_in_every_history(first: int) -> None:
    for seed in range(first, first + SEEDS_A_TEST):
        failures = play(seed).failures
        assert not failures, f"again: python -m tests.simulation --seed {seed}"


def test_a_seed_is_one_history() -> None:
    histories = [play(seed, keeps_history=True).history for seed in (3, 3, 4)]
    assert histories[0] == histories[1] != histories[2]


def test_a_seed_is_the_same_history_in_another_process() -> None:
    program = (
        "from tests.simulation.playing import configure_logs, play\n"
        "from hashlib import sha256\n"
        "configure_logs(verbose=False)\n"
        "print(sha256(play(5, keeps_history=True).history.encode()).hexdigest())"
    )
    histories = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(histories) == 1


def test_processes_die_at_every_named_point_of_the_consumer_and_the_dispatcher() -> None:
    passed = {name for seed in range(8) for name in play(seed).counts}
    # The sweep of a day's close is the scoring service's own.
    expected = {f"passed {name}" for name in faults.POINTS if not name.startswith("mid-")}
    assert expected <= passed
