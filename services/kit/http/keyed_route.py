"""A route for the few paths that are called thousands of times a second.

Solving dependencies costs the framework several times what our own guard costs. A keyed route calls
its endpoint with the request and the caller only, after the guard that it declares like any other
route: OpenAPI, the roles and the check of undeclared routes see no difference.
"""

from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from services.kit.http.auth import KeyGuard, presented_key
from services.kit.http.query_names import query_names, refuse_unknown_parameters


class KeyedRoute(APIRoute):
    """Admits the caller by its key guard and calls `endpoint(request, caller)`.

    Raises:
        ValueError: If the route depends on anything but one key guard.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        guard, endpoint = _guard(self.path, self.dependant), self.endpoint
        names = query_names(self.dependant)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            request = Request(scope, receive, send)
            caller = await guard.admit(request, presented_key(request))
            refuse_unknown_parameters(request, names)
            response: Response = await endpoint(request, caller)
            await response(scope, receive, send)

        self.app = app


def _guard(path: str, dependant: Dependant) -> KeyGuard:
    calls = [each.call for each in dependant.dependencies]
    if len(calls) == 1 and isinstance(calls[0], KeyGuard):
        return calls[0]
    raise ValueError(f"{path}: a keyed route depends on one key guard and nothing else")
