"""The broker as the fenced consumer needs it: a small port.

`kafka.py` implements it with aiokafka; the deterministic simulation with lists.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from services.kit.stream.records import Record


class BrokerUnavailable(Exception):
    """The broker did not answer in time."""


class OffsetOutOfRange(Exception):
    """The log does not hold the offset that was asked for."""

    def __init__(self, partition: int, offset: int) -> None:
        super().__init__(f"partition {partition} holds no offset {offset}")
        self.partition = partition
        self.offset = offset


class Listener(Protocol):
    """Who is told when the group moves partitions."""

    async def revoked(self, partitions: frozenset[int]) -> None:
        """Let go; the group waits for the return."""
        ...

    async def assigned(self, partitions: frozenset[int]) -> None:
        """Start work on partitions that nobody else of the group has."""
        ...


class Log(Protocol):
    """One topic, read as a member of a group. Positions are never taken from the group."""

    topic: str

    async def start(self, listener: Listener) -> None:
        """Join the group."""
        ...

    async def stop(self) -> None:
        """Leave, within a bounded time."""
        ...

    async def poll(
        self, *, wait_seconds: float, most_records: int
    ) -> Mapping[int, Sequence[Record]]:
        """Return records of assigned partitions that are not paused, by partition.

        Raises:
            OffsetOutOfRange: If a position lies outside of the log.
            BrokerUnavailable: If the broker does not answer.
        """
        ...

    def seek(self, partition: int, offset: int) -> None:
        """Read on from there."""
        ...

    def pause(self, partition: int) -> None:
        """Return no records of the partition until it is resumed."""
        ...

    def resume(self, partition: int) -> None:
        """Return records of the partition again."""
        ...

    async def bounds(self, partition: int) -> tuple[int, int]:
        """Return the first offset that the log holds and the one after its last.

        Raises:
            BrokerUnavailable: If the broker does not answer.
        """
        ...

    async def partition_count(self) -> int:
        """Return how many partitions the topic has.

        Raises:
            BrokerUnavailable: If the broker does not answer.
        """
        ...

    async def advised(self, partition: int) -> int | None:
        """Return how far the group was told that the work is; None when it was told nothing.

        Raises:
            BrokerUnavailable: If the broker does not answer.
        """
        ...

    async def commit(self, next_offsets: Mapping[int, int]) -> None:
        """Tell the group how far the work is: advice for lag metrics and autoscaling.

        Raises:
            BrokerUnavailable: If the broker does not answer or refuses.
        """
        ...
