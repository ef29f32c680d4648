"""The port by which e-mail finds the mailbox of a person, at every attempt."""

from typing import Protocol

from services.alerts.delivery.application.channel import ChannelMessage
from services.alerts.delivery.domain.mailbox import MailAddress, NoMailbox


class Mailboxes(Protocol):
    """The mailboxes of the people of the bank."""

    async def find(self, person_id: str, message: ChannelMessage) -> MailAddress | NoMailbox:
        """Returns the mailbox of a person who may receive a message now, or why there is none."""
        ...
