"""What the use cases need from the outside; the adapters make it real.

Whoever implements `AlertBook.hold` opens one transaction, locks the borrower, and commits
when the block ends without an error, so that a step, its history row, its deliveries and its
outbox event land together or not at all.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from services.alerts.decisions.application.filters import AlertFilters
from services.alerts.decisions.application.read_models import (
    AlertDetail,
    AlertSummary,
    BorrowerCard,
    FeedItem,
)
from services.alerts.decisions.domain.alert import Alert, Change
from services.alerts.primitives.paging import Page
from services.alerts.primitives.vocabulary import Severity


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
