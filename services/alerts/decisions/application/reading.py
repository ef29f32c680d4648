"""Reads alerts, cards and the feed for the board, the pages and other applications."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from services.alerts.decisions.application.ports import AlertReads
from services.alerts.decisions.application.read_models import (
    AlertBudget,
    AlertDetail,
    AlertFilters,
    AlertSummary,
    BorrowerCard,
    DecisionRecord,
    DigestItem,
    FeedItem,
)
from services.alerts.directory.domain.person import Person
from services.alerts.primitives import limits
from services.alerts.primitives.errors import ResourceNotFound
from services.alerts.primitives.paging import CursorPage
from services.alerts.primitives.vocabulary import Severity
from services.wording.parties import without_parties

SCORE_DAYS_ON_CARD = 90


class AlertReading:
    """Reads narrowed to what the person may see."""

    def __init__(self, reads: AlertReads, *, weekly_budget: int) -> None:
        self._reads = reads
        self._weekly_budget = weekly_budget

    async def list_alerts(
        self,
        filters: AlertFilters,
        *,
        person: Person,
        cursor: str | None = None,
        limit: int = limits.DEFAULT_PAGE_ITEMS,
    ) -> CursorPage[AlertSummary]:
        """Returns alerts, the latest change first."""
        return await self._reads.list_alerts(
            filters, scope=person.scope, cursor=cursor, limit=limit
        )

    async def get_alert(self, alert_id: str, *, person: Person) -> AlertDetail:
        """Returns one alert with its reasons, next steps and history."""
        detail = await self._reads.alert(alert_id, scope=person.scope)
        if detail is None:
            raise ResourceNotFound(f"there is no alert {alert_id}")
        return detail

    async def count_open(self, *, person: Person) -> Mapping[Severity, int]:
        """Counts the alerts that are not resolved, for every severity."""
        counts = await self._reads.count_open(scope=person.scope)
        return {severity: counts.get(severity, 0) for severity in Severity}

    async def get_card(self, borrower_id: str, *, person: Person) -> BorrowerCard:
        """Returns the risk warning card of a borrower."""
        card = await self._reads.card(
            borrower_id, scope=person.scope, score_days=SCORE_DAYS_ON_CARD
        )
        if card is None:
            raise ResourceNotFound(f"there is no borrower {borrower_id}")
        if person.scope.everything:
            return card
        return replace(card, assessment=without_parties(card.assessment))

    async def decisions(
        self, borrower_id: str, *, person: Person, until: datetime | None, limit: int
    ) -> Sequence[DecisionRecord]:
        """Returns why people were notified of a borrower or were not, the newest first."""
        decisions = await self._reads.decisions(
            borrower_id, scope=person.scope, until=until, limit=limit
        )
        if decisions is None:
            raise ResourceNotFound(f"there is no borrower {borrower_id}")
        return decisions

    async def digest(self, *, person: Person, since: datetime, limit: int) -> Sequence[DigestItem]:
        """Returns who has signals that opened no alert, or a task that waits, newest first."""
        return await self._reads.digest(scope=person.scope, since=since, limit=limit)

    async def alert_budget(self, *, person: Person, weeks: int) -> AlertBudget:
        """Returns how many alerts opened for each owner, week by week, against the budget."""
        items = await self._reads.alert_budget(scope=person.scope, weeks=weeks)
        return AlertBudget(per_owner_week=self._weekly_budget, items=items)

    async def feed_after(
        self, cursor: str | None, *, person: Person, limit: int = limits.PAGE_ITEMS
    ) -> Sequence[FeedItem]:
        """Returns the next alert events after a cursor (None: from the beginning), in order.

        The cursor of the last item continues the feed. Positions are given in the order of the
        commits, so no event appears behind a cursor later.
        """
        return await self._reads.feed_after(cursor or "0", scope=person.scope, limit=limit)

    async def feed_end(self) -> str:
        """Returns the cursor of the last event, for readers who want only what comes next."""
        return await self._reads.feed_end()

    async def newest_moment(self) -> datetime | None:
        """Returns the moment of the newest assessment; None before the first."""
        return await self._reads.newest_moment()
