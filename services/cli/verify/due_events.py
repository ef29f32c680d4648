"""Compares events that must have been written with those that were, byte for byte by digest."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from services.cli.verify.findings import VerifyFindings

DIGEST_BYTES = 16
EventKey = tuple[str, str | int]
"""A borrower, and the sequence of its assessment or the id of an event for it."""


def fingerprint(raw: bytes) -> bytes:
    """Return the digest of the bytes of an event."""
    return blake2b(raw, digest_size=DIGEST_BYTES).digest()


@dataclass(frozen=True, slots=True)
class DueEvent:
    """An event that the worker must have written: what caused it, and the digest of its bytes."""

    offset: int
    from_close: bool
    key: EventKey
    digest: bytes
    is_for_risk: bool = True


@dataclass(slots=True)
class DueEvents:
    """Events of one kind: those that were due and those that were written.

    ``name`` formats a key, ``absent`` says where an event is missing.
    """

    name: str
    absent: str
    due: dict[EventKey, bytes] = field(default_factory=dict)
    actual: dict[EventKey, bytes] = field(default_factory=dict)

    def expect(self, events: Iterable[DueEvent], closed_offset: int) -> None:
        """Add what is written by now: a pending day close has yet to write its events."""
        self.due |= {
            event.key: event.digest
            for event in events
            if not event.from_close or event.offset <= closed_offset
        }

    def compare(
        self, findings: VerifyFindings, *, may_lag: bool = False, may_lead: bool = False
    ) -> None:
        """Add the differences.

        Args:
            findings: Receives them.
            may_lag: While work is waiting, what is due may not be written yet.
            may_lead: What was written after the snapshot has no cause in it.
        """
        for key, digest in self.due.items():
            name = self.name.format(*key)
            if key not in self.actual:
                if not (may_lag and findings.waiting):
                    findings.differs(f"{name} {self.absent}")
            elif self.actual[key] != digest:
                findings.differs(f"{name} is not what the ledger gives")
        newest = self.newest()
        for key in self.actual.keys() - self.due.keys():
            if not (may_lead and _is_newer(key, newest)):
                findings.differs(f"{self.name.format(*key)} has no cause in any ledger")

    @property
    def missing(self) -> list[EventKey]:
        """Return the keys of what is due and was not written."""
        return [key for key in self.due if key not in self.actual]

    def newest(self) -> dict[str, int]:
        """Return the highest sequence that is due for each borrower."""
        newest: dict[str, int] = {}
        for borrower_id, number in self.due:
            if isinstance(number, int):
                newest[borrower_id] = max(number, newest.get(borrower_id, 0))
        return newest


@dataclass(slots=True)
class NumberOrder:
    """Whether each number of a borrower comes after the one before it, first or when sent again."""

    followed: dict[str, int] = field(default_factory=dict)
    newest: dict[str, int] = field(default_factory=dict)

    def take(self, borrower_id: str, number: int) -> None:
        """Take the next assessment in the order of the topic."""
        if number == self.followed.get(borrower_id, 0) + 1:
            self.followed[borrower_id] = number
        self.newest[borrower_id] = max(number, self.newest.get(borrower_id, 0))

    def compare(self, findings: VerifyFindings) -> None:
        """Add each borrower whose newest number cannot be reached in order."""
        for borrower_id, newest in self.newest.items():
            last = self.followed.get(borrower_id, 0)
            if last < newest:
                findings.differs(f"{borrower_id}: no risk event {last + 1} comes after {last}")


def _is_newer(key: EventKey, newest: Mapping[str, int]) -> bool:
    """Return whether an event can have been written later: ids without a number all can."""
    borrower_id, number = key
    return not isinstance(number, int) or number > newest.get(borrower_id, 0)
