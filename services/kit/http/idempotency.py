"""Commands that are executed once however often they are sent: the header `Idempotency-Key`.

A route declares `Depends(idempotent)`. The first request of a caller with a key claims it, and the
answer is stored with the claim; the same request again gets the stored answer, another request with
the key is refused. Only answers of success are stored: a refusal changed nothing, so the command
may be sent again with the same key. A process that dies between effect and answer leaves its claim,
which ends after a minute; commands with `If-Match` are then refused with 412, not executed twice.
"""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Protocol

import structlog
from fastapi import Header, Request, Response
from fastapi.dependencies.models import Dependant

from services.kit.access.queries import Queries
from services.kit.clock import Clock
from services.kit.database import DatabaseUnavailable, translate_outages
from services.kit.http import problems
from services.kit.http.problems import Problem, ProblemKind

log = structlog.get_logger(__name__)

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEY_REUSED = ProblemKind(422, "idempotency-key-reused", "The key belongs to another request")
# A caller that was away for a day reads what happened; it does not send the command again.
LASTS = timedelta(hours=24)
# Longer than any command takes: after it, the process that claimed the key is gone.
CLAIM_LASTS = timedelta(seconds=60)
_KEY = re.compile(r"[!-~]{1,128}")
_HEADERS_STORED = ("content-type", "etag", "location")

TABLES = """
CREATE TABLE {schema}.idempotency_key (
    actor       text NOT NULL,
    key         text NOT NULL,
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    claimed_at  timestamptz NOT NULL,
    status      integer,
    headers     json,
    body        bytea,
    PRIMARY KEY (actor, key)
);
COMMENT ON TABLE {schema}.idempotency_key IS
    'answers to commands that may be sent again; without a status the command is being executed';
CREATE INDEX idempotency_key_age ON {schema}.idempotency_key (claimed_at);
"""
_CLAIM = """
WITH expired AS (DELETE FROM {schema}.idempotency_key WHERE claimed_at <= $5
                  AND (actor, key) <> ($1, $2))
INSERT INTO {schema}.idempotency_key AS existing (actor, key, fingerprint, claimed_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (actor, key) DO UPDATE
   SET fingerprint = excluded.fingerprint, claimed_at = excluded.claimed_at,
       status = NULL, headers = NULL, body = NULL
 WHERE existing.claimed_at <= $5
    OR (existing.status IS NULL AND existing.claimed_at <= $6
        AND existing.fingerprint = excluded.fingerprint)
RETURNING true
"""
_READ = """
SELECT fingerprint, status, headers, body FROM {schema}.idempotency_key
 WHERE actor = $1 AND key = $2
"""
_FINISH = """
UPDATE {schema}.idempotency_key SET status = $4, headers = $5, body = $6
 WHERE actor = $1 AND key = $2 AND claimed_at = $3
"""
_RELEASE = """
DELETE FROM {schema}.idempotency_key
 WHERE actor = $1 AND key = $2 AND claimed_at = $3 AND status IS NULL
"""

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedCommand:
    """A request of a caller that is executed once for its key."""

    actor: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """The answer to a command that was executed."""

    status: int
    headers: dict[str, str]
    body: bytes


class ClaimState(StrEnum):
    """What became of a claim of a key."""

    CLAIMED = "CLAIMED"
    ANSWERED = "ANSWERED"
    IN_FLIGHT = "IN_FLIGHT"
    OTHER_REQUEST = "OTHER_REQUEST"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyClaim:
    """The result of claiming a key; `answer` is set if it was answered before."""

    state: ClaimState
    at: datetime
    answer: StoredAnswer | None = None


class CommandStore(Protocol):
    """The keys that callers used, with their answers."""

    async def claim(self, command: KeyedCommand) -> KeyClaim:
        """Claims the key of a command, unless it is claimed."""
        ...

    async def finish(self, command: KeyedCommand, claim: KeyClaim, answer: StoredAnswer) -> None:
        """Stores the answer of a command that was executed."""
        ...

    async def release(self, command: KeyedCommand, claim: KeyClaim) -> None:
        """Ends a claim of a command that had no effect."""
        ...


class PostgresCommands:
    """Implements `CommandStore` with the table of a schema."""

    def __init__(self, queries: Queries, *, schema: str, clock: Clock) -> None:
        self._queries = queries
        self._schema = schema
        self._clock = clock

    async def claim(self, command: KeyedCommand) -> KeyClaim:
        now = self._clock.now()
        with translate_outages():
            row = await self._queries.fetchrow(
                _CLAIM.format(schema=self._schema),
                command.actor,
                command.key,
                command.fingerprint,
                now,
                now - LASTS,
                now - CLAIM_LASTS,
            )
            if row is not None:
                return KeyClaim(state=ClaimState.CLAIMED, at=now)
            stored = await self._queries.fetchrow(
                _READ.format(schema=self._schema), command.actor, command.key
            )
        # It was released between the two statements: the caller sends it again.
        if stored is None:
            return KeyClaim(state=ClaimState.IN_FLIGHT, at=now)
        if bytes(stored["fingerprint"]) != command.fingerprint:
            return KeyClaim(state=ClaimState.OTHER_REQUEST, at=now)
        if stored["status"] is None:
            return KeyClaim(state=ClaimState.IN_FLIGHT, at=now)
        answer = StoredAnswer(
            status=stored["status"], headers=json.loads(stored["headers"]), body=stored["body"]
        )
        return KeyClaim(state=ClaimState.ANSWERED, at=now, answer=answer)

    async def finish(self, command: KeyedCommand, claim: KeyClaim, answer: StoredAnswer) -> None:
        with translate_outages():
            await self._queries.execute(
                _FINISH.format(schema=self._schema),
                command.actor,
                command.key,
                claim.at,
                answer.status,
                json.dumps(answer.headers),
                answer.body,
            )

    async def release(self, command: KeyedCommand, claim: KeyClaim) -> None:
        with translate_outages():
            await self._queries.execute(
                _RELEASE.format(schema=self._schema), command.actor, command.key, claim.at
            )


class Idempotent:
    """Marks a route whose command is executed once for each `Idempotency-Key` of a caller."""

    async def __call__(
        self,
        idempotency_key: Annotated[
            str | None,
            Header(
                description="1 to 128 printable characters, new for each command: the same request "
                "again within 24 hours gets the same answer, another request is refused.",
                examples=["01a2018b-1c6f-75cf-8d11-a5b46a51edbc"],
            ),
        ] = None,
    ) -> None:
        """Documents the header; `answer_once` reads it before the route."""


idempotent = Idempotent()


def is_idempotent(dependant: Dependant) -> bool:
    """Returns whether a route is marked with `idempotent`."""
    return isinstance(dependant.call, Idempotent) or any(
        is_idempotent(inner) for inner in dependant.dependencies
    )


async def answer_once(request: Request, handle: Handler) -> Response:
    """Executes a command that has no `Idempotency-Key`, or one that was not used before.

    Raises:
        Problem: 409 while the same command is being executed, 422 if the key belongs to another.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return await handle(request)
    if _KEY.fullmatch(key) is None:
        raise Problem(problems.INVALID, f"{HEADER} must have 1 to 128 printable characters.")
    store: CommandStore = request.app.state.commands
    command = KeyedCommand(
        actor=request.state.principal.actor, key=key, fingerprint=await _fingerprint(request)
    )
    claim = await store.claim(command)
    if claim.state is ClaimState.OTHER_REQUEST:
        raise Problem(KEY_REUSED, f"Send a new {HEADER}; this one was sent with another request.")
    if claim.state is ClaimState.IN_FLIGHT:
        raise Problem(
            problems.CONFLICT, "The same command is being executed.", {"Retry-After": "1"}
        )
    if claim.answer is not None:
        headers = {**claim.answer.headers, REPLAYED: "true"}
        return Response(claim.answer.body, claim.answer.status, headers)
    return await _executed(request, handle, store, command, claim)


async def _executed(
    request: Request, handle: Handler, store: CommandStore, command: KeyedCommand, claim: KeyClaim
) -> Response:
    try:
        response = await handle(request)
    except Exception:
        await store.release(command, claim)
        raise
    answer = StoredAnswer(
        status=response.status_code,
        headers={
            name: response.headers[name] for name in _HEADERS_STORED if name in response.headers
        },
        body=bytes(response.body),
    )
    try:
        await store.finish(command, claim, answer)
    except DatabaseUnavailable as error:
        log.warning("http.answer_not_stored", error=repr(error))
    return response


async def _fingerprint(request: Request) -> bytes:
    """Returns the hash of what makes a request another one."""
    parts = (
        request.method.encode(),
        request.scope["path"].encode(),
        request.scope["query_string"],
        request.headers.get("If-Match", "").encode(),
        await request.body(),
    )
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()
