"""Who has an account: claims accounts for their source, and stores their borrowers.

Called by intake for registrations, and by REST for imports. What must stay true: an account belongs
to the source that named it first, and an assignment is on a topic before it is stored.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from services.contracts.borrower import BorrowerRegisteredV1
from services.contracts.envelope import CloudEvent
from services.contracts.validation import ValidEvent
from services.ingest.application.errors import AccountNotOwned
from services.ingest.application.intake_log import AccountsImported, IntakeLog
from services.ingest.application.ports import AccountDirectory
from services.ingest.domain.account_log import AccountAssignment, newest_by_account
from services.ingest.domain.reasons import Refusal, RefusalReason

MAX_ACCOUNTS_SHOWN = 5


def assignments_of(event: ValidEvent) -> list[AccountAssignment]:
    """Returns the accounts that an event gives to a borrower; none unless it registers one."""
    data = event.event.data
    if not isinstance(data, BorrowerRegisteredV1):
        return []
    return registered_assignments(event.event, data)


def registered_assignments(
    envelope: CloudEvent[Any], registration: BorrowerRegisteredV1
) -> list[AccountAssignment]:
    """Returns the accounts of a registration."""
    return [
        AccountAssignment(account_id, envelope.subject, envelope.source, envelope.time, envelope.id)
        for account_id in registration.account_ids or ()
    ]


def imported_assignments(imported: AccountsImported) -> list[AccountAssignment]:
    """Returns the accounts of an import."""
    return [
        AccountAssignment(account_id, borrower_id, imported.source, imported.time, imported.id)
        for account_id, borrower_id in imported.accounts
    ]


class AccountOwnership:
    """Checks registrations against the owners of their accounts."""

    def __init__(self, directory: AccountDirectory) -> None:
        self._directory = directory

    async def refusals(self, events: Sequence[ValidEvent]) -> Mapping[int, Refusal]:
        """Claims the accounts of each event; returns by index why one may not have them.

        Raises:
            Unavailable: If the database does not answer.
        """
        claims: dict[str, str] = {}
        for event in events:
            for each in assignments_of(event):
                claims.setdefault(each.account_id, each.source)
        if not claims:
            return {}
        owners = await self._directory.claim(claims)
        decided = (self._refusal(assignments_of(event), owners) for event in events)
        return {index: refusal for index, refusal in enumerate(decided) if refusal is not None}

    @staticmethod
    def _refusal(
        assignments: Sequence[AccountAssignment], owners: Mapping[str, str]
    ) -> Refusal | None:
        for index, each in enumerate(assignments):
            if owners[each.account_id] != each.source:
                pointer = f"/data/account_ids/{index}"
                return Refusal(
                    reason=RefusalReason.ACCOUNT_NOT_OWNED,
                    pointer=pointer,
                    detail=f"{pointer} is an account of another source",
                )
        return None

    async def assign(self, events: Sequence[ValidEvent]) -> None:
        """Stores the borrowers of accounts, after their events are on the topic."""
        assignments = [each for event in events for each in assignments_of(event)]
        if assignments:
            owners = {each.account_id: each.source for each in assignments}
            newest = newest_by_account(assignments, owners=owners)
            await self._directory.assign(list(newest.values()))


class AccountImport:
    """Imports accounts for a source, for operators."""

    def __init__(self, *, directory: AccountDirectory, log: IntakeLog) -> None:
        self._directory = directory
        self._log = log

    async def run(self, imported: AccountsImported) -> None:
        """Stores the borrowers of accounts, as if the source had registered them.

        Raises:
            AccountNotOwned: If one belongs to another source; nothing was imported.
            Unavailable: If the broker or the database does not answer; import the same again.
        """
        assignments = imported_assignments(imported)
        owners = await self._directory.claim({each.account_id: each.source for each in assignments})
        foreign = [each for each in assignments if owners[each.account_id] != each.source]
        if foreign:
            shown = ", ".join(
                f"{each.account_id} ({owners[each.account_id]})"
                for each in foreign[:MAX_ACCOUNTS_SHOWN]
            )
            raise AccountNotOwned(
                f"{len(foreign)} account(s) belong to another source than {imported.source}: "
                f"{shown}; import them for that source"
            )
        await self._log.append([imported])
        newest = newest_by_account(assignments, owners=owners)
        await self._directory.assign(list(newest.values()))
