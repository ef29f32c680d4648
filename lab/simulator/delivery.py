"""The portfolio as the demo's bank sends it: over two channels, with faults on purpose.

Reference data goes out as CloudEvents over HTTP, everything else in the bank's own format on raw
topics. Added are records sent twice, broken records, and borrowers whose account the bank registers
days after its first bookings. All of it is counted, so that the receiving side can be checked
exactly. Invariant: `SentCounts` adds up, whether or not the receiving side does.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from lab.simulator import broken_records, canonical, dialect
from lab.simulator.days import Calendar, Day
from lab.simulator.events import Fields, SimulatedEvent
from lab.simulator.portfolio import Portfolio

REPEAT_RATIO = 0.004
BROKEN_EVERY_DAYS = 30
LATE_ACCOUNTS = 2
REGISTERED_AFTER_DAYS = 4
REGISTRATION = "borrower.registered.v1"


class RawRecord(NamedTuple):
    """One record on a raw topic."""

    topic: str
    key: bytes
    value: bytes


@dataclass(slots=True)
class SentCounts:
    """Counts of what was sent to Tocsin so far, without day closes."""

    offered: int = 0
    repeated: int = 0
    broken: int = 0
    account_unknown: int = 0
    """Records whose account is not registered yet; they are released when it is."""


@dataclass(slots=True)
class DayDelivery:
    """Everything that the bank sends on one day."""

    day: Day
    reference: list[Fields] = field(default_factory=list)
    """CloudEvents for HTTP, to be sent before the records."""
    records: list[RawRecord] = field(default_factory=list)
    afterwards: list[Fields] = field(default_factory=list)
    """CloudEvents for HTTP, to be sent after the records."""


class Delivery:
    """The bank's deliveries, day by day."""

    def __init__(self, portfolio: Portfolio) -> None:
        self.sent = SentCounts()
        self._portfolio = portfolio
        self._calendar: Calendar = portfolio.calendar
        self._rng = Random(f"tocsin:{portfolio.setup.seed}:delivery")
        self._unregistered = {
            f"A{no:05d}": f"B{no:05d}" for no in self._pick_late(portfolio.setup.borrowers)
        }
        self._late: dict[str, Fields] = {}

    def days(self) -> Iterator[DayDelivery]:
        """Yield the delivery of each day."""
        for day, booked in self._portfolio.simulate():
            delivery = DayDelivery(day)
            for event in booked:
                self._add(event, delivery)
            self._send_again(delivery)
            if (day.ordinal - self._calendar.first) % BROKEN_EVERY_DAYS == BROKEN_EVERY_DAYS // 2:
                self._add_broken(delivery)
            if day.ordinal == self._calendar.first + REGISTERED_AFTER_DAYS:
                self._register_late(delivery)
            self._count(delivery)
            yield delivery

    def _pick_late(self, borrowers: int) -> list[int]:
        count = min(LATE_ACCOUNTS, borrowers // 10)
        return sorted(self._rng.sample(range(1, borrowers + 1), count))

    def _add(self, event: SimulatedEvent, delivery: DayDelivery) -> None:
        topic = dialect.topic_of(event)
        if topic is None:
            delivery.reference.append(self._introduced(event))
            return
        if event.data.get("account_id") in self._unregistered:
            self.sent.account_unknown += 1
        delivery.records.append(RawRecord(topic, event.subject.encode(), dialect.encode(event)))

    def _introduced(self, event: SimulatedEvent) -> Fields:
        """Return reference data; a late account is left out of its first registration."""
        document = canonical.envelope(event)
        if event.type == REGISTRATION and event.subject in self._unregistered.values():
            self._late[event.subject] = document
            without = {name: value for name, value in event.data.items() if name != "account_ids"}
            return {**document, "data": without}
        return document

    def _register_late(self, delivery: DayDelivery) -> None:
        for borrower_id, document in self._late.items():
            again = {
                **document,
                "id": f"{borrower_id}-account-registered",
                "time": delivery.day.stamp(22 * 3600 + 2400),
            }
            delivery.afterwards.append(again)
        self._unregistered = {}

    def _send_again(self, delivery: DayDelivery) -> None:
        """Send a few of the day's records twice, as a bank does after a restart."""
        again = [
            record
            for record in delivery.records
            if self._rng.random() < REPEAT_RATIO and not self._unregistered
        ]
        self.sent.repeated += len(again)
        delivery.records += again

    def _add_broken(self, delivery: DayDelivery) -> None:
        broken = broken_records.draw(self._rng, day=delivery.day, number=self.sent.broken)
        self.sent.broken += len(broken)
        delivery.records += [RawRecord(topic, b"", value) for topic, value in broken]

    def _count(self, delivery: DayDelivery) -> None:
        self.sent.offered += (
            len(delivery.reference) + len(delivery.records) + len(delivery.afterwards)
        )
