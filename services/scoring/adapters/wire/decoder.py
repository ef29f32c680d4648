"""Decodes the canonical CloudEvent of one record or line into a domain event.

Called once per event by the scoring worker, by `tocsin score` and by `tocsin verify`.
"""

from collections.abc import Callable
from datetime import tzinfo
from typing import Any, Final, NamedTuple

import msgspec

from services.contracts.decoding import data_decoder, envelope_decoder
from services.contracts.envelope import CloudEvent
from services.contracts.fields import EventData
from services.contracts.registry import EVENT_TYPES, EventTopic
from services.scoring.adapters.wire import accounts, control, credit_file, loans
from services.scoring.adapters.wire.values import (
    BusinessDays,
    Head,
    Undecodable,
    codes_of,
    word_code,
)
from services.scoring.domain.events.event import Event
from services.scoring.domain.primitives import vocabulary

# Any: each function takes the data of its own type, and the table is keyed by exactly that type.
ToDomain = Callable[[Head, Any], Event]

TO_DOMAIN: Final[dict[type[EventData], ToDomain]] = {
    **accounts.TO_DOMAIN,
    **loans.TO_DOMAIN,
    **credit_file.TO_DOMAIN,
    **control.TO_DOMAIN,
}
CORRECTION_CODES: Final = codes_of(vocabulary.CORRECTION_KINDS)


class EventDecoder:
    """Decodes events in one bank's time zone; without state except a cache of dates."""

    def __init__(self, zone: tzinfo) -> None:
        """Uses the time zone in which the bank's business days are counted."""
        self._days = BusinessDays(zone)
        self._envelope = envelope_decoder()
        self._types = {
            name: _DecodedType(
                data_decoder(event_type.data),
                TO_DOMAIN[event_type.data],
                event_type.must_correct,
            )
            for name, event_type in EVENT_TYPES.items()
            if event_type.topic is EventTopic.EVENTS
        }

    def decode(self, raw: bytes) -> Event:
        """Returns the event in the bytes of one record or line.

        Raises:
            Undecodable: If it cannot be converted exactly; the message gives the reason.
        """
        try:
            return self._decode(raw)
        except msgspec.DecodeError as error:
            raise Undecodable(f"not readable as an event: {error}") from error

    def _decode(self, raw: bytes) -> Event:
        envelope = self._envelope(raw)
        kind = envelope.correctionkind
        at_us = self._days.moment_us(envelope.time)
        head = Head(
            envelope.source,
            envelope.id,
            envelope.subject,
            at_us,
            self._days.day_of(at_us),
            envelope.correctsid or None,
            word_code(CORRECTION_CODES, kind, "correctionkind") if kind else 0,
        )
        decoded_type = self._types.get(envelope.type)
        if decoded_type is None:
            raise Undecodable(f"type: {envelope.type!r} is not an event type that scoring reads")
        if kind or decoded_type.must_correct:
            _check_correction(envelope)
        return decoded_type.to_domain(head, decoded_type.decode(envelope.data))


class _DecodedType(NamedTuple):
    decode: Callable[[msgspec.Raw], EventData]
    to_domain: ToDomain
    must_correct: bool


def _check_correction(envelope: CloudEvent[msgspec.Raw]) -> None:
    """Raises `Undecodable` if an event of this type cannot correct in this way."""
    event_type, kind = EVENT_TYPES[envelope.type], envelope.correctionkind
    if event_type.must_correct and not envelope.correctsid:
        raise Undecodable("correctsid: missing; a reversal names the event that it takes back")
    if kind and kind not in event_type.corrections:
        raise Undecodable(f"correctionkind: {event_type.name} {event_type.in_place_of(kind)}")
