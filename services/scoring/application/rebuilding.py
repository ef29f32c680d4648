"""Restores borrowers from stored bytes, or from the ledger where the bytes are of another version.

The ledger is the truth; stored bytes only save folding it again. After an upgrade that changes
their form, each borrower is rebuilt when it is first needed.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import structlog

from services.kit.database import Connection
from services.kit.stream import faults
from services.scoring.application.folding import (
    FoldOutput,
    PendingClose,
    apply_event,
    catch_up,
    record,
)
from services.scoring.application.ports import CachedBorrower, Codec, Ledger, StoredState
from services.scoring.application.rulebook_cache import RulebookCache
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.events.control import DayClosed, DayCloseWithdrawn
from services.scoring.domain.events.event import EVERYBODY, Event
from services.scoring.domain.fold import new_borrower, withdraw_close
from services.scoring.domain.rulebook.context import Context
from services.scoring.domain.rulebook.timeline import Timeline

log = structlog.get_logger(__name__)


class RefoldFailed(Exception):
    """The ledger of a borrower cannot be folded; the cause is what the fold raised."""


@dataclass(slots=True)
class RefoldedBorrower:
    """A borrower after a part of its log, with all output, and the context at that point."""

    cached: CachedBorrower
    output: FoldOutput
    context: Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilder:
    """Restores borrowers along the timeline of their partition.

    ``initial`` is the context before the first control event. Call `refresh` before anything that
    folds, so that the activated rulebooks can be found.
    """

    ledger: Ledger
    codec: Codec
    initial: Context
    rulebooks: RulebookCache

    def begin(self) -> Timeline:
        """Returns the timeline of a partition before its first control event."""
        return Timeline(self.initial, self.rulebooks.find)

    async def refresh(self, connection: Connection) -> None:
        """Reads the rulebooks that were activated since the last time."""
        await self.rulebooks.refresh(connection)

    async def context(self, connection: Connection, partition: int) -> Context:
        """Returns the context of a partition after all of its control events."""
        timeline = self.begin()
        for _, raw in await self.ledger.control(connection, partition):
            timeline.apply_control_event(self.codec.decode(raw))
        return timeline.context

    async def restored(
        self, connection: Connection, row: StoredState, *, before: int | None = None
    ) -> CachedBorrower:
        """Returns the borrower of a row, which includes no event from offset ``before`` on.

        Raises:
            RefoldFailed: If its bytes are of another version and its ledger cannot be folded.
        """
        assert row.state is not None
        try:
            return CachedBorrower(self.codec.decode_state(row.state), row.closed_offset)
        except self.codec.unreadable:
            log.info("state.rebuilt_from_ledger", partition=row.partition)
        rows = await self.ledger.events_of(connection, row.borrower_id)
        refolded = self.refold_row(row, rows, before=before)
        return CachedBorrower(refolded.cached.borrower, row.closed_offset)

    def refold_row(
        self, row: StoredState, rows: Iterable[tuple[int, bytes]], *, before: int | None = None
    ) -> RefoldedBorrower:
        """Returns the borrower of a row by the rows of its ledger, as far as the row includes them.

        Raises:
            RefoldFailed: If the ledger cannot be folded.
        """
        try:
            events = [
                (offset, event)
                for offset, raw in rows
                if (before is None or offset < before)
                and (
                    not isinstance(event := self.codec.decode(raw), DayClosed | DayCloseWithdrawn)
                    or offset <= row.closed_offset
                )
            ]
            return self.refold(row.borrower_id, events)
        except Exception as error:
            raise RefoldFailed(f"{type(error).__name__}: {error}") from error

    async def catch_up(
        self,
        connection: Connection,
        cached: CachedBorrower,
        closes: Iterable[PendingClose],
        *,
        output: FoldOutput,
    ) -> int:
        """Folds the closes that a borrower lacks and their withdrawals, each in its own context.

        For a withdrawal its ledger up to there is folded again without what was withdrawn; that
        counts as many events as it has, and what is returned is their number.

        Raises:
            RefoldFailed: If the ledger cannot be folded.
        """
        events = 0
        for close in closes:
            if close.offset > cached.closed_offset and isinstance(close.event, DayCloseWithdrawn):
                events += await self._withdraw(connection, cached, close, output)
            else:
                catch_up(cached, [close], output=output)
        return events

    async def _withdraw(
        self,
        connection: Connection,
        cached: CachedBorrower,
        withdrawal: PendingClose,
        output: FoldOutput,
    ) -> int:
        borrower_id, event = cached.borrower.borrower_id, withdrawal.event
        assert isinstance(event, DayCloseWithdrawn)
        rows = await self.ledger.events_of(connection, borrower_id)
        before = [raw for raw in rows if raw[0] < withdrawal.offset]
        # In a thread: the history of a borrower may take seconds.
        without = await asyncio.to_thread(self._without, borrower_id, before, event)
        outcome = withdraw_close(cached.borrower, without, event, withdrawal.context)
        cached.closed_offset = withdrawal.offset
        record(cached, outcome, withdrawal.offset, output)
        faults.point("mid-withdrawal")
        return len(before)

    def _without(
        self, borrower_id: str, rows: Sequence[tuple[int, bytes]], withdrawal: DayCloseWithdrawn
    ) -> Borrower:
        """Returns a borrower by the rows of its ledger without what was withdrawn."""
        try:
            events = [(offset, self.codec.decode(raw)) for offset, raw in rows]
            return self.refold(borrower_id, unwithdrawn(events, withdrawal)).cached.borrower
        except Exception as error:
            raise RefoldFailed(f"{type(error).__name__}: {error}") from error

    def refold(
        self,
        borrower_id: str,
        events: Iterable[tuple[int, Event]],
        *,
        is_whole_log: bool = True,
    ) -> RefoldedBorrower:
        """Returns the borrower after these events, as `refold` does."""
        return refold(borrower_id, events, begin=self.begin, is_whole_log=is_whole_log)


def refold(
    borrower_id: str,
    events: Iterable[tuple[int, Event]],
    *,
    begin: Callable[[], Timeline],
    is_whole_log: bool = True,
) -> RefoldedBorrower:
    """Returns the borrower after these events, its own and the control events.

    Closes from before its own first event change the timeline and are not folded. At the
    withdrawal of a close all is folded again without it. Without the whole log in memory there
    must be no withdrawal, and of the output only the newest assessment is collected.
    """
    cached, output = CachedBorrower(new_borrower(borrower_id), -1), FoldOutput()
    timeline, is_known = begin(), False
    past: list[tuple[int, Event]] = []
    for offset, event in events:
        if not is_whole_log:
            del output.assessments[:-1]
            output.effects.clear()
        if event.borrower_id != EVERYBODY:
            is_known = True
            apply_event(cached, event, offset, timeline.context, closes=(), output=output)
        else:
            timeline.apply_control_event(event)
        if is_known and isinstance(event, DayClosed):
            close = PendingClose(offset, event, timeline.context)
            catch_up(cached, [close], output=output)
        if is_known and isinstance(event, DayCloseWithdrawn):
            without = refold(borrower_id, unwithdrawn(past, event), begin=begin).cached.borrower
            outcome = withdraw_close(cached.borrower, without, event, timeline.context)
            record(cached, outcome, offset, output)
            cached.closed_offset = offset
        if is_whole_log:
            past.append((offset, event))
    return RefoldedBorrower(cached, output, timeline.context)


def unwithdrawn(
    events: Iterable[tuple[int, Event]], withdrawal: DayCloseWithdrawn
) -> list[tuple[int, Event]]:
    """Returns events without the withdrawn closes, that of this withdrawal included."""
    events = list(events)
    withdrawals = [event for _, event in events if isinstance(event, DayCloseWithdrawn)]
    withdrawals.append(withdrawal)
    return [
        logged
        for logged in events
        if not isinstance(logged[1], DayCloseWithdrawn)
        and not any(withdrawn.names(logged[1]) for withdrawn in withdrawals)
    ]
