"""What people and other systems may ask about a borrower: now, or as of a date.

As of a date is what was known when that business date was closed: the ledger up to the close,
folded again. What was said then (the history) and what is computed now therefore agree. An
officer sees own borrowers only; a borrower of somebody else does not exist.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from services.kit.database import Connection, Database
from services.scoring.application.errors import NotFound
from services.scoring.application.ports import Ledger
from services.scoring.application.rebuilding import Rebuilder
from services.scoring.domain.assess.assessment import Assessment, Cause, Told
from services.scoring.domain.assess.explain import snapshot
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.events.control import DayClosed
from services.scoring.domain.events.event import EVERYBODY, Event
from services.scoring.domain.rulebook.rulebook import Rules

MOST_PER_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who asks; `officer_id` narrows what can be seen unless `sees_everything`."""

    officer_id: str | None
    sees_everything: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """One applied event."""

    partition: int
    offset: int
    day: date
    event: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """One assessment that was emitted."""

    sequence: int
    event: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """An assessment as it was looked at, with what explains it and what was told last."""

    assessment: Assessment
    borrower: Borrower
    rules: Rules
    told: Told | None = None


class Reads(Protocol):
    """The queries."""

    async def officer_of(
        self, connection: Connection, borrower_id: str
    ) -> tuple[str | None] | None:
        """Return the borrower's officer in a tuple, or None if there is no such borrower."""
        ...

    async def ledger(
        self, connection: Connection, borrower_id: str, *, after: int, limit: int
    ) -> list[LedgerRow]:
        """Return applied events behind an offset."""
        ...

    async def history(
        self, connection: Connection, borrower_id: str, *, before: int, limit: int
    ) -> list[HistoryRow]:
        """Return emitted assessments below a sequence, the newest first."""
        ...


class Reading:
    """The queries about one borrower."""

    def __init__(
        self,
        *,
        database: Database,
        reads: Reads,
        ledger: Ledger,
        rebuilder: Rebuilder,
        refresh: Callable[[Connection], Awaitable[None]],
    ) -> None:
        self._database = database
        self._reads = reads
        self._ledger = ledger
        self._rebuilder = rebuilder
        self._refresh = refresh

    async def look(self, borrower_id: str, *, as_of: date | None, viewer: Viewer) -> Looked:
        """Return the assessment of a borrower, with what explains it.

        Raises:
            NotFound: If the caller may not see the borrower, or nothing was known by then.
        """

        async def read(connection: Connection) -> list[tuple[int, bytes]]:
            await self._check(connection, borrower_id, viewer)
            await self._refresh(connection)
            return await self._ledger.events_of(connection, borrower_id)

        events = await self._database.in_transaction(read)
        return await asyncio.to_thread(self._folded, borrower_id, events, as_of)

    async def ledger(
        self, borrower_id: str, *, viewer: Viewer, after: int = -1, limit: int = 100
    ) -> list[LedgerRow]:
        """Return the applied events of a borrower in log order.

        Raises:
            NotFound: If the caller may not see the borrower.
        """

        async def read(connection: Connection) -> list[LedgerRow]:
            await self._check(connection, borrower_id, viewer)
            return await self._reads.ledger(connection, borrower_id, after=after, limit=limit)

        return await self._database.in_transaction(read)

    async def history(
        self, borrower_id: str, *, viewer: Viewer, before: int, limit: int = 100
    ) -> list[HistoryRow]:
        """Return what was said about a borrower, the newest first.

        Raises:
            NotFound: If the caller may not see the borrower.
        """

        async def read(connection: Connection) -> list[HistoryRow]:
            await self._check(connection, borrower_id, viewer)
            return await self._reads.history(connection, borrower_id, before=before, limit=limit)

        return await self._database.in_transaction(read)

    async def _check(self, connection: Connection, borrower_id: str, viewer: Viewer) -> None:
        found = await self._reads.officer_of(connection, borrower_id)
        if found is None:
            raise NotFound(borrower_id)
        if not viewer.sees_everything and found[0] != viewer.officer_id:
            raise NotFound(borrower_id)

    def _folded(
        self, borrower_id: str, events: list[tuple[int, bytes]], as_of: date | None
    ) -> Looked:
        known = [(offset, self._rebuilder.codec.decode(raw)) for offset, raw in events]
        if as_of is not None:
            known = known_by(known, as_of.toordinal())
        if not any(event.borrower_id == borrower_id for _, event in known):
            raise NotFound(borrower_id)
        refolded = self._rebuilder.refold(borrower_id, known)
        last = [event for _, event in known if _moves(event)][-1]
        borrower, news = refolded.held.borrower, refolded.news
        rules = refolded.context.rules_for(borrower)
        day = borrower.counters.closed_day if isinstance(last, DayClosed) else last.day
        day = max(day, borrower.counters.closed_day)
        cause = Cause(last.source, last.id, last.type_name)
        found = snapshot(borrower, rules, day, last.at_us, cause)
        told = None
        if news.said:
            newest = news.said[-1].assessment
            found.sequence = newest.sequence
            told = Told(newest.as_of, newest.changes)
        return Looked(assessment=found, borrower=borrower, rules=rules, told=told)


Placed = tuple[int, Event]


def known_by(events: Sequence[Placed], day: int) -> list[Placed]:
    """Return what was known when a business date was closed.

    That is everything in the log up to its close. For a date that was not closed itself (a
    day without a close, or today) it is what was booked by then and came before the next close.
    """
    known: list[Placed] = []
    for position in events:
        event = position[1]
        if isinstance(event, DayClosed):
            if event.closed_day > day:
                return [one for one in known if _booked_by(one[1], day)]
            known.append(position)
            if event.closed_day == day:
                return known
        else:
            known.append(position)
    return [one for one in known if _booked_by(one[1], day)]


def _booked_by(event: Event, day: int) -> bool:
    return event.borrower_id == EVERYBODY or event.day <= day


def _moves(event: Event) -> bool:
    """Return whether an event moves the borrower by itself; other control events only wait."""
    return event.borrower_id != EVERYBODY or isinstance(event, DayClosed)
