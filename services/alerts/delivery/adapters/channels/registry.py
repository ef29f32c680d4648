"""The formats that an endpoint can have, and the channel that delivers each."""

from collections.abc import Mapping
from enum import StrEnum

from services.alerts.delivery.adapters.channels.webhook import (
    Poster,
    WebhookChannel,
    slack_body,
    standard_body,
    teams_body,
)
from services.alerts.delivery.application.channel import Channel, ChannelMessage
from services.alerts.delivery.domain.attempt import AttemptResult
from services.kit.clock import Clock


class PayloadFormat(StrEnum):
    """The format in which an endpoint receives events."""

    STANDARD = "standard"
    SLACK = "slack"
    TEAMS = "teams"


class ChannelRegistry:
    """Delivers each message through the channel of its format."""

    def __init__(self, *, poster: Poster, clock: Clock) -> None:
        self._channels: Mapping[str, Channel] = {
            PayloadFormat.STANDARD: WebhookChannel(standard_body, poster=poster, clock=clock),
            PayloadFormat.SLACK: WebhookChannel(slack_body, poster=poster, clock=clock),
            PayloadFormat.TEAMS: WebhookChannel(teams_body, poster=poster, clock=clock),
        }

    async def deliver(self, message: ChannelMessage) -> AttemptResult:
        """Delivers a message; the API accepts no other format than those here."""
        return await self._channels[message.address.format].deliver(message)
