"""The clock of a process; no other module reads the time.

Everything that needs the time gets a `Clock`; tests get one that they move themselves, so no test
sleeps and no decision depends on the machine. The domain gets no clock: the events bring the time.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Gives the time and waits."""

    def now(self) -> datetime:
        """Returns the current time, aware, in UTC."""
        ...

    def monotonic_seconds(self) -> float:
        """Returns seconds that never run backwards, to measure durations."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Waits for a number of seconds."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic_seconds(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


# Gives the moment that deadlines compare with: of the clock, or in played history of the log.
Now = Callable[[], Awaitable[datetime]]


def business_date(moment: datetime, *, timezone: str) -> date:
    """Returns the bank's calendar day at a moment."""
    return moment.astimezone(ZoneInfo(timezone)).date()
