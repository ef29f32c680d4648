"""Finds the mailbox of a person in the bank's directory."""

from services.alerts.delivery.application.channel import ChannelMessage
from services.alerts.delivery.domain.mailbox import MailAddress, NoMailbox, is_address
from services.alerts.directory.application.organisations import Organisations
from services.kit.clock import Clock


class DirectoryMailboxes:
    """The mailboxes of the active version of the directory."""

    def __init__(self, organisations: Organisations, *, clock: Clock) -> None:
        self._organisations = organisations
        self._clock = clock

    async def find(self, person_id: str, message: ChannelMessage) -> MailAddress | NoMailbox:
        """Returns the mailbox of a person who works here; who has left gets nothing."""
        organisation = await self._organisations.current()
        member = organisation.member(person_id)
        if member is None:
            return NoMailbox(reason=f"the directory has no person {person_id}")
        timezone = organisation.calendars[member.calendar].timezone
        if member.has_left(self._clock.now().astimezone(timezone).date()):
            return NoMailbox(reason=f"{person_id} has left")
        if member.email is None or not is_address(member.email):
            return NoMailbox(reason=f"the directory has no address of {person_id}")
        return MailAddress(address=member.email, language=member.language)
