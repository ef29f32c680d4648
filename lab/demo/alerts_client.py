"""Calls the alerts service as the bank's people would: by REST alone."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx2

from lab.demo.environment import DemoKeys
from lab.demo.lead_time import OpenedAlert
from lab.simulator.days import BANK_TIMEZONE
from services.cli.errors import CommandError

PAGE = 100
ANNOUNCED = frozenset({"alert.opened.v1", "alert.updated.v1"})
_ZONE = ZoneInfo(BANK_TIMEZONE)


class AlertsClient:
    """Registers the inbox, and reads alerts and cards."""

    def __init__(self, *, alerts_url: str, keys: DemoKeys) -> None:
        self._http = httpx2.AsyncClient(base_url=alerts_url, timeout=30)
        self._keys = keys

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

    async def pending_deliveries(self) -> int:
        """Return how many messages are still pending, up to a page of them."""
        page = await self._request(
            "GET", "/v1/deliveries", self._keys.operator, params={"status": "PENDING", "limit": 1}
        )
        return len(page["items"])

    async def alerts(self) -> list[dict[str, Any]]:
        """Return all alerts."""
        return [alert async for alert in self._pages("/v1/alerts")]

    async def alert(self, alert_id: str) -> dict[str, Any]:
        """Return one alert with its history and the borrower's card."""
        return await self._request("GET", f"/v1/alerts/{alert_id}", self._keys.officer)

    async def opened_alerts(self) -> dict[str, list[OpenedAlert]]:
        """Return the alerts that were opened or raised, by borrower."""
        opened: dict[str, list[OpenedAlert]] = {}
        for alert in await self.alerts():
            whole = await self.alert(alert["alert_id"])
            for step in whole["detail"]["history"]:
                if step["kind"] in ANNOUNCED and step["data"].get("state"):
                    local = datetime.fromisoformat(step["at"]).astimezone(_ZONE)
                    alert_opened = OpenedAlert(local.toordinal(), step["data"]["state"])
                    opened.setdefault(alert["borrower_id"], []).append(alert_opened)
        return opened

    async def _pages(self, path: str) -> AsyncIterator[dict[str, Any]]:
        cursor = None
        while True:
            params: dict[str, str | int] = {"limit": PAGE}
            if cursor:
                params["cursor"] = cursor
            page = await self._request("GET", path, self._keys.officer, params=params)
            for item in page["items"]:
                yield item
            cursor = page["next_cursor"]
            if not cursor:
                return

    async def _request(self, method: str, path: str, key: str, **options: Any) -> dict[str, Any]:
        answer = await self._http.request(
            method, path, headers={"Authorization": f"Bearer {key}"}, **options
        )
        if not answer.is_success:
            raise CommandError(
                f"{method} {path} answered {answer.status_code}: {answer.text[:500]}",
                remedy="See the log of alerts in the demo's data folder.",
            )
        document: dict[str, Any] = answer.json()
        return document
