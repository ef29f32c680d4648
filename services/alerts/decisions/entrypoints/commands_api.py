"""REST for the steps of people on alerts: each answers the alert after it and what may follow."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel

from services.alerts.decisions.application.handling import (
    AlertHandling,
    BulkResult,
    HandledAlert,
)
from services.alerts.decisions.application.read_models import AlertSummary
from services.alerts.decisions.entrypoints.request_models import (
    AssignRequest,
    BulkRequest,
    CommentRequest,
    LinkRequest,
    ReopenRequest,
    ResolveRequest,
    SnoozeRequest,
)
from services.alerts.directory.entrypoints.permissions import Caller, may_handle
from services.alerts.primitives import limits
from services.alerts.primitives.errors import (
    AlertsError,
    InvalidInput,
    ResourceNotFound,
    StepRefused,
    VersionConflict,
)
from services.kit.http.etags import ExpectedVersion, tag
from services.kit.http.idempotency import idempotent
from services.kit.http.json_route import JsonRoute

CommandId = Annotated[str, Path(min_length=1, max_length=limits.IDENTIFIER_CHARACTERS)]
GUARDED = [Depends(may_handle), Depends(idempotent)]
# What a single command would be answered with.
_STATUSES: dict[type[AlertsError], int] = {
    ResourceNotFound: 404,
    StepRefused: 409,
    VersionConflict: 412,
    InvalidInput: 422,
}


class CommandResponse(BaseModel):
    """The alert after a step; its version is the ETag.

    `allowed_actions` are the steps that may follow, by the names of their routes. Until
    `undo_until`, `POST /v1/commands/{command_id}/undo` undoes it; null if it cannot be undone.
    """

    command_id: str
    undo_until: datetime | None
    alert: AlertSummary
    allowed_actions: list[str]

    @classmethod
    def of(cls, handled: HandledAlert) -> "CommandResponse":
        """Returns the response to a step."""
        return cls(
            command_id=handled.command_id,
            undo_until=handled.undo_until,
            alert=AlertSummary.of(handled.alert, isolated_since=handled.isolated_since),
            allowed_actions=list(handled.allowed_actions),
        )


class BulkItemResponse(BaseModel):
    """What became of one alert: the status that a single command would have, and the alert or why.

    `command` is null where the step was refused; `detail` is the reason.
    """

    alert_id: str
    status: int
    detail: str | None
    command: CommandResponse | None


class BulkResponse(BaseModel):
    """A result for each alert, in the order of the request."""

    items: list[BulkItemResponse]

    @classmethod
    def of(cls, results: Sequence[BulkResult]) -> "BulkResponse":
        """Returns the response to a bulk command."""
        return cls(items=[_item(result) for result in results])


def _item(result: BulkResult) -> BulkItemResponse:
    handled, error = result.handled, result.error
    return BulkItemResponse(
        alert_id=result.alert_id,
        status=200 if error is None else _STATUSES[type(error)],
        detail=None if error is None else error.detail,
        command=None if handled is None else CommandResponse.of(handled),
    )


def router(handling: AlertHandling) -> APIRouter:
    """Returns the routes."""
    routes = APIRouter(prefix="/v1", route_class=JsonRoute, tags=["alerts"], dependencies=GUARDED)
    _add_status_steps(routes, handling)
    _add_ends(routes, handling)
    _add_waiting(routes, handling)
    _add_remarks(routes, handling)
    _add_commands(routes, handling)
    return routes


def _add_status_steps(routes: APIRouter, handling: AlertHandling) -> None:
    @routes.post("/alerts/{alert_id:path}/acknowledge")
    async def acknowledge(
        alert_id: str, version: ExpectedVersion, person: Caller, response: Response
    ) -> CommandResponse:
        """Acknowledge an alert."""
        handled = await handling.acknowledge(alert_id, expected_version=version, person=person)
        return _answer(response, handled)

    @routes.post("/alerts/{alert_id:path}/start")
    async def start(
        alert_id: str, version: ExpectedVersion, person: Caller, response: Response
    ) -> CommandResponse:
        """Start work on an alert; an open one is acknowledged too."""
        handled = await handling.start(alert_id, expected_version=version, person=person)
        return _answer(response, handled)

    @routes.post("/alerts/{alert_id:path}/assign")
    async def assign(
        alert_id: str,
        body: AssignRequest,
        version: ExpectedVersion,
        person: Caller,
        response: Response,
    ) -> CommandResponse:
        """Assign an alert to another owner."""
        handled = await handling.assign(
            alert_id, **body.model_dump(), expected_version=version, person=person
        )
        return _answer(response, handled)

    @routes.post("/alerts/{alert_id:path}/take")
    async def take(
        alert_id: str, version: ExpectedVersion, person: Caller, response: Response
    ) -> CommandResponse:
        """Assign an alert to the caller."""
        handled = await handling.take(alert_id, expected_version=version, person=person)
        return _answer(response, handled)


def _add_ends(routes: APIRouter, handling: AlertHandling) -> None:
    @routes.post("/alerts/{alert_id:path}/resolve")
    async def resolve(
        alert_id: str,
        body: ResolveRequest,
        version: ExpectedVersion,
        person: Caller,
        response: Response,
    ) -> CommandResponse:
        """Resolve an alert with an outcome code."""
        handled = await handling.resolve(
            alert_id, **body.model_dump(), expected_version=version, person=person
        )
        return _answer(response, handled)

    @routes.post("/alerts/{alert_id:path}/reopen")
    async def reopen(
        alert_id: str,
        body: ReopenRequest,
        version: ExpectedVersion,
        person: Caller,
        response: Response,
    ) -> CommandResponse:
        """Open an alert again that was resolved in the last 30 days; its deadlines begin now."""
        handled = await handling.reopen(
            alert_id, **body.model_dump(), expected_version=version, person=person
        )
        return _answer(response, handled)


def _add_waiting(routes: APIRouter, handling: AlertHandling) -> None:
    @routes.post("/alerts/{alert_id:path}/snooze")
    async def snooze(
        alert_id: str,
        body: SnoozeRequest,
        version: ExpectedVersion,
        person: Caller,
        response: Response,
    ) -> CommandResponse:
        """Let an alert wait until a moment; its deadlines stop meanwhile."""
        handled = await handling.snooze(
            alert_id, **body.model_dump(), expected_version=version, person=person
        )
        return _answer(response, handled)

    @routes.post("/alerts/{alert_id:path}/end-snooze")
    async def end_snooze(
        alert_id: str, version: ExpectedVersion, person: Caller, response: Response
    ) -> CommandResponse:
        """End the waiting of a snoozed alert; its deadlines go on."""
        handled = await handling.end_snooze(alert_id, expected_version=version, person=person)
        return _answer(response, handled)


def _add_remarks(routes: APIRouter, handling: AlertHandling) -> None:
    @routes.post("/alerts/{alert_id:path}/comments")
    async def comment(
        alert_id: str, body: CommentRequest, person: Caller, response: Response
    ) -> CommandResponse:
        """Comment on an alert; a comment never conflicts, so it names no version."""
        handled = await handling.comment(alert_id, **body.model_dump(), person=person)
        return _answer(response, handled)

    @routes.post("/alerts/{alert_id:path}/links")
    async def link(
        alert_id: str, body: LinkRequest, person: Caller, response: Response
    ) -> CommandResponse:
        """Link a document to an alert, with the hash of its content."""
        handled = await handling.link(alert_id, **body.model_dump(), person=person)
        return _answer(response, handled)


def _add_commands(routes: APIRouter, handling: AlertHandling) -> None:
    @routes.post("/alerts/bulk")
    async def bulk(body: BulkRequest, person: Caller) -> BulkResponse:
        """Take one step on up to 200 alerts; each has a result of its own."""
        versions = {item.alert_id: item.version for item in body.items}
        if len(versions) < len(body.items):
            raise InvalidInput("items must name each alert once", pointer="/items")
        results = await handling.bulk(
            body.command.step, versions, body.command.model_dump(exclude={"step"}), person=person
        )
        return BulkResponse.of(results)

    @routes.post("/commands/{command_id}/undo")
    async def undo(command_id: CommandId, person: Caller) -> BulkResponse:
        """Undo an own command within a minute, unless an alert has changed since."""
        return BulkResponse.of(await handling.undo(command_id, person=person))


def _answer(response: Response, handled: HandledAlert) -> CommandResponse:
    tag(response, handled.alert.version)
    return CommandResponse.of(handled)
