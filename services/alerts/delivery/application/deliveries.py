"""The delivery log, and sending again: one delivery, a range, or all that failed.

A resend is the same message with the same `webhook-id`, so a receiver that already has it can
drop it. A delivery may be resent any number of times.
"""

from services.alerts.delivery.application.ports import DeliveryRepository
from services.alerts.delivery.application.read_models import (
    DeliveryDetail,
    DeliveryFilters,
    DeliverySummary,
)
from services.alerts.primitives import limits
from services.alerts.primitives.errors import InvalidInput, ResourceNotFound
from services.alerts.primitives.paging import CursorPage


class DeliveryLog:
    """Lists deliveries with their results and sends them again."""

    def __init__(self, *, repository: DeliveryRepository) -> None:
        self._repository = repository

    async def list_deliveries(
        self,
        filters: DeliveryFilters,
        *,
        cursor: str | None = None,
        limit: int = limits.DEFAULT_PAGE_ITEMS,
    ) -> CursorPage[DeliverySummary]:
        """Returns deliveries, the newest first."""
        return await self._repository.list(filters, cursor=cursor, limit=limit)

    async def get_delivery(self, delivery_id: int) -> DeliveryDetail:
        """Returns one delivery with its attempts."""
        detail = await self._repository.get(delivery_id)
        if detail is None:
            raise ResourceNotFound(f"there is no delivery {delivery_id}")
        return detail

    async def resend_one(self, delivery_id: int) -> None:
        """Sends one delivery again in any status."""
        if not await self._repository.resend_one(delivery_id):
            raise ResourceNotFound(f"there is no delivery {delivery_id}")

    async def resend_range(self, filters: DeliveryFilters) -> int:
        """Sends every delivery again that matches the filters; returns how many.

        With `status="EXHAUSTED"` these are all that failed.
        """
        if filters.endpoint_id is None and filters.alert_id is None:
            raise InvalidInput(
                "name an endpoint_id or an alert_id; resending everything to everybody is "
                "never meant",
                pointer="/endpoint_id",
            )
        return await self._repository.resend(filters)
