"""Writes docs/reference/http.md from the routes of the services."""

import re
from collections.abc import Iterator
from typing import Final

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from services.kit.access.keys import Role
from services.kit.http.auth import Guard
from tests.contract.documents import APPLICATIONS
from tests.reference.tables import table

PORTS: Final = {"ingest": 8081, "scoring": 8082, "alerts": 8083}
INTRODUCTION: Final = """# HTTP

Each service answers JSON over HTTP; a caller sends an API key as `Authorization: Bearer tsk_…`.
Every route below names the roles that may call it. `/openapi.json` of a service describes bodies
and answers in full; a copy is in `schemas/http`. Errors are [problem documents](problems.md).

A command that takes the header `Idempotency-Key` is executed once for a key of the caller: the same
request again within 24 hours gets the same answer, with `Idempotency-Replayed: true`. Another
request with the key is refused with 422, and one that comes while the first is executed with 409.

Without a key a service answers `/livez`, `/readyz`, `/startupz` and `/metrics` only; alerts also
answers the log-in page and its style sheet.

This page is made by `python -m tests.reference` from the code and compared with it by a test.
"""


def page() -> str:
    """Return docs/reference/http.md."""
    parts = [INTRODUCTION]
    for service in ("ingest", "scoring", "alerts"):
        app = APPLICATIONS[service]()
        parts.append(f"## {service}, port {PORTS[service]}\n")
        parts.append(table(("route", "does", "roles"), _rows(app)) + "\n")
    return "\n".join(parts)


def _rows(app: FastAPI) -> Iterator[tuple[str, str, str]]:
    roles = _roles_by_route(app)
    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            route = f"{method.upper()} {path}"
            text = (operation.get("description") or operation["summary"]).split("\n\n")[0]
            yield f"`{route}`", " ".join(text.split()), _shown(roles[route])


def _roles_by_route(app: FastAPI) -> dict[str, frozenset[Role]]:
    return {
        f"{method} {re.sub(':[a-z]+}', '}', context.path)}": guard.roles
        for context in iter_route_contexts(app.routes)
        for guard in _guards(getattr(context, "dependant", None))
        for method in context.methods or ()
    }


def _guards(dependant: Dependant | None) -> Iterator[Guard]:
    if dependant is None:
        return
    if isinstance(dependant.call, Guard):
        yield dependant.call
    for inner in dependant.dependencies:
        yield from _guards(inner)


def _shown(roles: frozenset[Role]) -> str:
    others = [role for role in Role if role not in roles]
    if len(others) == 1:
        return f"all but `{others[0]}`"
    return ", ".join(f"`{role}`" for role in Role if role in roles)
