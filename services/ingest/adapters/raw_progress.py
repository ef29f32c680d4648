"""Where reading of a raw topic begins: at the first record that the bank's topic still holds.

The kit begins every new topic at offset 0, which is right for a topic of ours. A bank's topic may
be years old and have lost its beginning to retention; what was gone before we came is no loss.
From then on the position is in the database, and a hole is loud like everywhere.
"""

from services.kit.database import Connection
from services.kit.stream.progress import Claim, PostgresProgress
from services.kit.stream.topic_reader import TopicReader

_BEGIN = """
UPDATE {schema}.partition_progress SET next_offset = $5
 WHERE consumer = $1 AND topic = $2 AND partition = $3 AND epoch = $4 AND next_offset = 0
"""


class RawProgress(PostgresProgress):
    """The positions in raw topics."""

    def __init__(self, *, schema: str, consumer: str, owner: str, reader: TopicReader) -> None:
        super().__init__(schema=schema, consumer=consumer, owner=owner)
        self._begin = _BEGIN.format(schema=schema)
        self._name = consumer
        self._reader = reader

    async def claim(
        self, connection: Connection, *, topic: str, partition: int, partition_count: int
    ) -> Claim:
        """Take the partition over; a new one begins at the first record that there is."""
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
