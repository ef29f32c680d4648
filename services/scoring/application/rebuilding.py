"""A borrower from its stored bytes, or from the ledger where the bytes are of another version.

The ledger is the truth; stored bytes only save the time of folding it again. After an upgrade
that changes their form, each borrower is rebuilt when it is first needed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog

from services.kit.database import Connection
from services.scoring.application.folding import News, Placed, apply, catch_up
from services.scoring.application.memory import Close
from services.scoring.application.ports import Codec, Held, Ledger, StoredState
from services.scoring.domain.events.control import DayClosed
from services.scoring.domain.events.event import EVERYBODY, Event
from services.scoring.domain.fold import new_borrower
from services.scoring.domain.rulebook.context import Context
from services.scoring.domain.rulebook.timeline import Timeline

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Refolded:
    """A borrower after a part of its log, all that was said, and the context in force then."""

    held: Held
    news: News
    context: Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilder:
    """Makes borrowers from rows. `begin` gives the timeline of a partition before its first event.

    Whoever calls has refreshed the shelf that the timeline finds rulebooks on.
    """

    ledger: Ledger
    codec: Codec
    begin: Callable[[], Timeline]

    async def held(
        self, connection: Connection, row: StoredState, *, before: int | None = None
    ) -> Held:
        """Return the borrower of a row, which holds no event from offset `before` on."""
        assert row.state is not None
        try:
            return Held(self.codec.decode_state(row.state), row.closed_offset)
        except self.codec.unreadable:
            log.info("state rebuilt from the ledger", partition=row.partition)
        decoded = [
            (offset, self.codec.decode(raw))
            for offset, raw in await self.ledger.events_of(connection, row.borrower_id)
            if before is None or offset < before
        ]
        known = [
            (offset, event)
            for offset, event in decoded
            if offset <= row.closed_offset or not isinstance(event, DayClosed)
        ]
        return Held(self.refold(row.borrower_id, known).held.borrower, row.closed_offset)

    def refold(self, borrower_id: str, log_of_borrower: Iterable[tuple[int, Event]]) -> Refolded:
        """Return the borrower after these events, its own and those for everybody.

        Closes from before its own first event are heard and not folded.
        """
        held, news, timeline = Held(new_borrower(borrower_id), -1), News(), self.begin()
        is_known = False
        for offset, event in log_of_borrower:
            if event.borrower_id != EVERYBODY:
                is_known = True
                apply(held, Placed(offset, event, timeline.context), closes=(), news=news)
                continue
            timeline.hear(event)
            if is_known and isinstance(event, DayClosed):
                catch_up(held, [Close(offset, event, timeline.context)], news=news)
        return Refolded(held, news, timeline.context)
