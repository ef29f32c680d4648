"""The middleware of every request: correlation id, body limit, response headers, measurement.

It is plain ASGI, so that streams stay streams and a client that disconnects is noticed. A caller's
`X-Correlation-Id` is accepted when it is harmless and generated otherwise; it is bound to the logs,
sent back, and appears in problem documents as `trace_id`.
"""

import re
import time
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
# The framework reads a Content-Type in a time that grows by the square of its length.
_MAX_CONTENT_TYPE_CHARACTERS = 256
_KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    # A page with a style sheet or a form sends its own policy; everything else needs nothing.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
_RAW_CORRELATION = CORRELATION_HEADER.lower().encode()
_RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
# Nginx's status for a client that disconnected before it got a response.
_NO_RESPONSE = 499


class RequestMiddleware:
    """Wraps an ASGI application."""

    def __init__(self, app: ASGIApp, *, recorder: Recorder, max_body_bytes: int) -> None:
        self._app = app
        self._recorder = recorder
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        offered = headers.get(CORRELATION_HEADER, "")
        correlation_id = offered if _HARMLESS_ID.fullmatch(offered) else time_ordered_id()
        began = time.perf_counter()
        response = _Response(send, correlation_id=correlation_id)
        with correlated(correlation_id):
            try:
                if _declared_bytes(headers) > self._max_body_bytes:
                    await self._refuse_body(scope, receive, response.send)
                elif len(headers.get("content-type", "")) > _MAX_CONTENT_TYPE_CHARACTERS:
                    await self._refuse_content_type(scope, receive, response.send)
                else:
                    limited = _limited(receive, max_bytes=self._max_body_bytes)
                    await self._handle(scope, limited, response)
            finally:
                seconds = time.perf_counter() - began
                self._measure(scope, status=response.status, seconds=seconds)

    async def _handle(self, scope: Scope, receive: Receive, response: "_Response") -> None:
        try:
            await self._app(scope, receive, response.send)
        except Exception:
            log.exception("http.request_failed", route=_route_template(scope))
            if response.has_started:
                raise
            problem = problems.internal_error_response(instance=scope["path"])
            await problem(scope, receive, response.send)

    async def _refuse_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = problems.problem_response(
            problems.TOO_LARGE,
            detail=_too_large(self._max_body_bytes),
            instance=scope["path"],
            headers={"Connection": "close"},
        )
        await response(scope, receive, send)

    async def _refuse_content_type(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = problems.problem_response(
            problems.MEDIA_TYPE_UNKNOWN,
            detail=f"Content-Type may have at most {_MAX_CONTENT_TYPE_CHARACTERS} characters.",
            instance=scope["path"],
        )
        await response(scope, receive, send)

    def _measure(self, scope: Scope, *, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _KNOWN_METHODS else "other"
        route = _route_template(scope)
        self._recorder.add(HTTP_REQUESTS, method=method, route=route, status=str(status))
        self._recorder.observe(HTTP_SECONDS, seconds, method=method, route=route)


class _Response:
    """Adds headers to a response while it is sent, and records its status."""

    def __init__(self, send: Send, *, correlation_id: str) -> None:
        self._send = send
        self._correlation_id = correlation_id
        self.status = _NO_RESPONSE
        self.has_started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.has_started = True
            headers = [header for header in message["headers"] if header[0] != _RAW_CORRELATION]
            names = {name for name, _ in headers}
            headers.append((_RAW_CORRELATION, self._correlation_id.encode()))
            headers += [header for header in _RAW_HEADERS if header[0] not in names]
            message["headers"] = headers
        await self._send(message)


def _limited(receive: Receive, *, max_bytes: int) -> Receive:
    """Returns a receive that stops a body larger than its declared length."""
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
    """Returns the route's template and never the path, which contains ids."""
    route: Any = scope.get("route")
    return getattr(route, "path", None) or "unmatched"
