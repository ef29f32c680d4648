"""Scoring's bytes in one place: events in, states both ways, assessments and effects out."""

from datetime import tzinfo
from typing import Final

import msgspec

from services.scoring.adapters import assessment_json, state_bytes, wire
from services.scoring.adapters.assessment_json import shown_moment
from services.scoring.application.ports import Codec
from services.scoring.domain.assess.effects import Effect

# Begins the ids of what borrowers had told; decisions that scoring writes have other ids.
TOLD: Final = "told:"


def build_codec(zone: tzinfo) -> Codec:
    """Return the codec for a bank in this time zone."""
    return Codec(
        decode=wire.Decoder(zone).decode,
        refusal=wire.Undecodable,
        encode_state=state_bytes.encode,
        decode_state=state_bytes.decode,
        unreadable=state_bytes.StateUnreadable,
        encode_assessment=assessment_json.risk_event,
        encode_effect=effect_event,
    )


def effect_event(effect: Effect) -> bytes:
    """Return the canonical CloudEvent of an effect; its id is its sender's running number."""
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": effect_id(effect),
            "source": assessment_json.SOURCE,
            "type": effect.event_type,
            "subject": effect.subject_id,
            "time": shown_moment(effect.at_us),
            "data": effect.data,
        },
        order="deterministic",
    )


def effect_id(effect: Effect) -> str:
    """Return the id of an effect's event: unique, and the same however often it is folded."""
    return f"{TOLD}{effect.sender_id}:{effect.number}"
