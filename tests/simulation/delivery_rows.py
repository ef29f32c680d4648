"""The deliveries as rows, behind the dispatcher's port; each call is one transaction.

Its clock is that of the one database. A call may fail before or after it took effect. Taking,
renewing and recording follow the statements of
`services/alerts/delivery/adapters/delivery_queue.py`; the contract test runs both.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from services.alerts.delivery.application.channel import Address, ChannelMessage
from services.alerts.delivery.application.queue import (
    Backlog,
    FinishedAttempt,
    LeasedDelivery,
    RecordedAttempt,
)
from services.alerts.delivery.domain.attempt import Delivered, Rejected
from services.alerts.delivery.domain.circuit_breaker import ATTEMPTS_TO_DISABLE
from services.alerts.delivery.domain.retry_plan import GivenUp, RetryAfter
from services.kit.database import DatabaseUnavailable
from tests.simulation.fault_rates import FaultRates
from tests.simulation.loop import PROCESS, SimulatedClock, pause

SECRET = "whsec_" + "QUFB" * 8


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A registered receiver."""

    endpoint_id: str
    is_ordered: bool = True
    is_enabled: bool = True
    failing_since: datetime | None = None
    failures: int = 0


class Delivery(NamedTuple):
    """One event for one endpoint."""

    delivery_id: int
    feed_id: int
    endpoint_id: str
    borrower_id: str
    due_at: datetime
    created_at: datetime
    status: str = "PENDING"
    attempts: int = 0
    first_attempt_at: datetime | None = None
    lease_token: str | None = None


class DeliveryRows:
    """The queue; all dispatchers of a world share one."""

    def __init__(self, fault_rates: FaultRates) -> None:
        self.fault_rates = fault_rates
        self.endpoints: dict[str, Endpoint] = {}
        self.rows: dict[int, Delivery] = {}
        # The rows that are still to do, by endpoint; they are added in the feed's order.
        self._pending: dict[str, dict[int, Delivery]] = {}
        self._of_borrower: dict[tuple[str, str], list[int]] = {}

    def add(self, *, feed_id: int, endpoint_id: str, borrower_id: str, at: datetime) -> None:
        """Add a delivery that is due at once."""
        delivery_id = len(self.rows) + 1
        self._of_borrower.setdefault((endpoint_id, borrower_id), []).append(delivery_id)
        self._put(
            Delivery(
                delivery_id=delivery_id,
                feed_id=feed_id,
                endpoint_id=endpoint_id,
                borrower_id=borrower_id,
                due_at=at,
                created_at=at,
            )
        )

    def of_borrower(self, endpoint_id: str, borrower_id: str) -> Iterable[Delivery]:
        """Return one borrower's deliveries to one endpoint, in the feed's order."""
        return map(self.rows.__getitem__, self._of_borrower[endpoint_id, borrower_id])

    def is_anything_pending(self) -> bool:
        """Return whether anything is still to be sent."""
        return any(self._pending.values())

    def _put(self, row: Delivery) -> None:
        self.rows[row.delivery_id] = row
        pending = self._pending.setdefault(row.endpoint_id, {})
        if row.status == "PENDING":
            pending[row.delivery_id] = row
        else:
            del pending[row.delivery_id]

    async def claim(
        self,
        *,
        lease: timedelta,
        lease_token: str,
        slots: Mapping[str, int],
        default_slots: int,
    ) -> Sequence[LeasedDelivery]:
        fails_after = await self._begin()
        leased, now = [], _now()
        for endpoint in self.endpoints.values():
            free = slots.get(endpoint.endpoint_id, default_slots)
            if not endpoint.is_enabled:
                continue
            due = self._due(endpoint, now)
            due.sort(key=lambda row: (row.due_at, row.feed_id))
            for row in due[:free]:
                taken = row._replace(
                    lease_token=lease_token,
                    due_at=now + lease,
                    first_attempt_at=row.first_attempt_at or now,
                )
                self._put(taken)
                leased.append(_leased(taken, now))
        await self._end(fails_after)
        return sorted(leased, key=lambda delivery: int(delivery.message.document["feed_id"]))

    async def renew(self, leased: Sequence[LeasedDelivery], *, lease: timedelta) -> None:
        fails_after = await self._begin()
        for delivery in leased:
            row = self.rows[delivery.delivery_id]
            if row.lease_token == delivery.lease_token and row.status == "PENDING":
                self._put(row._replace(due_at=_now() + lease))
        await self._end(fails_after)

    async def record(self, attempt: FinishedAttempt) -> RecordedAttempt:
        fails_after = await self._begin()
        row, now = self.rows[attempt.delivery.delivery_id], _now()
        held = row.lease_token == attempt.delivery.lease_token and row.status == "PENDING"
        if held:
            next_step = attempt.next_step
            status = {Delivered: "DELIVERED", GivenUp: "EXHAUSTED"}.get(type(next_step), "PENDING")
            self._put(
                row._replace(
                    status=status,
                    attempts=row.attempts + 1,
                    lease_token=None,
                    due_at=now + next_step.delay if isinstance(next_step, RetryAfter) else now,
                )
            )
        endpoint = self.endpoints[row.endpoint_id]
        if isinstance(attempt.result, Delivered):
            since, failures = None, 0
        elif isinstance(attempt.result, Rejected):
            since, failures = endpoint.failing_since, endpoint.failures
        else:
            since = endpoint.failing_since or now
            failures = min(endpoint.failures + 1, ATTEMPTS_TO_DISABLE)
        self.endpoints[row.endpoint_id] = replace(endpoint, failing_since=since, failures=failures)
        await self._end(fails_after)
        return RecordedAttempt(had_lease=held, failures=failures, failing_for=now - (since or now))

    async def disable(self, endpoint_id: str, *, reason: str) -> bool:
        fails_after = await self._begin()
        endpoint = self.endpoints[endpoint_id]
        self.endpoints[endpoint_id] = replace(endpoint, is_enabled=False)
        await self._end(fails_after)
        return endpoint.is_enabled

    async def backlog(self) -> Backlog:
        await self._end(await self._begin())
        pending = [
            row.due_at
            for endpoint_id, rows in self._pending.items()
            if self.endpoints[endpoint_id].is_enabled
            for row in rows.values()
        ]
        due = [at for at in pending if at <= _now()]
        return Backlog(pending=len(pending), oldest_due_at=min(due, default=None))

    def _due(self, endpoint: Endpoint, now: datetime) -> list[Delivery]:
        pending = self._pending.get(endpoint.endpoint_id, {}).values()
        if not endpoint.is_ordered:
            return [row for row in pending if row.due_at <= now]
        oldest: dict[str, Delivery] = {}
        for row in pending:
            oldest.setdefault(row.borrower_id, row)
        return [row for row in oldest.values() if row.due_at <= now]

    async def _begin(self) -> bool:
        _check_process()
        await pause(self.fault_rates.delay())
        _check_process()
        if self.fault_rates.database_is_down or self.fault_rates.happens(
            self.fault_rates.statement_fails
        ):
            raise DatabaseUnavailable("nothing happened")
        return self.fault_rates.happens(self.fault_rates.commit_fails)

    async def _end(self, fails: bool) -> None:
        await pause(self.fault_rates.delay())
        if fails:
            raise DatabaseUnavailable("it happened, and the answer got lost")


def _check_process() -> None:
    process = PROCESS.get()
    if process is not None:
        process.check()


def _now() -> datetime:
    return SimulatedClock().now()


def _leased(row: Delivery, now: datetime) -> LeasedDelivery:
    message = ChannelMessage(
        message_id=f"msg_{row.feed_id}",
        event_type="alert.opened.v1",
        at=row.created_at,
        document={"feed_id": row.feed_id, "borrower_id": row.borrower_id},
        link=f"https://tocsin.example/{row.borrower_id}",
        address=Address(
            format="standard",
            language="en",
            target=f"https://{row.endpoint_id}.example/",
            secrets=(SECRET,),
        ),
    )
    return LeasedDelivery(
        delivery_id=row.delivery_id,
        lease_token=row.lease_token or "",
        endpoint_id=row.endpoint_id,
        message=message,
        attempts_before=row.attempts,
        since_first=now - (row.first_attempt_at or now),
        age=now - row.created_at,
    )
