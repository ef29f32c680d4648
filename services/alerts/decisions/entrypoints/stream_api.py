"""The live stream of alert events, for boards and other apps: `GET /v1/stream`.

Server-sent events. The id of each is its position in the feed of the database, so a reader that
reconnects with `Last-Event-ID` misses nothing, whichever process answers. Without it the stream
begins now; `?from=start` begins with the first event. A stream ends after a quarter of an hour,
during an outage of the database and when the process drains: readers reconnect. It also ends within
five seconds of the revocation of its key. Each event is sent by the caller's rights at that moment.
"""

import re
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from services.alerts.decisions.application.reading import AlertReading
from services.alerts.directory.entrypoints.permissions import may_read, person_of
from services.kit.clock import Clock
from services.kit.database import DatabaseUnavailable
from services.kit.http import problems
from services.kit.http.auth import readmitted
from services.kit.http.health import Health
from services.kit.http.json_route import JsonRoute
from services.kit.http.problems import Problem

LONGEST_SECONDS = 900.0
POLL_SECONDS = 0.5
RECONNECT_MS = 2000
# As many digits as a position in the feed has at most.
_CURSOR = re.compile(r"[0-9]{1,18}")


def last_event_id(
    last_event_id: Annotated[
        str | None, Header(description="The id of the last event that was received.")
    ] = None,
) -> str | None:
    """Returns the cursor to go on from."""
    if last_event_id is not None and not _CURSOR.fullmatch(last_event_id):
        raise Problem(problems.MALFORMED, "Last-Event-ID is not an id of this stream.")
    return last_event_id


def router(reading: AlertReading, *, health: Health, clock: Clock) -> APIRouter:
    """Returns the route."""
    routes = APIRouter(prefix="/v1", route_class=JsonRoute, tags=["stream"])

    @routes.get("/stream", response_class=EventSourceResponse, dependencies=[Depends(may_read)])
    async def stream(
        request: Request,
        resume: Annotated[str | None, Depends(last_event_id)],
        begin: Annotated[Literal["now", "start"], Query(alias="from")] = "now",
    ) -> AsyncIterator[ServerSentEvent]:
        """Stream alert events as they happen."""
        cursor = resume
        if cursor is None and begin == "now":
            cursor = await reading.feed_end()
        yield ServerSentEvent(comment="tocsin", retry=RECONNECT_MS, id=cursor)
        until = clock.monotonic_seconds() + LONGEST_SECONDS
        while clock.monotonic_seconds() < until and not health.is_draining:
            try:
                caller = await readmitted(request)
                if caller is None:
                    return
                items = await reading.feed_after(cursor, person=person_of(caller))
            except (DatabaseUnavailable, Problem):
                return
            for item in items:
                cursor = item.cursor
                yield ServerSentEvent(id=item.cursor, event=item.event.kind, data=item.event)
            if not items:
                await clock.sleep(POLL_SECONDS)

    return routes
