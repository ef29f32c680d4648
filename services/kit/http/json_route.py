"""A route whose query and JSON body are read strictly, and from nobody but an admitted caller.

Python's reader takes the last of two equal keys, so that a proxy or an auditor who reads the first
one sees another request. The framework reads a body before it asks the guards, so that callers
without a key could fill the memory with bodies. Every route with a body is of this class, or the
application does not start. A command that is marked so is executed once for its `Idempotency-Key`.
"""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from services.contracts.rejection import EventRejected
from services.contracts.strict_json import read_json
from services.kit.http.access_log import audited_parameter, logged
from services.kit.http.auth import key_guards, presented_key
from services.kit.http.idempotency import answer_once, is_idempotent
from services.kit.http.query_names import query_names, refuse_unknown_parameters

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class StrictRequest(Request):
    """A request that refuses the leniencies of JSON."""

    async def json(self) -> Any:
        """Returns the value of the body.

        Raises:
            HTTPException: 422 with the fault, if it is JSON that readers understand differently.
            JSONDecodeError: If it is no JSON.
        """
        body = await self.body()
        try:
            return read_json(body, max_bytes=len(body))
        except EventRejected as rejected:
            if isinstance(rejected.__cause__, json.JSONDecodeError):
                raise rejected.__cause__ from None
            pointer = rejected.pointer or "the body"
            raise HTTPException(422, f"{pointer}: {rejected.detail}") from None


class JsonRoute(APIRoute):
    """Reads the query and a JSON body strictly, after the guards of its keys."""

    def get_route_handler(self) -> Handler:
        """Returns the handler that reads the query and the body."""
        handle = super().get_route_handler()
        is_command = is_idempotent(self.dependant)
        guards, names = key_guards(self.dependant), query_names(self.dependant)

        parameter = audited_parameter(self.dependant)

        async def serve(request: Request) -> Response:
            for guard in guards:
                await guard.admit(request, presented_key(request))
            refuse_unknown_parameters(request, names)
            strict = StrictRequest(request.scope, request.receive)
            return await (answer_once(strict, handle) if is_command else handle(strict))

        async def handle_strictly(request: Request) -> Response:
            if parameter is None:
                return await serve(request)
            return await logged(request, parameter, self.path_format, serve)

        return handle_strictly
