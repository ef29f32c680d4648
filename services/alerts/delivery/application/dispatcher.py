"""Dispatches deliveries: leases them, sends each through its channel and records the result.

Any number of dispatchers work on one queue. Each leases rows that are due, sends them, and records
the result under its lease token. A process that dies between sending and recording leaves a lease
that expires, and the message goes out again under the same id: at least once, and recognisable.
Leases of slow attempts are renewed, so that no other dispatcher takes them meanwhile.

Invariants: a result is recorded only under the token of the lease; nothing is sent without a
lease; this process runs at most `per_endpoint` attempts at an endpoint. However many attempts wait
for slow receivers, each endpoint has `reserved_per_endpoint` slots that no other can take.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog

from services.alerts import metrics
from services.alerts.delivery.application.channel import Channel
from services.alerts.delivery.application.queue import (
    DeliveryQueue,
    FinishedAttempt,
    LeasedDelivery,
    RecordedAttempt,
)
from services.alerts.delivery.domain import circuit_breaker, retry_plan
from services.alerts.delivery.domain.attempt import (
    AttemptReport,
    AttemptResult,
    Delivered,
    Gone,
    Rejected,
    ResultCode,
    Retry,
)
from services.alerts.delivery.domain.circuit_breaker import Breaker, Gate
from services.alerts.delivery.domain.retry_plan import NextStep, RetryAfter
from services.kit.clock import Clock
from services.kit.database import DatabaseUnavailable
from services.kit.ids import IdFactory
from services.kit.metrics import Recorder
from services.kit.stream import faults

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchLimits:
    """Concurrency, lease and polling of a dispatcher.

    Attributes:
        most_in_flight: Attempts of all endpoints, beyond the slots that each has reserved.
    """

    per_endpoint: int = 16
    reserved_per_endpoint: int = 4
    most_in_flight: int = 128
    lease_seconds: float = 30.0
    poll_seconds: float = 0.25
    disable_after: timedelta = timedelta(hours=120)
    retry_seconds: float = 0.5
    drain_seconds: float = 18.0
    measure_seconds: float = 5.0


DEFAULT_LIMITS = DispatchLimits()


class Dispatcher:
    """Sends what is due until it is stopped."""

    def __init__(  # noqa: PLR0913 - the collaborators, each named at the one call site
        self,
        *,
        queue: DeliveryQueue,
        channel: Channel,
        clock: Clock,
        recorder: Recorder,
        new_token: IdFactory,
        draw: Callable[[], float],
        limits: DispatchLimits = DEFAULT_LIMITS,
        steps: tuple[timedelta, ...] = retry_plan.STEPS,
    ) -> None:
        self._queue = queue
        self._channel = channel
        self._clock = clock
        self._recorder = recorder
        self._new_token = new_token
        self._draw = draw
        self._limits = limits
        self._steps = steps
        self._breakers: dict[str, Breaker] = {}
        self._in_flight: dict[int, LeasedDelivery] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Claims at once, because a delivery was added or a slot became free."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Dispatches until `stop` is set, then lets running attempts end."""
        background = [
            asyncio.create_task(self._renew_forever()),
            asyncio.create_task(self._measure_forever()),
            asyncio.create_task(self._wake_on(stop)),
        ]
        try:
            while not stop.is_set():
                self._wake.clear()
                await self._start_due()
                await self._wait()
        finally:
            for task in background:
                task.cancel()
            await self._drain()

    async def turn(self) -> int:
        """Leases and sends what is due once, and waits for the results; returns how many."""
        deliveries = await self._claim()
        await asyncio.gather(*(self._deliver(delivery) for delivery in deliveries))
        return len(deliveries)

    async def _start_due(self) -> None:
        try:
            deliveries = await self._claim()
        except DatabaseUnavailable as error:
            log.warning("dispatcher.claim_failed", error=repr(error))
            await self._clock.sleep(self._limits.retry_seconds)
            return
        for delivery in deliveries:
            task = asyncio.create_task(self._deliver(delivery))
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    async def _claim(self) -> list[LeasedDelivery]:
        deliveries = await self._queue.claim(
            lease=timedelta(seconds=self._limits.lease_seconds),
            lease_token=self._new_token(),
            slots=self._slots(),
            default_slots=self._free_slots(busy=0),
        )
        self._in_flight.update((delivery.delivery_id, delivery) for delivery in deliveries)
        return list(deliveries)

    def _slots(self) -> dict[str, int]:
        """Returns the free slots of endpoints that are busy or whose breaker counts failures."""
        now = self._clock.monotonic_seconds()
        busy = Counter(delivery.endpoint_id for delivery in self._in_flight.values())
        slots = {}
        for endpoint_id in {*busy, *self._breakers}:
            gate = self._breakers.get(endpoint_id, circuit_breaker.NEW).gate(now)
            free = self._free_slots(busy=busy[endpoint_id])
            probe = max(0, 1 - busy[endpoint_id])
            slots[endpoint_id] = {Gate.CLOSED: free, Gate.PROBE: probe, Gate.OPEN: 0}[gate]
        return slots

    def _free_slots(self, *, busy: int) -> int:
        """Returns how many more attempts may start at an endpoint that has so many under way."""
        spare = self._limits.most_in_flight - len(self._in_flight)
        spare = max(spare, self._limits.reserved_per_endpoint - busy)
        return max(0, min(self._limits.per_endpoint - busy, spare))

    async def _deliver(self, delivery: LeasedDelivery) -> None:
        try:
            begin = self._clock.monotonic_seconds()
            result = await self._attempt(delivery)
            seconds = self._clock.monotonic_seconds() - begin
            faults.point("between-send-and-record")
            await self._settle(delivery, result, seconds)
        finally:
            self._in_flight.pop(delivery.delivery_id, None)
            self.wake()

    async def _attempt(self, delivery: LeasedDelivery) -> AttemptResult:
        try:
            return await self._channel.deliver(delivery.message)
        except (LookupError, TypeError, ValueError) as error:
            # An attempt that a defect ends must count, or it would be leased again for ever.
            log.exception("dispatcher.channel_failed", delivery_id=delivery.delivery_id)
            return Retry(report=AttemptReport(code=ResultCode.UNREACHABLE, error=repr(error)[:500]))

    async def _settle(
        self, delivery: LeasedDelivery, result: AttemptResult, seconds: float
    ) -> None:
        next_step = retry_plan.plan_next(
            retry_plan.Attempt(
                number=delivery.attempts_before + 1,
                since_first=delivery.since_first + timedelta(seconds=seconds),
                result=result,
            ),
            draw=self._draw(),
            steps=self._steps,
        )
        if not isinstance(result, Rejected):
            # One message or recipient that is refused says nothing about the endpoint.
            self._update_breaker(delivery.endpoint_id, next_step)
        recorded = await self._record(
            FinishedAttempt(
                delivery=delivery,
                result=result,
                duration_ms=round(seconds * 1000),
                next_step=next_step,
            )
        )
        self._recorder.add(metrics.DELIVERY_ATTEMPTS, result=result.report.code.value)
        self._recorder.observe(metrics.ATTEMPT_SECONDS, seconds)
        if recorded is None or not recorded.had_lease:
            self._recorder.add(metrics.LEASES_LOST)
            return
        if isinstance(next_step, Delivered):
            self._recorder.observe(metrics.DELIVERY_SECONDS, delivery.age.total_seconds() + seconds)
        await self._disable_if_due(delivery.endpoint_id, next_step, recorded)

    async def _record(self, attempt: FinishedAttempt) -> RecordedAttempt | None:
        """Records an attempt; gives up when its lease has expired anyway."""
        patience = self._limits.lease_seconds
        while True:
            try:
                return await self._queue.record(attempt)
            except DatabaseUnavailable as error:
                log.warning("dispatcher.record_delayed", error=repr(error))
                if patience <= 0:
                    return None
                patience -= self._limits.retry_seconds
                await self._clock.sleep(self._limits.retry_seconds)

    def _update_breaker(self, endpoint_id: str, next_step: NextStep) -> None:
        if isinstance(next_step, Delivered):
            self._breakers.pop(endpoint_id, None)
            return
        now = self._clock.monotonic_seconds()
        before = self._breakers.get(endpoint_id, circuit_breaker.NEW)
        after = circuit_breaker.failed(before, at=now)
        if isinstance(next_step, RetryAfter) and next_step.pauses_endpoint:
            after = circuit_breaker.paused(after, until=now + next_step.delay.total_seconds())
        self._breakers[endpoint_id] = after

    async def _disable_if_due(
        self, endpoint_id: str, next_step: NextStep, recorded: RecordedAttempt
    ) -> None:
        if isinstance(next_step, Gone):
            reason, label = next_step.reason, "gone"
        elif circuit_breaker.should_disable(
            failing_for=recorded.failing_for,
            failures=recorded.failures,
            limit=self._limits.disable_after,
        ):
            reason, label = f"only failures for {recorded.failing_for}", "failing"
        else:
            return
        if await self._queue.disable(endpoint_id, reason=reason):
            log.error("dispatcher.endpoint_disabled", endpoint_id=endpoint_id, reason=reason)
            self._recorder.add(metrics.ENDPOINTS_DISABLED, reason=label)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("dispatcher.delivery_crashed", exc_info=task.exception())

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.poll_seconds):
                await self._wake.wait()

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.wake()

    async def _renew_forever(self) -> None:
        while True:
            await self._clock.sleep(self._limits.lease_seconds / 6)
            lease = timedelta(seconds=self._limits.lease_seconds)
            try:
                if self._in_flight:
                    await self._queue.renew(list(self._in_flight.values()), lease=lease)
            except DatabaseUnavailable as error:
                log.warning("dispatcher.renewal_failed", error=repr(error))

    async def _measure_forever(self) -> None:
        while True:
            try:
                backlog = await self._queue.backlog()
                oldest = backlog.oldest_due_at
                self._recorder.set(metrics.DELIVERIES_PENDING, backlog.pending)
                self._recorder.set(
                    metrics.OLDEST_DELIVERY_DUE, 0.0 if oldest is None else oldest.timestamp()
                )
            except DatabaseUnavailable as error:
                log.info("dispatcher.backlog_not_measured", error=repr(error))
            await self._clock.sleep(self._limits.measure_seconds)

    async def _drain(self) -> None:
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=self._limits.drain_seconds)
        for task in late:
            task.cancel()
