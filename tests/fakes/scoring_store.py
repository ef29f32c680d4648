"""Scoring's ledger, states, outbox and quarantine in memory; no transactions."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from services.kit.stream.handler import Tally
from services.kit.stream.outbox import Message, Outbox
from services.kit.stream.quarantine import Quarantine, RejectedRecord
from services.scoring.application.ports import (
    EmittedAssessment,
    Isolation,
    LoggedEvent,
    SavedBorrower,
    StoredState,
    Sweep,
)
from services.scoring.application.rulebook_cache import RulebookText
from services.scoring.domain.events.event import EVERYBODY
from services.scoring.domain.portfolio.drift import BinCount

ISOLATED_SINCE = datetime(2026, 3, 1, 12, tzinfo=UTC)


class MemoryLedger:
    """Implements `Ledger` for one partition."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, str], tuple[int, bytes]] = {}
        self.control_rows: dict[tuple[str, str], tuple[int, bytes]] = {}

    async def add(self, connection: Any, partition: int, events: Sequence[LoggedEvent]) -> set[int]:
        repeated = set()
        for one in events:
            key = (one.event.borrower_id, one.event.source, one.event.id)
            if key in self.rows:
                repeated.add(one.offset)
            else:
                self.rows[key] = (one.offset, one.raw)
        return repeated

    async def add_control(
        self, connection: Any, partition: int, events: Sequence[LoggedEvent]
    ) -> set[int]:
        repeated = set()
        for one in events:
            key = (one.event.source, one.event.id)
            if key in self.control_rows:
                repeated.add(one.offset)
            else:
                self.control_rows[key] = (one.offset, one.raw)
        return repeated

    async def differing(
        self, connection: Any, partition: int, events: Sequence[LoggedEvent]
    ) -> list[tuple[int, bytes]]:
        stored = {
            **{each: row[1] for each, row in self.rows.items()},
            **{(EVERYBODY, *each): row[1] for each, row in self.control_rows.items()},
        }
        pairs = [
            (
                each.offset,
                each.raw,
                stored[each.event.borrower_id, each.event.source, each.event.id],
            )
            for each in events
        ]
        return [(offset, first) for offset, raw, first in pairs if raw != first]

    async def waiting(
        self, connection: Any, borrower_id: str, *, after: int, limit: int
    ) -> list[tuple[int, bytes]]:
        own = sorted(row for key, row in self.rows.items() if key[0] == borrower_id)
        return [row for row in own if row[0] > after][:limit]

    async def control(self, connection: Any, partition: int) -> list[tuple[int, bytes]]:
        return sorted(self.control_rows.values())

    async def events_of(self, connection: Any, borrower_id: str) -> list[tuple[int, bytes]]:
        own = [row for key, row in self.rows.items() if key[0] == borrower_id]
        return sorted([*own, *self.control_rows.values()])


class MemoryTexts:
    """Implements `RulebookTexts`."""

    def __init__(self, *texts: RulebookText) -> None:
        self.texts = list(texts)

    async def activated(
        self, connection: Any, *, known: Iterable[tuple[str, str]]
    ) -> list[RulebookText]:
        return [one for one in self.texts if (one.name, one.version) not in set(known)]


class MemoryStates:
    """Implements `States` for one partition."""

    def __init__(self) -> None:
        self.rows: dict[str, StoredState] = {}
        self.last_events: dict[str, tuple[str, str]] = {}
        self.isolations: dict[str, Isolation] = {}
        self.sweeps: dict[int, Sweep] = {}
        self.emitted: list[EmittedAssessment] = []

    async def load(self, connection: Any, borrower_ids: Sequence[str]) -> list[StoredState]:
        return [self.rows[one] for one in borrower_ids if one in self.rows]

    async def save(
        self, connection: Any, partition: int, borrowers: Sequence[SavedBorrower]
    ) -> None:
        for saved in borrowers:
            name = saved.cached.borrower.borrower_id
            closed_offset = saved.cached.closed_offset
            self.rows[name] = StoredState(name, partition, closed_offset, saved.state)
            if saved.cached.last_event is not None:
                self.last_events[name] = saved.cached.last_event

    async def isolated(self, connection: Any, partition: int) -> list[Isolation]:
        return list(self.isolations.values())

    async def isolate(
        self, connection: Any, isolations: Sequence[Isolation]
    ) -> dict[str, datetime]:
        self.isolations |= {each.borrower_id: each for each in isolations}
        return dict.fromkeys(self.isolations, ISOLATED_SINCE)

    async def end_isolation(self, connection: Any, borrower_id: str) -> datetime:
        del self.isolations[borrower_id]
        return ISOLATED_SINCE + timedelta(days=1)

    async def count(self, connection: Any, partition: int) -> int:
        return len(self.rows)

    async def page(
        self, connection: Any, partition: int, sweep: Sweep, *, size: int
    ) -> list[StoredState]:
        names = sorted(name for name in self.rows if name > sweep.after_borrower)
        return [self.rows[name] for name in names[:size]]

    async def sweep(self, connection: Any, partition: int) -> Sweep:
        return self.sweeps.get(partition, Sweep())

    async def save_sweep(self, connection: Any, partition: int, sweep: Sweep) -> None:
        self.sweeps[partition] = sweep

    async def add_assessments(self, connection: Any, emitted: Sequence[EmittedAssessment]) -> None:
        self.emitted.extend(emitted)


class MemoryCensus:
    """Implements `Census` for one partition."""

    def __init__(self) -> None:
        self.counts: dict[tuple[int, str, str, str], BinCount] = {}

    async def add(self, connection: Any, partition: int, counts: Sequence[BinCount]) -> None:
        for one in counts:
            key = (one.as_of, one.model, one.version, one.figure)
            held = self.counts.get(key)
            before = held.counts if held else [0] * len(one.counts)
            both = [was + now for was, now in zip(before, one.counts, strict=True)]
            self.counts[key] = replace(one, counts=both)

    async def latest(self, connection: Any) -> list[BinCount]:
        newest = max((key[0] for key in self.counts), default=0)
        return [self.counts[key] for key in sorted(self.counts) if key[0] == newest]


class MemoryOutbox(Outbox):
    """Keeps the messages."""

    def __init__(self) -> None:
        super().__init__(schema="scoring")
        self.messages: list[Message] = []

    async def append(
        self, connection: Any, messages: Sequence[Message], *, partition: int = -1
    ) -> None:
        self.messages.extend(messages)


class MemoryQuarantine(Quarantine):
    """Stores rejected records."""

    def __init__(self) -> None:
        super().__init__(schema="scoring")
        self.rejected: list[RejectedRecord] = []

    async def insert(self, connection: Any, rejected: Sequence[RejectedRecord]) -> Tally:
        stored = {each.record.offset for each in self.rejected}
        fresh = [each for each in rejected if each.record.offset not in stored]
        self.rejected.extend(fresh)
        return Tally(duplicates=len(rejected) - len(fresh), quarantined=len(fresh))
