"""REST for webhook endpoints and the delivery log.

An endpoint is disabled, never deleted: its delivery log is evidence of what was sent where.
The secret is in the answer to the registration and to a rotation, and nowhere else.
"""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.alerts.delivery.application.deliveries import Deliveries
from services.alerts.delivery.application.endpoints import (
    DEFAULT_ROTATION,
    LONGEST_ROTATION,
    EndpointInput,
    Endpoints,
)
from services.alerts.delivery.application.trying import EndpointTrials
from services.alerts.delivery.application.views import (
    DeliveryDetail,
    DeliveryFilters,
    DeliveryView,
    EndpointView,
    EndpointWithSecret,
    TrialView,
)
from services.alerts.delivery.domain.endpoint import PayloadFormat
from services.alerts.directory.entrypoints.callers import (
    Caller,
    Identifier,
    may_keep_webhooks,
    may_read_webhooks,
)
from services.alerts.primitives.paging import MOST_PER_PAGE, Page
from services.alerts.primitives.vocabulary import AlertEventKind, Severity
from services.kit.http.etags import ExpectedVersion, tag
from services.kit.http.request_body import RequestBody

Identifiers = Annotated[list[Identifier], Field(max_length=200)]
_HOURS = timedelta(hours=1)


class EndpointBody(RequestBody):
    """Where events go, which ones, and in whose words; an empty list lets everything through."""

    url: Annotated[str, Field(min_length=1, max_length=2000)]
    description: Annotated[str, Field(max_length=200)] = ""
    format: PayloadFormat = PayloadFormat.STANDARD
    event_types: list[AlertEventKind] = Field(default_factory=list, max_length=20)
    minimum_severity: Severity = Severity.LOW
    branch_ids: Identifiers = Field(default_factory=list)
    segments: Identifiers = Field(default_factory=list)
    officer_ids: Identifiers = Field(default_factory=list)
    is_ordered: bool = True

    def wanted(self) -> EndpointInput:
        """Return what the use case understands."""
        return EndpointInput(**self.model_dump())


class DisableBody(RequestBody):
    """Why sending stops."""

    reason: Annotated[str, Field(min_length=1, max_length=200)]


class RotateBody(RequestBody):
    """How long messages carry the old signature too."""

    keep_old_hours: Annotated[int, Field(ge=0, le=LONGEST_ROTATION // _HOURS)] = (
        DEFAULT_ROTATION // _HOURS
    )


class DeliveryRange(BaseModel):
    """Which deliveries; an interval is half-open."""

    model_config = ConfigDict(extra="forbid")

    endpoint_id: Identifier | None = None
    alert_id: Identifier | None = None
    status: Annotated[str, Field(pattern="^(PENDING|DELIVERED|EXHAUSTED)$")] | None = None
    created_from: AwareDatetime | None = None
    created_before: AwareDatetime | None = None

    def filters(self) -> DeliveryFilters:
        """Return what the use case understands."""
        return DeliveryFilters(
            endpoint_id=self.endpoint_id,
            alert_id=self.alert_id,
            status=self.status,
            created_from=self.created_from,
            created_before=self.created_before,
        )


class DeliveryQuery(DeliveryRange):
    """A page of the delivery log."""

    cursor: Annotated[str, Field(max_length=500)] | None = None
    limit: Annotated[int, Field(ge=1, le=MOST_PER_PAGE)] = 50


class EndpointList(BaseModel):
    """All endpoints, the oldest first."""

    items: list[EndpointView]


class Resent(BaseModel):
    """How many deliveries were queued again."""

    resent: int


DeliveryId = Annotated[int, Field(ge=1, le=2**63 - 1)]


def router(endpoints: Endpoints, trials: EndpointTrials, deliveries: Deliveries) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/v1", tags=["webhooks"])
    _add_registry(routes, endpoints)
    _add_switches(routes, endpoints)
    _add_trials(routes, trials)
    _add_deliveries(routes, deliveries)
    return routes


def _add_registry(routes: APIRouter, endpoints: Endpoints) -> None:
    @routes.post("/webhook-endpoints", status_code=201, dependencies=[Depends(may_keep_webhooks)])
    async def register(
        body: EndpointBody, person: Caller, response: Response
    ) -> EndpointWithSecret:
        """Register an endpoint; the secret in the answer is not shown again."""
        made = await endpoints.register(body.wanted(), person=person)
        tag(response, made.endpoint.version)
        response.headers["Location"] = f"/v1/webhook-endpoints/{made.endpoint.endpoint_id}"
        return made

    @routes.get("/webhook-endpoints", dependencies=[Depends(may_read_webhooks)])
    async def list_endpoints() -> EndpointList:
        """List all endpoints."""
        return EndpointList(items=list(await endpoints.list_endpoints()))

    @routes.get("/webhook-endpoints/{endpoint_id}", dependencies=[Depends(may_read_webhooks)])
    async def get_endpoint(endpoint_id: str, response: Response) -> EndpointView:
        """Return one endpoint; its version as ETag."""
        return _tagged(response, await endpoints.get_endpoint(endpoint_id))

    @routes.put("/webhook-endpoints/{endpoint_id}", dependencies=[Depends(may_keep_webhooks)])
    async def replace(
        endpoint_id: str, body: EndpointBody, version: ExpectedVersion, response: Response
    ) -> EndpointView:
        """Replace what an endpoint is told; its secret and its log stay."""
        changed = await endpoints.update(endpoint_id, body.wanted(), expected_version=version)
        return _tagged(response, changed)


def _add_switches(routes: APIRouter, endpoints: Endpoints) -> None:
    guarded = [Depends(may_keep_webhooks)]

    @routes.post("/webhook-endpoints/{endpoint_id}/disable", dependencies=guarded)
    async def disable(
        endpoint_id: str, body: DisableBody, version: ExpectedVersion, response: Response
    ) -> EndpointView:
        """Stop sending; what waits goes out when it is enabled again."""
        changed = await endpoints.disable(endpoint_id, reason=body.reason, expected_version=version)
        return _tagged(response, changed)

    @routes.post("/webhook-endpoints/{endpoint_id}/enable", dependencies=guarded)
    async def enable(
        endpoint_id: str, version: ExpectedVersion, response: Response
    ) -> EndpointView:
        """Send again, what waited first."""
        return _tagged(response, await endpoints.enable(endpoint_id, expected_version=version))

    @routes.post("/webhook-endpoints/{endpoint_id}/rotate-secret", dependencies=guarded)
    async def rotate_secret(
        endpoint_id: str, body: RotateBody, version: ExpectedVersion, response: Response
    ) -> EndpointWithSecret:
        """Make a new secret; messages carry both signatures for a while."""
        made = await endpoints.rotate_secret(
            endpoint_id,
            expected_version=version,
            keep_old=timedelta(hours=body.keep_old_hours),
        )
        tag(response, made.endpoint.version)
        return made


def _add_trials(routes: APIRouter, trials: EndpointTrials) -> None:
    @routes.post("/webhook-endpoints/{endpoint_id}/test", dependencies=[Depends(may_keep_webhooks)])
    async def try_out(endpoint_id: str, person: Caller) -> TrialView:
        """Send one signed test message now and say what came back."""
        return await trials.try_out(endpoint_id, person=person)


def _add_deliveries(routes: APIRouter, deliveries: Deliveries) -> None:
    @routes.get("/deliveries", dependencies=[Depends(may_read_webhooks)])
    async def list_deliveries(query: Annotated[DeliveryQuery, Query()]) -> Page[DeliveryView]:
        """List deliveries, the newest first."""
        return await deliveries.list_deliveries(
            query.filters(), cursor=query.cursor, limit=query.limit
        )

    @routes.get("/deliveries/{delivery_id}", dependencies=[Depends(may_read_webhooks)])
    async def get_delivery(delivery_id: DeliveryId) -> DeliveryDetail:
        """Return one delivery with the log of its attempts."""
        return await deliveries.get_delivery(delivery_id)

    @routes.post(
        "/deliveries/{delivery_id}/resend",
        status_code=202,
        dependencies=[Depends(may_keep_webhooks)],
    )
    async def resend_one(delivery_id: DeliveryId) -> Resent:
        """Send one delivery again, with the same `webhook-id`."""
        await deliveries.resend_one(delivery_id)
        return Resent(resent=1)

    @routes.post("/deliveries/resend", status_code=202, dependencies=[Depends(may_keep_webhooks)])
    async def resend(body: DeliveryRange) -> Resent:
        """Send a range again; `status: EXHAUSTED` is all that failed."""
        return Resent(resent=await deliveries.resend_range(body.filters()))


def _tagged(response: Response, endpoint: EndpointView) -> EndpointView:
    tag(response, endpoint.version)
    return endpoint
