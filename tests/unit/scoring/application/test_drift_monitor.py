"""The worker counts a month close once, and the gauges show what it counted."""

from pathlib import Path

from services.kit.clock import SystemClock
from services.scoring import metrics
from services.scoring.adapters.rulebook_reader import load_rulebook
from services.scoring.application.drift_monitor import DriftMonitor
from services.scoring.domain.portfolio.drift import BinCount
from services.scoring.domain.rulebook.context import Context
from tests.fakes.pd_models import a_model, rulebook_with
from tests.fakes.recorder import MemoryRecorder
from tests.fakes.scoring_store import MemoryCensus
from tests.fakes.scoring_worker import NO_CONNECTION, MemoryWorker
from tests.fakes.wire_events import booked, closed, registered, scheduled


def life(name: str) -> list[bytes]:
    return [registered(name), booked(name), scheduled(name)]


async def test_a_month_close_counts_every_borrower_once_whoever_brings_it(tmp_path: Path) -> None:
    rulebook = load_rulebook(rulebook_with(tmp_path, base="default", champion=a_model("default")))
    worker = MemoryWorker(initial=Context(rulebook))
    # From 5 January, day 26 is the 31st.
    await worker.apply([*life("B-1"), *life("B-2"), *life("B-3"), closed(26)])
    await worker.apply([scheduled("B-2")])
    await worker.finish_sweeps()
    assert (await worker.apply([closed(26)])).duplicates == 1
    latest = await worker.census.latest(NO_CONNECTION)
    assert [drift.figure for drift in latest] == ["R-01", "R-03", "pd", "score"]
    assert [drift.borrowers for drift in latest] == [3, 3, 3, 3]


class Migrated:
    async def fetchval(self, _query: str, *_arguments: object) -> bool:
        return True


async def test_the_gauges_show_each_figure_and_forget_a_model_that_has_gone() -> None:
    census, recorder = MemoryCensus(), MemoryRecorder()
    monitor = DriftMonitor(object(), census=census, recorder=recorder, clock=SystemClock())  # type: ignore[arg-type] - only measure() is called
    moved = BinCount(31, "firms", "1", "R-01", [0.0, 0.8, 0.2], [0, 150, 150])
    await census.add(NO_CONNECTION, 0, [moved])
    await monitor.measure(Migrated())  # type: ignore[arg-type] - it answers one query only
    names = {"model": "firms", "version": "1"}
    assert recorder.total(metrics.PD_PSI, figure="R-01", **names) == moved.stability_index
    assert recorder.total(metrics.PD_COUNTED, **names) == 300
    other = BinCount(59, "firms", "2", "R-01", [0.0, 1.0], [0, 10])
    await census.add(NO_CONNECTION, 0, [other])
    await monitor.measure(Migrated())  # type: ignore[arg-type] - it answers one query only
    shown = recorder.values[metrics.PD_COUNTED.name, tuple(sorted(names.items()))]
    assert shown == [300, 0]
    left = {labels for name, labels in recorder.values if name == metrics.PD_PSI.name}
    assert left == {(("figure", "R-01"), ("model", "firms"), ("version", "2"))}


async def test_where_no_model_is_in_force_any_more_no_figure_stays_behind() -> None:
    census, recorder = MemoryCensus(), MemoryRecorder()
    monitor = DriftMonitor(object(), census=census, recorder=recorder, clock=SystemClock())  # type: ignore[arg-type] - only measure() is called
    await census.add(NO_CONNECTION, 0, [BinCount(31, "firms", "1", "pd", [0.0, 1.0], [0, 10])])
    await monitor.measure(Migrated())  # type: ignore[arg-type] - it answers one query only
    census.counts.clear()
    await monitor.measure(Migrated())  # type: ignore[arg-type] - it answers one query only
    assert [name for name, _ in recorder.values] == [metrics.PD_COUNTED.name]
    assert [*recorder.values.values()] == [[10, 0]]
