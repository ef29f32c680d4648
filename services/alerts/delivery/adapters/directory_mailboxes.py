"""Finds mailboxes in the bank's directory and judges rights, both at every attempt."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from services.alerts.delivery.application.channel import ChannelMessage
from services.alerts.delivery.domain.mailbox import MailAddress, NoMailbox, is_address
from services.alerts.directory.application.organisations import Organisations
from services.alerts.directory.domain.member import Member
from services.kit.clock import Clock


class BorrowerRights(Protocol):
    """What a person may see now."""

    async def sees(self, member: Member, borrower_id: str) -> bool: ...


class DirectoryMailboxes:
    """The people of the active version of the directory, with their present rights."""

    def __init__(
        self, organisations: Organisations, *, rights: BorrowerRights, clock: Clock
    ) -> None:
        self._organisations = organisations
        self._rights = rights
        self._clock = clock

    async def refusal(self, person_id: str, message: ChannelMessage) -> str | None:
        """Returns why a person may not receive a message now; without a directory there is none.

        Who is not in the directory, or has left, may see nothing.
        """
        organisation = await self._organisations.current()
        if organisation.is_empty:
            return None
        member = organisation.member(person_id)
        if member is None:
            return f"the directory has no person {person_id}"
        timezone = organisation.calendars[member.calendar].timezone
        if member.has_left(self._clock.now().astimezone(timezone).date()):
            return f"{person_id} has left"
        for borrower_id in borrowers_of(message.document):
            if not await self._rights.sees(member, borrower_id):
                return f"{person_id} may not see borrower {borrower_id} now"
        return None

    async def find(self, person_id: str, message: ChannelMessage) -> MailAddress | NoMailbox:
        """Returns the mailbox of a person who may receive a message now."""
        refusal = await self.refusal(person_id, message)
        if refusal is not None:
            return NoMailbox(reason=refusal)
        member = (await self._organisations.current()).member(person_id)
        if member is None or member.email is None or not is_address(member.email):
            return NoMailbox(reason=f"the directory has no address of {person_id}")
        return MailAddress(address=member.email, language=member.language)


def borrowers_of(document: Mapping[str, Any]) -> Sequence[str]:
    """Returns the borrowers that a message names: one, or those of a digest."""
    borrower_id = document.get("borrower_id")
    if borrower_id is not None:
        return [borrower_id]
    return [item["borrower_id"] for item in document.get("borrowers", ())]
