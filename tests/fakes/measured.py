"""What the tests of the core have measured, indicator by indicator.

`Story.measure` and `Story.level`, and the tests of statements, note every answer here; nothing else
does, so that what the fold measured by the way counts for nobody. `tests.indicator_coverage` makes
its table from it.
"""

from services.scoring.domain.primitives.measurement import MEASURED, UNMEASURABLE, Measurement

FIGURES: dict[str, set[tuple[int | None, ...]]] = {}
GAPS: set[str] = set()
LEVELS: dict[str, set[int]] = {}


def note(indicator_id: str, measurement: Measurement) -> Measurement:
    """Remember the figures, or that there were none; return them."""
    if measurement.status == MEASURED:
        FIGURES.setdefault(indicator_id, set()).add(tuple(measurement.values))
        if all(figure is None for figure in measurement.values):
            GAPS.add(indicator_id)
    if measurement.status == UNMEASURABLE:
        GAPS.add(indicator_id)
    return measurement


def note_level(indicator_id: str, level: int) -> int:
    """Remember the level that a test asserts; return it."""
    LEVELS.setdefault(indicator_id, set()).add(level)
    return level
