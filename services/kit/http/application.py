"""Builds the HTTP application of a service: problems, probes, metrics, keys, limits, headers.

Each service's entry point calls `create_app` with its routers. The application guarantees that
every route declares who may call it, or it does not start; that every error is a problem document;
that every response has a correlation id and strict headers; and that no body is larger than
allowed, even if its declared length is smaller, nor arrives for longer than allowed.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from importlib.metadata import version as distribution_version
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute, iter_route_contexts

from services.kit.catalogue import BUILD
from services.kit.http import problems
from services.kit.http.access_log import AccessLog, is_audited
from services.kit.http.auth import ANY_ROLE, Authenticator, Guard, KeyGuard, Public, public
from services.kit.http.health import Health, Verdict
from services.kit.http.idempotency import CommandStore, is_idempotent
from services.kit.http.json_route import JsonRoute
from services.kit.http.keyed_route import KeyedRoute
from services.kit.http.limits import RequestLimits, RequestRate, RequestsByKey
from services.kit.http.middleware import RequestMiddleware
from services.kit.http.problems import ProblemTable
from services.kit.http.quarantine_api import QUARANTINE_PROBLEMS, quarantine_router
from services.kit.metrics import Metrics
from services.kit.stream.quarantine_review import QuarantineReview

_METRICS_TYPE = "text/plain; version=1.0.0; charset=utf-8"

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebParts:
    """The parts of an application.

    Attributes:
        problems: The problem kind of each of the service's own error classes.
        quarantine: The quarantine of the service's consumer, shown under `/v1/quarantine`.
        commands: Where routes that are marked `idempotent` store their answers.
        access_log: Where reads of routes that are marked `audited_read` are written.
    """

    health: Health
    metrics: Metrics
    authenticator: Authenticator
    problems: ProblemTable = field(default_factory=dict)
    limits: RequestLimits = field(default_factory=RequestLimits)
    quarantine: QuarantineReview | None = None
    commands: CommandStore | None = None
    access_log: AccessLog | None = None


class UndeclaredRoute(Exception):
    """A route declares neither its roles nor why it is public."""


class UnstoredCommand(Exception):
    """A route executes its command once, and there is nothing to store its answers in."""


class UnloggedRead(Exception):
    """A route logs its reads, and there is no log."""


class LenientRoute(Exception):
    """A route of the API does not read its query and body strictly."""


def create_app(
    name: str,
    *,
    parts: WebParts,
    routers: Sequence[APIRouter],
    version: str = "1",
    lifespan: Lifespan | None = None,
) -> FastAPI:
    """Returns the application of a service.

    Raises:
        UndeclaredRoute: If a route declares no roles.
        LenientRoute: If a route of the API is neither a `JsonRoute` nor a `KeyedRoute`.
        UnstoredCommand: If a route is `idempotent` and `parts.commands` is missing.
        UnloggedRead: If a route is an `audited_read` and `parts.access_log` is missing.
    """
    every = [*routers, _probes(parts.health, parts.metrics)]
    if parts.quarantine is not None:
        every.append(quarantine_router(parts.quarantine))
    app = FastAPI(
        title=f"Tocsin {name}",
        version=version,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        # An included router would look for the route of each request twice.
        routes=[route for router in every for route in router.routes],
    )
    parts.metrics.set(BUILD, 1, service=name, version=distribution_version("tocsin"))
    app.state.authenticator = parts.authenticator
    app.state.health = parts.health
    app.state.commands = parts.commands
    app.state.access_log = parts.access_log
    requests_by_key = RequestsByKey(parts.limits)
    app.state.requests_by_key = requests_by_key
    app.state.request_rate = RequestRate(parts.limits)
    problems.install(app, {**parts.problems, **QUARANTINE_PROBLEMS})
    _show_openapi(app)
    undeclared = undeclared_routes(app)
    if undeclared:
        raise UndeclaredRoute(
            f"{name}: routes without roles: {', '.join(undeclared)}; "
            "add Depends(require(Role.…)) or Depends(public(reason))"
        )
    lenient = lenient_routes(app)
    if lenient:
        raise LenientRoute(f"{name}: {', '.join(lenient)}: give the router route_class=JsonRoute")
    if parts.commands is None and (unstored := _marked(app, is_idempotent)):
        raise UnstoredCommand(f"{name}: {', '.join(unstored)}: give WebParts the commands")
    if parts.access_log is None and (unlogged := _marked(app, is_audited)):
        raise UnloggedRead(f"{name}: {', '.join(unlogged)}: give WebParts the access log")
    app.add_middleware(
        RequestMiddleware,
        recorder=parts.metrics,
        limits=parts.limits,
        requests_by_key=requests_by_key,
    )
    return app


def undeclared_routes(app: FastAPI) -> list[str]:
    """Returns the paths of routes that declare neither roles nor that they are public."""
    return [
        f"{','.join(sorted(context.methods or ()))} {context.path}"
        for context in iter_route_contexts(app.routes)
        if not _is_declared(getattr(context, "dependant", None))
    ]


def lenient_routes(app: FastAPI) -> list[str]:
    """Returns the paths of routes of the API that read their query or body leniently."""
    return [
        f"{','.join(sorted(context.methods or ()))} {context.path}"
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute)
        and context.original_route.include_in_schema
        and not isinstance(context.original_route, JsonRoute | KeyedRoute)
    ]


def _marked(app: FastAPI, is_marked: Callable[[Dependant], bool]) -> list[str]:
    """Returns the paths of routes that have a mark."""
    return [
        f"{','.join(sorted(context.methods or ()))} {context.path}"
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, JsonRoute)
        and is_marked(context.original_route.dependant)
    ]


def _is_declared(dependant: Dependant | None) -> bool:
    if dependant is None:
        return False
    return isinstance(dependant.call, Guard | Public) or any(
        _is_declared(inner) for inner in dependant.dependencies
    )


def create_probes_app(
    name: str, *, health: Health, metrics: Metrics, limits: RequestLimits
) -> FastAPI:
    """Returns the application of a process without an API: probes and metrics."""
    app = FastAPI(title=f"Tocsin {name}", openapi_url=None, docs_url=None, redoc_url=None)
    metrics.set(BUILD, 1, service=name, version=distribution_version("tocsin"))
    app.include_router(_probes(health, metrics))
    app.add_middleware(
        RequestMiddleware,
        recorder=metrics,
        limits=limits,
        requests_by_key=RequestsByKey(limits),
    )
    return app


def _probes(health: Health, exposed: Metrics) -> APIRouter:
    router = APIRouter(
        include_in_schema=False, dependencies=[Depends(public("called by the platform"))]
    )

    @router.get("/livez")
    async def livez() -> JSONResponse:
        return _answered(health.live())

    @router.get("/readyz")
    async def readyz() -> JSONResponse:
        return _answered(await health.ready())

    @router.get("/startupz")
    async def startupz() -> JSONResponse:
        return _answered(health.startup())

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(exposed.exposition(), media_type=_METRICS_TYPE)

    return router


def _answered(verdict: Verdict) -> JSONResponse:
    return JSONResponse(
        verdict.body(),
        status_code=200 if verdict.ok else 503,
        headers={"Cache-Control": "no-store"},
    )


def _show_openapi(app: FastAPI) -> None:
    """Serves the API's description, behind a key as every other route."""

    async def openapi() -> dict[str, Any]:
        return app.openapi()

    app.add_api_route(
        "/openapi.json",
        openapi,
        methods=["GET"],
        include_in_schema=False,
        dependencies=[Depends(KeyGuard(ANY_ROLE))],
    )
