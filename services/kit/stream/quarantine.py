"""Where records go that cannot be applied: with their bytes, their place and the reason.

Each consuming schema has the table; scoring and alerts fill it from `Handler.quarantine` and,
for what they recognise as bad themselves, from `Handler.apply`. One row per record, however
often it is tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.kit.database import Connection
from services.kit.stream.outbox import packed
from services.kit.stream.records import Record

TABLES = """
CREATE TABLE {schema}.quarantine (
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    key bytea,
    value bytea,
    headers bytea NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    quarantined_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition, "offset")
);
"""
KEEP = """
INSERT INTO {schema}.quarantine (topic, partition, "offset", key, value, headers, reason, detail)
SELECT * FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::bytea[], $5::bytea[],
                     $6::bytea[], $7::text[], $8::text[])
ON CONFLICT DO NOTHING
"""
MOST_DETAIL_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class Refused:
    """A record and why it cannot be applied."""

    record: Record
    reason: str
    detail: str


class Quarantine:
    """The table of one service."""

    def __init__(self, *, schema: str) -> None:
        self._keep = KEEP.format(schema=schema)

    async def keep(self, connection: Connection, refused: Sequence[Refused]) -> None:
        """Write records that cannot be applied, in the caller's transaction."""
        if not refused:
            return
        await connection.execute(
            self._keep,
            [one.record.topic for one in refused],
            [one.record.partition for one in refused],
            [one.record.offset for one in refused],
            [one.record.key for one in refused],
            [one.record.value for one in refused],
            [packed(one.record.headers) for one in refused],
            [storable(one.reason) for one in refused],
            [storable(one.detail) for one in refused],
        )


def storable(text: str) -> str:
    """Return text that PostgreSQL can hold: no NUL, no lone surrogate, not endless."""
    short = text[:MOST_DETAIL_CHARACTERS].replace("\x00", "�")
    return short.encode("utf-8", "replace").decode("utf-8")
