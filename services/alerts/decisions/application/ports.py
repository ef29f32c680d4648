"""What the use cases of alerts need; the adapters implement it.

`AlertRepository.lock` opens one transaction, locks the borrower and commits when the block ends
without an error, so that a step, its history row, its deliveries and its outbox event are written
together or not at all.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from services.alerts.decisions.application.read_models import (
    AlertDetail,
    AlertFilters,
    AlertSummary,
    BorrowerCard,
    DecisionRecord,
    DigestItem,
    FeedItem,
    OwnerWeek,
)
from services.alerts.decisions.domain.alert import Alert, AlertChange
from services.alerts.primitives.paging import CursorPage
from services.alerts.primitives.vocabulary import Severity


class AlertReads(Protocol):
    """Reads for lists, cards and the feed. `officer_id` narrows to what one officer may see."""

    async def list_alerts(
        self, filters: AlertFilters, *, officer_id: str | None, cursor: str | None, limit: int
    ) -> CursorPage[AlertSummary]: ...

    async def alert(self, alert_id: str, *, officer_id: str | None) -> AlertDetail | None: ...

    async def count_open(self, *, officer_id: str | None) -> Mapping[Severity, int]: ...

    async def card(
        self, borrower_id: str, *, officer_id: str | None, score_days: int
    ) -> BorrowerCard | None: ...

    async def decisions(
        self, borrower_id: str, *, officer_id: str | None, until: datetime | None, limit: int
    ) -> Sequence[DecisionRecord] | None: ...

    async def digest(
        self, *, officer_id: str | None, since: datetime, limit: int
    ) -> Sequence[DigestItem]: ...

    async def alert_budget(self, *, officer_id: str | None, weeks: int) -> Sequence[OwnerWeek]: ...

    async def feed_after(
        self, cursor: str, *, officer_id: str | None, limit: int
    ) -> Sequence[FeedItem]: ...

    async def feed_end(self) -> str: ...

    async def newest_moment(self) -> datetime | None: ...


class LockedAlert(Protocol):
    """An alert inside an open transaction, locked against everybody else."""

    @property
    def alert(self) -> Alert: ...

    async def record(self, change: AlertChange) -> None: ...


class AlertRepository(Protocol):
    """The alerts as people change them."""

    def lock(
        self, alert_id: str, *, officer_id: str | None
    ) -> AbstractAsyncContextManager[LockedAlert | None]:
        """Locks an alert; None when this officer may not see one of that id."""
        ...
