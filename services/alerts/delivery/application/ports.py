"""The repositories that the use cases of delivery need; the adapters implement them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from services.alerts.delivery.application.read_models import (
    DeliveryDetail,
    DeliveryFilters,
    DeliverySummary,
)
from services.alerts.delivery.domain.endpoint import Endpoint
from services.alerts.primitives.paging import CursorPage


class EndpointRepository(Protocol):
    """The webhook endpoints. `save` and `rotate` return None if the version has moved on."""

    async def add(self, endpoint: Endpoint, *, secret: str) -> None: ...

    async def list(self) -> Sequence[Endpoint]: ...

    async def get(self, endpoint_id: str) -> Endpoint | None: ...

    async def secrets(self, endpoint_id: str, *, at: datetime) -> tuple[str, ...]:
        """Returns the secrets that sign at a moment, the newest first."""
        ...

    async def save(self, endpoint: Endpoint, *, expected_version: int) -> Endpoint | None: ...

    async def rotate(
        self, endpoint_id: str, *, secret: str, old_expires_at: datetime, expected_version: int
    ) -> Endpoint | None: ...


class DeliveryRepository(Protocol):
    """The log of deliveries; a delivery that is resent is pending again."""

    async def list(
        self, filters: DeliveryFilters, *, cursor: str | None, limit: int
    ) -> CursorPage[DeliverySummary]: ...

    async def get(self, delivery_id: int) -> DeliveryDetail | None: ...

    async def resend(self, filters: DeliveryFilters) -> int: ...

    async def resend_one(self, delivery_id: int) -> bool: ...
