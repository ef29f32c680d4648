"""What callers may occupy: the time of a body, requests of one key, connections, host names.

Every service is given the same limits. They make sure that one caller, slow or hostile, leaves room
to all others: a body has a deadline, a key has a number of requests at the same time and of bytes
in their bodies.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address

MAX_BODY_BYTES = 1_048_576
# 4 MiB in half a minute are 140 kB/s; a core system in the bank's network sends 100 times that.
BODY_SECONDS = 30.0
REQUESTS_PER_KEY = 64
# A desk reads three answers a page; a program that needs more reads larger pages or the stream.
REQUESTS_PER_SECOND = 50.0
# How many seconds of requests may come at once after a pause.
BURST_SECONDS = 4.0
# Some of the largest bodies; what is made of one occupies three times its bytes.
BODIES_PER_KEY = 4
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLimits:
    """The limits of a service's requests.

    Attributes:
        max_body_bytes: The largest request body; a larger one is answered 413.
        body_seconds: The time in which a body must have arrived; a later one is answered 408.
        requests_per_key: Requests of one key at the same time; one more is answered 429.
        requests_per_second: Requests of one caller a second, in the long run; None for any number.
            Sources are not limited by it: they send as fast as their requests are answered.
        host_names: Names under which the service is reached, besides single labels and addresses.
    """

    max_body_bytes: int = MAX_BODY_BYTES
    body_seconds: float = BODY_SECONDS
    requests_per_key: int = REQUESTS_PER_KEY
    requests_per_second: float | None = None
    host_names: frozenset[str] = frozenset()

    @property
    def bytes_per_key(self) -> int:
        """Returns the most bytes in the bodies of one key's requests; more is answered 429."""
        return BODIES_PER_KEY * self.max_body_bytes

    def accepts_host(self, header: str) -> bool:
        """Returns whether a Host header names this service.

        A web page of somebody else can make its own name lead here, but neither an address nor a
        name without a dot.
        """
        match = _HOST.fullmatch(header)
        if match is None:
            return False
        host = match[1].strip("[]").lower().removesuffix(".")
        return "." not in host or host in self.host_names or _is_address(host)


class RequestsByKey:
    """Counts the requests of each key that are under way, and the bytes of their bodies."""

    def __init__(self, limits: RequestLimits) -> None:
        self._limit = limits.requests_per_key
        self._most_bytes = limits.bytes_per_key
        self._counts: dict[str, int] = {}
        self._bytes: dict[str, int] = {}

    def enter(self, key_id: str) -> bool:
        """Counts a request of a key; returns False if the key has as many as it may."""
        count = self._counts.get(key_id, 0)
        if count >= self._limit:
            return False
        self._counts[key_id] = count + 1
        return True

    def receive(self, key_id: str, size: int) -> bool:
        """Counts bytes of a body; returns False if the key then has more than it may."""
        held = self._bytes[key_id] = self._bytes.get(key_id, 0) + size
        return held <= self._most_bytes

    def leave(self, key_id: str, body_bytes: int) -> None:
        """Counts a request less, with the bytes of its body."""
        count = self._counts.pop(key_id) - 1
        held = self._bytes.pop(key_id, 0) - body_bytes
        if count:
            self._counts[key_id], self._bytes[key_id] = count, held


class RequestRate:
    """A token bucket for each caller, which fills with time up to `BURST_SECONDS` of requests."""

    def __init__(
        self, limits: RequestLimits, *, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = limits.requests_per_second
        self._seconds = seconds
        self._buckets: dict[str, tuple[float, float]] = {}

    def wait(self, caller_id: str) -> float:
        """Takes a token of a caller; returns 0, or the seconds until there is one."""
        if self._rate is None:
            return 0.0
        now, most = self._seconds(), self._rate * BURST_SECONDS
        tokens, filled_at = self._buckets.get(caller_id, (most, now))
        tokens = min(most, tokens + (now - filled_at) * self._rate)
        if tokens < 1:
            return (1 - tokens) / self._rate
        self._buckets[caller_id] = tokens - 1, now
        return 0.0


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
