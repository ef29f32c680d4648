"""Plans the next attempt of a delivery, or ends it.

Ten attempts over at least 75 hours, as Standard Webhooks proposes. The plan is anchored at the
first attempt, so jitter (a fifth of each step, both ways) does not add up and the last attempt
never comes before 75 hours. The caller draws the random number and measures the time since the
first attempt. The plan is a delay, never a moment, and at most 1.2 steps long unless the receiver
requests more: no clock that is wrong can hold a delivery for longer.
"""

from dataclasses import dataclass
from datetime import timedelta
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
class RetryAfter:
    """Try again after a delay; with `pauses_endpoint` nothing goes to the endpoint until then."""

    delay: timedelta
    pauses_endpoint: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """No attempt follows; an operator can resend the delivery."""

    reason: str


NextStep = Delivered | RetryAfter | GivenUp | Gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt that has ended. `number` counts from 1.

    Attributes:
        since_first: From the beginning of the first attempt to the end of this one.
    """

    number: int
    since_first: timedelta
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
    delay = _planned(attempt, draw=draw, steps=steps)
    if result.after is not None:
        step = steps[attempt.number]
        delay = max(delay, min(result.after, max(LONGEST_RETRY_AFTER, 2 * step)))
    elif result.is_overloaded:
        delay = max(delay, OVERLOAD_PAUSE)
    return RetryAfter(
        delay=delay,
        pauses_endpoint=result.is_overloaded,
        reason=f"{result.report.code}, try again",
    )


def _planned(attempt: Attempt, *, draw: float, steps: tuple[timedelta, ...]) -> timedelta:
    step = steps[attempt.number]
    is_last = attempt.number == len(steps) - 1
    swing = draw if is_last else 2 * draw - 1
    anchor = tuple(accumulate(steps))[attempt.number]
    planned = anchor + step * (JITTER_RATIO * swing) - attempt.since_first
    return min(max(planned, step * (1 - JITTER_RATIO)), step * (1 + JITTER_RATIO))
