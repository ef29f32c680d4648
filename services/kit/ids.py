"""The only place where a process makes up an identifier.

Identifiers of things that a person or another system creates here (an API key, a webhook
endpoint, a request) come from an injected `IdFactory`. What follows from the event log gets
an id made of the log's own ids instead, so that a second run gives the same one.
"""

import secrets
import time
from typing import Protocol


class IdFactory(Protocol):
    """Makes identifiers that nobody made before."""

    def __call__(self) -> str:
        """Return a new identifier."""
        ...


def time_ordered_id() -> str:
    """Return a UUID of version 7: unique, and near its neighbours in a database index."""
    milliseconds = time.time_ns() // 1_000_000
    # One question to the system for all random bits: each costs more than all the rest.
    random = int.from_bytes(secrets.token_bytes(10), "big")
    value = (milliseconds & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76
    value |= (random >> 68) << 64
    value |= 0b10 << 62
    value |= random & ((1 << 62) - 1)
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class CountingIds:
    """Identifiers in a row, for tests: `<prefix>1`, `<prefix>2`, …"""

    def __init__(self, prefix: str = "id-") -> None:
        self._prefix = prefix
        self._count = 0

    def __call__(self) -> str:
        self._count += 1
        return f"{self._prefix}{self._count}"
