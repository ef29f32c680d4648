"""Authentication: a key or a token on every route except the probes, metrics and public ones.

A route declares its roles with `Depends(require(Role.OFFICER, …))`, or why it is public with
`Depends(public("…"))`; `application.py` refuses to start an application in which a route does
neither. What a caller may not see answers 404, which the use case decides; 403 is for a role that
may not do this at all.
"""

import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

import structlog
from fastapi import Request, Security
from fastapi.dependencies.models import Dependant
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param

from services.kit.access import keys, row_rights, store
from services.kit.access.keys import READERS_OF_ALL, Role, StoredKey
from services.kit.access.queries import Queries
from services.kit.access.row_rights import RightKind, RowRight
from services.kit.clock import Clock
from services.kit.http import problems
from services.kit.http.limits import RequestRate, RequestsByKey
from services.kit.http.problems import Problem

log = structlog.get_logger(__name__)

# A revoked key works for this long at most, in each process. A stream, which polls twice a second,
# ends within five seconds.
CACHE_SECONDS = 4.0
_MAX_CACHED_KEYS = 10_000
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="tocsin"'}

_bearer = HTTPBearer(scheme_name="ApiKey", bearerFormat="tsk_<id>_<secret>", auto_error=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The caller of a request.

    Attributes:
        id: The id of the API key.
        person_id: The person who calls; None for a machine.
        machine: The machine whose login at an identity provider it is, if it is one.
        officer_id: The officer that the caller is, or None.
        officer_ids: The officers whose borrowers the caller may read: their own and delegated ones.
        branch_ids: The branches whose borrowers the caller may read.
        queue_ids: The queues whose alerts the caller may read.
        sources: The event sources that the caller may send for.
        may_send: The event types that the caller may send, without their version.
    """

    id: str
    name: str
    roles: frozenset[Role]
    person_id: str | None = None
    machine: str | None = None
    officer_id: str | None = None
    officer_ids: frozenset[str] = frozenset()
    branch_ids: frozenset[str] = frozenset()
    queue_ids: frozenset[str] = frozenset()
    sources: tuple[str, ...] = ()
    may_send: tuple[str, ...] = ()

    def has(self, *roles: Role) -> bool:
        """Return whether the caller has one of these roles."""
        return not self.roles.isdisjoint(roles)

    @property
    def sees_everything(self) -> bool:
        """Returns whether the caller may read every borrower."""
        return self.has(*READERS_OF_ALL) or (self.has(Role.SENIOR) and not self.branch_ids)

    @property
    def actor(self) -> str:
        """Returns who acts, for audit rows: a person's id, `machine:<name>` or `key:<id>`."""
        if self.machine is not None:
            return f"machine:{self.machine}"
        return self.person_id or f"key:{self.id}"


class Authenticator(Protocol):
    """Finds the caller of a request by the presented key."""

    async def authenticate(self, text: str) -> Principal | None:
        """Returns the caller, or None when the key is not valid."""
        ...


@dataclass(frozen=True, slots=True)
class _CachedKey:
    read_at: float
    stored: StoredKey
    rights: tuple[RowRight, ...]


class KeyAuthenticator:
    """Reads keys from the database and caches the ones it found for a few seconds."""

    def __init__(self, queries: Queries, *, clock: Clock) -> None:
        self._queries = queries
        self._clock = clock
        self._cache: OrderedDict[str, _CachedKey] = OrderedDict()

    async def authenticate(self, text: str) -> Principal | None:
        """Returns the caller, or None when the key is not valid.

        Raises:
            Problem: 503 when the keys cannot be read now.
        """
        presented = keys.parse(text)
        if presented is None:
            return None
        cached = await self._cached(presented.id)
        if cached is None or not presented.matches(cached.stored):
            return None
        return self._holder(cached)

    async def holder_of(self, key_id: str) -> Principal | None:
        """Returns the holder of a key that was presented before; None when it is not valid now.

        Raises:
            Problem: 503 when the keys cannot be read now.
        """
        cached = await self._cached(key_id)
        return self._holder(cached) if cached is not None else None

    def _holder(self, cached: _CachedKey) -> Principal | None:
        stored, now = cached.stored, self._clock.now()
        refusal = stored.refusal(at=now)
        if refusal:
            log.info("access.key_refused", key_id=stored.id, reason=refusal)
            return None
        granted = row_rights.granted(cached.rights, at=now)
        own = {stored.officer_id} if stored.officer_id else set()
        return Principal(
            id=stored.id,
            name=stored.name,
            roles=stored.roles,
            person_id=stored.person_id,
            officer_id=stored.officer_id,
            officer_ids=granted[RightKind.OFFICER] | own,
            branch_ids=granted[RightKind.BRANCH].union(stored.branch_ids),
            queue_ids=granted[RightKind.QUEUE],
            sources=stored.sources,
            may_send=stored.may_send,
        )

    async def _cached(self, key_id: str) -> _CachedKey | None:
        now = self._clock.monotonic_seconds()
        cached = self._cache.get(key_id)
        if cached and now - cached.read_at < CACHE_SECONDS:
            return cached
        try:
            stored = await store.find(self._queries, key_id)
            person_id = stored.person_id if stored else None
            rights = await row_rights.of_person(self._queries, person_id) if person_id else ()
        except Exception as error:
            log.warning("access.keys_unavailable", error=type(error).__name__)
            raise Problem(
                problems.UNAVAILABLE, "API keys cannot be checked now.", {"Retry-After": "2"}
            ) from error
        self._cache.pop(key_id, None)
        if stored is None:
            return None
        self._cache[key_id] = cached = _CachedKey(now, stored, rights)
        while len(self._cache) > _MAX_CACHED_KEYS:
            self._cache.popitem(last=False)
        return cached


class Guard:
    """Admits callers by their roles."""

    def __init__(self, roles: frozenset[Role]) -> None:
        if not roles:
            raise ValueError("roles is empty; name at least one, or use public(reason)")
        self.roles = roles

    async def admit(self, request: Request, text: str | None) -> Principal:
        """Returns the caller that presents a key, or raises a problem 401, 403 or 429.

        An admitted request counts for its key until `RequestMiddleware` has seen its end.
        """
        if not text:
            raise Problem(
                problems.UNAUTHENTICATED,
                "Send the header `Authorization: Bearer` with an API key or an access token.",
                _CHALLENGE,
            )
        authenticator: Authenticator = request.app.state.authenticator
        principal = await authenticator.authenticate(text)
        if principal is None:
            raise Problem(
                problems.UNAUTHENTICATED,
                "The key or the token is unknown, expired or revoked.",
                {"WWW-Authenticate": 'Bearer realm="tocsin", error="invalid_token"'},
            )

        async def readmit() -> Principal | None:
            again = await authenticator.authenticate(text)
            return again if again is not None and again.has(*self.roles) else None

        request.state.readmit = readmit
        return self.let_in(request, principal)

    def let_in(self, request: Request, principal: Principal) -> Principal:
        """Returns a caller who is known, or raises a problem 403 or 429."""
        state: dict[str, Any] = request.scope.setdefault("state", {})
        state["refused"] = principal
        check_roles(principal, self.roles)
        requests_by_key: RequestsByKey = request.app.state.requests_by_key
        if "principal" not in state:
            _check_rate(request, principal)
            if not requests_by_key.enter(principal.id):
                raise Problem(
                    problems.TOO_MANY,
                    "The key has as many requests under way as it may.",
                    {"Retry-After": "1"},
                )
        state["principal"], state["admitted_by"] = principal, self
        return principal


def _check_rate(request: Request, principal: Principal) -> None:
    """Raises a problem 429 if the caller has sent too many requests; sources are not limited."""
    rate: RequestRate = request.app.state.request_rate
    seconds = 0.0 if principal.has(Role.SOURCE) else rate.wait(principal.id)
    if seconds:
        raise Problem(
            problems.TOO_MANY,
            "The key has sent as many requests as it may; wait, or read larger pages.",
            {"Retry-After": str(math.ceil(seconds))},
        )


def check_roles(principal: Principal, roles: frozenset[Role]) -> None:
    """Raises a problem 403 unless the caller has one of the roles."""
    if not principal.has(*roles):
        needed = ", ".join(sorted(roles))
        raise Problem(problems.FORBIDDEN, f"This needs one of the roles {needed}.")


async def readmitted(request: Request) -> Principal | None:
    """Returns the caller of a long response with its present rights; None if it has none now.

    Raises:
        Problem: 503 when the keys cannot be read now.
    """
    readmit: Callable[[], Awaitable[Principal | None]] = request.state.readmit
    return await readmit()


class KeyGuard(Guard):
    """Admits callers by the key in the Authorization header."""

    async def __call__(
        self,
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    ) -> Principal:
        """Returns the caller, or raises a problem 401 or 403."""
        state: dict[str, Any] = request.scope.setdefault("state", {})
        # The route may have admitted the caller before it read the query and the body.
        if state.get("admitted_by") is self:
            admitted: Principal = state["principal"]
            return admitted
        text = credentials.credentials if credentials else None
        return await self.admit(request, text)


def presented_key(request: Request) -> str | None:
    """Returns the key in the Authorization header, as the framework reads it."""
    scheme, credentials = get_authorization_scheme_param(request.headers.get("Authorization"))
    return credentials if scheme.lower() == "bearer" else None


def key_guards(dependant: Dependant) -> list[KeyGuard]:
    """Returns the guards that admit the callers of a route by their keys."""
    inner = [guard for each in dependant.dependencies for guard in key_guards(each)]
    return [dependant.call, *inner] if isinstance(dependant.call, KeyGuard) else inner


def require(*roles: Role) -> KeyGuard:
    """Returns the dependency of a route that these roles may call."""
    return KeyGuard(frozenset(roles))


def deciding_person(request: Request) -> str:
    """Returns the person id of the caller, for a decision that four eyes compare.

    Raises:
        Problem: 403 when the key is a machine's.
    """
    principal: Principal = request.state.principal
    if principal.person_id is None:
        raise Problem(
            problems.FORBIDDEN, f"A person decides; the key {principal.id} is a machine's."
        )
    return principal.person_id


ANY_ROLE = frozenset(Role)


class Public:
    """Marks a route as public, with the reason."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    async def __call__(self) -> None:
        """Admits every caller."""


def public(reason: str) -> Public:
    """Returns the dependency of a route that answers without a key."""
    return Public(reason)
