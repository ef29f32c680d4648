"""REST for alerts: list, read, acknowledge, assign, comment, resolve; a borrower's card."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel

from services.alerts.decisions.application.handling import AlertHandling
from services.alerts.decisions.application.read_models import (
    AlertBudget,
    AlertDetail,
    AlertSummary,
    BorrowerCard,
    DecisionRecord,
    DigestItem,
)
from services.alerts.decisions.application.reading import AlertReading
from services.alerts.decisions.entrypoints.request_models import (
    AlertQuery,
    AssignRequest,
    BudgetQuery,
    CommentRequest,
    DecisionQuery,
    DigestQuery,
    ResolveRequest,
)
from services.alerts.directory.entrypoints.permissions import Caller, may_handle, may_read
from services.alerts.primitives.paging import CursorPage
from services.kit.http.etags import ExpectedVersion, tag
from services.kit.http.idempotency import idempotent
from services.kit.http.json_route import JsonRoute


class VersionResponse(BaseModel):
    """The new version of an alert, which is also the ETag."""

    alert_id: str
    version: int


class DecisionList(BaseModel):
    """Decisions, the newest first."""

    items: list[DecisionRecord]


class Digest(BaseModel):
    """Who has signals without an alert or a task that waits, and the last week's alerts by owner.

    Tasks are listed until they are done. The counts are of the borrowers listed here that have such
    a signal.
    """

    items: list[DigestItem]
    by_factor: dict[str, int]
    by_trigger: dict[str, int]
    by_stage: dict[str, int]
    alert_budget: AlertBudget

    @classmethod
    def of(cls, items: Sequence[DigestItem], alert_budget: AlertBudget) -> "Digest":
        """Returns the items with their counts."""
        return cls(
            items=list(items),
            by_factor=_counted({each.factor for each in item.signals} for item in items),
            by_trigger=_counted({each.trigger for each in item.signals} for item in items),
            by_stage=_counted({each.stage for each in item.signals} for item in items),
            alert_budget=alert_budget,
        )


def _counted(groups: Iterable[Iterable[str]]) -> dict[str, int]:
    return dict(sorted(Counter(name for group in groups for name in group).items()))


class AlertResponse(BaseModel):
    """One alert and the current risk warning card of its borrower."""

    detail: AlertDetail
    card: BorrowerCard


def router(reading: AlertReading, handling: AlertHandling) -> APIRouter:
    """Returns the routes."""
    routes = APIRouter(prefix="/v1", route_class=JsonRoute, tags=["alerts"])
    _add_reading(routes, reading)
    _add_handling(routes, handling)
    return routes


def _add_reading(routes: APIRouter, reading: AlertReading) -> None:
    guarded = [Depends(may_read)]

    @routes.get("/alerts", dependencies=guarded)
    async def list_alerts(
        query: Annotated[AlertQuery, Query()], person: Caller
    ) -> CursorPage[AlertSummary]:
        """List alerts, the latest change first; `next_cursor` leads to the next page."""
        return await reading.list_alerts(
            query.filters(), person=person, cursor=query.cursor, limit=query.limit
        )

    @routes.get("/alerts/{alert_id:path}", dependencies=guarded)
    async def get_alert(alert_id: str, person: Caller, response: Response) -> AlertResponse:
        """Return one alert with its history and its borrower's card; its version is the ETag."""
        detail = await reading.get_alert(alert_id, person=person)
        card = await reading.get_card(detail.alert.borrower_id, person=person)
        tag(response, detail.alert.version)
        return AlertResponse(detail=detail, card=card)

    @routes.get("/borrowers/{borrower_id:path}/card", dependencies=guarded)
    async def get_card(borrower_id: str, person: Caller) -> BorrowerCard:
        """Return a borrower's risk warning card."""
        return await reading.get_card(borrower_id, person=person)

    @routes.get("/borrowers/{borrower_id:path}/decisions", dependencies=guarded)
    async def list_decisions(
        borrower_id: str, query: Annotated[DecisionQuery, Query()], person: Caller
    ) -> DecisionList:
        """List why people were notified of a borrower or were not, up to a moment."""
        decisions = await reading.decisions(
            borrower_id, person=person, until=query.at, limit=query.limit
        )
        return DecisionList(items=list(decisions))

    @routes.get("/alert-budget", dependencies=guarded)
    async def get_alert_budget(
        query: Annotated[BudgetQuery, Query()], person: Caller
    ) -> AlertBudget:
        """Count the alerts that opened, ended by themselves or were ignored, by owner and week."""
        return await reading.alert_budget(person=person, weeks=query.weeks)

    @routes.get("/digest", dependencies=guarded)
    async def get_digest(query: Annotated[DigestQuery, Query()], person: Caller) -> Digest:
        """List who has signals that opened no alert, or a task that waits for a person."""
        items = await reading.digest(person=person, since=query.since, limit=query.limit)
        budget = await reading.alert_budget(person=person, weeks=1)
        return Digest.of(items, budget)


def _add_handling(routes: APIRouter, handling: AlertHandling) -> None:
    guarded = [Depends(may_handle), Depends(idempotent)]

    @routes.post("/alerts/{alert_id:path}/acknowledge", dependencies=guarded)
    async def acknowledge(
        alert_id: str, version: ExpectedVersion, person: Caller, response: Response
    ) -> VersionResponse:
        """Acknowledge an alert."""
        new = await handling.acknowledge(alert_id, expected_version=version, person=person)
        return _versioned(response, alert_id, new)

    @routes.post("/alerts/{alert_id:path}/assign", dependencies=guarded)
    async def assign(
        alert_id: str,
        body: AssignRequest,
        version: ExpectedVersion,
        person: Caller,
        response: Response,
    ) -> VersionResponse:
        """Assign an alert to another owner."""
        new = await handling.assign(
            alert_id, **body.model_dump(), expected_version=version, person=person
        )
        return _versioned(response, alert_id, new)

    @routes.post("/alerts/{alert_id:path}/comments", dependencies=guarded)
    async def comment(
        alert_id: str,
        body: CommentRequest,
        version: ExpectedVersion,
        person: Caller,
        response: Response,
    ) -> VersionResponse:
        """Comment on an alert."""
        new = await handling.comment(
            alert_id, text=body.text, expected_version=version, person=person
        )
        return _versioned(response, alert_id, new)

    @routes.post("/alerts/{alert_id:path}/resolve", dependencies=guarded)
    async def resolve(
        alert_id: str,
        body: ResolveRequest,
        version: ExpectedVersion,
        person: Caller,
        response: Response,
    ) -> VersionResponse:
        """Resolve an alert with an outcome code."""
        new = await handling.resolve(
            alert_id, **body.model_dump(), expected_version=version, person=person
        )
        return _versioned(response, alert_id, new)


def _versioned(response: Response, alert_id: str, version: int) -> VersionResponse:
    tag(response, version)
    return VersionResponse(alert_id=alert_id, version=version)
