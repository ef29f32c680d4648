"""The webhook dispatcher: lease, send, record; many at once, none twice while leases hold.

Any number of dispatchers work on one queue. Each leases due rows, posts them, and records
the result under its lease token. A process that dies between sending and recording leaves a
lease that runs out, and the message goes out again under the same webhook id: at least once,
and recognisable. Leases of slow attempts are renewed, so nobody else takes them meanwhile.

What must stay true: a row is recorded only under the token it was leased with; nothing is
sent without a lease; per endpoint at most `per_endpoint` attempts run in this process.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from services.alerts import metrics
from services.alerts.delivery.application.dispatch_ports import (
    Answer,
    DeliveryQueue,
    Leased,
    Outcome,
    Poster,
    Prepared,
    Recorded,
)
from services.alerts.delivery.domain import breaker, chat_formats, retry, signing
from services.alerts.delivery.domain.breaker import Breaker, Gate
from services.alerts.delivery.domain.retry import AttemptResult, Delivered, EndpointGone, RetryAt
from services.kit.clock import Clock
from services.kit.database import DatabaseUnavailable
from services.kit.ids import IdFactory
from services.kit.metrics import Recorder
from services.kit.stream import faults

log = structlog.get_logger(__name__)

USER_AGENT = "Tocsin-Webhooks/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchLimits:
    """How much at once, how long a lease, how often to look."""

    per_endpoint: int = 16
    most_in_flight: int = 128
    lease_seconds: float = 30.0
    poll_seconds: float = 0.25
    disable_after: timedelta = timedelta(hours=120)
    retry_seconds: float = 0.5
    drain_seconds: float = 18.0
    look_seconds: float = 5.0


DEFAULT_LIMITS = DispatchLimits()


class Dispatcher:
    """Sends what is due until told to stop."""

    def __init__(  # noqa: PLR0913 - the parts that meet here, each named at the one call site
        self,
        *,
        queue: DeliveryQueue,
        poster: Poster,
        clock: Clock,
        recorder: Recorder,
        new_token: IdFactory,
        draw: Callable[[], float],
        card_link: Callable[[str], str],
        limits: DispatchLimits = DEFAULT_LIMITS,
        steps: tuple[timedelta, ...] = retry.STEPS,
    ) -> None:
        self._queue = queue
        self._poster = poster
        self._clock = clock
        self._recorder = recorder
        self._new_token = new_token
        self._draw = draw
        self._card_link = card_link
        self._limits = limits
        self._steps = steps
        self._breakers: dict[str, Breaker] = {}
        self._in_flight: dict[int, Leased] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Look at once: something was added, or a slot became free."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Dispatch until `stop` is set, then let running attempts end."""
        background = [
            asyncio.create_task(self._renew_forever()),
            asyncio.create_task(self._measure_forever()),
            asyncio.create_task(self._wake_on(stop)),
        ]
        try:
            while not stop.is_set():
                self._wake.clear()
                await self._turn()
                await self._wait()
        finally:
            for task in background:
                task.cancel()
            await self._drain()

    async def turn(self) -> int:
        """Lease and send what is due once, and wait for the results; return how many."""
        leased = await self._claim()
        await asyncio.gather(*(self._deliver(one) for one in leased))
        return len(leased)

    async def _turn(self) -> None:
        try:
            leased = await self._claim()
        except DatabaseUnavailable as error:
            log.warning("deliveries not claimed", error=repr(error))
            await self._clock.sleep(self._limits.retry_seconds)
            return
        for one in leased:
            task = asyncio.create_task(self._deliver(one))
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    async def _claim(self) -> list[Leased]:
        now = self._clock.now()
        free = self._limits.most_in_flight - len(self._in_flight)
        if free <= 0:
            return []
        leased = await self._queue.claim(
            now=now,
            lease_until=now + timedelta(seconds=self._limits.lease_seconds),
            lease_token=self._new_token(),
            slots=self._slots(now),
            default_slots=min(self._limits.per_endpoint, free),
        )
        for one in leased:
            self._in_flight[one.delivery_id] = one
        return list(leased)

    def _slots(self, now: datetime) -> dict[str, int]:
        """Return the free slots of the endpoints that are busy or not in good standing."""
        busy = Counter(one.endpoint_id for one in self._in_flight.values())
        slots = {}
        for endpoint_id in {*busy, *self._breakers}:
            gate = self._breakers.get(endpoint_id, breaker.NEW).gate(now)
            allowed = {Gate.CLOSED: self._limits.per_endpoint, Gate.PROBE: 1, Gate.OPEN: 0}[gate]
            slots[endpoint_id] = max(0, allowed - busy[endpoint_id])
        return slots

    async def _deliver(self, leased: Leased) -> None:
        try:
            answer = await self._send(leased)
            faults.point("between-send-and-record")
            await self._settle(leased, answer)
        finally:
            self._in_flight.pop(leased.delivery_id, None)
            self.wake()

    async def _send(self, leased: Leased) -> Answer:
        try:
            prepared = self._prepare(leased)
        except (LookupError, TypeError, ValueError) as error:
            # A defect here would otherwise be leased again for ever without being counted.
            log.exception("webhook not prepared", delivery_id=leased.delivery_id)
            return Answer(result=AttemptResult.UNREACHABLE, duration_ms=0, error=repr(error)[:500])
        return await self._poster.post(prepared)

    def _prepare(self, leased: Leased) -> Prepared:
        body = chat_formats.render(
            leased.document,
            format=leased.format,
            kind=leased.kind,
            at=leased.at.isoformat(),
            link=self._card_link(leased.borrower_id),
        )
        signed = signing.sign(
            webhook_id=leased.webhook_id,
            at=self._clock.now(),
            body=body,
            secrets=leased.secrets,
        )
        headers = {"content-type": "application/json", "user-agent": USER_AGENT, **signed}
        return Prepared(url=leased.url, headers=headers, body=body)

    async def _settle(self, leased: Leased, answer: Answer) -> None:
        now = self._clock.now()
        follows = retry.decide_next(
            retry.Attempt(
                number=leased.attempts_before + 1,
                first_at=leased.first_attempt_at,
                ended_at=now,
                result=answer.result,
                retry_after=answer.retry_after,
            ),
            draw=self._draw(),
            steps=self._steps,
        )
        self._judge_endpoint(leased.endpoint_id, answer, follows, now)
        outcome = Outcome(leased=leased, answer=answer, next=follows, at=now)
        recorded = await self._record(outcome)
        self._recorder.add(metrics.WEBHOOK_ATTEMPTS, result=answer.result.value)
        self._recorder.observe(metrics.WEBHOOK_SECONDS, answer.duration_ms / 1000)
        if recorded is None or not recorded.held_lease:
            self._recorder.add(metrics.WEBHOOK_LEASES_LOST)
            return
        if isinstance(follows, Delivered):
            waited = (now - leased.created_at).total_seconds()
            self._recorder.observe(metrics.WEBHOOK_DELIVERY_SECONDS, max(0.0, waited))
        await self._disable_if_due(leased.endpoint_id, follows, recorded, now)

    async def _record(self, outcome: Outcome) -> Recorded | None:
        """Write the result down; give up when the lease has run out anyway."""
        patience = self._limits.lease_seconds
        while True:
            try:
                return await self._queue.record(outcome)
            except DatabaseUnavailable as error:
                log.warning("attempt not recorded yet", error=repr(error))
                if patience <= 0:
                    return None
                patience -= self._limits.retry_seconds
                await self._clock.sleep(self._limits.retry_seconds)

    def _judge_endpoint(
        self, endpoint_id: str, answer: Answer, follows: retry.Next, now: datetime
    ) -> None:
        before = self._breakers.get(endpoint_id, breaker.NEW)
        if answer.result is AttemptResult.DELIVERED:
            self._breakers.pop(endpoint_id, None)
            return
        after = breaker.failed(before, at=now)
        if isinstance(follows, RetryAt) and follows.pauses_endpoint:
            after = breaker.paused(after, until=follows.at)
        self._breakers[endpoint_id] = after

    async def _disable_if_due(
        self, endpoint_id: str, follows: retry.Next, recorded: Recorded, now: datetime
    ) -> None:
        if isinstance(follows, EndpointGone):
            reason, label = follows.reason, "gone"
        elif breaker.should_disable(
            failing_since=recorded.failing_since, at=now, limit=self._limits.disable_after
        ):
            reason, label = f"only failures since {recorded.failing_since}", "failing"
        else:
            return
        if await self._queue.disable(endpoint_id, reason=reason):
            log.error("webhook endpoint disabled", endpoint_id=endpoint_id, reason=reason)
            self._recorder.add(metrics.WEBHOOK_ENDPOINTS_DISABLED, reason=label)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("delivery failed unexpectedly", exc_info=task.exception())

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
            until = self._clock.now() + timedelta(seconds=self._limits.lease_seconds)
            try:
                if self._in_flight:
                    await self._queue.renew(list(self._in_flight.values()), lease_until=until)
            except DatabaseUnavailable as error:
                log.warning("leases not renewed", error=repr(error))

    async def _measure_forever(self) -> None:
        while True:
            try:
                waiting = await self._queue.waiting(now=self._clock.now())
                oldest = waiting.oldest_due_at
                self._recorder.set(metrics.WEBHOOK_PENDING, waiting.pending)
                self._recorder.set(
                    metrics.WEBHOOK_OLDEST_DUE, 0.0 if oldest is None else oldest.timestamp()
                )
            except DatabaseUnavailable as error:
                log.info("deliveries not counted", error=repr(error))
            await self._clock.sleep(self._limits.look_seconds)

    async def _drain(self) -> None:
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=self._limits.drain_seconds)
        for task in late:
            task.cancel()
