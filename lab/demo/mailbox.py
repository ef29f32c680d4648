"""Decides what the demo's inbox accepts and how it answers; `inbox.py` serves it.

The inbox is a difficult receiver on purpose. It refuses some first attempts (503, 429 with
Retry-After, an answer that comes too late), so that there are retries to see; a message that was
accepted before is a repeat, recognised by its `webhook-id`. Invariants: a forged message is never
accepted; an id is accepted once; which first attempts are refused depends on their order alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

import msgspec

from lab.demo import standard_webhooks


class ReceiverAnswer(Enum):
    """How the inbox answers an attempt."""

    ACCEPTED = "accepted"
    REPEAT = "repeat"
    UNAVAILABLE = "503"
    BUSY = "429"
    TOO_LATE = "answered too late"
    FORGED = "forged"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class ReceiverOptions:
    """Which first attempts are refused, by the order of the messages."""

    unavailable_every: int = 9
    busy_at: int | None = None
    too_late_at: int | None = 3


@dataclass(slots=True)
class ReceivedMessage:
    """A message that was accepted."""

    webhook_id: str
    received_at: datetime
    attempts: int
    repeats: int
    body: dict[str, Any]


@dataclass(slots=True)
class InboxCounts:
    """Counts of all attempts."""

    attempts: int = 0
    accepted: int = 0
    repeats: int = 0
    refused: int = 0
    forged: int = 0

    def plus(self, other: "InboxCounts") -> "InboxCounts":
        """Return the counts of two mailboxes together."""
        return InboxCounts(
            self.attempts + other.attempts,
            self.accepted + other.accepted,
            self.repeats + other.repeats,
            self.refused + other.refused,
            self.forged + other.forged,
        )


@dataclass(slots=True)
class Mailbox:
    """The messages of one endpoint."""

    secret: str | None = None
    options: ReceiverOptions = field(default_factory=ReceiverOptions)
    messages: dict[str, ReceivedMessage] = field(default_factory=dict)
    counts: InboxCounts = field(default_factory=InboxCounts)
    _tries: dict[str, int] = field(default_factory=dict)

    def take(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> ReceiverAnswer:
        """Record one attempt and decide the answer."""
        self.counts.attempts += 1
        webhook_id = headers.get("webhook-id", "")
        if not self._is_genuine(headers, body, now=now):
            self.counts.forged += 1
            return ReceiverAnswer.FORGED
        tries = self._tries[webhook_id] = self._tries.get(webhook_id, 0) + 1
        if webhook_id in self.messages:
            self.messages[webhook_id].repeats += 1
            self.messages[webhook_id].attempts = tries
            self.counts.repeats += 1
            return ReceiverAnswer.REPEAT
        answer = (
            self._first_answer(order=len(self._tries)) if tries == 1 else ReceiverAnswer.ACCEPTED
        )
        if answer in (ReceiverAnswer.UNAVAILABLE, ReceiverAnswer.BUSY):
            self.counts.refused += 1
            return answer
        document = _read(body)
        if document is None:
            return ReceiverAnswer.UNREADABLE
        self.messages[webhook_id] = ReceivedMessage(webhook_id, now, tries, 0, document)
        self.counts.accepted += 1
        if answer is ReceiverAnswer.TOO_LATE:
            self.counts.refused += 1
        return answer

    def newest(self) -> list[ReceivedMessage]:
        """Return the messages, the newest first."""
        return list(self.messages.values())[::-1]

    def _is_genuine(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> bool:
        if self.secret is None:
            return False
        return standard_webhooks.refusal(headers, body, secret=self.secret, now=now) is None

    def _first_answer(self, *, order: int) -> ReceiverAnswer:
        if order == self.options.busy_at:
            return ReceiverAnswer.BUSY
        if order == self.options.too_late_at:
            return ReceiverAnswer.TOO_LATE
        if order % self.options.unavailable_every == 1:
            return ReceiverAnswer.UNAVAILABLE
        return ReceiverAnswer.ACCEPTED


def _read(body: bytes) -> dict[str, Any] | None:
    try:
        document = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
    return document if isinstance(document, dict) else None
