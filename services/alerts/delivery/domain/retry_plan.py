"""Plans the next attempt of a delivery, or ends it.

Ten attempts over at least 75 hours, as Standard Webhooks proposes. The plan is anchored at the
first attempt, so jitter (a fifth of each step, both ways) does not add up and the last attempt
never comes before 75 hours. The caller draws the random number and reads the clock.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from services.alerts.delivery.domain.attempt import AttemptResult, Delivered, Gone, Rejected

STEPS = tuple(
    timedelta(seconds=seconds)
    for seconds in (0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
JITTER_RATIO = 0.2
HORIZON = timedelta(hours=75)
# An overloaded receiver that does not name a delay gets a minute at least.
OVERLOAD_PAUSE = timedelta(seconds=60)
# A receiver may delay an attempt, but not move the end of the plan out of sight.
LONGEST_RETRY_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryAt:
    """Try again at a moment; with `pauses_endpoint` nothing goes to the endpoint until then."""

    at: datetime
    pauses_endpoint: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """No attempt follows; an operator can resend the delivery."""

    reason: str


NextStep = Delivered | RetryAt | GivenUp | Gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt that has ended. `number` counts from 1."""

    number: int
    first_at: datetime
    ended_at: datetime
    result: AttemptResult

    def __post_init__(self) -> None:
        if self.number < 1:
            raise ValueError(f"attempt number {self.number} must be 1 or more")


def plan_next(attempt: Attempt, *, draw: float, steps: tuple[timedelta, ...] = STEPS) -> NextStep:
    """Returns what follows an attempt.

    Args:
        attempt: The attempt.
        draw: A random number in [0, 1).
        steps: Time before each attempt, that before the first one included.
    """
    result = attempt.result
    if isinstance(result, Delivered | Gone):
        return result
    if isinstance(result, Rejected):
        return GivenUp(reason=result.reason)
    if attempt.number >= len(steps):
        return GivenUp(reason=f"attempt {attempt.number} of {len(steps)} failed")
    at = _planned(attempt, draw=draw, steps=steps)
    if result.after is not None:
        step = steps[attempt.number]
        delay = min(result.after, max(LONGEST_RETRY_AFTER, 2 * step))
        at = max(at, attempt.ended_at + delay)
    elif result.is_overloaded:
        at = max(at, attempt.ended_at + OVERLOAD_PAUSE)
    return RetryAt(
        at=at,
        pauses_endpoint=result.is_overloaded,
        reason=f"{result.report.code}, try again",
    )


def _planned(attempt: Attempt, *, draw: float, steps: tuple[timedelta, ...]) -> datetime:
    step = steps[attempt.number]
    is_last = attempt.number == len(steps) - 1
    swing = draw if is_last else 2 * draw - 1
    anchor = attempt.first_at + tuple(accumulate(steps))[attempt.number]
    planned = anchor + step * (JITTER_RATIO * swing)
    earliest = attempt.ended_at + step * (1 - JITTER_RATIO)
    latest = attempt.ended_at + step * (1 + JITTER_RATIO)
    return min(max(planned, earliest), latest)
