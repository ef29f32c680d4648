"""The broker as the fenced consumer sees it: one topic, read as a member of a group.

`kafka.py` implements the port with aiokafka, the deterministic simulation with lists.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from services.kit.stream.records import Record


class BrokerUnavailable(Exception):
    """The broker did not answer in time."""


class OffsetOutOfRange(Exception):
    """The topic does not hold the requested offset."""

    def __init__(self, partition: int, offset: int) -> None:
        super().__init__(f"partition {partition} holds no offset {offset}")
        self.partition = partition
        self.offset = offset


class RebalanceListener(Protocol):
    """Follows the partitions that the group assigns and revokes."""

    async def revoked(self, partitions: frozenset[int]) -> None:
        """Releases partitions; the group waits until this returns."""
        ...

    async def assigned(self, partitions: frozenset[int]) -> None:
        """Starts work on partitions that no other member of the group has."""
        ...


class TopicReader(Protocol):
    """One topic, read as a member of a group. Offsets to read from are never taken from the group.

    Every method that calls the broker raises `BrokerUnavailable` when it does not answer in time.
    """

    topic: str

    async def start(self, listener: RebalanceListener) -> None:
        """Joins the group."""
        ...

    async def stop(self) -> None:
        """Leaves the group, within a bounded time."""
        ...

    async def poll(
        self, *, wait_seconds: float, max_records: int
    ) -> Mapping[int, Sequence[Record]]:
        """Returns records of assigned partitions that are not paused, by partition.

        Raises:
            OffsetOutOfRange: If a partition's offset lies outside of the topic.
        """
        ...

    def seek(self, partition: int, offset: int) -> None:
        """Sets the offset that is fetched next."""
        ...

    def pause(self, partition: int) -> None:
        """Stops returning records of the partition until it is resumed."""
        ...

    def resume(self, partition: int) -> None:
        """Returns records of the partition again."""
        ...

    async def bounds(self, partition: int) -> tuple[int, int]:
        """Returns the first offset that the topic has, and the one after its last."""
        ...

    async def partition_count(self) -> int:
        """Returns the number of the topic's partitions."""
        ...

    async def committed(self, partition: int) -> int | None:
        """Returns the offset that the group committed last; None when it never did."""
        ...

    async def commit(self, next_offsets: Mapping[int, int]) -> None:
        """Commits offsets to the group, for lag metrics and autoscaling only."""
        ...
