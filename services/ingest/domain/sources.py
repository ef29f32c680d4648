"""The sources for which a caller may send events, and the event types that it may send."""

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


@lru_cache(maxsize=4_096)
def may_send(event_type: str, allowed: tuple[str, ...], *, is_control: bool) -> bool:
    """Returns whether a type, given without its version, is one of the allowed ones.

    An allowed type that ends with `*` is a prefix, and never allows a control event: those change
    every borrower, so each is named in full.
    """
    if is_control:
        return event_type in allowed
    return may_speak_for(event_type, allowed)
