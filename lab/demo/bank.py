"""The demo's core bank: sends the simulated portfolio to Tocsin as a real one would.

Reference data goes to ingest over HTTP, bookings go to the raw topics with the bank's own producer,
and at the end of each day, when ingest has read all of it, the bank closes the day. Invariant: a
day is closed only after ingest has read everything that was booked on it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import httpx2
from aiokafka import AIOKafkaProducer
from aiokafka.structs import RecordMetadata

from lab.simulator import canonical
from lab.simulator.delivery import DayDelivery
from lab.simulator.events import Fields
from services.cli.errors import CommandError
from services.kit.clock import SystemClock

Positions = Callable[[], Awaitable[Mapping[tuple[str, int], int]]]
BATCH = "application/cloudevents-batch+json"
MOST_IN_A_BATCH = 200
READ_WITHIN_SECONDS = 60.0
POLL_SECONDS = 0.008


class Bank:
    """Sends the days of the portfolio."""

    def __init__(self, *, bootstrap: str, ingest_url: str, key: str, positions: Positions) -> None:
        """Configure the bank; `positions` returns the offsets up to which ingest has read."""
        self._producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, linger_ms=5
        )
        self._positions = positions
        self._http = httpx2.AsyncClient(
            base_url=ingest_url, headers={"Authorization": f"Bearer {key}"}, timeout=30
        )
        self._clock = SystemClock()
        self._ends: dict[tuple[str, int], int] = {}

    async def __aenter__(self) -> "Bank":
        """Connect."""
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await self._producer.stop()
        await self._http.aclose()

    async def send(self, delivery: DayDelivery) -> None:
        """Send a day's events and close the day."""
        await self._post(delivery.reference)
        await self._produce(delivery)
        await self._until_read()
        await self._post([*delivery.afterwards, canonical.day_closed(delivery.day)])

    async def _produce(self, delivery: DayDelivery) -> None:
        sent = [
            await self._producer.send(record.topic, value=record.value, key=record.key or None)
            for record in delivery.records
        ]
        if not sent:
            return
        acknowledged: list[RecordMetadata] = await asyncio.gather(*sent)
        for each in acknowledged:
            key = (each.topic, each.partition)
            self._ends[key] = max(self._ends.get(key, 0), each.offset + 1)

    async def _until_read(self) -> None:
        """Wait until ingest has read everything that was sent."""
        waited = 0.0
        while behind := await self._behind():
            if waited > READ_WITHIN_SECONDS:
                raise CommandError(
                    f"ingest did not read {behind} within {READ_WITHIN_SECONDS:.0f} s.",
                    remedy="See the log of ingest in the demo's data folder.",
                )
            await self._clock.sleep(POLL_SECONDS)
            waited += POLL_SECONDS
        self._ends = {}

    async def _behind(self) -> str:
        """Return the offsets that ingest has not reached, as text."""
        if not self._ends:
            return ""
        reached = await self._positions()
        return ", ".join(
            f"{topic}[{partition}] up to {end}"
            for (topic, partition), end in sorted(self._ends.items())
            if reached.get((topic, partition), 0) < end
        )

    async def _post(self, events: Sequence[Fields]) -> None:
        for start in range(0, len(events), MOST_IN_A_BATCH):
            batch = list(events[start : start + MOST_IN_A_BATCH])
            answer = await self._http.post(
                "/v1/events", json=batch, headers={"Content-Type": BATCH}
            )
            if not answer.is_success:
                raise CommandError(
                    f"ingest answered {answer.status_code} to reference data: {answer.text[:500]}",
                    remedy="See the log of ingest in the demo's data folder.",
                )
