"""The keys with which an identity provider signs now: fetched, kept for a while, fetched again.

A key that is not known is looked for at the provider, once in half a minute however many tokens
name it and however many requests wait for the answer. Known keys are fetched again every five
minutes while they serve, so a key that the provider withdraws is refused soon. During an outage of
the provider the last ones serve for a day.
"""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import structlog
from jwt import PyJWK

from services.kit.access import tokens
from services.kit.clock import Clock

log = structlog.get_logger(__name__)

REFRESH_SECONDS = 300.0
RETRY_SECONDS = 30.0
SERVE_SECONDS = 86_400.0
FETCH_SECONDS = 5.0
MOST_BYTES = 262_144

Fetch = Callable[[], Awaitable[Mapping[str, Any]]]


class SigningKeysUnavailable(Exception):
    """The keys of the identity provider are not known now."""


class ProviderAnswer(Exception):
    """The answer of the identity provider cannot be used."""


class SigningKeys:
    """The present keys of a provider, by their ids."""

    def __init__(self, fetch: Fetch, *, clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[str, PyJWK] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._refresh: asyncio.Task[None] | None = None

    async def find(self, key_id: str) -> PyJWK | None:
        """Returns a key; None if the provider has no such key.

        Raises:
            SigningKeysUnavailable: If no keys of the last day are known.
        """
        age = self._age(self._fetched_at)
        if age >= REFRESH_SECONDS or key_id not in self._keys:
            refresh = self._refreshing()
            if refresh is not None and (key_id not in self._keys or age >= SERVE_SECONDS):
                # A request that is cancelled does not end the refresh for the others.
                await asyncio.shield(refresh)
        if self._age(self._fetched_at) >= SERVE_SECONDS:
            raise SigningKeysUnavailable
        return self._keys.get(key_id)

    def _age(self, moment: float | None) -> float:
        return float("inf") if moment is None else self._clock.monotonic_seconds() - moment

    def _refreshing(self) -> asyncio.Task[None] | None:
        """Returns the refresh that runs or begins now; None if the last one was a moment ago."""
        if self._refresh is not None and not self._refresh.done():
            return self._refresh
        if self._age(self._tried_at) < RETRY_SECONDS:
            return None
        self._tried_at = self._clock.monotonic_seconds()
        self._refresh = asyncio.create_task(self._refetch())
        return self._refresh

    async def _refetch(self) -> None:
        try:
            keys = tokens.signing_keys(await self._fetch())
        except Exception as error:  # noqa: BLE001 - whatever the provider answers, the last keys serve
            log.warning("access.signing_keys_not_fetched", error=repr(error))
            return
        self._keys, self._fetched_at = keys, self._clock.monotonic_seconds()
        log.info("access.signing_keys_fetched", keys=len(keys))


class IdentityProvider:
    """Fetches the documents of an identity provider: https, its host only, bounded, no redirects.

    Args:
        jwks_url: Where its keys are; empty: where its configuration says, on its own host.
    """

    def __init__(
        self,
        issuer: str,
        *,
        jwks_url: str = "",
        ca_file: Path | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._issuer = issuer
        self._jwks_url = jwks_url
        self._ca_file = ca_file
        self._transport = transport

    async def keys(self) -> Mapping[str, Any]:
        """Returns its JSON Web Key Set.

        Raises:
            ProviderAnswer: If an answer cannot be used.
            httpx2.HTTPError: If there is none.
        """
        async with httpx2.AsyncClient(
            transport=self._transport,
            verify=self._tls(),
            trust_env=False,
            follow_redirects=False,
            timeout=FETCH_SECONDS,
        ) as client:
            async with asyncio.timeout(FETCH_SECONDS):
                url = self._jwks_url or await self._discovered(client)
                return await _document(client, url)

    async def _discovered(self, client: httpx2.AsyncClient) -> str:
        base = self._issuer.rstrip("/")
        described = await _document(client, f"{base}/.well-known/openid-configuration")
        if described.get("issuer") != self._issuer:
            raise ProviderAnswer("the configuration is of another issuer")
        url = str(described.get("jwks_uri"))
        if urlsplit(url)[:2] != urlsplit(self._issuer)[:2]:
            raise ProviderAnswer("jwks_uri is on another host; set TOCSIN_OIDC_JWKS_URL")
        return url

    def _tls(self) -> ssl.SSLContext:
        context = httpx2.create_ssl_context(trust_env=False)
        if self._ca_file is not None:
            context.load_verify_locations(cafile=self._ca_file)
        return context


async def _document(client: httpx2.AsyncClient, url: str) -> Mapping[str, Any]:
    body = bytearray()
    async with client.stream("GET", url, headers={"Accept": "application/json"}) as response:
        if response.status_code != httpx2.codes.OK:
            raise ProviderAnswer(f"status {response.status_code}")
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > MOST_BYTES:
                raise ProviderAnswer("too long")
    document = json.loads(body)
    if not isinstance(document, dict):
        raise ProviderAnswer("no JSON object")
    return document
