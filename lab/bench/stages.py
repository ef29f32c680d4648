"""Measures what each stage of an event costs in one process, without broker and database.

The same code that the worker runs, called stage by stage: decode, fold, encode the state, encode
the assessment; and one day close for every borrower. Also how the cost grows with history.
"""

import statistics
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from lab.bench.environment import TIME_ZONE
from lab.bench.feed import EventLine, portfolio
from lab.bench.meters import per_event
from services.scoring.adapters import assessment_json, state_bytes
from services.scoring.adapters.rulebook_reader import load_rulebook
from services.scoring.adapters.wire.decoder import EventDecoder
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.events.control import DayClosed
from services.scoring.domain.events.event import Event
from services.scoring.domain.fold import fold, new_borrower
from services.scoring.domain.handlers.registry import type_name
from services.scoring.domain.rulebook.context import Context

DAYS_A_MONTH = 30


@dataclass(slots=True)
class StageCost:
    """The CPU time of a stage, and how often it ran."""

    seconds: float = 0.0
    times: int = 0

    def since(self, began: float, times: int = 1) -> None:
        """Add the CPU time since a moment."""
        self.seconds += time.process_time() - began
        self.times += times

    @property
    def each(self) -> float:
        """Return microseconds per run."""
        return per_event(self.seconds, self.times)


@dataclass(slots=True)
class Pipeline:
    """The pure part of the worker, with a clock at every stage."""

    context: Context = field(default_factory=lambda: Context(load_rulebook("default")))
    decoder: EventDecoder = field(default_factory=lambda: EventDecoder(ZoneInfo(TIME_ZONE)))
    borrowers: dict[str, Borrower] = field(default_factory=dict)
    stages: dict[str, StageCost] = field(default_factory=dict)
    by_type: dict[str, StageCost] = field(default_factory=dict)

    def apply(self, line: EventLine) -> None:
        """Run one event through all stages."""
        began = time.process_time()
        event = self.decoder.decode(line.value)
        self._stage("decode").since(began)
        if isinstance(event, DayClosed):
            self._close(event)
            return
        borrower = self.borrowers.get(event.borrower_id)
        if borrower is None:
            borrower = self.borrowers[event.borrower_id] = new_borrower(event.borrower_id)
        self._fold(borrower, event)

    def _fold(self, borrower: Borrower, event: Event) -> None:
        began = time.process_time()
        outcome = fold(borrower, event, self.context)
        spent = self._stage("fold")
        before = spent.seconds
        spent.since(began)
        of_type = self.by_type.setdefault(type_name(event), StageCost())
        of_type.seconds += spent.seconds - before
        of_type.times += 1
        began = time.process_time()
        state_bytes.encode(borrower)
        self._stage("encode_state").since(began)
        if outcome.assessment is not None:
            began = time.process_time()
            assessment_json.risk_event(outcome.assessment)
            self._stage("encode_assessment").since(began)

    def _close(self, event: DayClosed) -> None:
        began = time.process_time()
        for borrower in self.borrowers.values():
            fold(borrower, event, self.context)
        self._stage("fold_day_close").since(began, len(self.borrowers))
        began = time.process_time()
        for borrower in self.borrowers.values():
            state_bytes.encode(borrower)
        self._stage("encode_after_close").since(began, len(self.borrowers))

    def _stage(self, name: str) -> StageCost:
        return self.stages.setdefault(name, StageCost())

    @property
    def state_bytes(self) -> list[int]:
        """Return the sizes of all states, ascending."""
        return sorted(len(state_bytes.encode(borrower)) for borrower in self.borrowers.values())


def stages(borrowers: int = 150, days: int = 120) -> dict[str, object]:
    """Return microseconds of CPU of every stage, and the size of a state."""
    pipeline = Pipeline()
    _run(pipeline, portfolio(borrowers, days, closes=True))
    events = pipeline.stages["fold"].times
    return {
        "events": events,
        "cpu_us": {name: spent.each for name, spent in pipeline.stages.items()},
        "assessments_per_event": round(pipeline.stages["encode_assessment"].times / events, 4),
        "fold_cpu_us_by_type": {
            name: spent.each
            for name, spent in sorted(pipeline.by_type.items(), key=lambda item: -item[1].seconds)
        },
        "state_bytes_median": round(statistics.median(pipeline.state_bytes)),
    }


def history(months: tuple[int, ...] = (1, 24), borrowers: int = 20) -> dict[str, object]:
    """Return what an event costs in the last month of histories of these lengths."""
    pipeline = Pipeline()
    cost: dict[str, float] = {}
    size: dict[str, int] = {}
    closes = 0
    for line in portfolio(borrowers, max(months) * DAYS_A_MONTH, closes=True):
        pipeline.apply(line)
        if line.key is not None:
            continue
        closes += 1
        if closes % DAYS_A_MONTH == 0:
            month = closes // DAYS_A_MONTH
            if month in months:
                cost[str(month)] = _event_cost(pipeline)
                size[str(month)] = round(statistics.median(pipeline.state_bytes))
            pipeline.stages.clear()
    first, last = cost[str(min(months))], cost[str(max(months))]
    return {
        "cpu_us_per_event_in_month": cost,
        "growth": round(last / first, 2),
        "state_bytes_median": size,
    }


def _event_cost(pipeline: Pipeline) -> float:
    """Return decode, fold, encoding and the event's share of day closes, in microseconds."""
    seconds = sum(spent.seconds for spent in pipeline.stages.values())
    return per_event(seconds, pipeline.stages["fold"].times)


def _run(pipeline: Pipeline, lines: Iterable[EventLine]) -> None:
    for line in lines:
        pipeline.apply(line)
