"""Posts webhooks over HTTP: judged addresses, no redirects, one deadline, a capped answer.

The deadline covers everything, the name's resolution and every byte of the answer included,
so a receiver that drips cannot hold a slot. Once the status is known it decides; the body is
only an excerpt for the log, read for a second at most.
"""

import asyncio
import ssl
import time
from collections.abc import Mapping

import httpx2

from services.alerts.delivery.adapters.judged_network import (
    AddressDenied,
    CannotResolve,
    JudgedBackend,
    JudgedTransport,
    Resolve,
    resolve,
)
from services.alerts.delivery.application.dispatch_ports import Answer, Prepared
from services.alerts.delivery.domain import retry
from services.alerts.delivery.domain.endpoint_url import (
    AddressPolicy,
    judge_url,
    needs_allowed_network,
)
from services.alerts.delivery.domain.retry import AttemptResult

MOST_RESPONSE_BYTES = 16_384
BODY_SECONDS = 1.0


class WebhookPoster:
    """Posts messages; every failure is an answer."""

    def __init__(
        self,
        *,
        policy: AddressPolicy,
        ssl_context: ssl.SSLContext,
        deadline_seconds: float = 15.0,
        resolver: Resolve = resolve,
    ) -> None:
        self._policy = policy
        self._deadline_seconds = deadline_seconds
        self._clients: Mapping[bool, httpx2.AsyncClient] = {
            only_allowed: httpx2.AsyncClient(
                transport=JudgedTransport(
                    JudgedBackend(
                        policy=policy, only_allowed_networks=only_allowed, resolver=resolver
                    ),
                    ssl_context=ssl_context,
                ),
                follow_redirects=False,
                trust_env=False,
                timeout=deadline_seconds,
            )
            for only_allowed in (False, True)
        }

    async def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            await client.aclose()

    async def post(self, prepared: Prepared) -> Answer:
        """Post a message and say what came of it."""
        begun = time.monotonic()
        verdict = judge_url(prepared.url, policy=self._policy)
        if not verdict.is_allowed:
            return _failure(AttemptResult.ADDRESS_DENIED, begun, verdict.reason)
        try:
            async with asyncio.timeout(self._deadline_seconds):
                return await self._exchange(prepared, begun)
        except AddressDenied as error:
            return _failure(AttemptResult.ADDRESS_DENIED, begun, str(error))
        except (TimeoutError, httpx2.TimeoutException):
            text = f"no answer within {self._deadline_seconds:g} s"
            return _failure(AttemptResult.TIMED_OUT, begun, text)
        except (CannotResolve, httpx2.HTTPError, httpx2.InvalidURL, ssl.SSLError, OSError) as error:
            return _failure(AttemptResult.UNREACHABLE, begun, _named(error))

    async def _exchange(self, prepared: Prepared, begun: float) -> Answer:
        only_allowed = needs_allowed_network(prepared.url, policy=self._policy)
        async with self._clients[only_allowed].stream(
            "POST", prepared.url, headers=prepared.headers, content=prepared.body
        ) as response:
            excerpt = await _excerpt(response)
        result = retry.classify(response.status_code)
        return Answer(
            result=result,
            duration_ms=_milliseconds(begun),
            status_code=response.status_code,
            response=excerpt,
            retry_after=retry.parse_retry_after(response.headers.get("retry-after")),
        )


async def _excerpt(response: httpx2.Response) -> str:
    """Return the beginning of a body; the status decides, so nothing here is an error."""
    found = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in response.aiter_raw(MOST_RESPONSE_BYTES):
                found += part
                if len(found) >= MOST_RESPONSE_BYTES:
                    break
    except (TimeoutError, httpx2.HTTPError, OSError):
        found += b" (the answer broke off)"
    text = bytes(found[:MOST_RESPONSE_BYTES]).decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "·" for letter in text)


def _failure(result: AttemptResult, begun: float, error: str) -> Answer:
    return Answer(result=result, duration_ms=_milliseconds(begun), error=error[:500])


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".replace("\x00", "")


def _milliseconds(begun: float) -> int:
    return int((time.monotonic() - begun) * 1000)
