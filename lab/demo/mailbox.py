"""What the demo's inbox keeps and how it answers: decided here, served by `inbox.py`.

The inbox is a difficult receiver on purpose. It refuses some first attempts (503, 429 with
Retry-After, an answer that comes too late), so that retries are seen; a message that it kept and
gets again is a repeat, told by its `webhook-id`. Invariants: a forged message is never kept; the
same id is kept once; which first attempts are refused depends on their order alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

import msgspec

from lab.demo import standard_webhooks


class Answer(Enum):
    """How the inbox answers an attempt."""

    KEPT = "kept"
    REPEAT = "repeat"
    UNAVAILABLE = "503"
    BUSY = "429"
    TOO_LATE = "answered too late"
    FORGED = "forged"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Moods:
    """Which new messages are refused at first, by their order: every n-th, from the m-th on."""

    unavailable_every: int = 9
    busy_at: int | None = None
    too_late_at: int | None = 3


@dataclass(slots=True)
class Message:
    """A message that was kept."""

    webhook_id: str
    received_at: datetime
    attempts: int
    repeats: int
    body: dict[str, Any]


@dataclass(slots=True)
class Tally:
    """Counts of everything that came."""

    attempts: int = 0
    kept: int = 0
    repeats: int = 0
    refused: int = 0
    forged: int = 0

    def plus(self, other: "Tally") -> "Tally":
        """Return the counts of two mailboxes together."""
        return Tally(
            self.attempts + other.attempts,
            self.kept + other.kept,
            self.repeats + other.repeats,
            self.refused + other.refused,
            self.forged + other.forged,
        )


@dataclass(slots=True)
class Mailbox:
    """The messages of one endpoint."""

    secret: str | None = None
    moods: Moods = field(default_factory=Moods)
    messages: dict[str, Message] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    _tries: dict[str, int] = field(default_factory=dict)

    def take(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Answer:
        """Take in one attempt and decide the answer."""
        self.tally.attempts += 1
        webhook_id = headers.get("webhook-id", "")
        if not self._is_genuine(headers, body, now=now):
            self.tally.forged += 1
            return Answer.FORGED
        tries = self._tries[webhook_id] = self._tries.get(webhook_id, 0) + 1
        if webhook_id in self.messages:
            self.messages[webhook_id].repeats += 1
            self.messages[webhook_id].attempts = tries
            self.tally.repeats += 1
            return Answer.REPEAT
        answer = self._mood(order=len(self._tries)) if tries == 1 else Answer.KEPT
        if answer in (Answer.UNAVAILABLE, Answer.BUSY):
            self.tally.refused += 1
            return answer
        document = _read(body)
        if document is None:
            return Answer.UNREADABLE
        self.messages[webhook_id] = Message(webhook_id, now, tries, 0, document)
        self.tally.kept += 1
        if answer is Answer.TOO_LATE:
            self.tally.refused += 1
        return answer

    def newest(self) -> list[Message]:
        """Return the messages, the newest first."""
        return list(self.messages.values())[::-1]

    def _is_genuine(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> bool:
        if self.secret is None:
            return False
        return standard_webhooks.refusal(headers, body, secret=self.secret, now=now) is None

    def _mood(self, *, order: int) -> Answer:
        if order == self.moods.busy_at:
            return Answer.BUSY
        if order == self.moods.too_late_at:
            return Answer.TOO_LATE
        if order % self.moods.unavailable_every == 1:
            return Answer.UNAVAILABLE
        return Answer.KEPT


def _read(body: bytes) -> dict[str, Any] | None:
    try:
        document = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
    return document if isinstance(document, dict) else None
