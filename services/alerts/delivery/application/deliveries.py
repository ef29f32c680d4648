"""The delivery log, and sending again: one delivery, a range, or all that failed.

A resend is the same message with the same `webhook-id`, so a receiver that already has it
can drop it. Nothing blocks a second or third resend.
"""

from services.alerts.delivery.application.ports import DeliveryBook
from services.alerts.delivery.application.views import DeliveryDetail, DeliveryFilters, DeliveryView
from services.alerts.primitives.errors import InvalidInput, NotFound
from services.alerts.primitives.paging import MOST_PER_PAGE, Page
from services.kit.clock import Clock


class Deliveries:
    """What was sent where, with what result."""

    def __init__(self, *, book: DeliveryBook, clock: Clock) -> None:
        self._book = book
        self._clock = clock

    async def list_deliveries(
        self, filters: DeliveryFilters, *, cursor: str | None = None, limit: int = 50
    ) -> Page[DeliveryView]:
        """Return deliveries, the newest first."""
        if not 1 <= limit <= MOST_PER_PAGE:
            raise InvalidInput(f"limit {limit} must be 1 to {MOST_PER_PAGE}", field="limit")
        return await self._book.list(filters, cursor=cursor, limit=limit)

    async def get_delivery(self, delivery_id: int) -> DeliveryDetail:
        """Return one delivery with its attempts."""
        detail = await self._book.get(delivery_id)
        if detail is None:
            raise NotFound(f"there is no delivery {delivery_id}")
        return detail

    async def resend_one(self, delivery_id: int) -> None:
        """Send one delivery again, whatever came of it before."""
        if not await self._book.resend_one(delivery_id, at=self._clock.now()):
            raise NotFound(f"there is no delivery {delivery_id}")

    async def resend_range(self, filters: DeliveryFilters) -> int:
        """Send every delivery again that fits the filters; return how many.

        With `status="EXHAUSTED"` this is "all that failed".
        """
        if filters.endpoint_id is None and filters.alert_id is None:
            raise InvalidInput(
                "name an endpoint_id or an alert_id; resending everything to everybody is "
                "never meant",
                field="endpoint_id",
            )
        return await self._book.resend(filters, at=self._clock.now())
