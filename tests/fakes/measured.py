"""What the tests of the core have asked each indicator, and what it answered.

`Story.measure` and `Story.level`, and the tests of statements, note every answer here; nothing else
does, so that what the fold measured by the way counts for nobody. `tests.indicator_coverage` makes
its table from it.
"""

from services.scoring.domain.primitives.measurement import MEASURED, UNMEASURABLE, Measurement

FIGURES: dict[str, set[tuple[int | None, ...]]] = {}
GAPS: set[str] = set()
LEVELS: dict[str, set[int]] = {}


def note(indicator_id: str, found: Measurement) -> Measurement:
    """Remember the figures, or that there were none; return them."""
    if found.status == MEASURED:
        FIGURES.setdefault(indicator_id, set()).add(tuple(found.values))
        if all(figure is None for figure in found.values):
            GAPS.add(indicator_id)
    if found.status == UNMEASURABLE:
        GAPS.add(indicator_id)
    return found


def note_level(indicator_id: str, level: int) -> int:
    """Remember the level that a test looked at; return it."""
    LEVELS.setdefault(indicator_id, set()).add(level)
    return level
