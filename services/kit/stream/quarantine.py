"""The quarantine of a consumer: records that cannot be applied, with bytes, offset and reason.

Each consuming schema has the table. Services insert from `Handler.quarantine` and, for records that
they recognise as bad themselves, from `Handler.apply`. A record has one row, however often it is
tried or read, and nobody changes or deletes it: where the row is there already, the record counts
as a duplicate. What became of it is in a table of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from services.kit import audit
from services.kit.database import Connection
from services.kit.stream.handler import Tally
from services.kit.stream.outbox import pack_headers
from services.kit.stream.records import Record, log_position

RECEIVED = ("topic", "partition", '"offset"', "key", "value", "headers", "quarantined_at")
TABLES = """
CREATE TABLE {schema}.quarantine (
    id bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    key bytea,
    value bytea,
    headers bytea NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    source text,
    event_id text,
    quarantined_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition, "offset")
);
CREATE TABLE {schema}.quarantine_settlement (
    quarantine_id bigint PRIMARY KEY REFERENCES {schema}.quarantine (id),
    status text NOT NULL CHECK (status IN ('released', 'discarded')),
    settled_at timestamptz NOT NULL,
    settled_by text NOT NULL,
    note text,
    CHECK ((status = 'discarded') <= (length(note) > 0))
);
"""
TABLES += audit.append_only("{schema}", "quarantine", columns=RECEIVED)
TABLES += audit.append_only("{schema}", "quarantine_settlement")
INSERT = """
INSERT INTO {schema}.quarantine
    (topic, partition, "offset", key, value, headers, reason, detail, source, event_id)
SELECT * FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::bytea[], $5::bytea[],
                     $6::bytea[], $7::text[], $8::text[], $9::text[], $10::text[])
ON CONFLICT DO NOTHING
"""
MAX_DETAIL_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """A record that cannot be applied, and why; the generation is that of its log."""

    record: Record
    reason: str
    detail: str
    generation: int = 0


class _RecordOrigin(msgspec.Struct, gc=False):
    source: str | None = None
    id: str | None = None


_decode_origin = msgspec.json.Decoder(_RecordOrigin).decode


def _origin(value: bytes | None) -> _RecordOrigin:
    """Returns source and id of a record, as far as it has them."""
    try:
        return _decode_origin(value or b"")
    except msgspec.DecodeError:
        return _RecordOrigin()


class Quarantine:
    """The quarantine table of one service."""

    def __init__(self, *, schema: str) -> None:
        self._insert = INSERT.format(schema=schema)

    async def insert(self, connection: Connection, rejected: Sequence[RejectedRecord]) -> Tally:
        """Stores records that cannot be applied, in the caller's transaction; counts them."""
        if not rejected:
            return Tally()
        records = [each.record for each in rejected]
        origins = [_origin(record.value) for record in records]
        status = await connection.execute(
            self._insert,
            [record.topic for record in records],
            [record.partition for record in records],
            [log_position(each.generation, each.record.offset) for each in rejected],
            [record.key for record in records],
            [record.value for record in records],
            [pack_headers(record.headers) for record in records],
            [storable(each.reason) for each in rejected],
            [storable(each.detail) for each in rejected],
            [origin.source and storable(origin.source) for origin in origins],
            [origin.id and storable(origin.id) for origin in origins],
        )
        stored = int(status.rsplit(" ", 1)[-1])
        return Tally(duplicates=len(rejected) - stored, quarantined=stored)


def storable(text: str) -> str:
    """Returns text that PostgreSQL can store: no NUL, no lone surrogate, bounded."""
    short = text[:MAX_DETAIL_CHARACTERS].replace("\x00", "�")
    return short.encode("utf-8", "replace").decode("utf-8")
