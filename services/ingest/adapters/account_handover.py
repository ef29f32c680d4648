"""The handover of accounts to another source, which two people decide.

A source takes no account that another one owns, so a bank that replaces a core system hands its
accounts over. The owners change in the transaction of the decision, after the handover is on the
intake log: a rebuild of the directory gives the same.
"""

import re
from datetime import timedelta

from services.ingest.adapters.account_table import AccountTable
from services.ingest.adapters.open_transaction import OpenTransaction
from services.ingest.application.intake_log import AccountsHandedOver, IntakeLog
from services.kit.access.keys import Role
from services.kit.approvals.proposals import (
    NoSuchProposal,
    Proposal,
    ProposalConflict,
    ProposalRequest,
    ProposedChange,
)
from services.kit.clock import Clock
from services.kit.database import Connection

EVERY_ACCOUNT = "*"
# A record of so many of the longest ids is well below the broker's largest message.
MOST_IN_A_RECORD = 5_000
_SUBJECT = re.compile(r"([!-~]{1,128}) ([!-~]{1,200}) ([!-~]{1,200})", re.ASCII)


class AccountHandover:
    """Hands accounts over; the subject is the account or `*`, its source, and the next one."""

    name = "account-handover"
    proposers = frozenset({Role.OPERATOR})
    deciders = frozenset({Role.APPROVER})
    valid_for = timedelta(days=7)

    def __init__(self, *, log: IntakeLog, clock: Clock) -> None:
        self._log = log
        self._clock = clock

    async def change(self, connection: Connection, request: ProposalRequest) -> ProposedChange:
        """Returns the owner before and after."""
        account, source, to = _parts(request.subject)
        if source == to:
            raise ProposalConflict(f"{source} hands nothing over to itself.")
        if not await AccountTable(OpenTransaction(connection)).owns(source, account):
            raise NoSuchProposal(f"{source} does not own {account or 'any account'}.")
        accounts = account or "all accounts"
        return ProposedChange(
            before={"accounts": accounts, "source": source},
            after={"accounts": accounts, "source": to},
            effect=f"{to} sends for {accounts} of {source} from now on.",
        )

    async def release(self, connection: Connection, proposal: Proposal) -> None:
        """Changes the owners."""
        account, source, to = _parts(proposal.subject)
        accounts = await AccountTable(OpenTransaction(connection)).hand_over(source, account, to)
        at = self._clock.now()
        await self._log.append(
            [
                AccountsHandedOver(
                    id=f"handover:{proposal.id}:{start}",
                    source=source,
                    to_source=to,
                    time=at,
                    accounts=tuple(accounts[start : start + MOST_IN_A_RECORD]),
                )
                for start in range(0, len(accounts), MOST_IN_A_RECORD)
            ]
        )


def _parts(subject: str) -> tuple[str | None, str, str]:
    """Returns the account, None for all, with its source and the next one."""
    match = _SUBJECT.fullmatch(subject)
    if match is None:
        raise NoSuchProposal(
            f"{subject!r} is no handover; write the account (or *), its source and the next "
            'source, such as "AC-1 core/accounts core/banking".'
        )
    account, source, to = match.groups()
    return None if account == EVERY_ACCOUNT else account, source, to
