"""The middleware of every request: correlation id, limits, response headers, measurement.

It is plain ASGI, so that streams stay streams and a client that disconnects is noticed. A caller's
`X-Correlation-Id` is accepted when it is harmless and generated otherwise; it is bound to the logs,
sent back, and appears in problem documents as `trace_id`.
"""

import asyncio
import re
import time
from collections.abc import Mapping
from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, reset_contextvars

from services.kit.catalogue import HTTP_REQUESTS, HTTP_SECONDS
from services.kit.http import problems
from services.kit.http.limits import RequestLimits, RequestsByKey
from services.kit.http.problems import ProblemKind
from services.kit.ids import time_ordered_id
from services.kit.metrics import Recorder

log = structlog.get_logger(__name__)

RawHeaders = Mapping[bytes, bytes]

CORRELATION_HEADER = "X-Correlation-Id"
_HARMLESS_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
# The framework reads a Content-Type in a time that grows by the square of its length.
_MAX_CONTENT_TYPE_CHARACTERS = 256
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
_TOO_MUCH = "The key sends as many bytes at the same time as it may; send fewer bodies at a time."
# Nginx's status for a client that disconnected before it got a response.
_NO_RESPONSE = 499


class RequestMiddleware:
    """Wraps an ASGI application."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        recorder: Recorder,
        limits: RequestLimits,
        requests_by_key: RequestsByKey,
    ) -> None:
        self._app = app
        self._recorder = recorder
        self._limits = limits
        self._requests_by_key = requests_by_key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Of equal names the first counts, as for the framework.
        headers: RawHeaders = dict(reversed(scope["headers"]))
        offered = headers.get(_RAW_CORRELATION, b"").decode("latin-1")
        correlation_id = offered if _HARMLESS_ID.fullmatch(offered) else time_ordered_id()
        began = time.perf_counter()
        body = _Body(scope, receive, limits=self._limits, requests_by_key=self._requests_by_key)
        response = _Response(send, correlation_id=correlation_id)
        logged = bind_contextvars(correlation_id=correlation_id)
        try:
            refusal = self._refusal(scope, headers)
            if refusal is None:
                await self._handle(scope, body.receive, response)
            else:
                await refusal(scope, receive, response.send)
        finally:
            caller = scope.get("state", {}).get("principal")
            if caller is not None:
                self._requests_by_key.leave(caller.id, body.bytes_of_key)
            seconds = time.perf_counter() - began
            self._measure(scope, status=response.status, seconds=seconds)
            reset_contextvars(**logged)

    async def _handle(self, scope: Scope, receive: Receive, response: "_Response") -> None:
        try:
            await self._app(scope, receive, response.send)
        except ClientDisconnect:
            log.info("http.upload_aborted", route=_route_template(scope))
        except Exception:
            log.exception("http.request_failed", route=_route_template(scope))
            if response.has_started:
                raise
            problem = problems.internal_error_response(instance=scope["path"])
            await problem(scope, receive, response.send)

    def _refusal(self, scope: Scope, headers: RawHeaders) -> ASGIApp | None:
        """Returns the response that refuses a request before any route sees it."""
        if _declared_bytes(headers) > self._limits.max_body_bytes:
            return _refused(scope, problems.TOO_LARGE, _too_large(self._limits))
        if b"content-length" in headers and b"transfer-encoding" in headers:
            return _refused(
                scope, problems.MALFORMED, "Send one of Content-Length and Transfer-Encoding."
            )
        if len(headers.get(b"content-type", b"")) > _MAX_CONTENT_TYPE_CHARACTERS:
            return _refused(
                scope,
                problems.MEDIA_TYPE_UNKNOWN,
                f"Content-Type may have at most {_MAX_CONTENT_TYPE_CHARACTERS} characters.",
            )
        host = headers.get(b"host", b"localhost").decode("latin-1")
        if not self._limits.accepts_host(host):
            return _refused(scope, problems.MALFORMED, "The Host header names another service.")
        if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
            return _refused(
                scope, problems.INVALID, "The path or the query contains a NUL character."
            )
        return None

    def _measure(self, scope: Scope, *, status: int, seconds: float) -> None:
        answer = "aborted" if status == _NO_RESPONSE else f"{status // 100}xx"
        self._recorder.add(HTTP_REQUESTS, route=_route_template(scope), status=answer)
        self._recorder.observe(HTTP_SECONDS, seconds, api=_api(scope))


class _Body:
    """Ends a body that is larger than declared, too slow, or one too many of its key."""

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        *,
        limits: RequestLimits,
        requests_by_key: RequestsByKey,
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._limits = limits
        self._requests_by_key = requests_by_key
        self._deadline = asyncio.get_running_loop().time() + limits.body_seconds
        self._received_bytes = 0
        self._has_ended = False
        self.bytes_of_key = 0

    async def receive(self) -> Message:
        if self._has_ended:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError as error:
            raise _ended(408, _too_slow(self._limits)) from error
        self._has_ended = not message.get("more_body", False)
        self._count(len(message.get("body", b"")))
        return message

    def _count(self, size: int) -> None:
        self._received_bytes += size
        if self._received_bytes > self._limits.max_body_bytes:
            raise _ended(413, _too_large(self._limits))
        caller = self._scope.get("state", {}).get("principal")
        if caller is not None:
            self.bytes_of_key += size
            if not self._requests_by_key.receive(caller.id, size):
                raise _ended(429, _TOO_MUCH, {"Retry-After": "1"})


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


def _refused(scope: Scope, kind: ProblemKind, detail: str) -> ASGIApp:
    return problems.problem_response(
        kind, detail=detail, instance=scope["path"], headers={"Connection": "close"}
    )


def _ended(status: int, detail: str, headers: Mapping[str, str] | None = None) -> HTTPException:
    return HTTPException(status, detail, headers={"Connection": "close", **(headers or {})})


def _too_large(limits: RequestLimits) -> str:
    return f"The body may have at most {limits.max_body_bytes} bytes; send less at a time."


def _too_slow(limits: RequestLimits) -> str:
    return f"The body must arrive within {limits.body_seconds:g} s; send less at a time."


def _declared_bytes(headers: RawHeaders) -> int:
    try:
        return int(headers.get(b"content-length", b"0"))
    except ValueError:
        return 0


def _api(scope: Scope) -> str:
    """Returns the part of the API that a request went to: the first tag of its route."""
    tags = getattr(scope.get("route"), "tags", None)
    return str(tags[0]) if tags else "other"


def _route_template(scope: Scope) -> str:
    """Returns the route's template and never the path, which contains ids."""
    route: Any = scope.get("route")
    return getattr(route, "path", None) or "unmatched"
