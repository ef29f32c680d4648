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
from services.alerts.decisions.domain.undo import UndoableStep
from services.alerts.directory.domain.scope import Scope
from services.alerts.primitives.paging import CursorPage
from services.alerts.primitives.vocabulary import Severity


class AlertReads(Protocol):
    """Reads for lists, cards and the feed. `scope` narrows to what a person may see."""

    async def list_alerts(
        self, filters: AlertFilters, *, scope: Scope, cursor: str | None, limit: int
    ) -> CursorPage[AlertSummary]: ...

    async def alert(self, alert_id: str, *, scope: Scope) -> AlertDetail | None: ...

    async def count_open(self, *, scope: Scope) -> Mapping[Severity, int]: ...

    async def card(
        self, borrower_id: str, *, scope: Scope, score_days: int
    ) -> BorrowerCard | None: ...

    async def decisions(
        self, borrower_id: str, *, scope: Scope, until: datetime | None, limit: int
    ) -> Sequence[DecisionRecord] | None: ...

    async def digest(
        self, *, scope: Scope, since: datetime, limit: int
    ) -> Sequence[DigestItem]: ...

    async def alert_budget(self, *, scope: Scope, weeks: int) -> Sequence[OwnerWeek]: ...

    async def feed_after(self, cursor: str, *, scope: Scope, limit: int) -> Sequence[FeedItem]: ...

    async def feed_end(self) -> str: ...

    async def newest_moment(self) -> datetime | None: ...


class LockedAlert(Protocol):
    """An alert inside an open transaction, locked against everybody else."""

    @property
    def alert(self) -> Alert: ...

    @property
    def isolated_since(self) -> datetime | None: ...

    async def record(self, change: AlertChange, *, command: UndoableStep | None = None) -> None:
        """Writes a step, and the command that may undo it.

        Raises:
            StepRefused: If another alert of the borrower is open.
        """
        ...


class AlertRepository(Protocol):
    """The alerts as people change them."""

    def lock(
        self, alert_id: str, *, scope: Scope
    ) -> AbstractAsyncContextManager[LockedAlert | None]:
        """Locks an alert; None when there is none of that id in the scope."""
        ...

    async def commands(self, command_id: str) -> Sequence[UndoableStep]:
        """Returns what a command did, an alert each; nothing if it is too old to be undone."""
        ...
