"""The intake log: what ingest accepted and the events topic does not show.

A topic of its own. An input that is parked, an import of accounts and their handover to another
source are on it before they are answered. So the account directory and the queues of parked inputs
can be made again from the log after the database was restored from an older copy.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from services.ingest.application.inputs import Headers, Input, InputChannel


class AccountsImported(msgspec.Struct, frozen=True, kw_only=True, tag="accounts"):
    """Accounts with their borrowers, as an operator imported them for a source."""

    id: str
    source: str
    time: datetime
    accounts: tuple[tuple[str, str], ...]


class AccountsHandedOver(msgspec.Struct, frozen=True, kw_only=True, tag="handover"):
    """Accounts that two people gave from their source to another one."""

    id: str
    source: str
    to_source: str
    time: datetime
    accounts: tuple[str, ...]


class InputParked(msgspec.Struct, frozen=True, kw_only=True, tag="parked"):
    """An input by HTTP whose borrower was not known yet."""

    account_id: str
    raw: bytes
    headers: Headers
    content_type: str
    sender: str | None
    sources: tuple[str, ...]
    may_send: tuple[str, ...]

    @classmethod
    def of(cls, given: Input, *, account_id: str) -> "InputParked":
        """Returns the record of an input."""
        return cls(
            account_id=account_id,
            raw=given.raw,
            headers=given.headers,
            content_type=given.content_type,
            sender=given.sender,
            sources=given.sources,
            may_send=given.may_send,
        )

    def input(self) -> Input:
        """Returns the input as it was received."""
        return Input(
            channel=InputChannel.HTTP,
            raw=self.raw,
            headers=self.headers,
            content_type=self.content_type,
            sender=self.sender,
            sources=self.sources,
            may_send=self.may_send,
        )


LogRecord = AccountsImported | AccountsHandedOver | InputParked


class IntakeLog(Protocol):
    """The topic."""

    async def append(self, records: Sequence[LogRecord]) -> None:
        """Returns once the broker has acknowledged all records.

        Raises:
            Unavailable: If it does not.
        """
        ...
