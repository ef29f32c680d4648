"""A way past the framework for the few routes that are asked thousands of times a second.

Routing, solving dependencies and the stacks around them cost a request several times what our own
guard costs. A shortcut belongs to a route of the application, which stays there for OpenAPI and to
declare the roles: the shortcut takes its guard from there, so nothing can be open here that is
closed there. Errors are answered by the application's own handlers.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from fastapi import FastAPI, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts
from fastapi.security.utils import get_authorization_scheme_param
from starlette.types import Receive, Scope, Send

from services.kit.http.auth import Guard, KeyGuard, Principal

Endpoint = Callable[[Request, Principal], Awaitable[Response]]
Place = tuple[str, str]
"""Method and path."""


class NoSuchRoute(Exception):
    """A shortcut leads to no route of the application, or to one that asks for more than a key."""


@dataclass(frozen=True, slots=True)
class Shortcut:
    """Answers one route; called like an ASGI application.

    Attributes:
        route: What metrics and logs call it.
    """

    route: RouteContext
    guard: Guard
    endpoint: Endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Admit the caller, ask the endpoint, and send what it answers."""
        scope["route"] = self.route
        request = Request(scope, receive)
        try:
            caller = await self.guard.admit(request, _bearer(request))
            response = await self.endpoint(request, caller)
        except Exception as error:  # noqa: BLE001 - answered, or raised again
            response = await _answered(request, error)
        await response(scope, receive, send)


def shortcuts(app: FastAPI, wanted: Mapping[Place, Endpoint]) -> dict[Place, Shortcut]:
    """Return the shortcuts to routes of an application.

    Raises:
        NoSuchRoute: If there is no such route, or its key is not all that it asks for.
    """
    return {place: _shortcut(app, place, endpoint) for place, endpoint in wanted.items()}


def _shortcut(app: FastAPI, place: Place, endpoint: Endpoint) -> Shortcut:
    method, path = place
    for context in iter_route_contexts(app.routes):
        if context.path == path and method in (context.methods or ()):
            return Shortcut(context, _guard(place, getattr(context, "dependant", None)), endpoint)
    raise NoSuchRoute(f"{method} {path}: the application has no such route")


def _guard(place: Place, dependant: Dependant | None) -> Guard:
    asked = dependant.dependencies if dependant else []
    if len(asked) == 1 and isinstance(asked[0].call, KeyGuard):
        return asked[0].call
    raise NoSuchRoute(f"{place[0]} {place[1]}: a shortcut needs one key guard and nothing else")


def _bearer(request: Request) -> str | None:
    """Return the key in the Authorization header, as the framework's own reader finds it."""
    scheme, credentials = get_authorization_scheme_param(request.headers.get("Authorization"))
    return credentials if scheme.lower() == "bearer" else None


async def _answered(request: Request, error: Exception) -> Response:
    handlers = request.app.exception_handlers
    for base in type(error).__mro__:
        if base in handlers:
            response: Response = await handlers[base](request, error)
            return response
    raise error
