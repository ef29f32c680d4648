"""What the dispatcher needs: the queue of deliveries, and something that posts.

Both have a PostgreSQL or HTTP adapter and a simulated one; the dispatcher cannot tell them
apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from services.alerts.delivery.domain.endpoint import PayloadFormat
from services.alerts.delivery.domain.retry import AttemptResult, Next


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """A delivery that this process may attempt now, until its lease ends."""

    delivery_id: int
    lease_token: str
    endpoint_id: str
    url: str
    format: PayloadFormat
    secrets: tuple[str, ...]
    webhook_id: str
    kind: str
    at: datetime
    borrower_id: str
    document: Mapping[str, Any]
    attempts_before: int
    first_attempt_at: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What goes over the wire: exactly these bytes under exactly these headers."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, or what went wrong. `response` is an excerpt."""

    result: AttemptResult
    duration_ms: int
    status_code: int | None = None
    error: str | None = None
    response: str = ""
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """An attempt and what follows from it, to be recorded."""

    leased: Leased
    answer: Answer
    next: Next
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Whether the lease still held, and since when the endpoint only fails."""

    held_lease: bool
    failing_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How much waits, and since when the oldest that could go now."""

    pending: int
    oldest_due_at: datetime | None


class Poster(Protocol):
    """Posts a message and never raises: every failure is an answer."""

    async def post(self, prepared: Prepared) -> Answer: ...


class DeliveryQueue(Protocol):
    """The deliveries, shared by all dispatchers."""

    async def claim(
        self,
        *,
        now: datetime,
        lease_until: datetime,
        lease_token: str,
        slots: Mapping[str, int],
        default_slots: int,
    ) -> Sequence[Leased]:
        """Lease what is due, for each endpoint at most its number of free slots.

        For an ordered endpoint only the oldest unfinished delivery of each borrower.
        """
        ...

    async def renew(self, leased: Sequence[Leased], *, lease_until: datetime) -> None:
        """Prolong leases that still hold."""
        ...

    async def record(self, outcome: Outcome) -> Recorded:
        """Write an attempt down; move the delivery on if the lease still holds."""
        ...

    async def disable(self, endpoint_id: str, *, reason: str) -> bool:
        """Disable an endpoint; return whether it was enabled."""
        ...

    async def waiting(self, *, now: datetime) -> Waiting:
        """Return what waits, for the metrics."""
        ...
