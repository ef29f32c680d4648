"""The one middleware every request passes: correlation, body limit, headers, measurement.

Plain ASGI, so that streams stay streams and a client that goes away is seen. The caller's
`X-Correlation-Id` is taken over when it is harmless, and made up otherwise; it is bound to
the logs, sent back, and stands in problem documents as `trace_id`.
"""

import re
import time
from collections.abc import Mapping
from typing import Any

import structlog
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.kit.catalogue import HTTP_REQUESTS, HTTP_SECONDS
from services.kit.http import problems
from services.kit.ids import time_ordered_id
from services.kit.logs import correlated
from services.kit.metrics import Recorder

log = structlog.get_logger(__name__)

CORRELATION_HEADER = "X-Correlation-Id"
_HARMLESS_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Pages with a style sheet or a form say so themselves; for everything else, nothing.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
_RAW_CORRELATION = CORRELATION_HEADER.lower().encode()
_RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]


class Passage:
    """Wraps an application; see the module."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        recorder: Recorder,
        max_body_bytes: int,
        shortcuts: Mapping[tuple[str, str], ASGIApp],
    ) -> None:
        self._app = app
        self._shortcuts = shortcuts
        self._recorder = recorder
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        offered = headers.get(CORRELATION_HEADER, "")
        correlation_id = offered if _HARMLESS_ID.fullmatch(offered) else time_ordered_id()
        begun = time.perf_counter()
        answer = _Answer(send, correlation_id=correlation_id)
        with correlated(correlation_id):
            try:
                if _declared_bytes(headers) > self._max_body_bytes:
                    await self._refuse_body(scope, receive, answer.send)
                else:
                    limited = _limited(receive, max_bytes=self._max_body_bytes)
                    await self._handle(scope, limited, answer)
            finally:
                self._measure(scope, status=answer.status, seconds=time.perf_counter() - begun)

    async def _handle(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        try:
            app = self._shortcuts.get((scope["method"], scope["path"]), self._app)
            await app(scope, receive, answer.send)
        except Exception:
            log.exception("request failed", route=_route_template(scope))
            if answer.begun:
                raise
            response = problems.bug_response(instance=scope["path"])
            await response(scope, receive, answer.send)

    async def _refuse_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = problems.problem_response(
            problems.TOO_LARGE,
            detail=_too_large(self._max_body_bytes),
            instance=scope["path"],
            headers={"Connection": "close"},
        )
        await response(scope, receive, send)

    def _measure(self, scope: Scope, *, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _KNOWN_METHODS else "other"
        route = _route_template(scope)
        self._recorder.add(HTTP_REQUESTS, method=method, route=route, status=str(status))
        self._recorder.observe(HTTP_SECONDS, seconds, method=method, route=route)


class _Answer:
    """Adds headers to a response on its way out and remembers its status."""

    def __init__(self, send: Send, *, correlation_id: str) -> None:
        self._send = send
        self._correlation_id = correlation_id
        # What the client saw when nothing was sent: it had gone away, or the loop stopped.
        self.status = 499
        self.begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.begun = True
            given = [each for each in message["headers"] if each[0] != _RAW_CORRELATION]
            names = {name for name, _ in given}
            given.append((_RAW_CORRELATION, self._correlation_id.encode()))
            given += [each for each in _RAW_HEADERS if each[0] not in names]
            message["headers"] = given
        await self._send(message)


def _limited(receive: Receive, *, max_bytes: int) -> Receive:
    """Return a receive that stops a body that lied about its length."""
    received_bytes = 0

    async def counted() -> Message:
        nonlocal received_bytes
        message = await receive()
        if message["type"] == "http.request":
            received_bytes += len(message.get("body", b""))
            if received_bytes > max_bytes:
                raise HTTPException(413, _too_large(max_bytes), headers={"Connection": "close"})
        return message

    return counted


def _too_large(max_bytes: int) -> str:
    return f"The body may have at most {max_bytes} bytes; send less at a time."


def _declared_bytes(headers: Headers) -> int:
    try:
        return int(headers.get("content-length", "0"))
    except ValueError:
        return 0


def _route_template(scope: Scope) -> str:
    """Return the route's template, never the path: a path holds ids."""
    route: Any = scope.get("route")
    return getattr(route, "path", None) or "unmatched"
