"""Starts reading a raw topic at the first record that it still has.

The kit starts a new topic at offset 0, which is right for Tocsin's own topics. A bank's topic may
be years old, and records that retention deleted before the first start are not missing. From then
on the offset is in the database, and a gap is an error as in every topic.
"""

from services.kit.database import Connection
from services.kit.stream.progress import Claim, PostgresProgress
from services.kit.stream.topic_reader import TopicReader

_BEGIN = """
UPDATE {schema}.partition_progress SET next_offset = $5
 WHERE consumer = $1 AND topic = $2 AND partition = $3 AND epoch = $4 AND next_offset = 0
"""


class RawProgress(PostgresProgress):
    """The offsets of raw topics."""

    def __init__(self, *, schema: str, consumer: str, owner: str, reader: TopicReader) -> None:
        super().__init__(schema=schema, consumer=consumer, owner=owner)
        self._begin = _BEGIN.format(schema=schema)
        self._name = consumer
        self._reader = reader

    async def claim(
        self, connection: Connection, *, topic: str, partition: int, partition_count: int
    ) -> Claim:
        """Claims the partition; a new one starts at the first record that exists."""
        claim = await super().claim(
            connection, topic=topic, partition=partition, partition_count=partition_count
        )
        if claim.epoch > 1 or claim.next_offset > 0:
            return claim
        first, _ = await self._reader.bounds(partition)
        if first == 0:
            return claim
        await connection.execute(self._begin, self._name, topic, partition, claim.epoch, first)
        return Claim(
            topic=topic,
            partition=partition,
            epoch=claim.epoch,
            next_offset=first,
            last_digest=None,
            partition_count=claim.partition_count,
        )
