"""A borrower from its stored bytes, or from the ledger where the bytes are of another version.

The ledger is the truth; stored bytes only save the time of folding it again. After an upgrade
that changes their form, each borrower is rebuilt when it is first needed.
"""

from dataclasses import dataclass

import structlog

from services.kit.database import Connection
from services.scoring.application.folding import Folder, News
from services.scoring.application.memory import Close
from services.scoring.application.ports import Codec, Held, Ledger, StoredState
from services.scoring.domain.events import EVERYBODY, DayClosed
from services.scoring.domain.fold import new_borrower

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilder:
    """Makes borrowers from rows."""

    ledger: Ledger
    codec: Codec
    folder: Folder

    async def held(
        self, connection: Connection, row: StoredState, *, before: int | None = None
    ) -> Held:
        """Return the borrower of a row, which holds no event from offset `before` on."""
        assert row.state is not None
        try:
            return Held(self.codec.decode_state(row.state), row.closed_offset)
        except self.codec.unreadable:
            log.info("state rebuilt from the ledger", partition=row.partition)
        known = [
            (offset, raw)
            for offset, raw in await self.ledger.events_of(connection, row.borrower_id)
            if (before is None or offset < before)
            and (offset <= row.closed_offset or not self._closes(raw))
        ]
        held, _ = self.refold(row.borrower_id, known)
        return Held(held.borrower, row.closed_offset)

    def refold(self, borrower_id: str, events: list[tuple[int, bytes]]) -> tuple[Held, News]:
        """Return the borrower after these events and closes, and everything that was said."""
        held, news = Held(new_borrower(borrower_id), -1), News()
        for offset, raw in events:
            event = self.codec.decode(raw)
            if isinstance(event, DayClosed):
                self.folder.catch_up(held, [Close(offset, event)], news=news)
            elif event.borrower_id != EVERYBODY:
                self.folder.apply(held, event, offset, closes=(), news=news)
        return held, news

    def _closes(self, raw: bytes) -> bool:
        return isinstance(self.codec.decode(raw), DayClosed)
