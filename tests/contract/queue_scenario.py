"""The queue of deliveries as its dispatcher uses it; run on the real queue and the simulated one.

The queue contains at least two deliveries of one borrower for one ordered endpoint.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from services.alerts.delivery.application.queue import (
    DeliveryQueue,
    FinishedAttempt,
    LeasedDelivery,
    RecordedAttempt,
)
from services.alerts.delivery.domain.attempt import (
    AttemptReport,
    AttemptResult,
    Delivered,
    ResultCode,
    Retry,
)
from services.alerts.delivery.domain.retry_plan import NextStep, RetryAfter

Advance = Callable[[timedelta], Awaitable[None]]
MINUTE = timedelta(minutes=1)


async def leases_order_and_results(
    queue: DeliveryQueue, *, endpoint_id: str, advance: Advance
) -> None:
    """Plays the scenario; `advance` moves the clock of the queue, which nobody else reads."""

    async def claim(token: str, slots: Mapping[str, int] | None = None) -> list[LeasedDelivery]:
        return list(
            await queue.claim(lease=MINUTE, lease_token=token, slots=slots or {}, default_slots=9)
        )

    async def record(delivery: LeasedDelivery, result: AttemptResult, next_step: NextStep) -> bool:
        attempt = FinishedAttempt(
            delivery=delivery, result=result, duration_ms=1, next_step=next_step
        )
        return (await queue.record(attempt)).had_lease

    assert await claim("none", slots={endpoint_id: 0}) == []
    [first] = await claim("one")
    assert (first.attempts_before, first.since_first) == (0, timedelta())
    assert await claim("two") == []
    await queue.renew([first], lease=3 * MINUTE)
    await advance(2 * MINUTE)
    assert await claim("two") == []
    await advance(2 * MINUTE)
    [again] = await claim("two")
    assert (again.delivery_id, again.message) == (first.delivery_id, first.message)
    assert 4 * MINUTE <= again.since_first <= again.age
    delivered = Delivered(report=AttemptReport(code=ResultCode.DELIVERED))
    failed = Retry(report=AttemptReport(code=ResultCode.SERVER_ERROR))
    assert not await record(first, delivered, delivered)
    assert await claim("three") == []
    assert await record(again, delivered, delivered)
    [second] = await claim("three")
    assert second.delivery_id != first.delivery_id
    later = RetryAfter(delay=5 * MINUTE, pauses_endpoint=False, reason="again")
    assert await record(second, failed, later)
    await advance(4 * MINUTE)
    assert await claim("four") == []
    await advance(MINUTE)
    [repeated] = await claim("four")
    assert (repeated.delivery_id, repeated.attempts_before) == (second.delivery_id, 1)


async def a_disabled_endpoint_gets_nothing(
    queue: DeliveryQueue, *, endpoint_id: str, advance: Advance
) -> None:
    """Disables an endpoint with pending deliveries."""
    assert await queue.disable(endpoint_id, reason="a test")
    assert not await queue.disable(endpoint_id, reason="a test")
    await advance(10 * MINUTE)
    assert await queue.claim(lease=MINUTE, lease_token="t", slots={}, default_slots=9) == []
    assert (await queue.backlog()).pending == 0


async def failures_are_counted_until_a_success(
    queue: DeliveryQueue, *, endpoint_id: str, advance: Advance
) -> None:
    """Plays failures and a success at one endpoint."""
    delivered = Delivered(report=AttemptReport(code=ResultCode.DELIVERED))
    failed = Retry(report=AttemptReport(code=ResultCode.SERVER_ERROR))
    at_once = RetryAfter(delay=timedelta(), pauses_endpoint=False, reason="again")

    async def attempt(result: AttemptResult, next_step: NextStep) -> RecordedAttempt:
        [delivery] = await queue.claim(lease=MINUTE, lease_token="t", slots={}, default_slots=1)
        return await queue.record(
            FinishedAttempt(delivery=delivery, result=result, duration_ms=1, next_step=next_step)
        )

    for number in range(1, 13):
        recorded = await attempt(failed, at_once)
        assert recorded.failures == min(number, 10)
        assert recorded.failing_for >= (number - 1) * MINUTE
        await advance(MINUTE)
    assert await attempt(delivered, delivered) == RecordedAttempt(
        had_lease=True, failures=0, failing_for=timedelta()
    )
    recorded = await attempt(failed, at_once)
    assert (recorded.failures, recorded.failing_for) == (1, timedelta())


SCENARIOS = (
    leases_order_and_results,
    a_disabled_endpoint_gets_nothing,
    failures_are_counted_until_a_success,
)
