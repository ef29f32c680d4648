"""Read the ``inspections`` part of a rulebook: months from one inspection to the next.

By segment (``"*"`` for those that are not named), then by state; a state that is left out has none.
"""

from services.scoring.adapters.rulebook_fields import Problems, read_mapping, read_whole
from services.scoring.domain.borrower.risk import CLOSED, STATE_NAMES
from services.scoring.domain.primitives.vocabulary import SEGMENTS


def compile_inspections(part: object, problems: Problems) -> dict[str, tuple[int, ...]]:
    """Return the months by segment and state."""
    compiled = {}
    for segment, entry in read_mapping(part, problems).items():
        with problems.at(segment):
            if segment != "*" and segment not in SEGMENTS:
                problems.add(f"unknown segment; known ones: *, {', '.join(SEGMENTS)}")
                continue
            months = read_mapping(entry, problems)
            for state in months.keys() - set(STATE_NAMES[:CLOSED]):
                problems.add(f"unknown state {state!r}; known: {', '.join(STATE_NAMES[:CLOSED])}")
            by_state = [read_whole(months.get(state, 0), problems) for state in STATE_NAMES]
            compiled[segment] = tuple(by_state) if any(by_state) else ()
    return compiled
