"""What the use cases need from the outside; the adapters make it real.

Whoever implements `AlertBook.hold` opens one transaction, locks the borrower, and commits
when the block ends without an error, so that a step, its history row, its deliveries and its
outbox event land together or not at all.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from services.alerts.application.filters import AlertFilters, DeliveryFilters
from services.alerts.application.views import (
    AlertDetail,
    AlertSummary,
    BorrowerCard,
    DeliveryDetail,
    DeliveryView,
    EndpointView,
    FeedItem,
    Page,
)
from services.alerts.domain.alert import Alert, Change
from services.alerts.domain.endpoint import Endpoint, EndpointDraft
from services.alerts.domain.vocabulary import Severity


class AlertReads(Protocol):
    """Reads for lists, cards and the feed. `officer_id` narrows to one officer's sight."""

    async def list_alerts(
        self, filters: AlertFilters, *, officer_id: str | None, cursor: str | None, limit: int
    ) -> Page[AlertSummary]: ...

    async def alert(self, alert_id: str, *, officer_id: str | None) -> AlertDetail | None: ...

    async def count_open(self, *, officer_id: str | None) -> Mapping[Severity, int]: ...

    async def card(
        self, borrower_id: str, *, officer_id: str | None, score_days: int
    ) -> BorrowerCard | None: ...

    async def feed_after(
        self, cursor: str, *, officer_id: str | None, limit: int
    ) -> Sequence[FeedItem]: ...

    async def feed_end(self) -> str: ...

    async def newest_moment(self) -> datetime | None: ...


class HeldAlert(Protocol):
    """An alert inside an open transaction, locked against everybody else."""

    @property
    def alert(self) -> Alert: ...

    async def record(self, change: Change) -> None: ...


class AlertBook(Protocol):
    """Where alerts are changed by people."""

    def hold(
        self, alert_id: str, *, officer_id: str | None
    ) -> AbstractAsyncContextManager[HeldAlert | None]:
        """Lock an alert; None when this officer cannot see one of that id."""
        ...


class EndpointBook(Protocol):
    """Where webhook endpoints are kept. `save` answers None on a version that moved on."""

    async def add(self, draft: EndpointDraft, *, secret: str) -> EndpointView: ...

    async def list(self) -> Sequence[EndpointView]: ...

    async def get(self, endpoint_id: str) -> Endpoint | None: ...

    async def view(self, endpoint_id: str) -> EndpointView | None: ...

    async def secrets(self, endpoint_id: str, *, at: datetime) -> tuple[str, ...]:
        """Return the secrets that sign at a moment, the newest first."""
        ...

    async def save(self, endpoint: Endpoint, *, expected_version: int) -> EndpointView | None: ...

    async def rotate(
        self,
        endpoint_id: str,
        *,
        secret: str,
        old_expires_at: datetime,
        expected_version: int,
    ) -> EndpointView | None: ...


class DeliveryBook(Protocol):
    """The log of deliveries, and the way to send again."""

    async def list(
        self, filters: DeliveryFilters, *, cursor: str | None, limit: int
    ) -> Page[DeliveryView]: ...

    async def get(self, delivery_id: int) -> DeliveryDetail | None: ...

    async def resend(self, filters: DeliveryFilters, *, at: datetime) -> int: ...

    async def resend_one(self, delivery_id: int, *, at: datetime) -> bool: ...
