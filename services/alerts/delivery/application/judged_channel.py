"""Judges at every attempt whether the owner of an endpoint may still see what is sent.

A message that waited, or is sent again, follows the rights that the owner has now. An endpoint
without an owner belongs to the bank.
"""

from services.alerts.delivery.application.channel import Channel, ChannelMessage
from services.alerts.delivery.application.mailboxes import RecipientRights
from services.alerts.delivery.domain.attempt import (
    AttemptReport,
    AttemptResult,
    Rejected,
    ResultCode,
)


class JudgedChannel:
    """Delivers what the owner of the endpoint may see."""

    def __init__(self, channel: Channel, *, rights: RecipientRights) -> None:
        self._channel = channel
        self._rights = rights

    async def deliver(self, message: ChannelMessage) -> AttemptResult:
        """Delivers a message, or rejects it because of the owner's rights."""
        owner_id = message.address.owner_id
        reason = None if owner_id is None else await self._rights.refusal(owner_id, message)
        if reason is None:
            return await self._channel.deliver(message)
        report = AttemptReport(code=ResultCode.NOT_ADDRESSED, error=reason)
        return Rejected(report=report, reason=reason)
