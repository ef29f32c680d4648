"""The sources for which a caller may send events."""

from functools import lru_cache


# Few sources send nearly all events.
@lru_cache(maxsize=4_096)
def may_speak_for(source: str, allowed: tuple[str, ...]) -> bool:
    """Returns whether `source` is one of the allowed ones.

    An allowed source that ends with `*` is a prefix: `core/*` allows `core/loans` and not `core`.
    An empty list allows nothing.
    """
    return any(
        source.startswith(each[:-1]) if each.endswith("*") else source == each for each in allowed
    )
