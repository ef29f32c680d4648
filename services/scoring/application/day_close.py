"""The clock's use case: `day.closed` for each finished business date, once, to every partition.

One process leads, by a lock in the database; the others wait. The event's id is made of the date
and its time is the end of that date in the bank's time zone, so a date that is written twice (a
crash between writing and storing it) is a duplicate to every reader.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from services.contracts.control import DayClosedV1
from services.kit.access.keys import Role
from services.kit.approvals.proposals import (
    Proposal,
    ProposalConflict,
    ProposalRequest,
    ProposedChange,
    date_of,
)
from services.kit.clock import Clock
from services.kit.database import Connection
from services.kit.stream.outbox import Message
from services.scoring.application.control_events import EventsTopic, control_messages

SOURCE = "tocsin/clock"
# A longer gap is a long outage or a wrong clock, and a person must see which.
MAX_MISSED_DATES: Final = 7


class TooManyMissed(Exception):
    """More dates are over and not closed than the clock closes alone."""


class ClosedDates(Protocol):
    """The last date that was closed; only the leader reads and writes it."""

    async def last(self) -> date | None:
        """Returns the last date that was written, or None before the first."""
        ...

    async def released_until(self) -> date | None:
        """Returns the latest missed date that two people released, or None."""
        ...

    async def withdrawals_of(self, closed: date) -> int:
        """Returns how often the close of a date was withdrawn."""
        ...

    async def save(self, closed: date) -> None:
        """Stores the last date that was written."""
        ...


def finished_dates(
    now: datetime, *, last: date | None, zone: ZoneInfo, released_until: date | None = None
) -> list[date]:
    """Returns the dates that are over and not closed; at the very first start only yesterday.

    Raises:
        TooManyMissed: If there are more than the clock closes alone, and nobody released them.
    """
    yesterday = now.astimezone(zone).date() - timedelta(days=1)
    if last is None:
        return [yesterday]
    missed = (yesterday - last).days
    if missed > MAX_MISSED_DATES:
        if released_until is None or released_until <= last:
            raise TooManyMissed(
                f"{missed} dates after {last} are not closed; the clock closes at most "
                f"{MAX_MISSED_DATES} alone"
            )
        missed = min(missed, (released_until - last).days)
    return [last + timedelta(days=number + 1) for number in range(missed)]


class MissedDaysApproval:
    """Two people let the clock close a long row of missed dates; the subject is the last of them.

    The decision is the effect: the clock reads it before its next close.
    """

    name = "missed-days"
    proposers = frozenset({Role.OPERATOR, Role.RISK})
    deciders = frozenset({Role.APPROVER})
    valid_for = timedelta(days=7)

    def __init__(self, *, clock: Clock, zone: ZoneInfo) -> None:
        self._clock = clock
        self._zone = zone

    async def change(self, connection: Connection, request: ProposalRequest) -> ProposedChange:
        """Returns the date up to which the clock would close."""
        until = request.subject
        if date_of(until) >= self._clock.now().astimezone(self._zone).date():
            raise ProposalConflict(f"{until} is not over yet.")
        return ProposedChange(
            before={"closes_alone": MAX_MISSED_DATES},
            after={"closes_until": until},
            effect=f"The clock closes all missed dates up to {until}.",
        )

    async def release(self, connection: Connection, proposal: Proposal) -> None:
        """Does nothing: the clock reads the decision."""


def close_messages(closed: date, *, topic: EventsTopic, withdrawals: int = 0) -> Sequence[Message]:
    """Returns the close of a date, once for every partition.

    After the close of a date was withdrawn, the next one is another event.
    """
    again = f":{withdrawals + 1}" if withdrawals else ""
    return control_messages(
        topic,
        source=SOURCE,
        event_id=f"day-closed:{closed.isoformat()}{again}",
        at=topic.end_of(closed),
        data=DayClosedV1(closed_date=closed),
    )
