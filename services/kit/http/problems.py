"""Errors on HTTP by RFC 9457: one shape, stable types, and no internals in the answer.

A service gives `create_app` a table from its error classes to problem kinds; an error's text
becomes `detail`, so domain errors are written for the caller. An exception that is in no table is a
defect: `RequestMiddleware` logs it with its traceback and answers a constant 500. Every type is
documented in docs/reference/problems.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from services.kit.http.faults import fault_text

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:tocsin:problem:"
# A body may have hundreds of thousands of faults, and the answer would have ten times its bytes.
MOST_FAULTS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A kind of problem: its status, its slug (the end of the type URI) and its title.

    Attributes:
        retry_after_seconds: The answer's `Retry-After` header; None sends none.
    """

    status: int
    slug: str
    title: str
    retry_after_seconds: int | None = None

    @property
    def type(self) -> str:
        """Returns the stable URI that clients compare with."""
        return TYPE_PREFIX + self.slug


MALFORMED = ProblemKind(400, "malformed-request", "The request cannot be read")
UNAUTHENTICATED = ProblemKind(401, "unauthenticated", "A valid API key is needed")
FORBIDDEN = ProblemKind(403, "forbidden", "The key's roles do not allow this")
NOT_FOUND = ProblemKind(404, "not-found", "Not found")
METHOD_NOT_ALLOWED = ProblemKind(405, "method-not-allowed", "The method is not allowed here")
NOT_ACCEPTABLE = ProblemKind(406, "not-acceptable", "No representation fits")
TOO_SLOW = ProblemKind(408, "body-too-slow", "The body did not arrive in time")
CONFLICT = ProblemKind(409, "conflict", "The present state does not allow this")
STALE = ProblemKind(412, "stale-version", "Somebody changed it in the meantime")
TOO_LARGE = ProblemKind(413, "body-too-large", "The body is too large")
MEDIA_TYPE_UNKNOWN = ProblemKind(415, "unsupported-media-type", "The media type is not understood")
INVALID = ProblemKind(422, "invalid-request", "The request breaks its schema")
VERSION_NEEDED = ProblemKind(428, "version-needed", "If-Match is needed")
TOO_MANY = ProblemKind(429, "too-many-requests", "Too many requests")
INTERNAL = ProblemKind(500, "internal-error", "An error on our side")
UNAVAILABLE = ProblemKind(503, "unavailable", "Not available now; try again")

BUILT_IN: tuple[ProblemKind, ...] = (
    MALFORMED,
    UNAUTHENTICATED,
    FORBIDDEN,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    NOT_ACCEPTABLE,
    TOO_SLOW,
    CONFLICT,
    STALE,
    TOO_LARGE,
    MEDIA_TYPE_UNKNOWN,
    INVALID,
    VERSION_NEEDED,
    TOO_MANY,
    INTERNAL,
    UNAVAILABLE,
)
_BY_STATUS = {kind.status: kind for kind in BUILT_IN}

ProblemTable = Mapping[type[Exception], ProblemKind]


@dataclass(slots=True)
class Problem(Exception):
    """A problem that an entry point raises itself."""

    kind: ProblemKind
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.detail


def problem_response(
    kind: ProblemKind,
    *,
    detail: str,
    instance: str,
    extra: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Returns the response for one problem, with the correlation id as its `trace_id`."""
    bound = structlog.contextvars.get_contextvars()
    body: dict[str, Any] = {
        "type": kind.type,
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "instance": instance,
        **(extra or {}),
    }
    if "correlation_id" in bound:
        body["trace_id"] = bound["correlation_id"]
    response = JSONResponse(body, status_code=kind.status, headers=headers, media_type=MEDIA_TYPE)
    if kind.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(kind.retry_after_seconds)
    return response


def json_pointer(path: Sequence[str | int]) -> str:
    """Returns the RFC 6901 pointer to a field of a JSON body; empty for the whole body."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def install(app: FastAPI, table: ProblemTable) -> None:
    """Makes an application answer every error as a problem."""

    async def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return problem_response(
            error.kind,
            detail=error.detail,
            instance=request.url.path,
            extra=error.extra,
            headers=error.headers,
        )

    async def on_declared(request: Request, error: Exception) -> Response:
        kind = next(table[base] for base in type(error).__mro__ if base in table)
        return problem_response(kind, detail=str(error), instance=request.url.path)

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    for error_class in table:
        app.add_exception_handler(error_class, on_declared)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = _BY_STATUS.get(error.status_code)
    if kind is None:
        phrase = HTTPStatus(error.status_code).phrase
        slug = phrase.lower().replace(" ", "-")
        kind = ProblemKind(error.status_code, slug, phrase)
    return problem_response(
        kind, detail=str(error.detail), instance=request.url.path, headers=error.headers
    )


async def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = error.errors()
    errors = [_described(item) for item in faults[:MOST_FAULTS_SHOWN]]
    first = errors[0]
    location = first.get("pointer") or first.get("parameter") or "the body"
    return problem_response(
        INVALID,
        detail=f"{len(faults)} fault(s); the first: {location} {first['detail']}",
        instance=request.url.path,
        extra={"errors": errors},
    )


def _described(item: Mapping[str, Any]) -> dict[str, Any]:
    """Describes a fault and its location, without the value: it may be personal data."""
    location, *path = item["loc"]
    described: dict[str, Any] = {
        "detail": fault_text(item),
        "code": item["type"],
        "in": str(location),
    }
    if location == "body":
        described["pointer"] = "" if item["type"] == "json_invalid" else json_pointer(path)
    else:
        described["parameter"] = ".".join(str(step) for step in path)
    return described


def internal_error_response(*, instance: str) -> JSONResponse:
    """Returns the answer to an exception that is in no table; it reveals no cause."""
    return problem_response(
        INTERNAL, detail="The error was logged under this trace_id.", instance=instance
    )
