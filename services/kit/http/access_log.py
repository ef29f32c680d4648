"""The log of who read which borrower: a row for each read and each refusal, append-only.

A route declares `Depends(audited_read("borrower_id"))`, with the name of the path parameter that
says about whom it is. The row is written before the answer leaves, so nothing is read that the log
does not have; while it cannot be written, the answer is 503.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant

from services.kit import audit
from services.kit.access.queries import Queries
from services.kit.database import translate_outages
from services.kit.http.auth import Principal

TABLES = """
CREATE TABLE {schema}.access_log (
    at        timestamptz NOT NULL DEFAULT now(),
    actor     text NOT NULL,
    caller_id text NOT NULL,
    operation text NOT NULL,
    subject   text NOT NULL,
    outcome   text NOT NULL CHECK (outcome IN ('READ', 'REFUSED'))
);
COMMENT ON TABLE {schema}.access_log IS 'who read which borrower or alert, and who was refused';
CREATE INDEX access_log_of_subject ON {schema}.access_log (subject, at);
CREATE INDEX access_log_of_actor ON {schema}.access_log (actor, at);
""" + audit.append_only("{schema}", "access_log")
_ADD = """
INSERT INTO {schema}.access_log (actor, caller_id, operation, subject, outcome)
VALUES ($1, $2, $3, $4, $5)
"""

_MOST_SUBJECT_CHARACTERS = 200

Handler = Callable[[Request], Awaitable[Response]]


class AccessOutcome(StrEnum):
    """Whether a caller got what they asked for."""

    READ = "READ"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessEntry:
    """One read, or one refusal.

    Attributes:
        actor: The person, or the machine.
        caller_id: The key or login with which they called.
        subject: The id of the borrower or alert.
    """

    actor: str
    caller_id: str
    operation: str
    subject: str
    outcome: AccessOutcome


class AccessLog(Protocol):
    """Where reads are written."""

    async def add(self, entry: AccessEntry) -> None:
        """Writes an entry."""
        ...


class PostgresAccessLog:
    """Implements `AccessLog` with the table of a schema."""

    def __init__(self, queries: Queries, *, schema: str) -> None:
        self._queries = queries
        self._statement = _ADD.format(schema=schema)

    async def add(self, entry: AccessEntry) -> None:
        with translate_outages():
            await self._queries.execute(
                self._statement,
                entry.actor,
                entry.caller_id,
                entry.operation,
                entry.subject,
                entry.outcome.value,
            )


class AuditedRead:
    """Marks a route whose reads are in the access log."""

    def __init__(self, parameter: str) -> None:
        self.parameter = parameter

    async def __call__(self) -> None:
        """Admits every caller; `logged` writes the entry."""


def audited_read(parameter: str) -> AuditedRead:
    """Returns the dependency of a route that shows what a path parameter names."""
    return AuditedRead(parameter)


def audited_parameter(dependant: Dependant) -> str | None:
    """Returns the path parameter by which the reads of a route are logged; None: they are not."""
    if isinstance(dependant.call, AuditedRead):
        return dependant.call.parameter
    names = (audited_parameter(inner) for inner in dependant.dependencies)
    return next((name for name in names if name is not None), None)


def is_audited(dependant: Dependant) -> bool:
    """Returns whether the reads of a route are logged."""
    return audited_parameter(dependant) is not None


async def logged(request: Request, parameter: str, route: str, serve: Handler) -> Response:
    """Serves a request and logs it; a caller who is not known leaves no entry."""
    try:
        response = await serve(request)
    except Exception:
        await _add(request, parameter, route, AccessOutcome.REFUSED)
        raise
    await _add(request, parameter, route, AccessOutcome.READ)
    return response


async def _add(request: Request, parameter: str, route: str, outcome: AccessOutcome) -> None:
    state: dict[str, Any] = request.scope.get("state", {})
    caller: Principal | None = state.get("principal") or state.get("refused")
    if caller is None:
        return
    log: AccessLog = request.app.state.access_log
    await log.add(
        AccessEntry(
            actor=caller.actor,
            caller_id=caller.id,
            operation=f"{request.method} {route}",
            subject=request.path_params[parameter][:_MOST_SUBJECT_CHARACTERS],
            outcome=outcome,
        )
    )
