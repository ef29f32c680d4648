"""The webhook channel: a signed HTTP POST by the Standard Webhooks rules.

Its body is the Standard Webhooks payload for systems, or written for the inbox of a chat. A body
has at most 16 kB and is the same at every attempt.
"""

from collections.abc import Callable
from typing import Protocol

from services.alerts.delivery.adapters.channels.http_poster import HttpRequest
from services.alerts.delivery.adapters.channels.message_words import fitted
from services.alerts.delivery.application.channel import ChannelMessage
from services.alerts.delivery.domain import signing
from services.alerts.delivery.domain.attempt import AttemptResult
from services.kit.clock import Clock

USER_AGENT = "Tocsin-Webhooks/1"


class Poster(Protocol):
    """Posts a request; what the network or the receiver does is a result, never an exception."""

    async def post(self, request: HttpRequest) -> AttemptResult: ...


class WebhookChannel:
    """Renders, signs and posts messages."""

    def __init__(
        self, render: Callable[[ChannelMessage], bytes], *, poster: Poster, clock: Clock
    ) -> None:
        self._render = render
        self._poster = poster
        self._clock = clock

    async def deliver(self, message: ChannelMessage) -> AttemptResult:
        """Posts a message under its id, signed at the moment of this attempt."""
        body = self._render(message)
        signature = signing.sign(
            webhook_id=message.message_id,
            at=self._clock.now(),
            body=body,
            secrets=message.address.secrets,
        )
        headers = {"content-type": "application/json", "user-agent": USER_AGENT, **signature}
        return await self._poster.post(
            HttpRequest(url=message.address.target, headers=headers, body=body)
        )


def standard_body(message: ChannelMessage) -> bytes:
    """Returns the Standard Webhooks payload: type, timestamp and data."""
    return fitted(
        {**message.document, "links": {"card": message.link}},
        lambda data: {
            "type": message.event_type,
            "timestamp": message.at.isoformat(),
            "data": data,
        },
    )
