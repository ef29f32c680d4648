"""Converts quarantined inputs to rows of the table, and rows to entries."""

import json
from typing import Any

from services.ingest.application.inputs import (
    Input,
    InputChannel,
    QuarantinedInput,
    RecordPosition,
    Status,
)
from services.ingest.application.ports import FullEntry, QuarantineEntry
from services.ingest.domain.fingerprints import digest
from services.ingest.domain.reasons import RefusalReason

_MAX_CHARACTERS = 2_000
# What a row and its indexes occupy besides the input.
ROW_BYTES = 1_000


def parameters(quarantined: QuarantinedInput) -> list[Any]:
    """Returns the parameters of the insert statement, in its order."""
    given, position = quarantined.input, quarantined.input.position
    return [
        (Status.PARKED if quarantined.is_parked else Status.OPEN).value,
        quarantined.refusal.reason.value,
        storable(quarantined.refusal.pointer),
        storable(quarantined.refusal.detail),
        given.channel.value,
        given.raw,
        fingerprint(given),
        _headers(given),
        storable(given.content_type),
        position.topic if position else None,
        position.partition if position else None,
        position.offset if position else None,
        given.sender,
        list(given.sources),
        list(given.may_send),
        _optional(quarantined.source),
        _optional(quarantined.event_id),
        _optional(quarantined.event_type),
        _optional(quarantined.account_id),
        quarantined.received_at,
        quarantined.refusal.retry_at,
    ]


def occupied_bytes(given: Input) -> int:
    """Returns what an input occupies once stored: one byte is a row, and headers may be long."""
    return ROW_BYTES + len(given.raw) + len(_headers(given))


def fingerprint(given: Input) -> bytes:
    """Returns the fingerprint of an input."""
    # In the binary mode of HTTP the headers contain the event's attributes.
    headers = _headers(given).encode() if given.channel is InputChannel.HTTP else b""
    return digest(given.raw + headers)


def _headers(given: Input) -> str:
    return json.dumps([[storable(name), storable(value)] for name, value in given.headers])


def storable(text: str) -> str:
    """Returns a shortened text without NUL and lone surrogates, which PostgreSQL refuses."""
    clean = text.replace("\x00", "�").encode("utf-8", "replace").decode("utf-8")
    return clean[:_MAX_CHARACTERS]


def _optional(text: str | None) -> str | None:
    return storable(text) if text is not None else None


def entry_of(row: Any) -> QuarantineEntry:
    """Returns the entry of a row."""
    return QuarantineEntry(
        id=row["id"],
        status=Status(row["status"]),
        reason=RefusalReason(row["reason"]),
        pointer=row["pointer"],
        detail=row["detail"],
        channel=row["channel"],
        position=_position_of(row),
        source=row["source"],
        event_id=row["event_id"],
        event_type=row["event_type"],
        account_id=row["account_id"],
        sender=row["sender"],
        times_seen=row["times_seen"],
        attempts=row["attempts"],
        received_at=row["received_at"],
        settled_at=row["settled_at"],
        settled_by=row["settled_by"],
        note=row["note"],
        retry_at=row["retry_at"],
    )


def full_entry_of(row: Any) -> FullEntry:
    """Returns the entry of a row with its original input."""
    return FullEntry(
        entry=entry_of(row),
        input=Input(
            channel=InputChannel(row["channel"]),
            raw=row["raw"],
            headers=tuple((name, value) for name, value in json.loads(row["headers"])),
            content_type=row["content_type"],
            position=_position_of(row),
            sender=row["sender"],
            sources=tuple(row["sender_sources"]),
            may_send=tuple(row["sender_types"]),
        ),
    )


def _position_of(row: Any) -> RecordPosition | None:
    if row["topic"] is None:
        return None
    return RecordPosition(
        topic=row["topic"], partition=row["partition"], offset=row["record_offset"]
    )
