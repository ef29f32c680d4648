"""A route for the few paths that are called thousands of times a second.

Solving dependencies costs the framework several times what our own guard costs. A keyed route calls
its endpoint with the request and the caller only, after the guard that it declares like any other
route: OpenAPI, the roles and the check of undeclared routes see no difference.
"""

from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security.utils import get_authorization_scheme_param
from starlette.types import Receive, Scope, Send

from services.kit.http.auth import KeyGuard


class KeyedRoute(APIRoute):
    """Admits the caller by its key guard and calls `endpoint(request, caller)`.

    Raises:
        ValueError: If the route depends on anything but one key guard.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        guard, endpoint = _guard(self.path, self.dependant), self.endpoint

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            request = Request(scope, receive, send)
            response: Response = await endpoint(request, await guard.admit(request, _key(request)))
            await response(scope, receive, send)

        self.app = app


def _guard(path: str, dependant: Dependant) -> KeyGuard:
    calls = [each.call for each in dependant.dependencies]
    if len(calls) == 1 and isinstance(calls[0], KeyGuard):
        return calls[0]
    raise ValueError(f"{path}: a keyed route depends on one key guard and nothing else")


def _key(request: Request) -> str | None:
    """Returns the key in the Authorization header, as the framework reads it."""
    scheme, credentials = get_authorization_scheme_param(request.headers.get("Authorization"))
    return credentials if scheme.lower() == "bearer" else None
