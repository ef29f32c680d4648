"""An assessment as of a past date is the one that was emitted then."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest

from services.cli.verify.commands import verified
from services.kit.settings import PlatformSettings
from services.scoring.adapters import state_bytes
from services.scoring.application.borrower_queries import BorrowerNotFound, Viewer
from tests.fakes.wire_events import START, booked, closed, failed, registered, scheduled
from tests.integration.scoring.conftest import Feed, Run

pytestmark = pytest.mark.integration

EVERYTHING = Viewer(sees_everything=True)


def troubled(days: int = 60) -> list[bytes]:
    events = [registered("B-1"), booked("B-1"), scheduled("B-1")]
    for day in range(days):
        if day % 20 == 5:
            events.append(failed("B-1", day, day=day))
        events.append(closed(day))
    return events


async def test_as_of_a_date_agrees_with_what_was_emitted_then(
    run: Run, feed: Feed, platform: PlatformSettings
) -> None:
    await feed(troubled())
    async with run() as scoring:
        assert (await verified(platform, "default", wait_seconds=60)).verified
        rows = await scoring.pool.fetch(
            "SELECT sequence, as_of, risk_state, score_micro, event FROM scoring.assessment "
            "WHERE borrower_id = 'B-1' ORDER BY sequence"
        )
        assert len(rows) > 3
        emitted_at_close = 0
        last_of_day = {row["as_of"]: row for row in rows}
        for as_of, row in last_of_day.items():
            looked = await scoring.borrowers.assessment("B-1", as_of=as_of, viewer=EVERYTHING)
            assert looked.assessment.sequence == row["sequence"]
            assert looked.assessment.state == row["risk_state"]
            # A close moves the score without an assessment until it is 5 points.
            assert abs(looked.assessment.score - row["score_micro"]) < 50_000
            if json.loads(row["event"])["data"]["cause"]["type"] == "day.closed.v1":
                emitted_at_close += 1
                assert looked.assessment.score == row["score_micro"]
            assert looked.assessment.as_of == as_of.toordinal()
        assert emitted_at_close > 0


async def test_now_is_the_last_thing_that_was_stored(
    run: Run, feed: Feed, platform: PlatformSettings
) -> None:
    await feed(troubled(days=30))
    async with run() as scoring:
        assert (await verified(platform, "default", wait_seconds=60)).verified
        looked = await scoring.borrowers.assessment("B-1", as_of=None, viewer=EVERYTHING)
        row = await scoring.pool.fetchrow("SELECT risk_state, score_micro FROM scoring.borrower")
        assert (looked.assessment.state, looked.assessment.score) == tuple(row)


@pytest.mark.parametrize("last", ["a close", "an own event"])
async def test_now_equals_the_fold_of_the_whole_ledger_and_reads_one_event_of_it(
    run: Run, feed: Feed, platform: PlatformSettings, last: str
) -> None:
    """As of today is folded again from the ledger; now must be the same, whole."""
    extra = [failed("B-1", 40, day=40)] if last == "an own event" else []
    await feed([*troubled(days=40), *extra])
    async with run() as scoring:
        assert (await verified(platform, "default", wait_seconds=60)).verified
        queries = scoring.borrowers
        whole = await queries.assessment("B-1", as_of=date(2099, 1, 1), viewer=EVERYTHING)
        read: list[str] = []
        queries._rows = counting(queries._rows, read)  # type: ignore[assignment]
        queries._ledger = counting(queries._ledger, read)  # type: ignore[assignment]
        now = await queries.assessment("B-1", as_of=None, viewer=EVERYTHING)
        assert (now.assessment, now.last_emitted) == (whole.assessment, whole.last_emitted)
        assert state_bytes.encode(now.borrower) == state_bytes.encode(whole.borrower)
        assert now.rules == whole.rules
        close = f"day-closed:{START + timedelta(days=39)}"
        assert now.assessment.cause.id == (close if last == "a close" else "B-1-failed-40")
        assert not {"own_events", "events_of", "ledger"} & set(read)


async def test_now_includes_the_closes_that_the_sweep_has_not_brought_yet(
    run: Run, feed: Feed, platform: PlatformSettings
) -> None:
    await feed(troubled(days=20))
    async with run() as scoring:
        assert (await verified(platform, "default", wait_seconds=60)).verified
        whole = await scoring.borrowers.assessment("B-1", as_of=None, viewer=EVERYTHING)
        before = await scoring.pool.fetchrow(
            "SELECT closed_offset, state FROM scoring.borrower WHERE borrower_id = 'B-1'"
        )
    await feed([closed(day) for day in range(20, 24)])
    async with run() as scoring:
        assert (await verified(platform, "default", wait_seconds=60)).verified
        swept = await scoring.borrowers.assessment("B-1", as_of=None, viewer=EVERYTHING)
        # The row as it was before the sweep.
        await scoring.pool.execute(
            "UPDATE scoring.borrower SET closed_offset = $1, state = $2 WHERE borrower_id = 'B-1'",
            *before,
        )
        pending = await scoring.borrowers.assessment("B-1", as_of=None, viewer=EVERYTHING)
        assert pending.assessment == swept.assessment
        assert pending.assessment.as_of == whole.assessment.as_of + 4


async def test_two_as_of_reads_run_at_once_and_a_third_waits(
    run: Run, feed: Feed, platform: PlatformSettings
) -> None:
    await feed(troubled(days=5))
    async with run() as scoring:
        assert (await verified(platform, "default", wait_seconds=60)).verified
        queries = scoring.borrowers
        gate = Gate(queries._rows)
        queries._rows = gate  # type: ignore[assignment]
        reads = [
            asyncio.create_task(
                queries.assessment("B-1", as_of=date(2099, 1, 1), viewer=EVERYTHING)
            )
            for _ in range(5)
        ]
        await gate.full.wait()
        # The present is never behind them.
        await queries.assessment("B-1", as_of=None, viewer=EVERYTHING)
        assert (gate.inside, gate.most) == (2, 2)
        gate.opened.set()
        views = await asyncio.gather(*reads)
        assert len({view.assessment.sequence for view in views}) == 1
        assert gate.most == 2


class Gate:
    """The rows of borrowers, where reading a ledger waits until it is let through."""

    def __init__(self, rows: Any) -> None:
        self._rows = rows
        self.inside = self.most = 0
        self.full, self.opened = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rows, name)

    async def own_events(self, *arguments: Any, **options: Any) -> AsyncIterator[Any]:
        self.inside += 1
        self.most = max(self.most, self.inside)
        if self.inside == 2:
            self.full.set()
        await self.opened.wait()
        async for rows in self._rows.own_events(*arguments, **options):
            yield rows
        self.inside -= 1


def counting(inner: Any, read: list[str]) -> Any:
    """Returns the same port, which notes the names of the methods that are called."""

    class Counting:
        def __getattr__(self, name: str) -> Any:
            read.append(name)
            return getattr(inner, name)

    return Counting()


async def test_before_the_first_event_nobody_is_known(
    run: Run, feed: Feed, platform: PlatformSettings
) -> None:
    await feed(troubled(days=3))
    async with run() as scoring:
        assert (await verified(platform, "default", wait_seconds=60)).verified
        with pytest.raises(BorrowerNotFound):
            await scoring.borrowers.assessment(
                "B-1", as_of=START - timedelta(days=30), viewer=EVERYTHING
            )


async def test_an_officer_sees_own_borrowers_and_nobody_else_s(
    run: Run, feed: Feed, platform: PlatformSettings
) -> None:
    await feed(troubled(days=3))
    own = Viewer(sees_everything=False, officer_ids=frozenset({"officer-1"}))
    other = Viewer(sees_everything=False, officer_ids=frozenset({"officer-2"}))
    async with run() as scoring:
        assert (await verified(platform, "default", wait_seconds=60)).verified
        for read in (scoring.borrowers.assessment, scoring.borrowers.ledger):
            arguments = {"as_of": None} if read == scoring.borrowers.assessment else {}
            assert await read("B-1", viewer=own, **arguments)  # type: ignore[operator]
            with pytest.raises(BorrowerNotFound):
                await read("B-1", viewer=other, **arguments)  # type: ignore[operator]
        with pytest.raises(BorrowerNotFound):
            await scoring.borrowers.assessment("B-404", as_of=date(2026, 1, 1), viewer=EVERYTHING)


async def test_ledger_and_history_continue_at_the_cursor(
    run: Run, feed: Feed, platform: PlatformSettings
) -> None:
    await feed(troubled())
    async with run() as scoring:
        assert (await verified(platform, "default", wait_seconds=60)).verified
        whole = await scoring.borrowers.ledger("B-1", viewer=EVERYTHING)
        first = await scoring.borrowers.ledger("B-1", viewer=EVERYTHING, limit=2)
        rest = await scoring.borrowers.ledger("B-1", viewer=EVERYTHING, after=first[-1].offset)
        assert [*first, *rest] == whole
        history = await scoring.borrowers.history("B-1", viewer=EVERYTHING, before=2**62)
        newest = await scoring.borrowers.history("B-1", viewer=EVERYTHING, before=2**62, limit=1)
        older = await scoring.borrowers.history(
            "B-1", viewer=EVERYTHING, before=newest[-1].sequence
        )
        assert [*newest, *older] == history
