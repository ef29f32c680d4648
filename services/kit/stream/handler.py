"""What a service gives to the fenced consumer: how to apply a batch of one partition.

Every call for one partition comes from one task, one after the other. Nothing that a handler
keeps in memory is true before `committed`: `apply` may run, fail and run again with the same
records, or with a part of them.
"""

from dataclasses import dataclass
from typing import Protocol

from services.kit.database import Connection
from services.kit.stream.records import Batch, Record


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of a batch's records; all others were applied."""

    duplicates: int = 0
    quarantined: int = 0


NOTHING_UNUSUAL = Tally()


class Handler(Protocol):
    """Applies records. Subclass it: the hooks that are not needed may stay as they are."""

    async def claimed(self, partition: int, connection: Connection) -> None:
        """Prepare for a partition, inside the transaction that claims it."""
        return None

    async def apply(self, batch: Batch, connection: Connection) -> Tally:
        """Write what the batch changes, inside the fenced transaction; never commit.

        Any exception that the database did not cause makes the consumer look for the record
        that is to blame, by halving the batch, and give it to `quarantine`.
        """
        ...

    async def quarantine(self, record: Record, error: Exception, connection: Connection) -> None:
        """Keep a record that cannot be applied, with its bytes, inside its own transaction."""
        ...

    def has_chores(self, partition: int) -> bool:
        """Return whether work is left that no record brings, such as a sweep over all keys."""
        return False

    async def do_chore(self, partition: int, connection: Connection) -> None:
        """Do a bounded piece of that work, in a fenced transaction between two batches."""
        return None

    def committed(self, batch: Batch) -> None:
        """Learn that the batch is durable."""
        return None

    def rolled_back(self, partition: int) -> None:
        """Forget everything in memory about the partition: the transaction did not happen."""
        return None

    async def released(self, partition: int) -> None:
        """Forget everything in memory about the partition: it belongs to somebody else now."""
        return None
