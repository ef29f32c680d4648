"""The demo's core bank: hands the simulated portfolio to Tocsin as a real one would.

Reference data goes to ingest over HTTP, bookings to the raw topics with the bank's own producer,
and at the end of each day, when ingest has read all of it, the bank closes the day. Invariant: a
day is closed only after everything that was booked on it was taken in.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import httpx2
from aiokafka import AIOKafkaProducer
from aiokafka.structs import RecordMetadata

from lab.simulator import canonical
from lab.simulator.delivery import DaysMail
from lab.simulator.events import Fields
from services.cli.errors import CommandError
from services.kit.clock import SystemClock

Positions = Callable[[], Awaitable[Mapping[tuple[str, int], int]]]
BATCH = "application/cloudevents-batch+json"
MOST_IN_A_BATCH = 200
TAKEN_IN_WITHIN_SECONDS = 60.0
ASK_EVERY_SECONDS = 0.008


class Bank:
    """The sending side of the demo."""

    def __init__(self, *, bootstrap: str, ingest_url: str, key: str, positions: Positions) -> None:
        """Describe the bank; `positions` tells how far ingest has read the raw topics."""
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

    async def send(self, mail: DaysMail) -> None:
        """Send a day's mail and close the day."""
        await self._post(mail.reference)
        await self._produce(mail)
        await self._until_taken_in()
        await self._post([*mail.afterwards, canonical.day_closed(mail.day)])

    async def _produce(self, mail: DaysMail) -> None:
        sent = [
            await self._producer.send(record.topic, value=record.value, key=record.key or None)
            for record in mail.records
        ]
        if not sent:
            return
        acknowledged: list[RecordMetadata] = await asyncio.gather(*sent)
        for each in acknowledged:
            place = (each.topic, each.partition)
            self._ends[place] = max(self._ends.get(place, 0), each.offset + 1)

    async def _until_taken_in(self) -> None:
        """Wait until ingest has read everything that was sent."""
        waited = 0.0
        while behind := await self._behind():
            if waited > TAKEN_IN_WITHIN_SECONDS:
                raise CommandError(
                    f"ingest did not read {behind} within {TAKEN_IN_WITHIN_SECONDS:.0f} s.",
                    remedy="See the log of ingest in the demo's data folder.",
                )
            await self._clock.sleep(ASK_EVERY_SECONDS)
            waited += ASK_EVERY_SECONDS
        self._ends = {}

    async def _behind(self) -> str:
        """Return the places that ingest has not reached, in words; empty when there are none."""
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
