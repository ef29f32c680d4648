"""What the queue of deliveries does for a dispatcher, for the real one and the simulated one.

The queue holds, for one ordered endpoint and one borrower, at least two deliveries.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from services.alerts.delivery.application.dispatch_ports import (
    Answer,
    DeliveryQueue,
    Leased,
    Outcome,
)
from services.alerts.delivery.domain.retry import AttemptResult, Delivered, Next, RetryAt


async def leases_order_and_results(queue: DeliveryQueue, *, endpoint_id: str, at: datetime) -> None:
    minute = timedelta(minutes=1)

    async def claim(
        token: str, after: timedelta = timedelta(), slots: Mapping[str, int] | None = None
    ) -> list[Leased]:
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

    async def record(leased: Leased, result: AttemptResult, follows: Next) -> bool:
        answer = Answer(result=result, duration_ms=1)
        recorded = await queue.record(Outcome(leased=leased, answer=answer, next=follows, at=at))
        return recorded.held_lease

    assert await claim("none", slots={endpoint_id: 0}) == []
    [first] = await claim("one")
    assert first.attempts_before == 0
    assert await claim("two") == []
    await queue.renew([first], lease_until=at + 3 * minute)
    assert await claim("two", after=2 * minute) == []
    [again] = await claim("two", after=4 * minute)
    assert (again.delivery_id, again.webhook_id) == (first.delivery_id, first.webhook_id)
    assert again.first_attempt_at == at
    delivered = Delivered(reason="delivered")
    assert not await record(first, AttemptResult.DELIVERED, delivered)
    assert await claim("three", after=4 * minute) == []
    assert await record(again, AttemptResult.DELIVERED, delivered)
    [second] = await claim("three", after=4 * minute)
    assert second.delivery_id != first.delivery_id
    later = RetryAt(at=at + 9 * minute, pauses_endpoint=False, reason="again")
    assert await record(second, AttemptResult.SERVER_ERROR, later)
    assert await claim("four", after=8 * minute) == []
    [repeated] = await claim("four", after=9 * minute)
    assert (repeated.delivery_id, repeated.attempts_before) == (second.delivery_id, 1)
    assert await queue.disable(endpoint_id, reason="a test")
    assert not await queue.disable(endpoint_id, reason="a test")
    assert await claim("five", after=20 * minute) == []
    assert (await queue.waiting(now=at)).pending == 0
