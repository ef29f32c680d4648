"""The service's own write side over memory, fed with events that were never bytes.

Batches of any size, repeated events, lost memory, sweeps in pieces: what `ScoreBatches` does with
them is compared. Events are in a table and their "bytes" are indexes of it, because
reading JSON is most of the cost and is proved elsewhere.
"""

import asyncio
from random import Random
from typing import Any

from services.kit.clock import SystemClock
from services.kit.stream.records import Batch
from services.scoring.adapters import state_bytes
from services.scoring.adapters.rulebook_reader import read_text
from services.scoring.application.outbox_messages import OutboxMessages
from services.scoring.application.ports import Codec, StoredState
from services.scoring.application.rulebook_cache import RulebookCache
from services.scoring.application.score_batches import ScoreBatches, ScoringParts
from services.scoring.domain.assess.assessment import Assessment
from services.scoring.domain.events.event import EVERYBODY, Event
from services.scoring.domain.rulebook.context import Context
from tests.fakes.recorder import MemoryRecorder
from tests.fakes.scoring_store import (
    MemoryCensus,
    MemoryLedger,
    MemoryOutbox,
    MemoryQuarantine,
    MemoryStates,
)
from tests.fakes.stream import FakeRecord

NO_CONNECTION: Any = None
CLOCK = SystemClock()
NAME = "b-1"
LOOP: list[asyncio.AbstractEventLoop] = []


class Refused(Exception):
    """Nothing is refused here."""


def _nothing(*_: object) -> bytes:
    return b""


def _source_of(_: bytes) -> str:
    return "core"


class Worker:
    """One partition with one borrower, whose state is stored already."""

    def __init__(self, log: list[Event], base: bytes, context: Context) -> None:
        """Prepare to work on a log."""
        self.log = log
        self.ledger, self.states = MemoryLedger(), MemoryStates()
        self.states.rows[NAME] = StoredState(NAME, 0, -1, base)
        codec = Codec(
            decode=self._decoded,
            source_of=_source_of,
            refusal=Refused,
            encode_state=state_bytes.encode,
            decode_state=state_bytes.decode,
            unreadable=state_bytes.StateUnreadable,
            encode_assessment=_nothing,
            encode_effect=_nothing,
            encode_isolation=_nothing,
        )
        self.handler = ScoreBatches(
            ScoringParts(
                ledger=self.ledger,
                states=self.states,
                outbox=MemoryOutbox(),
                quarantine=MemoryQuarantine(),
                codec=codec,
                initial=context,
                rulebooks=RulebookCache(read_text),
                census=MemoryCensus(),
                messages=OutboxMessages(codec=codec, risk_topic="risk", events_topic="events"),
                recorder=MemoryRecorder(),
                clock=CLOCK,
            )
        )

    def _decoded(self, raw: bytes) -> Event:
        return self.log[int(raw)]

    def work(self, chance: Random) -> int:
        """Apply the log with repeats, in batches, with restarts; return how many were repeats."""
        if not LOOP:
            LOOP.append(asyncio.new_event_loop())
        return LOOP[0].run_until_complete(self._work(chance))

    async def _work(self, chance: Random) -> int:
        offered = repeated(len(self.log), chance)
        repeats, offset = 0, 0
        while offset < len(offered):
            size = chance.choice((1, 2, 3, 5, 50))
            records = [
                self._record(offset + index, number)
                for index, number in enumerate(offered[offset : offset + size])
            ]
            batch = Batch(topic="events", partition=0, first_offset=offset, records=records)
            tally = await self.handler.apply(batch, NO_CONNECTION)
            repeats += tally.duplicates
            offset += size
            if chance.random() < 0.2:
                self.handler.rolled_back(0)
            if chance.random() < 0.3 and self.handler.has_background_work(0):
                await self.handler.background_step(0, NO_CONNECTION)
        while self.handler.has_background_work(0):
            await self.handler.background_step(0, NO_CONNECTION)
        return repeats

    def _record(self, offset: int, number: int) -> FakeRecord:
        is_for_all = self.log[number].borrower_id == EVERYBODY
        key = None if is_for_all else NAME.encode()
        return FakeRecord(offset=offset, value=str(number).encode(), key=key)

    @property
    def stored(self) -> bytes | None:
        """Return the stored bytes of the borrower."""
        return self.states.rows[NAME].state

    @property
    def assessments(self) -> list[Assessment]:
        """Return the emitted assessments, in order."""
        return [emission.assessment for emission in self.states.emitted]


def repeated(count: int, chance: Random) -> list[int]:
    """Return the numbers below, some of them once more, at once or much later."""
    numbers = []
    for number in range(count):
        numbers.append(number)
        if chance.random() < 0.15:
            numbers.append(chance.randint(0, number))
    return numbers
