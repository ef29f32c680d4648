"""The receivers of the torture: those of the whole system's, with the moments of each message."""

import time
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from tests.chaos.inbox import Inbox, Reply


class Arrival(NamedTuple):
    """The first arrival of a message, and when it was accepted."""

    endpoint: str
    borrower_id: str
    position: int
    kind: str
    event_id: str
    first_at: float


@dataclass(slots=True)
class TimedInbox(Inbox):
    """Records when each message came first, and when it was accepted."""

    arrivals: dict[tuple[str, str], Arrival] = field(default_factory=dict)
    accepted: dict[tuple[str, str], float] = field(default_factory=dict)
    repeated: set[tuple[str, str]] = field(default_factory=set)

    def _take(self, head: str, body: bytes) -> Reply:
        before, repeats = len(self.taken), self.repeats
        reply = super(TimedInbox, self)._take(head, body)
        event = msgspec.json.decode(body)
        data = event["data"]
        endpoint = head.split(" ", 2)[1]
        key = (endpoint, data["event_id"])
        now = time.monotonic()
        self.arrivals.setdefault(
            key,
            Arrival(
                endpoint=endpoint,
                borrower_id=data["borrower_id"],
                position=data["position"],
                kind=event["type"],
                event_id=data["event_id"],
                first_at=now,
            ),
        )
        if len(self.taken) > before:
            self.accepted[key] = now
        if self.repeats > repeats:
            self.repeated.add(key)
        return reply
