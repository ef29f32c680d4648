"""Calls the alerts service as the bank's people would: by REST alone."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx2

from lab.demo.environment import DemoKeys
from services.cli.errors import CommandError
from services.kit.clock import SystemClock

PAGE = 100
SOON = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class PendingDeliveries:
    """Messages that are still to be delivered.

    Attributes:
        due: Now, or within a retry of seconds.
        waiting: Mails that wait for the working hours of their recipients, by the wall clock.
    """

    due: int
    waiting: int


class Refused(Exception):
    """A person's step that the service refuses, because the alert is another by now."""


class AlertsClient:
    """Registers the inbox, and reads alerts and cards."""

    def __init__(self, *, alerts_url: str, keys: DemoKeys) -> None:
        self._http = httpx2.AsyncClient(base_url=alerts_url, timeout=30)
        self._keys = keys
        self._clock = SystemClock()

    async def __aenter__(self) -> "AlertsClient":
        """Open the client."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the client."""
        await self._http.aclose()

    async def register(self, url: str, *, description: str, **options: object) -> str:
        """Register a webhook endpoint and return its secret."""
        body = {"url": url, "description": description, **options}
        registered = await self._request(
            "POST", "/v1/webhook-endpoints", self._keys.operator, json=body
        )
        return str(registered["secret"])

    async def pending_deliveries(self) -> PendingDeliveries:
        """Return how many messages are still to be delivered."""
        due = waiting = 0
        soon = self._clock.now() + SOON
        async for each in self._pages(
            "/v1/deliveries", key=self._keys.operator, status=["PENDING"]
        ):
            is_later = datetime.fromisoformat(each["next_attempt_at"]) > soon
            due, waiting = due + (not is_later), waiting + is_later
        return PendingDeliveries(due, waiting)

    async def alerts(self, status: Sequence[str] = ()) -> list[dict[str, Any]]:
        """Return all alerts, or those with one of these statuses."""
        return [alert async for alert in self._pages("/v1/alerts", status=list(status))]

    async def take_step(
        self, alert: Mapping[str, Any], step: str, body: Mapping[str, str] | None, *, key: str
    ) -> None:
        """Take a person's step on an alert as it was read.

        Raises:
            Refused: If the alert has changed since.
        """
        answer = await self._http.post(
            f"/v1/alerts/{alert['alert_id']}/{step}",
            json=body,
            headers={"Authorization": f"Bearer {key}", "If-Match": f'"{alert["version"]}"'},
        )
        if answer.status_code in (httpx2.codes.CONFLICT, httpx2.codes.PRECONDITION_FAILED):
            raise Refused(answer.text)
        _check(answer, f"POST {step}")

    async def activate_directory(
        self, document: Mapping[str, Any], *, proposer_key: str, approver_key: str
    ) -> None:
        """Put the first directory into effect with two people."""
        submitted = await self._request(
            "PUT",
            "/v1/people",
            proposer_key,
            json={"directory": document, "reason": "the bank opens"},
            headers={"If-Match": '"0"'},
        )
        path = f"/v1/approvals/{submitted['proposal_id']}"
        shown = await self._request("GET", path, approver_key)
        await self._request(
            "POST",
            f"{path}/approve",
            approver_key,
            json={"reason": "compared with the list of staff", "digest": shown["digest"]},
        )

    async def alert(self, alert_id: str) -> dict[str, Any]:
        """Return one alert with its history and the borrower's card."""
        return await self._request("GET", f"/v1/alerts/{alert_id}", self._keys.officer)

    async def alerts_with_history(self) -> list[dict[str, Any]]:
        """Return all alerts, each with its history and the borrower's card."""
        return [await self.alert(alert["alert_id"]) for alert in await self.alerts()]

    async def _pages(
        self, path: str, *, key: str = "", **filters: Sequence[str]
    ) -> AsyncIterator[dict[str, Any]]:
        cursor = None
        while True:
            params: dict[str, str | int | Sequence[str]] = {"limit": PAGE, **filters}
            if cursor:
                params["cursor"] = cursor
            page = await self._request("GET", path, key or self._keys.officer, params=params)
            for item in page["items"]:
                yield item
            cursor = page["next_cursor"]
            if not cursor:
                return

    async def _request(
        self,
        method: str,
        path: str,
        key: str,
        *,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> dict[str, Any]:
        answer = await self._http.request(
            method, path, headers={"Authorization": f"Bearer {key}", **(headers or {})}, **options
        )
        _check(answer, f"{method} {path}")
        document: dict[str, Any] = answer.json()
        return document


def _check(answer: httpx2.Response, call: str) -> None:
    if not answer.is_success:
        raise CommandError(
            f"{call} answered {answer.status_code}: {answer.text[:500]}",
            remedy="See the log of alerts in the demo's data folder.",
        )
