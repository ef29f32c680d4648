"""Sends a test message to an endpoint before alerts depend on it.

The message goes through the channel of every delivery (the same signature, the same SSRF guard) but
past the queue: it is no alert, is not repeated and leaves nothing in the delivery log.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.alerts.delivery.application.channel import Address, Channel, ChannelMessage
from services.alerts.delivery.application.ports import EndpointRepository
from services.alerts.delivery.application.read_models import EndpointTestResult
from services.alerts.directory.domain.person import Person
from services.alerts.primitives.errors import ResourceNotFound
from services.kit.clock import Clock
from services.kit.ids import IdFactory

EVENT_TYPE = "webhook.tested.v1"


class EndpointTrial:
    """Sends test messages."""

    def __init__(
        self,
        *,
        repository: EndpointRepository,
        channel: Channel,
        clock: Clock,
        new_id: IdFactory,
        link: str,
    ) -> None:
        self._repository = repository
        self._channel = channel
        self._clock = clock
        self._new_id = new_id
        self._link = link

    async def send(self, endpoint_id: str, *, person: Person) -> EndpointTestResult:
        """Sends a test message, also to a disabled endpoint."""
        now = self._clock.now()
        endpoint = await self._repository.get(endpoint_id)
        if endpoint is None:
            raise ResourceNotFound(f"there is no webhook endpoint {endpoint_id}")
        secrets = await self._repository.secrets(endpoint_id, at=now)
        message = ChannelMessage(
            message_id=f"test-{self._new_id()}",
            event_type=EVENT_TYPE,
            at=now,
            document=_document(endpoint_id, person=person, at=now),
            link=self._link,
            address=Address(
                format=endpoint.format,
                language=endpoint.language,
                target=endpoint.url,
                secrets=secrets,
            ),
        )
        begin = self._clock.monotonic_seconds()
        report = (await self._channel.deliver(message)).report
        return EndpointTestResult(
            webhook_id=message.message_id,
            result=report.code.value,
            duration_ms=round((self._clock.monotonic_seconds() - begin) * 1000),
            status_code=report.status_code,
            error=report.error,
            response=report.response,
        )


def _document(endpoint_id: str, *, person: Person, at: datetime) -> Mapping[str, Any]:
    """Returns the document of a test message, with the fields of an alert that channels read."""
    return {
        "endpoint_id": endpoint_id,
        "headline": "Test message: this endpoint can be reached",
        "severity": "LOW",
        "actor": person.id,
        "owner": {"id": person.id},
        "deadlines": {"act_by": at.isoformat()},
        "news": [],
        "texts": {},
        "reasons": [],
        "actions": [],
        "outcome_code": None,
    }
