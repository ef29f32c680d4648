"""The formats that an endpoint can have, and the channel that delivers each."""

from enum import StrEnum

from services.alerts.delivery.adapters.channels.mail import MailChannel
from services.alerts.delivery.adapters.channels.slack import slack_body
from services.alerts.delivery.adapters.channels.teams import teams_body
from services.alerts.delivery.adapters.channels.webhook import (
    Poster,
    WebhookChannel,
    standard_body,
)
from services.alerts.delivery.application.channel import Channel, ChannelMessage
from services.alerts.delivery.domain.address_policy import (
    ALLOWED,
    AddressPolicy,
    AddressVerdict,
    check_url,
    denied,
)
from services.alerts.delivery.domain.attempt import AttemptResult
from services.alerts.delivery.domain.mailbox import RESPONSIBLE, shared_address
from services.kit.clock import Clock


class PayloadFormat(StrEnum):
    """The format in which an endpoint receives events."""

    STANDARD = "standard"
    SLACK = "slack"
    TEAMS = "teams"
    EMAIL = "email"


class ChannelRegistry:
    """Delivers each message through the channel of its format, and checks targets.

    Without `mail` the bank has named no SMTP server, and no endpoint of that format is accepted.
    """

    def __init__(
        self,
        *,
        poster: Poster,
        clock: Clock,
        policy: AddressPolicy,
        mail: MailChannel | None = None,
    ) -> None:
        self._policy = policy
        self._channels: dict[str, Channel] = {
            PayloadFormat.STANDARD: WebhookChannel(standard_body, poster=poster, clock=clock),
            PayloadFormat.SLACK: WebhookChannel(slack_body, poster=poster, clock=clock),
            PayloadFormat.TEAMS: WebhookChannel(teams_body, poster=poster, clock=clock),
        }
        if mail is not None:
            self._channels[PayloadFormat.EMAIL] = mail

    def check_target(self, format: str, target: str) -> AddressVerdict:
        """Returns whether an endpoint of a format may have a target."""
        if format not in self._channels:
            return denied("no SMTP server is named in TOCSIN_ALERTS_SMTP_HOST")
        if format != PayloadFormat.EMAIL:
            return check_url(target, policy=self._policy)
        if target == RESPONSIBLE or shared_address(target) is not None:
            return ALLOWED
        return denied(f"the target of e-mail is mailto:ADDRESS or {RESPONSIBLE}")

    async def deliver(self, message: ChannelMessage) -> AttemptResult:
        """Delivers a message; the API accepts no other format than those here."""
        return await self._channels[message.address.format].deliver(message)
