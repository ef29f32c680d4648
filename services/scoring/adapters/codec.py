"""The codec of scoring: decodes events, encodes assessments and effects, and both for states."""

from datetime import datetime, tzinfo
from typing import Final

import msgspec

from services.contracts.envelope import CloudEvent, encode_event, rfc3339
from services.scoring.adapters import assessment_json, state_bytes
from services.scoring.adapters.wire.decoder import EventDecoder
from services.scoring.adapters.wire.values import Undecodable
from services.scoring.application.ports import Codec
from services.scoring.domain.assess.effects import Effect

# The ids of effects start with it, those of other events that scoring writes do not.
EFFECT_ID_PREFIX: Final = "told:"
ISOLATION_CHANGED: Final = "isolation.changed.v1"


def build_codec(zone: tzinfo) -> Codec:
    """Returns the codec for a bank in this time zone."""
    return Codec(
        decode=EventDecoder(zone).decode,
        source_of=source_of,
        refusal=Undecodable,
        encode_state=state_bytes.encode,
        decode_state=state_bytes.decode,
        unreadable=state_bytes.StateUnreadable,
        encode_assessment=assessment_json.risk_event,
        encode_effect=effect_event,
        encode_isolation=isolation_event,
    )


class _SourceOnly(msgspec.Struct, gc=False):
    source: str


_decode_source: Final = msgspec.json.Decoder(_SourceOnly).decode
UNKNOWN_SOURCE: Final = "unknown"


def source_of(raw: bytes) -> str:
    """Returns the source that a record names, whatever else is wrong with it."""
    try:
        return _decode_source(raw).source
    except (msgspec.DecodeError, UnicodeDecodeError):
        return UNKNOWN_SOURCE


def effect_event(effect: Effect) -> bytes:
    """Returns the canonical CloudEvent of an effect."""
    event = CloudEvent(
        id=effect_id(effect),
        source=assessment_json.SOURCE,
        type=effect.event_type,
        subject=effect.subject_id,
        time=assessment_json.moment_of(effect.at_us),
        data=effect.data,
    )
    return encode_event(event)


def isolation_event(borrower_id: str, isolated_since: datetime | None, at: datetime) -> bytes:
    """Returns the canonical CloudEvent of an isolation, or of its end."""
    event = CloudEvent(
        id=f"isolation:{borrower_id}:{rfc3339(at)}",
        source=assessment_json.SOURCE,
        type=ISOLATION_CHANGED,
        subject=borrower_id,
        time=at,
        data={"borrower_id": borrower_id, "isolated_since": isolated_since},
    )
    return encode_event(event)


def effect_id(effect: Effect) -> str:
    """Returns the id of an effect's event: unique, and the same in every fold."""
    return f"{EFFECT_ID_PREFIX}{effect.sender_id}:{effect.number}"


def effect_of(event_id: str) -> tuple[str, int]:
    """Returns the sender and the number of an effect by the id of its event."""
    sender_id, _, number = event_id.removeprefix(EFFECT_ID_PREFIX).rpartition(":")
    return sender_id, int(number)
