"""A series of runs counts every failure and goes on where it was interrupted."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.repeat import Series, repeat


def runner(statuses: dict[int, int], started: list[int]) -> Callable[[int], tuple[int, str]]:
    def run_once(number: int) -> tuple[int, str]:
        started.append(number)
        status = statuses.get(number, 0)
        return status, "1 failed" if status else "1 passed"

    return run_once


def test_failures_are_counted_and_do_not_end_the_series(tmp_path: Path) -> None:
    series = Series(tmp_path / "outages.jsonl", sources="a")
    started: list[int] = []
    assert repeat(series, times=4, run_once=runner({2: 1, 3: 2}, started)) == 2
    assert started == [1, 2, 3, 4]
    assert [run.summary for run in series.runs()] == [
        "1 passed",
        "1 failed",
        "1 failed",
        "1 passed",
    ]


def test_an_interrupted_series_goes_on_after_its_last_finished_run(tmp_path: Path) -> None:
    path = tmp_path / "outages.jsonl"

    def interrupted(number: int) -> tuple[int, str]:
        if number == 3:
            raise KeyboardInterrupt
        return (1, "1 failed") if number == 1 else (0, "1 passed")

    with pytest.raises(KeyboardInterrupt):
        repeat(Series(path, sources="a"), times=4, run_once=interrupted)
    started: list[int] = []
    assert repeat(Series(path, sources="a"), times=4, run_once=runner({}, started)) == 1
    assert started == [3, 4]


def test_changed_sources_start_a_new_series(tmp_path: Path) -> None:
    path = tmp_path / "outages.jsonl"
    assert repeat(Series(path, sources="a"), times=2, run_once=runner({1: 1}, [])) == 1
    started: list[int] = []
    assert repeat(Series(path, sources="b"), times=2, run_once=runner({}, started)) == 0
    assert started == [1, 2]


def test_a_restart_forgets_the_runs_so_far(tmp_path: Path) -> None:
    series = Series(tmp_path / "outages.jsonl", sources="a")
    repeat(series, times=1, run_once=runner({1: 1}, []))
    series.clear()
    assert series.runs() == []
