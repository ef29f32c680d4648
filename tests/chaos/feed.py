"""Offers a simulated portfolio, with repeats and broken lines, until ingest accepts it.

One request at a time is sent again until it is answered 202, as the contract requires of a sender
that needs order. Everything accepted is recorded: ingest has promised that it is durable.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

import httpx2
import msgspec

from lab.simulator import canonical
from lab.simulator.portfolio import Portfolio, Setup
from tests.chaos.profiles import Profile
from tests.chaos.system import System

BATCH = 200
PATIENCE_SECONDS = 180.0
REQUEST_SECONDS = 15.0


@dataclass(slots=True)
class Offered:
    """The events offered so far."""

    events: int = 0
    total: int = 0
    repeats: int = 0
    broken: int = 0
    refusals: int = 0
    ids: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """(source, id) of each borrower, in the order in which they were first offered."""
    closes: int = 0

    @property
    def share(self) -> float:
        """Returns the share of the run that has been offered, from 0 to 1."""
        return self.events / max(self.total, 1)


class Feed:
    """Posts the portfolio to ingest, spread over the seconds of the profile."""

    def __init__(self, system: System, profile: Profile, *, seed: int) -> None:
        self.offered = Offered()
        self._system, self.profile, self.seed = system, profile, seed
        self._dice = Random(f"chaos-feed:{seed}")
        setup = Setup(seed=seed, borrowers=profile.borrowers, days=profile.days)
        self.lines = _lines(setup, closes_every_days=profile.closes_every_days)
        self.offered.total = len(self.lines)

    async def run(self) -> None:
        """Offers everything."""
        began = time.monotonic()
        async with httpx2.AsyncClient(timeout=REQUEST_SECONDS) as client:
            for start in range(0, len(self.lines), BATCH):
                batch = self.lines[start : start + BATCH]
                await self._post(client, self._with_faults(batch))
                for line in batch:
                    self._record(line)
                due = began + self.profile.seconds * self.offered.share
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def repeat_last(self) -> None:
        """Offers the last batch again until it is cancelled: work that must change nothing."""
        async with httpx2.AsyncClient(timeout=REQUEST_SECONDS) as client:
            while True:
                await self._post(client, self.lines[-BATCH:])
                await asyncio.sleep(0.3)

    def _with_faults(self, batch: list[bytes]) -> list[bytes]:
        sent: list[bytes] = []
        for line in batch:
            sent.append(line)
            if self._dice.random() * 1000 < self.profile.repeats_per_thousand:
                sent.append(self._dice.choice(sent))
                self.offered.repeats += 1
        if self._dice.random() * self.profile.broken_every < len(batch):
            self.offered.broken += 1
            broken = b'{"specversion":"1.0","id":"broken-%d","source":"core/accounts"'
            sent.insert(self._dice.randrange(len(sent)), broken % self.offered.broken)
        return sent

    def _record(self, line: bytes) -> None:
        event = msgspec.json.decode(line)
        self.offered.events += 1
        if event["subject"] == "*":
            self.offered.closes += 1
            return
        key = (event["source"], event["id"])
        self.offered.ids.setdefault(event["subject"], []).append(key)

    async def _post(self, client: httpx2.AsyncClient, lines: list[bytes]) -> None:
        headers = {
            "Authorization": f"Bearer {self._system.source_key}",
            "Content-Type": "application/x-ndjson",
        }
        body = b"\n".join(lines) + b"\n"
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    answer = await client.post(
                        f"{self._system.ingest_url}/v1/events", content=body, headers=headers
                    )
                except httpx2.TransportError:
                    self.offered.refusals += 1
                    await asyncio.sleep(0.3)
                    continue
                if answer.status_code in (httpx2.codes.ACCEPTED, httpx2.codes.MULTI_STATUS):
                    self._check(answer.json())
                    return
                if answer.status_code < 500:
                    raise AssertionError(f"ingest: {answer.status_code} {answer.text[:400]}")
                self.offered.refusals += 1
                await asyncio.sleep(0.5)

    def _check(self, receipt: dict[str, object]) -> None:
        """Raises if ingest refused a line that is not broken on purpose."""
        items = receipt["items"]
        assert isinstance(items, list)
        refused = [item for item in items if item["status"] != "accepted"]
        if len(refused) != receipt["quarantined"] or len(refused) > 1:
            raise AssertionError(f"ingest refused {refused[:3]}")


def _lines(setup: Setup, *, closes_every_days: int) -> list[bytes]:
    def live() -> Iterator[bytes]:
        for number, (day, booked) in enumerate(Portfolio(setup).simulate(), start=1):
            yield from map(canonical.encode, booked)
            if number % closes_every_days == 0:
                yield canonical.encode_day_closed(day)

    return list(live())
