"""Authentication by access tokens of the bank's identity provider, beside API keys.

The token says who calls and in which groups; settings say which roles the groups have. Whose login
it is stands in `access.identity`: a login that is bound to no person or machine does not get in,
nor one of a person who was removed.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from services.kit.access import persons, row_rights, tokens
from services.kit.access.keys import PEOPLE, Role
from services.kit.access.persons import BoundLogin
from services.kit.access.queries import Queries
from services.kit.access.row_rights import RightKind, RowRight
from services.kit.access.signing_keys import SigningKeys, SigningKeysUnavailable
from services.kit.access.tokens import AccessToken, TokenRefused
from services.kit.clock import Clock
from services.kit.http import problems
from services.kit.http.auth import CACHE_SECONDS, Principal
from services.kit.http.problems import Problem

log = structlog.get_logger(__name__)

_MOST_CACHED_LOGINS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """What the claims of a token mean.

    Attributes:
        roles: The roles of each group.
        groups_claim: The claim with the groups of the caller.
        officer_claim: The claim with the officer id of the caller; empty: none.
        branches_claim: The claim with the branches of a SENIOR; empty: none.
    """

    issuer: str
    roles: Mapping[str, frozenset[Role]] = field(default_factory=dict)
    groups_claim: str = "groups"
    officer_claim: str = ""
    branches_claim: str = ""


@dataclass(frozen=True, slots=True)
class _CachedLogin:
    read_at: float
    login: BoundLogin
    rights: tuple[RowRight, ...]


class TokenAuthenticator:
    """Finds the caller of an access token."""

    def __init__(
        self, queries: Queries, keys: SigningKeys, rules: TokenRules, *, clock: Clock
    ) -> None:
        self._queries = queries
        self._keys = keys
        self._rules = rules
        self._clock = clock
        self._cache: OrderedDict[str, _CachedLogin] = OrderedDict()

    async def authenticate(self, text: str) -> Principal | None:
        """Returns the caller, or None if the token is not accepted.

        Raises:
            Problem: 503 when tokens cannot be checked now.
        """
        now = self._clock.now()
        try:
            token = await self._accepted(text, at=now)
        except TokenRefused as refused:
            log.info("access.token_refused", reason=str(refused))
            return None
        cached = await self._cached(token)
        if cached is None:
            log.info("access.token_refused", reason="login is bound to nobody")
            return None
        return self._caller(token, cached, at=now)

    async def _accepted(self, text: str, *, at: datetime) -> AccessToken:
        key_id = tokens.key_id_of(text)
        try:
            key = await self._keys.find(key_id)
        except SigningKeysUnavailable as error:
            raise _unavailable() from error
        if key is None:
            raise TokenRefused("unknown key")
        return tokens.accepted(text, key, issuer=self._rules.issuer, at=at)

    async def _cached(self, token: AccessToken) -> _CachedLogin | None:
        now = self._clock.monotonic_seconds()
        cached = self._cache.get(token.subject)
        if cached is not None and now - cached.read_at < CACHE_SECONDS:
            return cached
        try:
            login = await persons.bound_login(self._queries, token.issuer, token.subject)
            person_id = login.person_id if login else None
            rights = await row_rights.of_person(self._queries, person_id) if person_id else ()
        except Exception as error:
            log.warning("access.logins_unavailable", error=type(error).__name__)
            raise _unavailable() from error
        self._cache.pop(token.subject, None)
        if login is None:
            return None
        self._cache[token.subject] = cached = _CachedLogin(now, login, rights)
        while len(self._cache) > _MOST_CACHED_LOGINS:
            self._cache.popitem(last=False)
        return cached

    def _caller(self, token: AccessToken, cached: _CachedLogin, *, at: datetime) -> Principal:
        login, rules, claims = cached.login, self._rules, token.claims
        groups = _texts(claims, rules.groups_claim)
        roles = frozenset[Role]().union(*(rules.roles.get(group, ()) for group in groups))
        if login.person_id is None:
            roles -= PEOPLE
        officer_id = next(iter(sorted(_texts(claims, rules.officer_claim))), None)
        granted = row_rights.granted(cached.rights, at=at)
        return Principal(
            id=login.person_id or f"machine:{login.machine}",
            name=login.person_id or str(login.machine),
            roles=roles,
            person_id=login.person_id,
            machine=login.machine,
            officer_id=officer_id,
            officer_ids=granted[RightKind.OFFICER].union([officer_id] if officer_id else ()),
            branch_ids=granted[RightKind.BRANCH] | _texts(claims, rules.branches_claim),
            queue_ids=granted[RightKind.QUEUE],
        )


def _texts(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    """Returns the texts of a claim, which is one text or a list; none if it has another form."""
    value = claims.get(name) if name else None
    listed = value if isinstance(value, list) else [value]
    return frozenset(each for each in listed if isinstance(each, str) and each)


def _unavailable() -> Problem:
    return Problem(
        problems.UNAVAILABLE, "Access tokens cannot be checked now.", {"Retry-After": "2"}
    )
