"""Turns what folding brought into messages for the outbox.

Risk events and reminders go to the risk topic keyed by borrower; what a borrower tells a linked one
goes back to the events topic keyed by the linked borrower, and comes to it as an ordinary event.
"""

from dataclasses import dataclass

from services.kit.stream.outbox import Message
from services.scoring.application.folding import News
from services.scoring.application.ports import Codec

CONTENT_TYPE = (("content-type", b"application/cloudevents+json"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Makes messages for two topics."""

    codec: Codec
    risk_topic: str
    events_topic: str

    def messages(self, news: News) -> list[Message]:
        """Return the messages in the order in which they must leave; fills in the bytes."""
        found: list[Message] = []
        for said in news.said:
            said.encoded = self.codec.encode_assessment(said.assessment)
            key = said.assessment.borrower_id
            found.append(self._message(self.risk_topic, key, said.encoded))
        for effect in news.effects:
            topic = self.risk_topic if effect.is_for_risk else self.events_topic
            raw = self.codec.encode_effect(effect)
            found.append(self._message(topic, effect.subject_id, raw))
        return found

    @staticmethod
    def _message(topic: str, key: str, value: bytes) -> Message:
        return Message(topic=topic, key=key.encode(), value=value, headers=CONTENT_TYPE)
