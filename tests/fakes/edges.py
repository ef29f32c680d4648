"""Borrowers and statements at the edges of thresholds."""

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import pytest

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.indicators.registry import BY_ID
from services.scoring.domain.primitives.measurement import MICRO, Measurement
from services.scoring.domain.rulebook.rulebook import Rules
from tests.fakes.measured import note, note_level
from tests.fakes.statements import firm, statement
from tests.fakes.story import EVERYTHING_ON, Story, context
from tests.fakes.units import day

G: Final = 0
A: Final = 1
R: Final = 2
AS_OF: Final = day("2024-06-30")
Lines = dict[str, int]


def borrower(start: str = "2024-01-01", **profile: str) -> Story:
    """Return a borrower for whom every indicator is switched on."""
    return Story(start=start, rulebook=EVERYTHING_ON, **profile)


def owing(*dues: tuple[str, float], start: str = "2024-01-01") -> Story:
    """Return a borrower with one loan and these instalments."""
    story = borrower(start)
    story.loan(sum(amount for _, amount in dues))
    story.schedule(*dues)
    return story


@dataclass(frozen=True)
class Edge:
    """One pair of years with what follows from it."""

    indicator: str
    before: Lines | None
    now: Lines
    figures: tuple[float | None, ...]
    level: int
    industry: str = "46.7"


def edges(
    indicator: str,
    before: Lines | None,
    common: Lines,
    line: str,
    *rows: tuple[int, tuple[float | None, ...], int],
    **fixed: Any,
) -> list[Edge]:
    """Return one edge per value of a line."""
    return [
        Edge(indicator, before, {**common, line: value}, figures, level, **fixed)
        for value, figures, level in rows
    ]


@cache
def _rules() -> Rules:
    return context(EVERYTHING_ON).rules_for(Story().borrower)


def _years(edge: Edge) -> list[Any]:
    before = [] if edge.before is None else [statement("2022-12", **edge.before)]
    return [*before, statement("2023-12", **edge.now)]


def measured(indicator: str, borrower: Borrower) -> Measurement:
    """Measure an indicator of a borrower, and note its figures."""
    return note(indicator, BY_ID[indicator].measure(borrower, AS_OF, _rules()))


def level_of(measurement: Measurement, indicator: str) -> int:
    """Return the level by the printed thresholds: the worst figure, or the mildest of all."""
    rule = _rules().by_slot[BY_ID[indicator].slot]
    assert rule is not None
    levels = [
        component.level(figure)
        for component, figure in zip(rule.components, measurement.values, strict=True)
        if component is not None and figure is not None
    ]
    return note_level(indicator, min(levels) if rule.needs_all else max(levels))


def check(edge: Edge) -> None:
    """Assert the figures and the level of an edge."""
    measurement = measured(edge.indicator, firm(*_years(edge), industry=edge.industry))
    shown = [None if figure is None else figure / MICRO for figure in measurement.values]
    expected = [
        None if figure is None else pytest.approx(figure, abs=2e-6) for figure in edge.figures
    ]
    assert shown == expected
    assert level_of(measurement, edge.indicator) == edge.level
