"""The queue of deliveries as its dispatcher uses it; run on the real queue and the simulated one.

The queue contains at least two deliveries of one borrower for one ordered endpoint.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from services.alerts.delivery.application.queue import (
    DeliveryQueue,
    FinishedAttempt,
    LeasedDelivery,
)
from services.alerts.delivery.domain.attempt import (
    AttemptReport,
    AttemptResult,
    Delivered,
    ResultCode,
    Retry,
)
from services.alerts.delivery.domain.retry_plan import NextStep, RetryAt


async def leases_order_and_results(queue: DeliveryQueue, *, endpoint_id: str, at: datetime) -> None:
    minute = timedelta(minutes=1)

    async def claim(
        token: str, after: timedelta = timedelta(), slots: Mapping[str, int] | None = None
    ) -> list[LeasedDelivery]:
        now = at + after
        return list(
            await queue.claim(
                now=now,
                lease_until=now + minute,
                lease_token=token,
                slots=slots or {},
                default_slots=9,
            )
        )

    async def record(delivery: LeasedDelivery, result: AttemptResult, next_step: NextStep) -> bool:
        attempt = FinishedAttempt(
            delivery=delivery, result=result, duration_ms=1, next_step=next_step, at=at
        )
        return (await queue.record(attempt)).had_lease

    assert await claim("none", slots={endpoint_id: 0}) == []
    [first] = await claim("one")
    assert first.attempts_before == 0
    assert await claim("two") == []
    await queue.renew([first], lease_until=at + 3 * minute)
    assert await claim("two", after=2 * minute) == []
    [again] = await claim("two", after=4 * minute)
    assert (again.delivery_id, again.message) == (first.delivery_id, first.message)
    assert again.first_attempt_at == at
    delivered = Delivered(report=AttemptReport(code=ResultCode.DELIVERED))
    failed = Retry(report=AttemptReport(code=ResultCode.SERVER_ERROR))
    assert not await record(first, delivered, delivered)
    assert await claim("three", after=4 * minute) == []
    assert await record(again, delivered, delivered)
    [second] = await claim("three", after=4 * minute)
    assert second.delivery_id != first.delivery_id
    later = RetryAt(at=at + 9 * minute, pauses_endpoint=False, reason="again")
    assert await record(second, failed, later)
    assert await claim("four", after=8 * minute) == []
    [repeated] = await claim("four", after=9 * minute)
    assert (repeated.delivery_id, repeated.attempts_before) == (second.delivery_id, 1)
    assert await queue.disable(endpoint_id, reason="a test")
    assert not await queue.disable(endpoint_id, reason="a test")
    assert await claim("five", after=20 * minute) == []
    assert (await queue.backlog(now=at)).pending == 0
