"""Sends events of a borrower again that a topic or a consumer lacks: for operators.

Assessments are stored and leave as they are. Events for linked borrowers and reminders are not
stored: the fold of the borrower's ledger gives the same bytes again. All go through the outbox of
the borrower's partition, so its owner relays them in order and fenced like all others. A consumer
that has one drops it by its number or id.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from services.kit.database import Connection, Database
from services.kit.stream.outbox import Message, Outbox
from services.scoring.application.folding import FoldOutput
from services.scoring.application.outbox_messages import Failures, OutboxMessages
from services.scoring.application.ports import Ledger, StoredState
from services.scoring.application.rebuilding import Rebuilder
from services.scoring.domain.assess.effects import Effect

log = structlog.get_logger(__name__)

# One page of the relay.
MOST_AT_ONCE = 500


class NoSuchBorrower(Exception):
    """There is no borrower of this id."""


class ResendRows(Protocol):
    """The stored assessments, and where the fold of a borrower stands."""

    async def hold_snapshot(self, connection: Connection) -> None:
        """Makes all further statements of the transaction see one moment; called first in it."""
        ...

    async def stored(
        self, connection: Connection, borrower_id: str
    ) -> tuple[StoredState, int | None] | None:
        """Returns a borrower's row without its state, and its mark if it is isolated."""
        ...

    async def from_sequence(
        self, connection: Connection, borrower_id: str, first: int, *, limit: int
    ) -> Sequence[tuple[int, bytes]]:
        """Returns assessments from a number on, in order: number and bytes."""
        ...


class PartitionLock(Protocol):
    """Makes transactions of a partition's owner wait."""

    async def lock(self, connection: Connection, *, topic: str, partition: int) -> None:
        """Locks the partition's row until the transaction ends; the owner keeps its claim."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendSpan:
    """The first assessment to send, and the first linked event or reminder; None: no such one."""

    sequence: int | None
    number: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResentEvents:
    """How many were appended to the outbox, and the span that is left."""

    resent: int
    left: ResendSpan


@dataclass(frozen=True, slots=True, kw_only=True)
class EventResend:
    """The use case."""

    database: Database
    rows: ResendRows
    ledger: Ledger
    rebuilder: Rebuilder
    partitions: PartitionLock
    outbox: Outbox
    messages: OutboxMessages
    topic: str

    async def resend(
        self, borrower_id: str, span: ResendSpan, *, actor: str, reason: str
    ) -> ResentEvents:
        """Appends a borrower's events of a span to the outbox, at most a page of each kind.

        Raises:
            NoSuchBorrower: If it is unknown.
            RefoldFailed: If its ledger cannot be folded.
        """
        partition, effects = await self._effects(borrower_id, span.number)

        async def append(connection: Connection) -> ResentEvents:
            # Before the rows are read: no newer assessment may get into the outbox before them.
            await self.partitions.lock(connection, topic=self.topic, partition=partition)
            stored: Sequence[tuple[int, bytes]] = ()
            if span.sequence is not None:
                stored = await self.rows.from_sequence(
                    connection, borrower_id, span.sequence, limit=MOST_AT_ONCE + 1
                )
            assessments, page = stored[:MOST_AT_ONCE], effects[:MOST_AT_ONCE]
            messages = [self.messages.assessment(borrower_id, event) for _, event in assessments]
            messages += self._encoded(page)
            await self.outbox.append(connection, messages, partition=partition)
            log.info(
                "event_resend.appended",
                partition=partition,
                assessments=len(assessments),
                other_events=len(page),
                requested_by=actor,
                reason=reason,
            )
            left = ResendSpan(
                sequence=stored[MOST_AT_ONCE][0] if len(stored) > MOST_AT_ONCE else None,
                number=effects[MOST_AT_ONCE].number if len(effects) > MOST_AT_ONCE else None,
            )
            return ResentEvents(resent=len(messages), left=left)

        return await self.database.in_transaction(append)

    async def _effects(self, borrower_id: str, first: int | None) -> tuple[int, list[Effect]]:
        """Returns the partition of a borrower, and what its fold has sent from a number on."""

        async def read(connection: Connection) -> tuple[int, list[Effect]]:
            await self.rows.hold_snapshot(connection)
            stored = await self.rows.stored(connection, borrower_id)
            if stored is None:
                raise NoSuchBorrower(f"there is no borrower {borrower_id}")
            row, folded_to = stored
            if first is None:
                return row.partition, []
            await self.rebuilder.refresh(connection)
            events = await self.ledger.events_of(connection, borrower_id)
            before = None if folded_to is None else folded_to + 1
            # In a thread: the history of a borrower may take seconds.
            refolded = await asyncio.to_thread(
                self.rebuilder.refold_row, row, events, before=before
            )
            return row.partition, [
                effect for effect in refolded.output.effects if effect.number >= first
            ]

        return await self.database.in_transaction(read)

    def _encoded(self, effects: list[Effect]) -> list[Message]:
        failures = Failures()
        messages = self.messages.of(FoldOutput(effects=effects), failures)
        for error in failures.values():
            raise error
        return messages
