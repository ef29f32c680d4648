"""Trying an endpoint out: one signed message now, and what came back.

Used by whoever registers an endpoint, before alerts depend on it. The message goes the way of
every webhook (the same signature, the same judging of the address), but past the queue: it is
no alert, is not repeated, and leaves nothing in the delivery log.
"""

from datetime import datetime
from typing import Any

from services.alerts.delivery.application.dispatch_ports import Poster, Prepared
from services.alerts.delivery.application.dispatching import USER_AGENT
from services.alerts.delivery.application.ports import EndpointRepository
from services.alerts.delivery.application.read_models import EndpointTestResult
from services.alerts.delivery.domain import chat_formats, signing
from services.alerts.directory.domain.person import Person
from services.alerts.primitives.errors import NotFound
from services.kit.clock import Clock
from services.kit.ids import IdFactory

KIND = "webhook.tested.v1"


class EndpointTrials:
    """Sends test messages."""

    def __init__(
        self,
        *,
        book: EndpointRepository,
        poster: Poster,
        clock: Clock,
        new_id: IdFactory,
        link: str,
    ) -> None:
        self._book = book
        self._poster = poster
        self._clock = clock
        self._new_id = new_id
        self._link = link

    async def try_out(self, endpoint_id: str, *, person: Person) -> EndpointTestResult:
        """Send a test message, also to an endpoint that is switched off."""
        now = self._clock.now()
        endpoint = await self._book.get(endpoint_id)
        if endpoint is None:
            raise NotFound(f"there is no webhook endpoint {endpoint_id}")
        secrets = await self._book.secrets(endpoint_id, at=now)
        webhook_id = f"test-{self._new_id()}"
        body = chat_formats.render(
            _document(endpoint_id, person=person, at=now),
            format=endpoint.format,
            kind=KIND,
            at=now.isoformat(),
            link=self._link,
        )
        signed = signing.sign(webhook_id=webhook_id, at=now, body=body, secrets=secrets)
        headers = {"content-type": "application/json", "user-agent": USER_AGENT, **signed}
        answer = await self._poster.post(Prepared(url=endpoint.url, headers=headers, body=body))
        return EndpointTestResult(
            webhook_id=webhook_id,
            result=answer.result.value,
            duration_ms=answer.duration_ms,
            status_code=answer.status_code,
            error=answer.error,
            response=answer.response,
        )


def _document(endpoint_id: str, *, person: Person, at: datetime) -> dict[str, Any]:
    """Return what a test says; the chat formats read the same fields as of an alert."""
    return {
        "endpoint_id": endpoint_id,
        "headline": "Test message: this endpoint can be reached",
        "severity": "LOW",
        "actor": person.name,
        "owner": {"id": person.name},
        "deadlines": {"act_by": at.isoformat()},
        "reasons": [],
        "actions": [],
        "outcome_code": None,
    }
