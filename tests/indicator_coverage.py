"""Makes docs/reference/indicator-coverage.md: what the core's tests have shown of each indicator.

`python -m tests.indicator_coverage` runs the tests of `tests/unit/scoring/domain`, which note what
they asked each indicator (`tests.fakes.measured`), and writes the page; the last of those tests
compares. A cell says yes only for what was seen in the run:

- formula: a test has worked out a figure of the indicator by hand;
- amber, red: for each figure with such a threshold, tests have figures on both sides of it, no
  further away than a day, a count, or a tenth of the threshold, and have seen that level;
- unmeasurable: a test has seen that it cannot be formed;
- incremental: it is measured in the lives that tests/property/scoring replays both ways.
"""

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from services.scoring.adapters.rulebook_reader import load_rulebook
from services.scoring.domain.indicators.registry import ALL
from services.scoring.domain.primitives.measurement import AMBER, MEASURED, MICRO, RED, Unit
from services.scoring.domain.rulebook.rulebook import Indicator, IndicatorRule, Rulebook
from services.scoring.domain.rulebook.thresholds import ComponentRule, Threshold
from tests.fakes import measured

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = ROOT / "tests" / "unit" / "scoring" / "domain"
PAGE: Final = ROOT / "docs" / "reference" / "indicator-coverage.md"
# Section 3 of the catalogue, and what running it on real data added.
CATALOGUE: Final = {
    *(f"R-{number:02d}" for number in range(1, 18)),
    *(f"A-{number:02d}" for number in range(1, 28)),
    *(f"F-{number:02d}" for number in range(1, 31)),
    *(f"C-{number:02d}" for number in range(1, 9)),
    *("X-01", "X-02", "X-03"),
}
STEPS: Final = (Unit.DAYS, Unit.MONTHS, Unit.COUNT)
BOTH: Final = {True, False}
SMALLEST_STEP: Final = 20_000
NOT_POSSIBLE: Final = "–"
# What cannot be missing, and why.
ALWAYS_KNOWN: Final = {
    "R-08": "a failure is an event; none is none",
    "A-09": "a returned item is an event; none is none",
    "A-22": "an enforcement is an event; none is none",
    "F-01": "without a due date nothing is late",
    "F-18": "without a covenant none is broken",
    "C-02": "without a valuation there is no piece",
    "C-06": "without a date nothing runs out",
    "C-07": "an inspection is an event; none is none",
    "C-08": "a report is an event; none is none",
}
# What no figure can reach.
OUT_OF_REACH: Final = {
    # A month of nothing lies 1 / CV below the mean: less than two deviations where CV > 0.5.
    ("A-01", "distance", AMBER),
    ("A-01", "distance", RED),
    # The events do not tell a resignation in mid-term from another change of auditor.
    ("F-19", "change", RED),
}


@dataclass(frozen=True, slots=True)
class Row:
    """What was seen of one indicator; a text where it is not a plain yes."""

    indicator: str
    formula: str
    amber: str
    red: str
    unmeasurable: str
    incremental: str

    @property
    def is_complete(self) -> bool:
        """Return whether everything that is possible was seen."""
        cells = (self.formula, self.amber, self.red, self.unmeasurable, self.incremental)
        return all(cell == "yes" or cell.startswith(NOT_POSSIBLE) for cell in cells)


def rows() -> list[Row]:
    """Return what the tests run so far have shown, by indicator."""
    # Imported here because pytest wants to see hypothesis first.
    from tests.property.scoring.histories import grown_up

    lived = grown_up().borrower.signals.status
    return [_row(one, lived[one.slot] == MEASURED) for one in ALL]


def _row(one: Indicator, is_lived: bool) -> Row:
    figures = measured.FIGURES.get(one.id, set())
    gap = "yes" if one.id in measured.GAPS else "no"
    return Row(
        indicator=one.id,
        formula="yes" if any(figure for row in figures for figure in row) else "no",
        amber=_edge(one, AMBER),
        red=_edge(one, RED),
        unmeasurable=f"{NOT_POSSIBLE} {ALWAYS_KNOWN[one.id]}" if one.id in ALWAYS_KNOWN else gap,
        incremental="yes" if is_lived else "no",
    )


@cache
def _rulebook(name: str) -> Rulebook:
    return load_rulebook(name)


def _rule_of(one: Indicator) -> IndicatorRule:
    """Return the rule of the catalogue as written, or of `default` where it is only there."""
    for book in ("reference", "default"):
        rule = _rulebook(book).indicators.get(one.slot)
        if rule is not None:
            return rule
    raise LookupError(one.id)


def _edge(one: Indicator, level: int) -> str:
    edges = [
        (place, component, threshold)
        for place, component in enumerate(_rule_of(one).components)
        if component is not None
        and (one.id, component.name, level) not in OUT_OF_REACH
        and (threshold := _threshold(component, level)) is not None
    ]
    if not edges:
        return f"{NOT_POSSIBLE} none in the catalogue"
    missed = [
        component.name
        for place, component, threshold in edges
        if not _is_tried(one, place, threshold)
    ]
    if missed:
        return f"no: {', '.join(missed)}"
    seen = max(measured.LEVELS.get(one.id, {0}))
    return "yes" if seen >= level else "no: level never seen"


def _threshold(component: ComponentRule, level: int) -> Threshold | None:
    if level == AMBER:
        return component.amber
    return component.red if component.red is not None else component.hard


def _is_tried(one: Indicator, place: int, threshold: Threshold) -> bool:
    """Return whether tests have figures on both sides of the threshold and near it.

    A yes/no figure has no near: it speaks or it does not.
    """
    unit = one.components[place].unit
    answers = [row[place] for row in measured.FIGURES.get(one.id, set())]
    if unit is Unit.FLAG:
        return {figure is not None and threshold.reached(figure) for figure in answers} == BOTH
    near = MICRO if unit in STEPS else max(SMALLEST_STEP, abs(threshold.value) // 10)
    figures = [one for one in answers if one is not None and abs(one - threshold.value) <= near]
    return {threshold.reached(figure) for figure in figures} == BOTH


def page() -> str:
    """Return the page."""
    lines = [
        "# What the tests show of every indicator",
        "",
        "Made by `python -m tests.indicator_coverage` from what the tests of the core asked each "
        "indicator and what it answered; do not edit. Formula: a figure worked out by hand. "
        "Amber, red: figures next to each threshold, on both sides. Unmeasurable: a case in which "
        "it cannot be formed. Incremental: measured in the lives for which what an event "
        "re-evaluates is compared with measuring everything from scratch "
        "(`tests/property/scoring`).",
        "",
        "| indicator | | formula | amber | red | unmeasurable | incremental |",
        "|---|---|---|---|---|---|---|",
    ]
    names = {one.id: one.name for one in ALL}
    for row in rows():
        cells = (row.formula, row.amber, row.red, row.unmeasurable, row.incremental)
        lines.append(f"| {row.indicator} | {names[row.indicator]} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def write() -> int:
    """Run the tests and write the page; return their exit status."""
    status = pytest.main(["-q", "-p", "no:cacheprovider", "--deselect", _comparison(), str(FOLDER)])
    # The tests have run in this process under the name by which they import the notes.
    PAGE.write_text(page(), encoding="utf-8")
    return int(status)


def _comparison() -> str:
    return f"{(FOLDER / 'test_indicator_coverage.py').relative_to(ROOT)}"


if __name__ == "__main__":
    sys.exit(write())
