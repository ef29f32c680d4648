"""The interface between the fenced consumer and a service: how a batch is applied.

All calls for one partition come from one task, one after the other. Nothing that a handler caches
is true before `committed`: `apply` may run, fail, and run again with the same records or with a
part of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from services.kit.database import Connection
from services.kit.stream.records import Batch


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts the records of a batch that were not applied.

    Attributes:
        sources: By source, how many of its records are bad, and how many it has in the batch; left
            out where none is bad, and by a handler whose topic has one source.
    """

    duplicates: int = 0
    quarantined: int = 0
    sources: Mapping[str, tuple[int, int]] | None = None

    def __add__(self, other: "Tally") -> "Tally":
        """Returns the sum of both; the sources are the other's, if it has any."""
        return Tally(
            self.duplicates + other.duplicates,
            self.quarantined + other.quarantined,
            other.sources or self.sources,
        )


ALL_APPLIED = Tally()


class Handler(Protocol):
    """Applies records. A subclass overrides the hooks that it needs."""

    async def claimed(self, partition: int, connection: Connection) -> None:
        """Prepares for a partition, inside the transaction that claims it."""
        return None

    async def apply(self, batch: Batch, connection: Connection) -> Tally:
        """Writes what the batch changes, inside the fenced transaction; never commits.

        Any exception that the database did not cause makes the consumer search for the record that
        caused it, by halving the batch, and pass that record to `quarantine`.
        """
        ...

    async def quarantine(self, batch: Batch, error: Exception, connection: Connection) -> Tally:
        """Stores the only record of a batch, which cannot be applied, in its own transaction.

        Returns its count: a record that was quarantined before is a duplicate.
        """
        ...

    def has_background_work(self, partition: int) -> bool:
        """Returns whether there is work that no record brings, such as a sweep over all keys."""
        return False

    async def background_step(self, partition: int, connection: Connection) -> None:
        """Does a bounded piece of that work, in a fenced transaction between two batches."""
        return None

    def committed(self, batch: Batch) -> None:
        """Accepts into the cache what `apply` computed: the batch is durable."""
        return None

    def rolled_back(self, partition: int) -> None:
        """Drops the partition's cache: the transaction did not commit, or may not have."""
        return None

    async def released(self, partition: int) -> None:
        """Drops the partition's cache: another process owns the partition from now on."""
        return None
