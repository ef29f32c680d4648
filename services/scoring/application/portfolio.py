"""What people may ask about many borrowers: near triggers, exits, maturities, risk points.

Borrowers are looked at page by page in the order of their ids, each as of its last closed day, with
the rulebook in force on its partition. An officer sees own borrowers only. Nothing is stored and
nothing is folded; what is shown is worked out of the states as they stand.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from services.kit.database import Connection, Database
from services.scoring.application.ports import Ledger, States, StoredState
from services.scoring.application.reading import Viewer
from services.scoring.application.rebuilding import Rebuilder
from services.scoring.domain.assess.effects import Maturity, expected_difficulty, maturing
from services.scoring.domain.assess.near_triggers import NearTrigger, near_state, near_triggers
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.risk import HIGH_RISK, STATE_NAMES
from services.scoring.domain.portfolio.exit_candidates import (
    ExitCandidate,
    exit_candidate,
    rank,
)
from services.scoring.domain.portfolio.risk_points import (
    BorrowerMonth,
    RiskPoint,
    RiskPointTally,
    written_off,
)
from services.scoring.domain.rulebook.context import Context
from services.scoring.domain.rulebook.rulebook import Rules

PERFORMING = STATE_NAMES[: HIGH_RISK + 1]
ROWS_AT_ONCE = 1_000
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which borrowers: behind an id, so many, and with what in common."""

    after: str = ""
    limit: int = 100
    officer_id: str | None = None
    branch_id: str | None = None
    segment: str | None = None
    states: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """What was found among the borrowers looked at; `next_after` is None at the end."""

    items: list[Item]
    next_after: str | None


@dataclass(frozen=True, slots=True)
class Near:
    """A borrower with what is near its trigger, the soonest first.

    ``next_state`` is the state whose score cut is within five points, with the score missing to it.
    """

    borrower_id: str
    state: str
    as_of: int
    triggers: list[NearTrigger]
    next_state: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Ending:
    """A loan that ends, and how hard collecting looks."""

    borrower_id: str
    state: str
    difficulty: str
    officer_id: str | None
    branch_id: str | None
    maturity: Maturity


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The day closes of the first and the last month, both included, and whom to look at.

    Sums of two currencies are no figure, so only borrowers measured in one are taken.
    """

    first: int
    last: int
    currency: str
    segment: str | None = None


@dataclass(frozen=True, slots=True)
class MonthEnd:
    """What was said about a borrower at a month's close; ``month`` is None in another currency."""

    borrower_id: str
    sequence: int
    month: BorrowerMonth | None


class PortfolioRows(Protocol):
    """The queries."""

    async def page(self, connection: Connection, wanted: Wanted) -> list[StoredState]:
        """Return the next borrowers with their states, in the order of their ids."""
        ...

    async def month_ends(
        self, connection: Connection, period: "Period", *, after: tuple[str, int], limit: int
    ) -> list["MonthEnd"]:
        """Return what was said at month closes of the period, by borrower and sequence."""
        ...


class Portfolio:
    """The queries about many borrowers."""

    def __init__(
        self,
        *,
        database: Database,
        rows: PortfolioRows,
        states: States,
        ledger: Ledger,
        rebuilder: Rebuilder,
        refresh: Callable[[Connection], Awaitable[None]],
    ) -> None:
        self._database = database
        self._rows = rows
        self._states = states
        self._ledger = ledger
        self._rebuilder = rebuilder
        self._refresh = refresh

    async def near(self, wanted: Wanted, *, viewer: Viewer) -> Page[Near]:
        """Return what is near its trigger, of those borrowers that have anything."""
        found, following = await self._look(wanted, viewer)
        return Page(await asyncio.to_thread(_near, found), following)

    async def exits(self, wanted: Wanted, *, viewer: Viewer) -> Page[ExitCandidate]:
        """Return the candidates for an exit, the most pressing of the page first."""
        states = [one for one in PERFORMING if not wanted.states or one in wanted.states]
        found, following = await self._look(replace(wanted, states=states), viewer)
        return Page(await asyncio.to_thread(_exits, found), following)

    async def maturities(
        self, wanted: Wanted, *, first: int, last: int, viewer: Viewer
    ) -> Page[Ending]:
        """Return the loans and lines that end between two days."""
        found, following = await self._look(wanted, viewer)
        return Page(await asyncio.to_thread(_endings, found, first, last), following)

    async def risk_points(self, period: Period) -> list[RiskPoint]:
        """Return the risk-point queue of a period."""
        tally, after = RiskPointTally(), ("", 0)
        hit: set[str] = set()
        while True:
            rows = await self._month_ends(period, after)
            for row in rows:
                if row.month is not None:
                    tally.take(row.month)
                    if row.month.risk_types:
                        hit.add(row.borrower_id)
            if len(rows) < ROWS_AT_ONCE:
                break
            after = rows[-1].borrower_id, rows[-1].sequence
        names = sorted(hit)
        for start in range(0, len(names), ROWS_AT_ONCE):
            for borrower in await self._borrowers(names[start : start + ROWS_AT_ONCE]):
                tally.lose(borrower.borrower_id, written_off(borrower, period.first, period.last))
        return tally.queue()

    async def _month_ends(self, period: Period, after: tuple[str, int]) -> list[MonthEnd]:
        async def read(connection: Connection) -> list[MonthEnd]:
            return await self._rows.month_ends(connection, period, after=after, limit=ROWS_AT_ONCE)

        return await self._database.in_transaction(read)

    async def _borrowers(self, names: list[str]) -> list[Borrower]:
        async def read(connection: Connection) -> list[Borrower]:
            rows = await self._states.load(connection, names)
            held = [await self._rebuilder.held(connection, row) for row in rows]
            return [one.borrower for one in held]

        return await self._database.in_transaction(read)

    async def _look(
        self, wanted: Wanted, viewer: Viewer
    ) -> tuple[list[tuple[Borrower, Rules]], str | None]:
        if not viewer.sees_everything:
            wanted = replace(wanted, officer_id=viewer.officer_id or "")

        async def read(connection: Connection) -> tuple[list[tuple[Borrower, Context]], str | None]:
            await self._refresh(connection)
            rows = await self._rows.page(connection, wanted)
            contexts = {
                partition: await self._context(connection, partition)
                for partition in sorted({row.partition for row in rows})
            }
            held = [(await self._rebuilder.held(connection, row), row.partition) for row in rows]
            following = rows[-1].borrower_id if len(rows) == wanted.limit else None
            return [(one.borrower, contexts[partition]) for one, partition in held], following

        found, following = await self._database.in_transaction(read)
        return [(one, context.rules_for(one)) for one, context in found], following

    async def _context(self, connection: Connection, partition: int) -> Context:
        timeline = self._rebuilder.begin()
        for _, raw in await self._ledger.control(connection, partition):
            timeline.hear(self._rebuilder.codec.decode(raw))
        return timeline.context


def _near(found: list[tuple[Borrower, Rules]]) -> list[Near]:
    items = []
    for borrower, rules in found:
        as_of = borrower.counters.closed_day
        triggers = near_triggers(borrower, rules, as_of) if as_of else []
        following = near_state(borrower, rules)
        if triggers or following is not None:
            state = STATE_NAMES[borrower.risk.state]
            items.append(Near(borrower.borrower_id, state, as_of, triggers, following))
    return items


def _exits(found: list[tuple[Borrower, Rules]]) -> list[ExitCandidate]:
    candidates = [
        exit_candidate(borrower, rules, borrower.counters.closed_day) for borrower, rules in found
    ]
    return sorted((one for one in candidates if one is not None), key=rank)


def _endings(found: list[tuple[Borrower, Rules]], first: int, last: int) -> list[Ending]:
    return [
        Ending(
            borrower_id=borrower.borrower_id,
            state=STATE_NAMES[borrower.risk.state],
            difficulty=expected_difficulty(borrower),
            officer_id=borrower.profile.officer_id,
            branch_id=borrower.profile.branch_id,
            maturity=one,
        )
        for borrower, _ in found
        for one in maturing(borrower, first, last, borrower.counters.closed_day)
    ]
