"""The ledger on PostgreSQL: each event is stored once, wherever it is read again."""

import asyncpg
import pytest

from services.scoring.adapters.codec import build_codec
from services.scoring.adapters.ledger import PostgresLedger
from services.scoring.application.ports import LoggedEvent
from tests.fakes.scoring_worker import ZONE
from tests.fakes.wire_events import closed, paid, registered

pytestmark = pytest.mark.integration


def logged(offset: int, raw: bytes) -> LoggedEvent:
    return LoggedEvent(offset, build_codec(ZONE).decode(raw), raw)


async def test_an_event_is_new_once_at_its_own_offset_and_at_any_other(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    ledger = PostgresLedger()
    events = [logged(0, registered("B-1")), logged(1, registered("B-2"))]
    assert await ledger.add(connection, 0, events) == set()
    assert await ledger.add(connection, 0, events) == {0, 1}
    again = [
        logged(5, registered("B-1")),
        logged(6, paid("B-1", 1, day=1)),
        logged(1, events[1].raw),
    ]
    assert await ledger.add(connection, 0, again) == {5, 1}
    twice = [logged(8, paid("B-1", 2, day=2)), logged(9, paid("B-1", 2, day=2))]
    assert await ledger.add(connection, 0, twice) == {9}
    closes = [logged(3, closed(4)), logged(4, closed(5))]
    assert await ledger.add_control(connection, 0, closes) == set()
    assert await ledger.add_control(connection, 0, closes) == {3, 4}
    changed = [
        logged(20, paid("B-1", 2, day=3)),
        logged(21, paid("B-1", 2, day=2)),
        logged(22, closed(4).replace(b'_date": "2026-01-09"', b'_date": "2026-01-08"')),
    ]
    assert await ledger.differing(connection, 0, changed) == [
        (20, paid("B-1", 2, day=2)),
        (22, closed(4)),
    ]
    assert await ledger.differing(connection, 0, events) == []
    await connection.close()
