"""`POST /v1/events`: CloudEvents over HTTP, one or many, with a verdict for each.

202 means that every event is on the topic, acknowledged by all replicas (or parked in the
database). While the broker or the database does not answer, nothing is promised: 503 with
`Retry-After`, and the sender sends the same again, which is safe because of the ids.
"""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from services.ingest.application.inputs import Input, InputVerdict
from services.ingest.application.intake import Intake
from services.ingest.domain import media_types
from services.ingest.entrypoints import bodies
from services.ingest.entrypoints.response_models import Receipt, receipt_of, status_of
from services.ingest.metrics import TAKE_SECONDS
from services.kit.access.keys import Role
from services.kit.clock import Clock
from services.kit.http.auth import Principal, require
from services.kit.http.keyed_route import KeyedRoute
from services.kit.http.problems import Problem, ProblemKind
from services.kit.metrics import Recorder

# Events that are published together, and acknowledged before the next are read.
_MAX_AT_ONCE = 500

NONE_TAKEN = ProblemKind(422, "no-event-taken", "None of the events was taken")
NOT_YOUR_SOURCE = ProblemKind(403, "source-not-allowed", "The key may not speak for this source")
TOO_MANY_EVENTS = ProblemKind(413, "too-many-events", "The request contains too many events")

EVENTS_PATH = "/v1/events"
Sender = Annotated[Principal, Depends(require(Role.SOURCE))]

_EXAMPLE = {
    "specversion": "1.0",
    "id": "PAY-4711",
    "source": "core/repayments",
    "type": "repayment.posted.v1",
    "subject": "B-1001",
    "time": "2026-03-31T17:05:00Z",
    "data": {
        "loan_id": "L-1",
        "paid_amount": "4120.55",
        "currency": "EUR",
        "value_date": "2026-03-31",
        "channel": "DEBIT",
    },
}
_BODY = {
    "requestBody": {
        "required": True,
        "description": "CloudEvents 1.0 (schemas/events): structured, batch, binary (`ce-` "
        "headers with application/json), or one event a line.",
        "content": {
            media_types.STRUCTURED: {"schema": {"type": "object"}, "example": _EXAMPLE},
            media_types.BATCH: {"schema": {"type": "array", "items": {"type": "object"}}},
            media_types.LINES: {"schema": {"type": "string"}},
            media_types.PLAIN: {"schema": {}},
        },
    }
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    202: {"model": Receipt, "description": "All events were taken."},
    207: {"model": Receipt, "description": "Some events were taken; `items` lists which."},
    403: {"description": "The key may not speak for the source of any event."},
    413: {"description": "The body, or the number of events in it, is too large."},
    415: {"description": "The Content-Type carries no events."},
    422: {"description": "No event was taken; a problem document with `items`."},
    503: {"description": "Nothing is promised; send the same again after `Retry-After`."},
}


class TooManyRequests(Exception):
    """As many requests as allowed are being processed already."""


class EventsEndpoint:
    """Processes requests with events; refuses those beyond a number at the same time."""

    def __init__(
        self,
        intake: Intake,
        *,
        clock: Clock,
        recorder: Recorder,
        max_items: int,
        max_in_flight: int,
    ) -> None:
        self._intake = intake
        self._clock = clock
        self._recorder = recorder
        self._max_items = max_items
        self._free = max_in_flight

    async def receive(self, request: Request, caller: Principal) -> Response:
        """Takes in the events of a request, and answers with a verdict for each."""
        if self._free == 0:
            raise TooManyRequests("Too many requests at once.")
        self._free -= 1
        try:
            inputs = bodies.inputs_of(
                await request.body(),
                headers=request.headers.items(),
                caller=caller,
                max_items=self._max_items,
            )
            return _answer(receipt_of(await self._taken(inputs)))
        finally:
            self._free += 1

    async def _taken(self, inputs: list[Input]) -> list[InputVerdict]:
        began = self._clock.monotonic_seconds()
        verdicts: list[InputVerdict] = []
        for start in range(0, len(inputs), _MAX_AT_ONCE):
            verdicts += await self._intake.take(inputs[start : start + _MAX_AT_ONCE])
        seconds = self._clock.monotonic_seconds() - began
        self._recorder.observe(TAKE_SECONDS, seconds, channel="http")
        return verdicts


def _answer(receipt: dict[str, Any]) -> Response:
    status = status_of(receipt)
    if status < 300:
        return Response(
            msgspec.json.encode(receipt), status_code=status, media_type="application/json"
        )
    first = receipt["items"][0]
    raise Problem(
        NONE_TAKEN if status == 422 else NOT_YOUR_SOURCE,
        f"{len(receipt['items'])} event(s) refused; the first: {first['detail']}",
        extra=receipt,
    )


def events_router(endpoint: EventsEndpoint) -> APIRouter:
    """Returns the route of the endpoint."""
    router = APIRouter(tags=["events"], route_class=KeyedRoute)

    @router.post(
        EVENTS_PATH,
        status_code=202,
        responses=_ANSWERS,
        openapi_extra=_BODY,
        summary="Send events",
        response_model=Receipt,
    )
    async def send_events(request: Request, caller: Sender) -> Response:
        """Send CloudEvents; each gets its own verdict. Sending the same event again is safe."""
        return await endpoint.receive(request, caller)

    return router
