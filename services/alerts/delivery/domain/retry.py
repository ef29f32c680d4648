"""When a delivery is tried again, and when it is given up.

Ten attempts over at least 75 hours, as Standard Webhooks proposes. The plan is anchored at
the first attempt, so jitter (a fifth of each step, both ways) does not add up and the last
attempt never comes before 75 hours. The shell draws the random number and brings the wall
clock.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import accumulate

STEPS = tuple(
    timedelta(seconds=seconds)
    for seconds in (0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
JITTER_RATIO = 0.2
HORIZON = timedelta(hours=75)
# An overloaded receiver that does not say when it wants more gets a minute at least.
OVERLOAD_PAUSE = timedelta(seconds=60)
# A receiver may ask for more than the plan, but cannot push the end of the plan out of sight.
LONGEST_RETRY_AFTER = timedelta(hours=1)

_OVERLOADED = frozenset({429, 502, 504})
_GONE = 410


class AttemptResult(StrEnum):
    """How one attempt ended; the label of the metric."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    REDIRECTED = "redirected"
    GONE = "gone"
    OVERLOADED = "overloaded"
    SERVER_ERROR = "server_error"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    ADDRESS_DENIED = "address_denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The receiver has it."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryAt:
    """Try again at a moment; with `pauses_endpoint` nothing goes there until then."""

    at: datetime
    pauses_endpoint: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """The last attempt failed; a person can send it again."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointGone:
    """The receiver says that it exists no more: the endpoint is disabled."""

    reason: str


Next = Delivered | RetryAt | GivenUp | EndpointGone


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt that has ended. `number` counts from 1."""

    number: int
    first_at: datetime
    ended_at: datetime
    result: AttemptResult
    retry_after: timedelta | None = None

    def __post_init__(self) -> None:
        if self.number < 1:
            raise ValueError(f"attempt number {self.number} must be 1 or more")


def classify(status_code: int) -> AttemptResult:
    """Return what a status code means: only 2xx is a delivery, and 3xx is not followed."""
    if 200 <= status_code < 300:
        return AttemptResult.DELIVERED
    if status_code == _GONE:
        return AttemptResult.GONE
    if status_code in _OVERLOADED:
        return AttemptResult.OVERLOADED
    if 300 <= status_code < 400:
        return AttemptResult.REDIRECTED
    return AttemptResult.SERVER_ERROR if status_code >= 500 else AttemptResult.REFUSED


def decide_next(attempt: Attempt, *, draw: float, steps: tuple[timedelta, ...] = STEPS) -> Next:
    """Decide what follows an attempt.

    Args:
        attempt: The attempt.
        draw: A random number in [0, 1).
        steps: Time before each attempt, that before the first one included.
    """
    if attempt.result is AttemptResult.DELIVERED:
        return Delivered(reason="delivered")
    if attempt.result is AttemptResult.GONE:
        return EndpointGone(reason="the receiver answered 410 Gone")
    if attempt.number >= len(steps):
        return GivenUp(reason=f"attempt {attempt.number} of {len(steps)} failed")
    at = _planned(attempt, draw=draw, steps=steps)
    pauses = attempt.result is AttemptResult.OVERLOADED
    if pauses and attempt.retry_after is None:
        at = max(at, attempt.ended_at + OVERLOAD_PAUSE)
    if attempt.retry_after is not None:
        step = steps[attempt.number]
        wished = min(attempt.retry_after, max(LONGEST_RETRY_AFTER, 2 * step))
        at = max(at, attempt.ended_at + wished)
    return RetryAt(at=at, pauses_endpoint=pauses, reason=f"{attempt.result}, try again")


def _planned(attempt: Attempt, *, draw: float, steps: tuple[timedelta, ...]) -> datetime:
    step = steps[attempt.number]
    is_last = attempt.number == len(steps) - 1
    swing = draw if is_last else 2 * draw - 1
    anchor = attempt.first_at + tuple(accumulate(steps))[attempt.number]
    wished = anchor + step * (JITTER_RATIO * swing)
    earliest = attempt.ended_at + step * (1 - JITTER_RATIO)
    latest = attempt.ended_at + step * (1 + JITTER_RATIO)
    return min(max(wished, earliest), latest)


def parse_retry_after(value: str | None) -> timedelta | None:
    """Return a Retry-After given in seconds; None for anything else.

    The form with a date is left aside: it would compare the receiver's clock with ours.
    """
    if value is None or not value.isascii() or not value.strip().isdigit():
        return None
    digits = value.strip()
    return timedelta(seconds=int(digits)) if len(digits) <= 9 else LONGEST_RETRY_AFTER
