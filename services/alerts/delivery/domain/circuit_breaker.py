"""A circuit breaker per endpoint: spares a receiver that is down.

A closed breaker passes every attempt. Five failures in a row open it for a pause; then it passes
one attempt as a probe: success closes it, failure opens it for twice as long, up to a limit. The
dispatcher has it in memory, so after a restart the receiver gets one more attempt. Its moments are
seconds of the process's monotonic clock, so a wall clock that jumps opens and closes nothing.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

FAILURES_TO_OPEN = 5
FIRST_PAUSE_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 1800.0
# A clock that jumps may make the time since the first failure look long; attempts cannot be faked.
ATTEMPTS_TO_DISABLE = 10


class Gate(StrEnum):
    """What the breaker passes."""

    CLOSED = "closed"
    PROBE = "probe"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """The state of one endpoint's breaker."""

    failures: int = 0
    open_until: float | None = None
    pause_seconds: float = FIRST_PAUSE_SECONDS

    def gate(self, at: float) -> Gate:
        """Returns what may pass at a moment."""
        if self.open_until is None:
            return Gate.CLOSED
        return Gate.OPEN if at < self.open_until else Gate.PROBE


NEW = Breaker()


def succeeded(_breaker: Breaker) -> Breaker:
    """Returns the breaker after a delivery."""
    return NEW


def failed(breaker: Breaker, *, at: float) -> Breaker:
    """Returns the breaker after a failure; one that ends while it is open changes nothing."""
    gate = breaker.gate(at)
    if gate is Gate.OPEN:
        return breaker
    if gate is Gate.PROBE:
        pause = min(2 * breaker.pause_seconds, LONGEST_PAUSE_SECONDS)
        return Breaker(failures=breaker.failures + 1, open_until=at + pause, pause_seconds=pause)
    failures = breaker.failures + 1
    if failures < FAILURES_TO_OPEN:
        return replace(breaker, failures=failures)
    return replace(breaker, failures=failures, open_until=at + breaker.pause_seconds)


def paused(breaker: Breaker, *, until: float) -> Breaker:
    """Returns the breaker after a receiver requested a pause."""
    later = until if breaker.open_until is None else max(until, breaker.open_until)
    return replace(breaker, open_until=later)


def should_disable(*, failing_for: timedelta, failures: int, limit: timedelta) -> bool:
    """Returns whether every attempt has failed, so often and for so long, that nothing is sent."""
    return failures >= ATTEMPTS_TO_DISABLE and failing_for >= limit
