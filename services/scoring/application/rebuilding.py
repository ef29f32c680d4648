"""Restores borrowers from stored bytes, or from the ledger where the bytes are of another version.

The ledger is the truth; stored bytes only save folding it again. After an upgrade that changes
their form, each borrower is rebuilt when it is first needed.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from services.kit.database import Connection
from services.scoring.application.folding import (
    FoldOutput,
    PendingClose,
    apply_event,
    catch_up,
    record,
)
from services.scoring.application.ports import CachedBorrower, Codec, Ledger, StoredState
from services.scoring.application.rulebook_cache import RulebookCache
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

    async def withdraw(
        self, connection: Connection, cached: CachedBorrower, *, at: int, output: FoldOutput
    ) -> None:
        """Brings a borrower through all closes up to the withdrawal at an offset.

        All of its ledger up to there is folded again; what was emitted before keeps its numbers,
        so only what has a later one is new.

        Raises:
            RefoldFailed: If the ledger cannot be folded.
        """
        borrower = cached.borrower
        sequence, sent = borrower.risk.sequence, borrower.credit_file.effects_sent
        rows = await self.ledger.events_of(connection, borrower.borrower_id)
        try:
            events = [(offset, self.codec.decode(raw)) for offset, raw in rows if offset <= at]
            refolded = self.refold(borrower.borrower_id, events)
        except Exception as error:
            raise RefoldFailed(f"{type(error).__name__}: {error}") from error
        cached.borrower, cached.closed_offset = refolded.cached.borrower, at
        output.assessments += [
            each for each in refolded.output.assessments if each.assessment.sequence > sequence
        ]
        output.effects += [each for each in refolded.output.effects if each.number > sent]

    def refold(
        self,
        borrower_id: str,
        events: Iterable[tuple[int, Event]],
        *,
        is_whole_log: bool = True,
    ) -> RefoldedBorrower:
        """Returns the borrower after these events, its own and the control events.

        Closes from before its own first event change the timeline and are not folded. At the
        withdrawal of a close all is folded again without it. Without the whole log in memory there
        must be no withdrawal, and of the output only the newest assessment is collected.
        """
        cached, output = CachedBorrower(new_borrower(borrower_id), -1), FoldOutput()
        timeline, is_known = self.begin(), False
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
            if isinstance(event, DayCloseWithdrawn):
                past = [each for each in past if not event.names(each[1])]
                if is_known:
                    without = self.refold(borrower_id, past).cached.borrower
                    outcome = withdraw_close(cached.borrower, without, event, timeline.context)
                    record(cached, outcome, offset, output)
                    cached.closed_offset = offset
            elif is_whole_log:
                past.append((offset, event))
        return RefoldedBorrower(cached, output, timeline.context)
