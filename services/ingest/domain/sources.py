"""Whether a caller may speak for an event source."""

from functools import lru_cache


# The same few sources come with every event.
@lru_cache(maxsize=4_096)
def may_speak_for(source: str, allowed: tuple[str, ...]) -> bool:
    """Return whether `source` is one of the allowed ones.

    An allowed source that ends with `*` stands for all that begin alike: `core/*` allows
    `core/loans` and not `core`. Nothing is allowed by an empty list.
    """
    return any(
        source.startswith(each[:-1]) if each.endswith("*") else source == each for each in allowed
    )
