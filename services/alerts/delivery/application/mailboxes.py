"""The ports by which a message is judged at every attempt, and finds the mailbox of a person."""

from typing import Protocol

from services.alerts.delivery.application.channel import ChannelMessage
from services.alerts.delivery.domain.mailbox import MailAddress, NoMailbox


class RecipientRights(Protocol):
    """The present rights of the people of the bank."""

    async def refusal(self, person_id: str, message: ChannelMessage) -> str | None:
        """Returns why a person may not receive a message now; None if they may."""
        ...


class Mailboxes(Protocol):
    """The mailboxes of the people of the bank."""

    async def find(self, person_id: str, message: ChannelMessage) -> MailAddress | NoMailbox:
        """Returns the mailbox of a person who may receive a message now, or why there is none."""
        ...
