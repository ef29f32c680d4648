"""Compares the clocks of the process, PostgreSQL and the broker.

Whoever decides by the wall clock about the whole bank first checks that the three agree: one
machine whose clock is a year ahead must not move a date that no event takes back.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from services.kit.clock import Clock
from services.kit.database import Connection

MAX_DISAGREEMENT: Final = timedelta(seconds=60)


class RemoteClock(Protocol):
    """The clock of another process."""

    async def now(self) -> datetime:
        """Returns its time, at some moment between the call and the answer."""
        ...


class DatabaseClock:
    """The clock of PostgreSQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def now(self) -> datetime:
        moment: datetime = await self._connection.fetchval("SELECT clock_timestamp()")
        return moment.astimezone(UTC)


class TimeStamper(Protocol):
    """A producer that has the broker stamp a record with its time."""

    async def append_time(self, topic: str) -> datetime:
        """Returns the moment at which the broker appends a record to a topic."""
        ...


class BrokerClock:
    """The clock of the broker that leads the clock topic.

    Kafka has no request for the time: the broker stamps a record of a topic with `LogAppendTime`.
    """

    def __init__(self, producer: TimeStamper, *, topic: str) -> None:
        self._producer = producer
        self._topic = topic

    async def now(self) -> datetime:
        return await self._producer.append_time(self._topic)


def difference(moment: datetime, *, before: datetime, after: datetime) -> timedelta:
    """Returns how far a remote clock's answer is ahead of the own clock.

    A slow answer is no difference: it may be of any moment between ``before``, the request, and
    ``after``, the answer.
    """
    return moment - min(max(moment, before), after)


async def disagreement(own: Clock, remotes: Mapping[str, RemoteClock]) -> str | None:
    """Returns how the clocks differ, if by more than is allowed; None when they agree."""
    differences = {"this process": timedelta()}
    for name, remote in remotes.items():
        before = own.now()
        moment = await remote.now()
        differences[name] = difference(moment, before=before, after=own.now())
    spread = max(differences.values()) - min(differences.values())
    if spread <= MAX_DISAGREEMENT:
        return None
    return ", ".join(
        f"{name} {apart.total_seconds():+.0f} s" for name, apart in differences.items()
    )
