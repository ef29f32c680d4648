"""The outbox: messages that are published if, and only if, the transaction that wrote them commits.

A handler appends them inside the fenced transaction, and they get consecutive numbers within the
partition. The partition's owner relays them in that order (`relay.py`). One process writes a
partition's rows and one relays them, so no row can be missed between two commits.

Messages of HTTP requests belong to no partition. They are appended under `SHARED`, where the row
that gives out the numbers is locked by one writer after the other.
"""

from collections.abc import Sequence

import msgspec

from services.kit.database import Connection

SHARED = -1

TABLES = """
CREATE TABLE {schema}.outbox (
    partition integer NOT NULL,
    seq bigint NOT NULL,
    topic text NOT NULL,
    to_partition integer,
    key bytea,
    value bytea NOT NULL,
    headers bytea NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (partition, seq)
) WITH (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 20000);
CREATE TABLE {schema}.outbox_sequence (
    partition integer PRIMARY KEY,
    last_seq bigint NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE {schema}.outbox_progress (
    partition integer PRIMARY KEY,
    relayed_seq bigint NOT NULL
) WITH (fillfactor = 50);
"""

APPEND = """
WITH taken AS (
    INSERT INTO {schema}.outbox_sequence AS held (partition, last_seq)
    VALUES ($1, cardinality($5::bytea[]))
    ON CONFLICT (partition) DO UPDATE SET last_seq = held.last_seq + excluded.last_seq
    RETURNING last_seq - cardinality($5::bytea[]) AS before
)
INSERT INTO {schema}.outbox (partition, seq, topic, to_partition, key, value, headers)
SELECT $1, before + place, topic, to_partition, key, value, headers
  FROM taken,
       unnest($2::text[], $3::integer[], $4::bytea[], $5::bytea[], $6::bytea[])
       WITH ORDINALITY AS rows (topic, to_partition, key, value, headers, place)
"""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message to a topic; its key decides the partition unless `to_partition` names it."""

    topic: str
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()
    to_partition: int | None = None


class Outbox:
    """The outbox of one service."""

    def __init__(self, *, schema: str) -> None:
        self._append = APPEND.format(schema=schema)
        self._appended: set[int] = set()

    async def append(
        self, connection: Connection, messages: Sequence[Message], *, partition: int = SHARED
    ) -> None:
        """Appends messages in the caller's transaction; they are relayed in this order."""
        if not messages:
            return
        await connection.execute(
            self._append,
            partition,
            [message.topic for message in messages],
            [message.to_partition for message in messages],
            [message.key for message in messages],
            [message.value for message in messages],
            [pack_headers(message.headers) for message in messages],
        )
        self._appended.add(partition)

    def take_appended(self, partition: int) -> bool:
        """Returns whether messages were appended since the last call, and resets it."""
        if partition in self._appended:
            self._appended.remove(partition)
            return True
        return False


def pack_headers(headers: Sequence[tuple[str, bytes]]) -> bytes:
    """Returns headers as the bytes of one column."""
    return msgspec.msgpack.encode(headers)


def unpack_headers(column: bytes) -> tuple[tuple[str, bytes], ...]:
    """Returns the headers of a row."""
    return msgspec.msgpack.decode(column, type=tuple[tuple[str, bytes], ...])
