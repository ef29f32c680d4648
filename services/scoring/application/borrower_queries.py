"""Queries about one borrower: assessment, ledger and history, now or as of a date.

As of a date is what was known when that business date was closed: the ledger up to the close,
folded again, so it agrees with what was emitted then. An isolated borrower is folded up to its
mark, and the answer names the moment from which it is isolated. An officer sees own borrowers only;
any other borrower is reported as not found.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Protocol

from services.kit.database import Connection, Database
from services.scoring.application.ports import Ledger
from services.scoring.application.rebuilding import Rebuilder
from services.scoring.domain.assess.assessment import Assessment, Cause, EmittedChanges
from services.scoring.domain.assess.explain import snapshot
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.events.control import DayClosed, DayCloseWithdrawn
from services.scoring.domain.events.event import EVERYBODY, Event
from services.scoring.domain.handlers.registry import type_name
from services.scoring.domain.rulebook.rulebook import Rules

MOST_PER_PAGE = 500


class BorrowerNotFound(Exception):
    """There is no such borrower for this caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """The caller; `officer_id` narrows what can be seen unless `sees_everything`."""

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
class AssessmentView:
    """An assessment with the facts and rules behind it, and the last emitted changes."""

    assessment: Assessment
    borrower: Borrower
    rules: Rules
    last_emitted: EmittedChanges | None = None
    isolated_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IsolationSpan:
    """How far an isolated borrower is folded, and since when."""

    folded_to: int
    closed_offset: int
    since: datetime


class BorrowerRows(Protocol):
    """The stored rows of one borrower."""

    async def officer_of(
        self, connection: Connection, borrower_id: str
    ) -> tuple[str | None] | None:
        """Returns the borrower's officer in a tuple, or None if there is no such borrower."""
        ...

    async def isolation(self, connection: Connection, borrower_id: str) -> IsolationSpan | None:
        """Returns how far a borrower is folded if it is isolated, or None."""
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

    async def assessment(
        self, borrower_id: str, *, as_of: date | None, viewer: Viewer
    ) -> AssessmentView:
        """Returns the assessment of a borrower.

        Raises:
            BorrowerNotFound: Also if nothing was known of the borrower by then.
        """

        async def read(
            connection: Connection,
        ) -> tuple[list[tuple[int, bytes]], IsolationSpan | None]:
            await self._check(connection, borrower_id, viewer)
            await self._rebuilder.refresh(connection)
            isolation = await self._rows.isolation(connection, borrower_id)
            return await self._ledger.events_of(connection, borrower_id), isolation

        rows, isolation = await self._database.in_transaction(read)
        view = await asyncio.to_thread(self._folded, borrower_id, rows, as_of, isolation)
        return view if isolation is None else replace(view, isolated_since=isolation.since)

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
        officer = await self._rows.officer_of(connection, borrower_id)
        if officer is None:
            raise BorrowerNotFound(borrower_id)
        if not viewer.sees_everything and officer[0] != viewer.officer_id:
            raise BorrowerNotFound(borrower_id)

    def _folded(
        self,
        borrower_id: str,
        rows: list[tuple[int, bytes]],
        as_of: date | None,
        isolation: IsolationSpan | None,
    ) -> AssessmentView:
        events = [(offset, self._rebuilder.codec.decode(raw)) for offset, raw in rows]
        if isolation is not None:
            events = folded_by(events, isolation)
        if as_of is not None:
            events = known_by(events, as_of.toordinal())
        if not any(event.borrower_id == borrower_id for _, event in events):
            raise BorrowerNotFound(borrower_id)
        refolded = self._rebuilder.refold(borrower_id, events)
        last = [event for _, event in events if _changes_borrower(event)][-1]
        borrower = refolded.cached.borrower
        rules = refolded.context.rules_for(borrower)
        is_close = isinstance(last, DayClosed | DayCloseWithdrawn)
        day = borrower.counters.closed_day if is_close else last.day
        day = max(day, borrower.counters.closed_day)
        cause = Cause(last.source, last.id, type_name(last))
        assessment = snapshot(borrower, rules, day, last.at_us, cause)
        last_emitted = None
        if refolded.output.assessments:
            newest = refolded.output.assessments[-1].assessment
            assessment.sequence = newest.sequence
            last_emitted = EmittedChanges(newest.as_of, newest.changes)
        return AssessmentView(
            assessment=assessment, borrower=borrower, rules=rules, last_emitted=last_emitted
        )


EventAtOffset = tuple[int, Event]


def folded_by(events: Sequence[EventAtOffset], isolation: IsolationSpan) -> list[EventAtOffset]:
    """Returns the events that are folded into an isolated borrower, and its context."""
    return [
        (offset, event)
        for offset, event in events
        if offset
        <= (isolation.closed_offset if isinstance(event, DayClosed) else isolation.folded_to)
    ]


def known_by(events: Sequence[EventAtOffset], day: int) -> list[EventAtOffset]:
    """Returns the events that were known when a business date was closed.

    That is everything in the log up to its close. For a date that was not closed itself (a day
    without a close, or today) it is what was booked by then and came before the next close. A close
    that was withdrawn ends no date, but it counts in what was known while it stood.
    """
    withdrawals = [event for _, event in events if isinstance(event, DayCloseWithdrawn)]
    known: list[EventAtOffset] = []
    for logged in events:
        event = logged[1]
        if isinstance(event, DayClosed) and not any(each.names(event) for each in withdrawals):
            if event.closed_day > day:
                break
            known.append(logged)
            if event.closed_day == day:
                return known
        else:
            known.append(logged)
    return [logged for logged in known if _booked_by(logged[1], day)]


def _booked_by(event: Event, day: int) -> bool:
    return event.borrower_id == EVERYBODY or event.day <= day


def _changes_borrower(event: Event) -> bool:
    """Returns whether an event changes the borrower at once; other control events only wait."""
    return event.borrower_id != EVERYBODY or isinstance(event, DayClosed | DayCloseWithdrawn)
