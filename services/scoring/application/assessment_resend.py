"""Sends stored assessments again that the risk topic or a consumer lacks: for operators.

They go through the outbox of the borrower's partition, so its owner relays them in order and fenced
like all others. Their bytes are the stored ones: a consumer that has one drops it by its number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from services.kit.database import Connection, Database
from services.kit.stream.outbox import Outbox
from services.scoring.application.outbox_messages import OutboxMessages

log = structlog.get_logger(__name__)

# One page of the relay.
MOST_AT_ONCE = 500


class NoSuchAssessment(Exception):
    """The borrower has no assessment of the number or a later one."""


class AssessmentRows(Protocol):
    """The stored assessments."""

    async def partition_of(self, connection: Connection, borrower_id: str) -> int | None:
        """Returns the partition of a borrower, or None if it is unknown."""
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
class ResentAssessments:
    """How many were appended to the outbox, and where the next call goes on; None at the end."""

    resent: int
    next_sequence: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentResend:
    """The use case."""

    database: Database
    rows: AssessmentRows
    partitions: PartitionLock
    outbox: Outbox
    messages: OutboxMessages
    topic: str

    async def resend(
        self, borrower_id: str, *, from_sequence: int, actor: str, reason: str
    ) -> ResentAssessments:
        """Appends a borrower's assessments from a number on to the outbox, a page of them.

        Raises:
            NoSuchAssessment: If there is none.
        """

        async def append(connection: Connection) -> ResentAssessments:
            partition = await self.rows.partition_of(connection, borrower_id)
            if partition is None:
                raise NoSuchAssessment(f"there is no borrower {borrower_id}")
            # Before the rows are read: no newer assessment may get into the outbox before them.
            await self.partitions.lock(connection, topic=self.topic, partition=partition)
            stored = await self.rows.from_sequence(
                connection, borrower_id, from_sequence, limit=MOST_AT_ONCE + 1
            )
            if not stored:
                raise NoSuchAssessment(
                    f"borrower {borrower_id} has no assessment {from_sequence} or later"
                )
            page = stored[:MOST_AT_ONCE]
            messages = [self.messages.assessment(borrower_id, event) for _, event in page]
            await self.outbox.append(connection, messages, partition=partition)
            log.info(
                "assessment_resend.appended",
                partition=partition,
                first=page[0][0],
                last=page[-1][0],
                requested_by=actor,
                reason=reason,
            )
            following = stored[MOST_AT_ONCE][0] if len(stored) > len(page) else None
            return ResentAssessments(resent=len(page), next_sequence=following)

        return await self.database.in_transaction(append)
