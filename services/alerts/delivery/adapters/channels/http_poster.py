"""Posts over HTTP through the SSRF guard: no redirects, one deadline, a capped excerpt.

The deadline covers everything from resolving the name to the last byte of the answer, so a receiver
that drips cannot occupy a slot. The status decides the result; the body is only an excerpt for the
delivery log, read for a second at most.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import httpx2

from services.alerts.delivery.adapters.name_resolver import CannotResolve, Resolve
from services.alerts.delivery.adapters.ssrf_guard import (
    AddressDenied,
    GuardedBackend,
    GuardedTransport,
)
from services.alerts.delivery.domain.address_policy import (
    AddressPolicy,
    check_url,
    needs_allowed_network,
)
from services.alerts.delivery.domain.attempt import (
    AttemptReport,
    AttemptResult,
    Delivered,
    Gone,
    ResultCode,
    Retry,
)
from services.alerts.delivery.domain.retry_plan import LONGEST_RETRY_AFTER

MOST_RESPONSE_BYTES = 16_384
BODY_SECONDS = 1.0
_OVERLOADED = frozenset({429, 502, 504})
_GONE = 410


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """What goes over the wire: exactly these bytes under exactly these headers."""

    url: str
    headers: Mapping[str, str]
    body: bytes


class HttpPoster:
    """Posts requests; every failure is a result."""

    def __init__(
        self,
        *,
        policy: AddressPolicy,
        ssl_context: ssl.SSLContext,
        resolver: Resolve,
        deadline_seconds: float = 15.0,
    ) -> None:
        self._policy = policy
        self._deadline_seconds = deadline_seconds
        self._clients: Mapping[bool, httpx2.AsyncClient] = {
            only_allowed: httpx2.AsyncClient(
                transport=GuardedTransport(
                    GuardedBackend(
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
        """Closes the connections."""
        for client in self._clients.values():
            await client.aclose()

    async def post(self, request: HttpRequest) -> AttemptResult:
        """Posts a request and returns the result of the attempt."""
        verdict = check_url(request.url, policy=self._policy)
        if not verdict.is_allowed:
            return _failure(ResultCode.ADDRESS_DENIED, verdict.reason)
        try:
            async with asyncio.timeout(self._deadline_seconds):
                return await self._exchange(request)
        except AddressDenied as error:
            return _failure(ResultCode.ADDRESS_DENIED, str(error))
        except (TimeoutError, httpx2.TimeoutException):
            return _failure(ResultCode.TIMED_OUT, f"no answer within {self._deadline_seconds:g} s")
        except (CannotResolve, httpx2.HTTPError, httpx2.InvalidURL, ssl.SSLError, OSError) as error:
            text = f"{type(error).__name__}: {error}".replace("\x00", "")
            return _failure(ResultCode.UNREACHABLE, text)

    async def _exchange(self, request: HttpRequest) -> AttemptResult:
        only_allowed = needs_allowed_network(request.url, policy=self._policy)
        async with self._clients[only_allowed].stream(
            "POST", request.url, headers=request.headers, content=request.body
        ) as response:
            excerpt = await _excerpt(response)
        return result_of(
            AttemptReport(
                code=classify(response.status_code),
                status_code=response.status_code,
                response=excerpt,
            ),
            retry_after=parse_retry_after(response.headers.get("retry-after")),
        )


def classify(status_code: int) -> ResultCode:
    """Returns the meaning of a status: only 2xx is a delivery, and 3xx is not followed."""
    if 200 <= status_code < 300:
        return ResultCode.DELIVERED
    if status_code == _GONE:
        return ResultCode.GONE
    if status_code in _OVERLOADED:
        return ResultCode.OVERLOADED
    if 300 <= status_code < 400:
        return ResultCode.REDIRECTED
    return ResultCode.SERVER_ERROR if status_code >= 500 else ResultCode.REFUSED


def result_of(report: AttemptReport, *, retry_after: timedelta | None) -> AttemptResult:
    """Returns the result of an answer: every failure but 410 may be temporary."""
    if report.code is ResultCode.DELIVERED:
        return Delivered(report=report)
    if report.code is ResultCode.GONE:
        return Gone(report=report, reason="the receiver answered 410 Gone")
    return Retry(
        report=report,
        after=retry_after,
        is_overloaded=report.code is ResultCode.OVERLOADED,
    )


def parse_retry_after(value: str | None) -> timedelta | None:
    """Returns a Retry-After given in seconds; None for anything else.

    The form with a date is ignored: it would compare the receiver's clock with ours.
    """
    if value is None or not value.isascii() or not value.strip().isdigit():
        return None
    digits = value.strip()
    return timedelta(seconds=int(digits)) if len(digits) <= 9 else LONGEST_RETRY_AFTER


async def _excerpt(response: httpx2.Response) -> str:
    """Returns the beginning of a body; the status decides, so nothing here is an error."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in response.aiter_raw(MOST_RESPONSE_BYTES):
                body += chunk
                if len(body) >= MOST_RESPONSE_BYTES:
                    break
    except (TimeoutError, httpx2.HTTPError, OSError):
        body += b" (the answer broke off)"
    text = bytes(body[:MOST_RESPONSE_BYTES]).decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "·" for letter in text)


def _failure(code: ResultCode, error: str) -> AttemptResult:
    return Retry(report=AttemptReport(code=code, error=error[:500]))
