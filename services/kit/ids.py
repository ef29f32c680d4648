"""Generates identifiers; no other module does.

Identifiers of things that a person or another system creates here (an API key, a webhook endpoint,
a request) come from an injected `IdFactory`. What follows from the event log gets an id that is
derived from the log's own ids, so that a second run gives the same one.
"""

import secrets
import time
from typing import Protocol


class IdFactory(Protocol):
    """Generates unique identifiers."""

    def __call__(self) -> str:
        """Returns a new identifier."""
        ...


def time_ordered_id() -> str:
    """Returns a UUID of version 7: unique, and near its neighbours in a database index."""
    milliseconds = time.time_ns() // 1_000_000
    # One system call for all random bits: it costs more than everything else here.
    random = int.from_bytes(secrets.token_bytes(10), "big")
    value = (milliseconds & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76
    value |= (random >> 68) << 64
    value |= 0b10 << 62
    value |= random & ((1 << 62) - 1)
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
