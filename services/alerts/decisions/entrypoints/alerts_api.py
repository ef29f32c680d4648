"""REST for alerts: list, read, acknowledge, assign, comment, resolve; a borrower's card."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.alerts.decisions.application.filters import AlertFilters
from services.alerts.decisions.application.handling import AlertHandling
from services.alerts.decisions.application.reading import AlertReading
from services.alerts.decisions.application.views import AlertDetail, AlertSummary, BorrowerCard
from services.alerts.directory.entrypoints.callers import Caller, Identifier, may_handle, may_read
from services.alerts.primitives.paging import MOST_PER_PAGE, Page
from services.alerts.primitives.vocabulary import (
    AlertStatus,
    AlertType,
    OutcomeCode,
    OwnerKind,
    RiskState,
    Severity,
)
from services.kit.http.etags import ExpectedVersion, tag
from services.kit.http.request_body import RequestBody

Text = Annotated[str, Field(min_length=1, max_length=4000)]


class AssignBody(RequestBody):
    """To whom an alert is given."""

    owner_kind: OwnerKind = OwnerKind.OFFICER
    owner_id: Identifier


class CommentBody(RequestBody):
    """Something worth writing down."""

    text: Text


class ResolveBody(RequestBody):
    """What came of an alert."""

    outcome_code: OutcomeCode
    note: Annotated[str, Field(max_length=4000)] = ""


class Changed(BaseModel):
    """An alert's new version; also in the ETag."""

    alert_id: str
    version: int


class AlertQuery(BaseModel):
    """Filters of the list; each may be given several times where that makes sense."""

    model_config = ConfigDict(extra="forbid")

    status: list[AlertStatus] = Field(default_factory=list)
    severity: list[Severity] = Field(default_factory=list)
    state: list[RiskState] = Field(default_factory=list)
    alert_type: list[AlertType] = Field(default_factory=list)
    borrower_id: Identifier | None = None
    owner_id: Identifier | None = None
    segment: Identifier | None = None
    branch_id: Identifier | None = None
    opened_from: AwareDatetime | None = None
    opened_before: AwareDatetime | None = None
    is_digest: bool | None = None
    cursor: Annotated[str, Field(max_length=500)] | None = None
    limit: Annotated[int, Field(ge=1, le=MOST_PER_PAGE)] = 50

    def filters(self) -> AlertFilters:
        """Return what the use case understands."""
        return AlertFilters(
            statuses=tuple(self.status),
            severities=tuple(self.severity),
            states=tuple(self.state),
            alert_types=tuple(self.alert_type),
            borrower_id=self.borrower_id,
            owner_id=self.owner_id,
            segment=self.segment,
            branch_id=self.branch_id,
            opened_from=self.opened_from,
            opened_before=self.opened_before,
            is_digest=self.is_digest,
        )


class AlertWithCard(BaseModel):
    """One alert, and the risk warning card of its borrower as it stands now."""

    detail: AlertDetail
    card: BorrowerCard


def router(reading: AlertReading, handling: AlertHandling) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/v1", tags=["alerts"])
    _add_reading(routes, reading)
    _add_handling(routes, handling)
    return routes


def _add_reading(routes: APIRouter, reading: AlertReading) -> None:
    guarded = [Depends(may_read)]

    @routes.get("/alerts", dependencies=guarded)
    async def list_alerts(
        query: Annotated[AlertQuery, Query()], person: Caller
    ) -> Page[AlertSummary]:
        """List alerts, the newest change first; follow `next_cursor` for more."""
        return await reading.list_alerts(
            query.filters(), person=person, cursor=query.cursor, limit=query.limit
        )

    @routes.get("/alerts/{alert_id:path}", dependencies=guarded)
    async def get_alert(alert_id: str, person: Caller, response: Response) -> AlertWithCard:
        """Return one alert with its history and its borrower's card; its version as ETag."""
        detail = await reading.get_alert(alert_id, person=person)
        card = await reading.get_card(detail.alert.borrower_id, person=person)
        tag(response, detail.alert.version)
        return AlertWithCard(detail=detail, card=card)

    @routes.get("/borrowers/{borrower_id:path}/card", dependencies=guarded)
    async def get_card(borrower_id: str, person: Caller) -> BorrowerCard:
        """Return a borrower's risk warning card."""
        return await reading.get_card(borrower_id, person=person)


def _add_handling(routes: APIRouter, handling: AlertHandling) -> None:
    guarded = [Depends(may_handle)]

    @routes.post("/alerts/{alert_id:path}/acknowledge", dependencies=guarded)
    async def acknowledge(
        alert_id: str, version: ExpectedVersion, person: Caller, response: Response
    ) -> Changed:
        """Say that somebody has seen it."""
        new = await handling.acknowledge(alert_id, expected_version=version, person=person)
        return _changed(response, alert_id, new)

    @routes.post("/alerts/{alert_id:path}/assign", dependencies=guarded)
    async def assign(
        alert_id: str,
        body: AssignBody,
        version: ExpectedVersion,
        person: Caller,
        response: Response,
    ) -> Changed:
        """Give it to another owner."""
        new = await handling.assign(
            alert_id, **body.model_dump(), expected_version=version, person=person
        )
        return _changed(response, alert_id, new)

    @routes.post("/alerts/{alert_id:path}/comments", dependencies=guarded)
    async def comment(
        alert_id: str,
        body: CommentBody,
        version: ExpectedVersion,
        person: Caller,
        response: Response,
    ) -> Changed:
        """Write something down."""
        new = await handling.comment(
            alert_id, text=body.text, expected_version=version, person=person
        )
        return _changed(response, alert_id, new)

    @routes.post("/alerts/{alert_id:path}/resolve", dependencies=guarded)
    async def resolve(
        alert_id: str,
        body: ResolveBody,
        version: ExpectedVersion,
        person: Caller,
        response: Response,
    ) -> Changed:
        """Close it with what came of it."""
        new = await handling.resolve(
            alert_id, **body.model_dump(), expected_version=version, person=person
        )
        return _changed(response, alert_id, new)


def _changed(response: Response, alert_id: str, version: int) -> Changed:
    tag(response, version)
    return Changed(alert_id=alert_id, version=version)
