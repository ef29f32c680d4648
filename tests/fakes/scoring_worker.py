"""The scoring handler over memory, fed with bytes; and the eager fold to compare with."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from services.cli.verify.due_events import fingerprint
from services.cli.verify.refold import (
    Bases,
    Refold,
    RefoldedPartition,
    Unwithdrawn,
    states_of,
)
from services.kit.clock import SystemClock
from services.kit.stream.handler import Tally
from services.kit.stream.records import Batch
from services.scoring.adapters import state_bytes
from services.scoring.adapters.codec import ISOLATION_CHANGED, build_codec
from services.scoring.adapters.rulebook_reader import SHIPPED, load_rulebook, read_text
from services.scoring.adapters.wire.decoder import EventDecoder
from services.scoring.application.outbox_messages import OutboxMessages
from services.scoring.application.ports import Codec
from services.scoring.application.rulebook_cache import RulebookCache, RulebookText
from services.scoring.application.score_batches import ScoreBatches, ScoringParts
from services.scoring.domain.events.control import DayCloseWithdrawn, RulebookActivated
from services.scoring.domain.rulebook.context import Context
from services.scoring.domain.rulebook.rulebook import Rulebook
from services.scoring.domain.rulebook.timeline import Timeline
from tests.fakes.recorder import MemoryRecorder
from tests.fakes.scoring_store import (
    MemoryCensus,
    MemoryLedger,
    MemoryOutbox,
    MemoryQuarantine,
    MemoryStates,
    MemoryTexts,
)
from tests.fakes.stream import FakeRecord
from tests.fakes.wire_events import START, event

ZONE = ZoneInfo("Europe/Berlin")
RULEBOOK: Rulebook = load_rulebook("default")
NO_CONNECTION: Any = None
# The catalogue as written, and the shipped default under another version: what a log may activate.
# Both listen to how stressed sectors are.
OTHER_RULEBOOKS = {
    name: RulebookText(
        "house",
        name,
        (SHIPPED / f"{shipped}.yaml")
        .read_text(encoding="utf-8")
        .replace(f"rulebook: {shipped}", "rulebook: house")
        .replace('version: "1.0"', f'version: "{name}"')
        .replace("X-02: {weight: 0.10, enabled: false,", "X-02: {weight: 0.10,")
        .encode(),
    )
    for name, shipped in (("strict", "reference"), ("calm", "default"))
}


def activated(version: str, number: int, *, day: int, ahead: int = 0) -> bytes:
    """Return the activation of one of `OTHER_RULEBOOKS`, so many days ahead, for the n-th time."""
    text = OTHER_RULEBOOKS[version]
    return event(
        "rulebook.activated",
        "*",
        f"rulebook-activated:house:{version}:{number}",
        day=day,
        name=text.name,
        version=text.version,
        digest=f"sha256:{sha256(text.document).hexdigest()}",
        effective_date=str(START + timedelta(days=day + ahead)),
        author="key-a",
        approved_by=["key-b"],
    )


def found(activation: RulebookActivated) -> Rulebook:
    """Return a rulebook of `OTHER_RULEBOOKS`, not from the worker's cache."""
    return _compiled(activation.version)


@cache
def _compiled(version: str) -> Rulebook:
    return read_text(OTHER_RULEBOOKS[version].document.decode())


class MemoryWorker:
    """One partition's worker."""

    def __init__(self, **changes: Any) -> None:
        self.codec = build_codec(ZONE)
        self.ledger, self.states = MemoryLedger(), MemoryStates()
        self.census = MemoryCensus()
        self.outbox, self.quarantine = MemoryOutbox(), MemoryQuarantine()
        self._changes = changes
        self.next_offset = self.generation = 0
        self.deploy(self.codec)

    def deploy(self, codec: Codec) -> None:
        """Start another version, which reads and writes with this codec."""
        parts = ScoringParts(
            ledger=self.ledger,
            states=self.states,
            census=self.census,
            outbox=self.outbox,
            quarantine=self.quarantine,
            codec=codec,
            initial=Context(RULEBOOK),
            rulebooks=RulebookCache(read_text, MemoryTexts(*OTHER_RULEBOOKS.values())),
            messages=OutboxMessages(codec=codec, risk_topic="risk", events_topic="events"),
            recorder=MemoryRecorder(),
            clock=SystemClock(),
        )
        self.parts = replace(parts, **self._changes)
        self.handler = ScoreBatches(self.parts)

    async def apply(self, raws: Sequence[bytes]) -> Tally:
        """Apply one batch."""
        tally = await self.handler.apply(self.batch(raws), NO_CONNECTION)
        self.next_offset += len(raws)
        return tally

    def batch(self, raws: Sequence[bytes]) -> Batch:
        """Return the next records as a batch."""
        records = [record(self.next_offset + place, raw) for place, raw in enumerate(raws)]
        return Batch(
            topic="events",
            partition=0,
            first_offset=self.next_offset,
            records=records,
            generation=self.generation,
        )

    def change_log(self, *, to: int) -> None:
        """Continue at an offset of another log, as an operator sets it."""
        self.generation += 1
        self.next_offset = to
        self.restart()

    async def background_step(self) -> None:
        """Do one piece of a sweep, if there is any."""
        if self.handler.has_background_work(0):
            await self.handler.background_step(0, NO_CONNECTION)

    async def finish_sweeps(self) -> None:
        """Sweep to the end."""
        while self.handler.has_background_work(0):
            await self.handler.background_step(0, NO_CONNECTION)

    async def resume(self, *borrower_ids: str) -> None:
        """Let isolated borrowers resume, as an operator does, and wait for it."""
        for name in borrower_ids:
            isolation = self.states.isolations[name]
            self.states.isolations[name] = replace(isolation, is_resume_requested=True)
        self.restart()
        await self.finish_sweeps()

    def restart(self) -> None:
        """Lose everything in memory, as a crash or a rebalance does."""
        self.handler.rolled_back(0)

    def stored(self) -> dict[str, bytes | None]:
        """Return the stored bytes of every borrower."""
        return {name: row.state for name, row in self.states.rows.items()}

    def emitted(self) -> dict[str, list[bytes]]:
        """Return the emitted risk events of every borrower, in order."""
        events: dict[str, list[bytes]] = {}
        for emitted in self.states.emitted:
            events.setdefault(emitted.assessment.borrower_id, []).append(emitted.encoded)
        return events


def record(offset: int, raw: bytes) -> FakeRecord:
    """Return a record keyed by its event's subject."""
    try:
        subject = json.loads(raw)["subject"]
    except (ValueError, KeyError, UnicodeDecodeError):
        subject = "unknown"
    key = None if subject == "*" else subject.encode()
    return FakeRecord(offset=offset, value=raw, key=key)


def eager(raws: Sequence[bytes]) -> RefoldedPartition:
    """Return the fold of a log in which nothing repeats, every close applied at once."""
    decoder, bases = EventDecoder(ZONE), dict[int, dict[str, bytes]]()
    withdrawals: list[DayCloseWithdrawn] = []
    for offset, raw in enumerate(raws):
        event = decoder.decode(raw)
        if isinstance(event, DayCloseWithdrawn):
            withdrawals.append(event)
            rows = Unwithdrawn(decoder, withdrawals)
            bases[offset] = states_of(_refolded(filter(rows.keeps, raws[:offset]), {}))
    return _refolded(raws, bases)


def _refolded(raws: Iterable[bytes], bases: Bases) -> RefoldedPartition:
    refold = Refold(EventDecoder(ZONE), Timeline(Context(RULEBOOK), found), bases=bases)
    for offset, raw in enumerate(raws):
        refold.take(offset, raw)
    return refold.result


def is_as_eager(worker: MemoryWorker, log: Sequence[bytes], *, isolates: bool = False) -> None:
    """Assert that a worker stored and wrote what the fold of its log at once gives.

    Where borrowers were isolated, a notice of it and one of its end are written besides.
    """
    expected = eager(log)
    assert worker.stored() == {
        name: state_bytes.encode(borrower) for name, borrower in expected.borrowers.items()
    }
    digests = {name: [fingerprint(raw) for raw in raws] for name, raws in worker.emitted().items()}
    assert digests == {
        name: [assessment.digest for assessment in assessments]
        for name, assessments in expected.assessments.items()
    }
    effects = sum(len(events) for events in expected.linked.values())
    values = [message.value for message in worker.outbox.messages]
    notices = sum(ISOLATION_CHANGED.encode() in value for value in values)
    assert notices % 2 == 0 if isolates else notices == 0
    assert len(values) == sum(len(raws) for raws in digests.values()) + effects + notices
