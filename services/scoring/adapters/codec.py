"""Scoring's bytes in one place: events in, states both ways, assessments and effects out."""

from datetime import tzinfo
from typing import Final

from services.contracts.envelope import CloudEvent, encode_event
from services.scoring.adapters import assessment_json, state_bytes
from services.scoring.adapters.wire.decoder import EventDecoder
from services.scoring.adapters.wire.values import EPOCH, ONE_US, Undecodable
from services.scoring.application.ports import Codec
from services.scoring.domain.assess.effects import Effect

# Begins the ids of effects; control events that scoring writes have other ids.
EFFECT_ID_PREFIX: Final = "told:"


def build_codec(zone: tzinfo) -> Codec:
    """Returns the codec for a bank in this time zone."""
    return Codec(
        decode=EventDecoder(zone).decode,
        refusal=Undecodable,
        encode_state=state_bytes.encode,
        decode_state=state_bytes.decode,
        unreadable=state_bytes.StateUnreadable,
        encode_assessment=assessment_json.risk_event,
        encode_effect=effect_event,
    )


def effect_event(effect: Effect) -> bytes:
    """Returns the canonical CloudEvent of an effect; its id is its sender's running number."""
    event = CloudEvent(
        id=effect_id(effect),
        source=assessment_json.SOURCE,
        type=effect.event_type,
        subject=effect.subject_id,
        time=EPOCH + effect.at_us * ONE_US,
        data=effect.data,
    )
    return encode_event(event)


def effect_id(effect: Effect) -> str:
    """Returns the id of an effect's event: unique, and the same however often it is folded."""
    return f"{EFFECT_ID_PREFIX}{effect.sender_id}:{effect.number}"
