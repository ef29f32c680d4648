"""What the use cases of delivery need from the outside; the adapters make it real."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from services.alerts.delivery.application.views import (
    DeliveryDetail,
    DeliveryFilters,
    DeliveryView,
    EndpointView,
)
from services.alerts.delivery.domain.endpoint import Endpoint, EndpointDraft
from services.alerts.primitives.paging import Page


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
