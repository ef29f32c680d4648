"""A clock that a test moves itself."""

import asyncio
from datetime import UTC, datetime, timedelta

from services.kit.clock import Clock, Now


class ManualClock:
    """Moves only when it is advanced, or while somebody sleeps on it."""

    def __init__(self, now: datetime) -> None:
        if now.tzinfo is None:
            raise ValueError(f"now {now!r} must be aware; add tzinfo=UTC")
        self._now = now.astimezone(UTC)
        self._monotonic_seconds = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic_seconds(self) -> float:
        return self._monotonic_seconds

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        """Moves the clock forward."""
        self._now += timedelta(seconds=seconds)
        self._monotonic_seconds += seconds

    def set_back(self, seconds: float) -> None:
        """Corrects a clock that was ahead; monotonic time never runs backwards."""
        self._now -= timedelta(seconds=seconds)


def now_by(clock: Clock) -> Now:
    """Returns what gives the moment of a clock."""

    async def now() -> datetime:
        return clock.now()

    return now
