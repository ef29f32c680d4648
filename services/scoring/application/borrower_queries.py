"""Queries about one borrower: assessment, ledger and history, now or as of a date.

Now is the stored state, with the day closes that it still lacks folded in: its cost does not grow
with the history. As of a date is what was known when that business date was closed: the ledger up
to the close, folded again, so it agrees with what was emitted then. An isolated borrower is folded
up to its mark, and the answer names the moment from which it is isolated. A borrower that the
viewer may not see is reported as not found.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from heapq import merge
from operator import itemgetter
from typing import Protocol

from services.kit.database import Connection, Database
from services.scoring.application.folding import FoldOutput, PendingClose
from services.scoring.application.ports import CachedBorrower, Ledger, StoredState
from services.scoring.application.rebuilding import Rebuilder
from services.scoring.domain.assess.assessment import Assessment, Cause, EmittedChanges
from services.scoring.domain.assess.explain import snapshot
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.events.control import DayClosed, DayCloseWithdrawn
from services.scoring.domain.events.event import EVERYBODY, Event
from services.scoring.domain.handlers.registry import type_name
from services.scoring.domain.rulebook.context import Context
from services.scoring.domain.rulebook.rulebook import Rules

MOST_PER_PAGE = 500
MOST_OFFSET = 2**63 - 1
# Each folds up to the whole history of a borrower; one more waits.
AS_OF_AT_ONCE = 2
EventAtOffset = tuple[int, Event]


class BorrowerNotFound(Exception):
    """There is no such borrower for this caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """The borrowers that the caller may see: all, or those of some officers and branches."""

    sees_everything: bool
    officer_ids: frozenset[str] = frozenset()
    branch_ids: frozenset[str] = frozenset()

    def sees(self, responsible: "Responsibility") -> bool:
        """Returns whether the caller may see the borrowers of an officer and a branch."""
        return (
            self.sees_everything
            or responsible.officer_id in self.officer_ids
            or responsible.branch_id in self.branch_ids
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Responsibility:
    """The officer and the branch of a borrower."""

    officer_id: str | None
    branch_id: str | None


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
class AssessmentView:
    """An assessment with the facts and rules behind it, and the last emitted changes.

    `names_parties` is whether the viewer may read who another customer is, and its state.
    """

    assessment: Assessment
    borrower: Borrower
    rules: Rules
    last_emitted: EmittedChanges | None = None
    isolated_since: datetime | None = None
    names_parties: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldedSpan:
    """How far a borrower is folded if it is isolated, and since when it is."""

    folded_to: int
    closed_offset: int
    since: datetime

    def includes(self, offset: int, event: Event) -> bool:
        """Returns whether an event is folded in, or is part of the context of what is."""
        is_close = isinstance(event, DayClosed | DayCloseWithdrawn)
        return offset <= (self.closed_offset if is_close else self.folded_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentRow:
    """A borrower as it is stored, with what its last events were.

    Attributes:
        last_own: Offset and bytes of the last own event that is folded in; None before the first.
        last_emitted: The changes of its newest emitted assessment; None before the first.
    """

    stored: StoredState
    last_own: tuple[int, bytes] | None
    last_emitted: EmittedChanges | None


class BorrowerRows(Protocol):
    """The stored rows of one borrower."""

    async def responsible(self, connection: Connection, borrower_id: str) -> Responsibility | None:
        """Returns the officer and the branch of a borrower, or None if there is none of the id."""
        ...

    async def hold_snapshot(self, connection: Connection) -> None:
        """Makes all further statements of the transaction see one moment; called first in it."""
        ...

    async def isolation(self, connection: Connection, borrower_id: str) -> FoldedSpan | None:
        """Returns how far a borrower is folded if it is isolated, or None."""
        ...

    async def present(self, connection: Connection, borrower_id: str) -> PresentRow:
        """Returns the stored state of a borrower; the cost does not grow with its history."""
        ...

    async def partition_of(self, connection: Connection, borrower_id: str) -> int:
        """Returns the partition of a borrower."""
        ...

    def own_events(
        self, connection: Connection, borrower_id: str, *, before: int
    ) -> AsyncIterator[list[tuple[int, bytes]]]:
        """Yields the own events of a borrower below an offset in log order, some at a time."""
        ...

    async def ledger(
        self, connection: Connection, borrower_id: str, *, after: int, limit: int
    ) -> list[LedgerRow]:
        """Returns applied events after an offset."""
        ...

    async def history(
        self, connection: Connection, borrower_id: str, *, before: int, limit: int
    ) -> list[HistoryRow]:
        """Returns emitted assessments below a sequence, the newest first."""
        ...


class BorrowerQueries:
    """The queries. Each raises `BorrowerNotFound` if the caller may not see the borrower."""

    def __init__(
        self, *, database: Database, rows: BorrowerRows, ledger: Ledger, rebuilder: Rebuilder
    ) -> None:
        self._database = database
        self._rows = rows
        self._ledger = ledger
        self._rebuilder = rebuilder
        self._slots = asyncio.Semaphore(AS_OF_AT_ONCE)

    async def assessment(
        self, borrower_id: str, *, as_of: date | None, viewer: Viewer
    ) -> AssessmentView:
        """Returns the assessment of a borrower.

        Raises:
            BorrowerNotFound: Also if nothing was known of the borrower by then.
        """
        if as_of is None:
            view = await self._present(borrower_id, viewer)
        else:
            async with self._slots:
                view = await self._as_of(borrower_id, as_of.toordinal(), viewer)
        return replace(view, names_parties=viewer.sees_everything)

    async def ledger(
        self, borrower_id: str, *, viewer: Viewer, after: int = -1, limit: int = 100
    ) -> list[LedgerRow]:
        """Returns the applied events of a borrower in log order."""

        async def read(connection: Connection) -> list[LedgerRow]:
            await self._check(connection, borrower_id, viewer)
            return await self._rows.ledger(connection, borrower_id, after=after, limit=limit)

        return await self._database.in_transaction(read)

    async def history(
        self, borrower_id: str, *, viewer: Viewer, before: int, limit: int = 100
    ) -> list[HistoryRow]:
        """Returns the emitted assessments of a borrower, the newest first."""

        async def read(connection: Connection) -> list[HistoryRow]:
            await self._check(connection, borrower_id, viewer)
            return await self._rows.history(connection, borrower_id, before=before, limit=limit)

        return await self._database.in_transaction(read)

    async def _check(self, connection: Connection, borrower_id: str, viewer: Viewer) -> None:
        responsible = await self._rows.responsible(connection, borrower_id)
        if responsible is None or not viewer.sees(responsible):
            raise BorrowerNotFound(borrower_id)

    async def _present(self, borrower_id: str, viewer: Viewer) -> AssessmentView:
        """Returns the assessment by the stored state and the closes that it lacks."""

        async def read(connection: Connection) -> tuple[_Folded, FoldedSpan | None]:
            await self._rows.hold_snapshot(connection)
            await self._check(connection, borrower_id, viewer)
            await self._rebuilder.refresh(connection)
            isolation = await self._rows.isolation(connection, borrower_id)
            row = await self._rows.present(connection, borrower_id)
            if row.last_own is None:
                raise BorrowerNotFound(borrower_id)
            cached = await self._rebuilder.restored(connection, row.stored)
            control = await self._control(connection, row.stored.partition, isolation)
            return await self._caught_up(connection, cached, control, row), isolation

        folded, isolation = await self._database.in_transaction(read)
        return _view(folded, isolation)

    async def _caught_up(
        self,
        connection: Connection,
        cached: CachedBorrower,
        control: Sequence[EventAtOffset],
        row: PresentRow,
    ) -> "_Folded":
        assert row.last_own is not None
        own_offset, raw = row.last_own
        last = self._rebuilder.codec.decode(raw)
        timeline, output = self._rebuilder.begin(), FoldOutput()
        context_of_last = timeline.context
        for offset, event in control:
            timeline.apply_control_event(event)
            if isinstance(event, DayClosed | DayCloseWithdrawn):
                close = PendingClose(offset, event, timeline.context)
                await self._rebuilder.catch_up(connection, cached, [close], output=output)
            if offset < own_offset:
                context_of_last = timeline.context
            elif isinstance(event, DayClosed | DayCloseWithdrawn):
                last, context_of_last = event, timeline.context
        # Not part of the stored state: the rates that the last fold was given.
        cached.borrower.rates = context_of_last.rates
        last_emitted = _newest_changes(output) or row.last_emitted
        return _Folded(cached.borrower, timeline.context, last, last_emitted)

    async def _as_of(self, borrower_id: str, day: int, viewer: Viewer) -> AssessmentView:
        """Returns the assessment by the ledger, which is read and folded some events at a time."""

        async def read(connection: Connection) -> tuple[_Folded, FoldedSpan | None]:
            await self._rows.hold_snapshot(connection)
            await self._check(connection, borrower_id, viewer)
            await self._rebuilder.refresh(connection)
            isolation = await self._rows.isolation(connection, borrower_id)
            partition = await self._rows.partition_of(connection, borrower_id)
            known = known_by(await self._control(connection, partition, isolation), day)
            chunks = self._rows.own_events(connection, borrower_id, before=known.before)
            loop = asyncio.get_running_loop()

            def own() -> Iterator[EventAtOffset]:
                """Yields own events in the thread that folds; the loop reads them."""
                while chunk := asyncio.run_coroutine_threadsafe(_next(chunks), loop).result():
                    for offset, raw in chunk:
                        event = self._rebuilder.codec.decode(raw)
                        if known.includes(event) and (
                            isolation is None or isolation.includes(offset, event)
                        ):
                            yield offset, event

            return await asyncio.to_thread(self._folded, borrower_id, own(), known), isolation

        folded, isolation = await self._database.in_transaction(read)
        return _view(folded, isolation)

    def _folded(
        self, borrower_id: str, own: Iterator[EventAtOffset], known: "KnownLog"
    ) -> "_Folded":
        last: Event | None = None

        def events() -> Iterator[EventAtOffset]:
            nonlocal last
            is_known = False
            for offset, event in merge(own, known.control, key=itemgetter(0)):
                is_known = is_known or event.borrower_id == borrower_id
                if is_known and _changes_borrower(event):
                    last = event
                yield offset, event

        has_withdrawal = any(isinstance(event, DayCloseWithdrawn) for _, event in known.control)
        refolded = self._rebuilder.refold(borrower_id, events(), is_whole_log=has_withdrawal)
        if last is None:
            raise BorrowerNotFound(borrower_id)
        borrower, last_emitted = refolded.cached.borrower, _newest_changes(refolded.output)
        return _Folded(borrower, refolded.context, last, last_emitted)

    async def _control(
        self, connection: Connection, partition: int, isolation: FoldedSpan | None
    ) -> list[EventAtOffset]:
        rows = await self._ledger.control(connection, partition)
        events = [(offset, self._rebuilder.codec.decode(raw)) for offset, raw in rows]
        if isolation is None:
            return events
        return [logged for logged in events if isolation.includes(*logged)]


@dataclass(frozen=True, slots=True)
class _Folded:
    """A borrower at a place of its log, the context there, and its last event."""

    borrower: Borrower
    context: Context
    last: Event
    last_emitted: EmittedChanges | None


def _newest_changes(output: FoldOutput) -> EmittedChanges | None:
    if not output.assessments:
        return None
    newest = output.assessments[-1].assessment
    return EmittedChanges(newest.as_of, newest.changes)


def _view(folded: _Folded, isolation: FoldedSpan | None) -> AssessmentView:
    borrower, last = folded.borrower, folded.last
    rules = folded.context.rules_for(borrower)
    is_close = isinstance(last, DayClosed | DayCloseWithdrawn)
    day = borrower.counters.closed_day if is_close else last.day
    day = max(day, borrower.counters.closed_day)
    cause = Cause(last.source, last.id, type_name(last))
    assessment = snapshot(borrower, rules, day, last.at_us, cause)
    assessment.sequence = borrower.risk.sequence
    return AssessmentView(
        assessment=assessment,
        borrower=borrower,
        rules=rules,
        last_emitted=folded.last_emitted,
        isolated_since=isolation.since if isolation else None,
    )


async def _next(chunks: AsyncIterator[list[tuple[int, bytes]]]) -> list[tuple[int, bytes]]:
    return await anext(chunks, [])


@dataclass(frozen=True, slots=True)
class KnownLog:
    """The part of a log that was known when a business date was closed.

    Attributes:
        control: The control events in it.
        before: The offset at which it ends.
        booked_by: Own events are part of it only if they were booked by this day; None for all.
    """

    control: list[EventAtOffset]
    before: int
    booked_by: int | None

    def includes(self, event: Event) -> bool:
        """Returns whether an own event below the end is part of it."""
        return self.booked_by is None or event.day <= self.booked_by


def known_by(control: Sequence[EventAtOffset], day: int) -> KnownLog:
    """Returns the part of a log that was known when a business date was closed.

    That is everything up to its close. For a date that was not closed itself (a day without a
    close, or today) it is what was booked by then and came before the next close. A close that was
    withdrawn ends no date, but it counts in what was known while it stood.
    """
    withdrawals = [event for _, event in control if isinstance(event, DayCloseWithdrawn)]
    known: list[EventAtOffset] = []
    for offset, event in control:
        if not isinstance(event, DayClosed) or any(each.names(event) for each in withdrawals):
            known.append((offset, event))
            continue
        if event.closed_day > day:
            return KnownLog(known, offset, day)
        known.append((offset, event))
        if event.closed_day == day:
            return KnownLog(known, offset, None)
    return KnownLog(known, MOST_OFFSET, day)


def _changes_borrower(event: Event) -> bool:
    """Returns whether an event changes the borrower at once; other control events only wait."""
    return event.borrower_id != EVERYBODY or isinstance(event, DayClosed | DayCloseWithdrawn)
