"""A circuit breaker per endpoint: spares a receiver that is down.

A closed breaker passes every attempt. Five failures in a row open it for a pause; then it passes
one attempt as a probe: success closes it, failure opens it for twice as long, up to a limit. The
dispatcher has it in memory, so after a restart the receiver gets one more attempt.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

FAILURES_TO_OPEN = 5
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=30)


class Gate(StrEnum):
    """What the breaker passes."""

    CLOSED = "closed"
    PROBE = "probe"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """The state of one endpoint's breaker."""

    failures: int = 0
    open_until: datetime | None = None
    pause: timedelta = FIRST_PAUSE

    def gate(self, at: datetime) -> Gate:
        """Returns what may pass at a moment."""
        if self.open_until is None:
            return Gate.CLOSED
        return Gate.OPEN if at < self.open_until else Gate.PROBE


NEW = Breaker()


def succeeded(_breaker: Breaker) -> Breaker:
    """Returns the breaker after a delivery."""
    return NEW


def failed(breaker: Breaker, *, at: datetime) -> Breaker:
    """Returns the breaker after a failure; one that ends while it is open changes nothing."""
    gate = breaker.gate(at)
    if gate is Gate.OPEN:
        return breaker
    if gate is Gate.PROBE:
        pause = min(2 * breaker.pause, LONGEST_PAUSE)
        return Breaker(failures=breaker.failures + 1, open_until=at + pause, pause=pause)
    failures = breaker.failures + 1
    if failures < FAILURES_TO_OPEN:
        return replace(breaker, failures=failures)
    return Breaker(failures=failures, open_until=at + breaker.pause, pause=breaker.pause)


def paused(breaker: Breaker, *, until: datetime) -> Breaker:
    """Returns the breaker after a receiver requested a pause."""
    later = until if breaker.open_until is None else max(until, breaker.open_until)
    return replace(breaker, open_until=later)


def should_disable(*, failing_since: datetime | None, at: datetime, limit: timedelta) -> bool:
    """Returns whether every attempt has failed for so long that the endpoint is disabled."""
    return failing_since is not None and at - failing_since >= limit
