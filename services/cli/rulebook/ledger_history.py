"""Writes the ledger to a file of events, for `tocsin rulebook what-if --ledger`.

Reads one snapshot of the database. Invariants: events of a partition are in the order of its log;
partitions are merged by booking time, so a day's close comes after the events before it on every
partition. A close that was withdrawn is left out with its withdrawal. Linked events between
borrowers are left out: another rulebook may cause other ones, and the fold causes them again.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Container, Iterator
from contextlib import contextmanager
from datetime import datetime
from heapq import heapify, heappop, heapreplace
from typing import IO, Final

import asyncpg
import msgspec

from services.cli.errors import CommandError
from services.cli.verify.stored import Stored, snapshot
from services.contracts.control import DayCloseWithdrawnV1
from services.kit.settings import PlatformSettings
from services.scoring.adapters.codec import EFFECT_ID_PREFIX


class _Head(msgspec.Struct):
    source: str
    id: str
    time: datetime


class _WithdrawalHead(_Head):
    data: DayCloseWithdrawnV1


_read: Final = msgspec.json.Decoder(_Head)
_read_withdrawal: Final = msgspec.json.Decoder(_WithdrawalHead)


@contextmanager
def ledger_file(platform: PlatformSettings) -> Iterator[IO[bytes]]:
    """Yield a temporary file with the ledger as canonical events, one a line.

    Raises:
        CommandError: If the database does not answer, or has no event.
    """
    with tempfile.TemporaryFile() as file:
        try:
            count = asyncio.run(_write(platform.dsn, file))
        except (OSError, asyncpg.PostgresError, TimeoutError) as error:
            raise CommandError(
                f"The ledger cannot be read: {error or type(error).__name__}",
                remedy="Set TOCSIN_DATABASE_URL to the database of the service.",
            ) from error
        if not count:
            raise CommandError("The ledger is empty.", remedy="Give a file of events instead.")
        file.seek(0)
        yield file


async def _write(dsn: str, file: IO[bytes]) -> int:
    count = 0
    async with snapshot(dsn) as stored:
        async for line in merged(stored, await stored.ledger_partitions()):
            file.write(line + b"\n")
            count += 1
    return count


async def merged(stored: Stored, partitions: list[int]) -> AsyncIterator[bytes]:
    """Yield the events of all partitions, each partition's in its own order."""
    logs = [
        _lines(stored.ledger(partition), await _withdrawn(stored, partition))
        for partition in partitions
    ]
    ahead: list[tuple[datetime, int, bytes]] = []
    for number, log in enumerate(logs):
        async for latest, line in log:
            ahead.append((latest, number, line))
            break
    heapify(ahead)
    while ahead:
        _, number, line = ahead[0]
        yield line
        following = await anext(logs[number], None)
        if following is None:
            heappop(ahead)
        else:
            heapreplace(ahead, (following[0], number, following[1]))


async def _withdrawn(stored: Stored, partition: int) -> set[tuple[str, str]]:
    """Return source and id of the closes that were withdrawn, and of their withdrawals."""
    left_out = set[tuple[str, str]]()
    for _, raw in await stored.withdrawals(partition):
        event = _read_withdrawal.decode(raw)
        left_out |= {
            (event.source, event.id),
            (event.data.closed_source, event.data.closed_id),
        }
    return left_out


async def _lines(
    rows: AsyncIterator[asyncpg.Record], left_out: Container[tuple[str, str]]
) -> AsyncIterator[tuple[datetime, bytes]]:
    """Yield each event on one line, with the latest time of its partition so far."""
    latest: datetime | None = None
    async for row in rows:
        head = _read.decode(row["event"])
        if (head.source, head.id) in left_out:
            continue
        latest = head.time if latest is None else max(latest, head.time)
        if not head.id.startswith(EFFECT_ID_PREFIX):
            yield latest, msgspec.json.format(row["event"], indent=-1)
