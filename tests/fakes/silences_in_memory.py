"""Silences in memory: the same answers as the tables, without their constraints."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from services.alerts.decisions.application.silences import PastAlert
from services.alerts.decisions.domain.silence import Silence
from services.alerts.directory.domain.scope import Scope
from services.kit.database import Connection


class InMemorySilences:
    """Implements `SilenceRepository`; everybody sees every borrower but those in `hidden`."""

    def __init__(self) -> None:
        self.stored: dict[str, Silence] = {}
        self.approved_by: dict[str, str | None] = {}
        self.past: list[PastAlert] = []
        self.hidden: set[str] = set()

    async def add(
        self, _connection: Connection, silence: Silence, *, approved_by: str | None
    ) -> None:
        self.stored[silence.silence_id] = silence
        self.approved_by[silence.silence_id] = approved_by

    async def end(
        self, _connection: Connection, silence_id: str, *, by: str, reason: str, at: datetime
    ) -> bool:
        self.stored[silence_id] = replace(self.stored[silence_id], ends_at=at)
        return True

    async def listed(
        self, _connection: Connection, *, scope: Scope, at: datetime | None
    ) -> Sequence[Silence]:
        return [each for each in self.stored.values() if at is None or each.is_in_force(at)]

    async def past_alerts(
        self, _connection: Connection, *, scope: Scope, days: int
    ) -> Sequence[PastAlert]:
        return self.past

    async def unseen(
        self, _connection: Connection, borrower_ids: frozenset[str], *, scope: Scope
    ) -> frozenset[str]:
        return borrower_ids & self.hidden
