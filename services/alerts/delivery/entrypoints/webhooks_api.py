"""REST for webhook endpoints and the delivery log.

An endpoint is disabled, never deleted: its delivery log is evidence of what was sent where.
Only the answers to a registration and to a rotation contain a secret.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from services.alerts.delivery.application.deliveries import DeliveryLog
from services.alerts.delivery.application.endpoint_trial import EndpointTrial
from services.alerts.delivery.application.endpoints import EndpointRegistry
from services.alerts.delivery.application.read_models import (
    DeliveryDetail,
    DeliverySummary,
    EndpointTestResult,
    EndpointWithSecret,
)
from services.alerts.delivery.domain.endpoint import Endpoint
from services.alerts.delivery.entrypoints.request_models import (
    DeliveryQuery,
    DisableRequest,
    EndpointRequest,
    ResendRequest,
    RotateSecretRequest,
)
from services.alerts.directory.entrypoints.permissions import (
    Caller,
    may_configure_webhooks,
    may_read_webhooks,
)
from services.alerts.primitives.paging import CursorPage
from services.kit.http.etags import ExpectedVersion, tag
from services.kit.http.json_route import JsonRoute

ENDPOINTS = "/webhook-endpoints"
ENDPOINT = "/webhook-endpoints/{endpoint_id}"
DeliveryId = Annotated[int, Field(ge=1, le=2**63 - 1)]
_readers, _operators = [Depends(may_read_webhooks)], [Depends(may_configure_webhooks)]


class EndpointList(BaseModel):
    """All endpoints, the oldest first."""

    items: list[Endpoint]


class ResendResponse(BaseModel):
    """How many deliveries are pending again."""

    resent: int


def router(registry: EndpointRegistry, trial: EndpointTrial, deliveries: DeliveryLog) -> APIRouter:
    """Returns the routes."""
    routes = APIRouter(prefix="/v1", route_class=JsonRoute, tags=["webhooks"])
    _add_registry(routes, registry)
    _add_switches(routes, registry, trial)
    _add_deliveries(routes, deliveries)
    return routes


def _add_registry(routes: APIRouter, registry: EndpointRegistry) -> None:
    @routes.post(ENDPOINTS, status_code=201, dependencies=_operators)
    async def register(
        body: EndpointRequest, person: Caller, response: Response
    ) -> EndpointWithSecret:
        """Register an endpoint; the secret in the answer is not shown again."""
        registered = await registry.register(body.settings(), person=person)
        endpoint = registered.endpoint
        tag(response, endpoint.version)
        response.headers["Location"] = f"/v1/webhook-endpoints/{endpoint.endpoint_id}"
        return registered

    @routes.get(ENDPOINTS, dependencies=_readers)
    async def list_endpoints() -> EndpointList:
        """List all endpoints."""
        return EndpointList(items=list(await registry.list_endpoints()))

    @routes.get(ENDPOINT, dependencies=_readers)
    async def get_endpoint(endpoint_id: str, response: Response) -> Endpoint:
        """Return one endpoint; its version is the ETag."""
        return _tagged(response, await registry.get_endpoint(endpoint_id))

    @routes.put(ENDPOINT, dependencies=_operators)
    async def replace(
        endpoint_id: str, body: EndpointRequest, version: ExpectedVersion, response: Response
    ) -> Endpoint:
        """Replace the settings of an endpoint; its secret and its delivery log stay."""
        changed = await registry.update(endpoint_id, body.settings(), expected_version=version)
        return _tagged(response, changed)


def _add_switches(routes: APIRouter, registry: EndpointRegistry, trial: EndpointTrial) -> None:
    @routes.post(f"{ENDPOINT}/disable", dependencies=_operators)
    async def disable(
        endpoint_id: str, body: DisableRequest, version: ExpectedVersion, response: Response
    ) -> Endpoint:
        """Stop sending; pending deliveries go out when the endpoint is enabled again."""
        changed = await registry.disable(endpoint_id, reason=body.reason, expected_version=version)
        return _tagged(response, changed)

    @routes.post(f"{ENDPOINT}/enable", dependencies=_operators)
    async def enable(endpoint_id: str, version: ExpectedVersion, response: Response) -> Endpoint:
        """Send again, beginning with the pending deliveries."""
        return _tagged(response, await registry.enable(endpoint_id, expected_version=version))

    @routes.post(f"{ENDPOINT}/rotate-secret", dependencies=_operators)
    async def rotate_secret(
        endpoint_id: str, body: RotateSecretRequest, version: ExpectedVersion, response: Response
    ) -> EndpointWithSecret:
        """Make a new secret; messages carry both signatures while the former one is valid."""
        rotated = await registry.rotate_secret(
            endpoint_id, expected_version=version, overlap=body.overlap()
        )
        tag(response, rotated.endpoint.version)
        return rotated

    @routes.post(f"{ENDPOINT}/test", dependencies=_operators)
    async def try_out(endpoint_id: str, person: Caller) -> EndpointTestResult:
        """Send one signed test message now and return the result."""
        return await trial.send(endpoint_id, person=person)


def _add_deliveries(routes: APIRouter, deliveries: DeliveryLog) -> None:
    @routes.get("/deliveries", dependencies=_readers)
    async def list_deliveries(
        query: Annotated[DeliveryQuery, Query()],
    ) -> CursorPage[DeliverySummary]:
        """List deliveries, the newest first."""
        return await deliveries.list_deliveries(
            query.filters(), cursor=query.cursor, limit=query.limit
        )

    @routes.get("/deliveries/{delivery_id}", dependencies=_readers)
    async def get_delivery(delivery_id: DeliveryId) -> DeliveryDetail:
        """Return one delivery with the log of its attempts."""
        return await deliveries.get_delivery(delivery_id)

    @routes.post("/deliveries/{delivery_id}/resend", status_code=202, dependencies=_operators)
    async def resend_one(delivery_id: DeliveryId) -> ResendResponse:
        """Send one delivery again, with the same `webhook-id`."""
        await deliveries.resend_one(delivery_id)
        return ResendResponse(resent=1)

    @routes.post("/deliveries/resend", status_code=202, dependencies=_operators)
    async def resend(body: ResendRequest) -> ResendResponse:
        """Send a range again; `status: EXHAUSTED` means every failed delivery."""
        return ResendResponse(resent=await deliveries.resend_range(body.filters()))


def _tagged(response: Response, endpoint: Endpoint) -> Endpoint:
    tag(response, endpoint.version)
    return endpoint
