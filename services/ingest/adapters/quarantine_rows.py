"""Rows of the quarantine table, and the kept inputs that they are."""

import json
from typing import Any

from services.ingest.application.inputs import Channel, Input, Position, QuarantinedInput, Status
from services.ingest.application.ports import Entry, FullEntry
from services.ingest.domain.fingerprints import digest
from services.ingest.domain.reasons import Reason

_MOST_CHARACTERS = 2_000


def parameters(kept: QuarantinedInput) -> list[Any]:
    """Return what the insert statement takes, in its order."""
    given, position = kept.input, kept.input.position
    headers = json.dumps([[storable(name), storable(value)] for name, value in given.headers])
    # In the binary mode of HTTP the headers are half of the event.
    fingerprint = digest(given.raw + (headers.encode() if given.channel is Channel.HTTP else b""))
    return [
        (Status.PARKED if kept.is_parked else Status.OPEN).value,
        kept.refusal.reason.value,
        storable(kept.refusal.pointer),
        storable(kept.refusal.detail),
        given.channel.value,
        given.raw,
        fingerprint,
        headers,
        storable(given.content_type),
        position.topic if position else None,
        position.partition if position else None,
        position.offset if position else None,
        given.sender,
        list(given.sources),
        _optional(kept.source),
        _optional(kept.event_id),
        _optional(kept.event_type),
        _optional(kept.account_id),
        kept.received_at,
    ]


def storable(text: str) -> str:
    """Return a text that PostgreSQL can hold: no NUL, no half surrogates, not without end."""
    clean = text.replace("\x00", "�").encode("utf-8", "replace").decode("utf-8")
    return clean[:_MOST_CHARACTERS]


def _optional(text: str | None) -> str | None:
    return storable(text) if text is not None else None


def entry_of(row: Any) -> Entry:
    """Return the entry of a row."""
    return Entry(
        id=row["id"],
        status=Status(row["status"]),
        reason=Reason(row["reason"]),
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
    )


def full_entry_of(row: Any) -> FullEntry:
    """Return the entry of a row with the input as it came."""
    return FullEntry(
        entry=entry_of(row),
        input=Input(
            channel=Channel(row["channel"]),
            raw=row["raw"],
            headers=tuple((name, value) for name, value in json.loads(row["headers"])),
            content_type=row["content_type"],
            position=_position_of(row),
            sender=row["sender"],
            sources=tuple(row["sender_sources"]),
        ),
    )


def _position_of(row: Any) -> Position | None:
    if row["topic"] is None:
        return None
    return Position(topic=row["topic"], partition=row["partition"], offset=row["record_offset"])
