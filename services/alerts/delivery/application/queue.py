"""The queue of deliveries as the dispatcher needs it, in PostgreSQL or simulated.

Every moment in it is by the clock of the database. A dispatcher passes and receives durations, so
its own wall clock decides nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from services.alerts.delivery.application.channel import ChannelMessage
from services.alerts.delivery.domain.attempt import AttemptResult
from services.alerts.delivery.domain.retry_plan import NextStep


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasedDelivery:
    """A delivery that this process may attempt until its lease ends.

    Attributes:
        since_first: Time from the beginning of the first attempt to the claim.
        age: Time from the recorded step to the claim.
    """

    delivery_id: int
    lease_token: str
    endpoint_id: str
    message: ChannelMessage
    attempts_before: int
    since_first: timedelta
    age: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedAttempt:
    """An attempt and what follows from it, to be recorded."""

    delivery: LeasedDelivery
    result: AttemptResult
    duration_ms: int
    next_step: NextStep


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedAttempt:
    """Whether the lease was still valid, and for how long every attempt at the endpoint failed.

    Attributes:
        failures: How many failed since the last success; counted up to the number that disables.
    """

    had_lease: bool
    failures: int
    failing_for: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How many deliveries are pending, and when the oldest that could be sent now fell due."""

    pending: int
    oldest_due_at: datetime | None


class DeliveryQueue(Protocol):
    """The pending deliveries, shared by all dispatchers."""

    async def claim(
        self,
        *,
        lease: timedelta,
        lease_token: str,
        slots: Mapping[str, int],
        default_slots: int,
    ) -> Sequence[LeasedDelivery]:
        """Leases what is due, for each endpoint at most its number of free slots.

        For an ordered endpoint only the oldest unfinished delivery of each borrower.
        """
        ...

    async def renew(self, deliveries: Sequence[LeasedDelivery], *, lease: timedelta) -> None:
        """Prolongs the leases that are still valid."""
        ...

    async def record(self, attempt: FinishedAttempt) -> RecordedAttempt:
        """Logs an attempt; moves the delivery on if its lease is still valid."""
        ...

    async def disable(self, endpoint_id: str, *, reason: str) -> bool:
        """Disables an endpoint; returns whether it was enabled."""
        ...

    async def backlog(self) -> Backlog:
        """Measures what is pending."""
        ...
