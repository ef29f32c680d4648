"""Lists the isolated borrowers and lets them resume: for operators.

A resume is folded by the worker that owns the partition, because only the owner may write states.
Here it is requested, and the partition is released: its owner claims it again within seconds and
reads the request.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from services.kit.database import Connection, Database

log = structlog.get_logger(__name__)


class NotIsolated(Exception):
    """There is no isolated borrower of this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IsolatedBorrower:
    """A borrower that is folded no further, and how many of its events wait in the ledger."""

    borrower_id: str
    partition: int
    folded_to: int
    reason: str
    isolated_at: datetime
    is_resume_requested: bool
    waiting: int


class IsolationRows(Protocol):
    """The marks of isolated borrowers."""

    async def listed(
        self, connection: Connection, *, after: str, limit: int
    ) -> list[IsolatedBorrower]:
        """Returns isolated borrowers in the order of their ids."""
        ...

    async def partition_of(self, connection: Connection, borrower_id: str) -> int | None:
        """Returns the partition of an isolated borrower, or None if it is not isolated."""
        ...

    async def request_resume(
        self, connection: Connection, borrower_id: str, *, actor: str, reason: str
    ) -> None:
        """Stores that the borrower may resume, and for the audit who lets it and why."""
        ...


class PartitionRelease(Protocol):
    """Makes the owner of a partition claim it again."""

    async def release(self, connection: Connection, *, topic: str, partition: int) -> None:
        """Fences the owner; the process that the group gave the partition claims it again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class IsolatedBorrowers:
    """The use cases."""

    database: Database
    rows: IsolationRows
    partitions: PartitionRelease
    topic: str

    async def listed(self, *, after: str, limit: int) -> list[IsolatedBorrower]:
        """Returns isolated borrowers in the order of their ids."""

        async def read(connection: Connection) -> list[IsolatedBorrower]:
            return await self.rows.listed(connection, after=after, limit=limit)

        return await self.database.in_transaction(read)

    async def resume(self, borrower_id: str, *, actor: str, reason: str) -> None:
        """Requests that a borrower resumes.

        Raises:
            NotIsolated: If it is not isolated.
        """

        async def request(connection: Connection) -> int:
            partition = await self.rows.partition_of(connection, borrower_id)
            if partition is None:
                raise NotIsolated(f"borrower {borrower_id} is not isolated")
            # The partition's row first, as in every transaction of its owner.
            await self.partitions.release(connection, topic=self.topic, partition=partition)
            await self.rows.request_resume(connection, borrower_id, actor=actor, reason=reason)
            return partition

        partition = await self.database.in_transaction(request)
        log.info(
            "isolation.resume_requested", partition=partition, requested_by=actor, reason=reason
        )
