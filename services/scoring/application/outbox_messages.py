"""Turns the output of folding into messages for the risk topic and the events topic."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from services.kit.stream.outbox import Message
from services.scoring.application.control_events import CONTENT_TYPE
from services.scoring.application.folding import FoldOutput
from services.scoring.application.ports import Codec

Failures = dict[str, Exception]
"""By borrower, what its fold or the encoding of its output raised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMessages:
    """Turns the output of folding into messages for two topics.

    Assessments, reminders and isolations go to the risk topic, keyed by borrower. Effects on a
    linked borrower go back to the events topic, keyed by that borrower.
    """

    codec: Codec
    risk_topic: str
    events_topic: str

    def of(self, output: FoldOutput, failures: Failures) -> list[Message]:
        """Returns the messages in the order in which they must leave; fills in the bytes.

        A borrower whose output cannot be encoded is added to the failures; those have no message.
        """
        messages = [*self._encoded(output, failures)]
        if not failures:
            return [message for _, message in messages]
        return [message for borrower_id, message in messages if borrower_id not in failures]

    def assessment(self, borrower_id: str, encoded: bytes) -> Message:
        """Returns the message of an encoded assessment."""
        return self._message(self.risk_topic, borrower_id, encoded)

    def _encoded(self, output: FoldOutput, failures: Failures) -> Iterator[tuple[str, Message]]:
        """Yields the borrower whose fold led to it with each message."""
        for emitted in output.assessments:
            borrower_id = emitted.assessment.borrower_id
            try:
                emitted.encoded = self.codec.encode_assessment(emitted.assessment)
            except Exception as error:  # noqa: BLE001 - isolates the borrower, whatever it is
                failures.setdefault(borrower_id, error)
            else:
                yield borrower_id, self.assessment(borrower_id, emitted.encoded)
        for effect in output.effects:
            topic = self.risk_topic if effect.is_for_risk else self.events_topic
            try:
                value = self.codec.encode_effect(effect)
            except Exception as error:  # noqa: BLE001 - isolates the borrower, whatever it is
                failures.setdefault(effect.sender_id, error)
            else:
                yield effect.sender_id, self._message(topic, effect.subject_id, value)

    def isolation(self, borrower_id: str, since: datetime | None, *, at: datetime) -> Message:
        """Returns the message that a borrower is isolated since a moment, or no longer."""
        value = self.codec.encode_isolation(borrower_id, since, at)
        return self._message(self.risk_topic, borrower_id, value)

    @staticmethod
    def _message(topic: str, key: str, value: bytes) -> Message:
        return Message(topic=topic, key=key.encode(), value=value, headers=CONTENT_TYPE)
