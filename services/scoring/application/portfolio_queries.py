"""Queries about many borrowers: near triggers, exit candidates, maturities, risk points.

Borrowers are read page by page in the order of their ids, each as of its last closed day, with the
rulebook in force on its partition. Each viewer gets the borrowers that they may see. Nothing is
stored and nothing is folded: every figure is computed from the stored states. An isolated borrower
is shown as it was folded last, with the moment from which it is isolated.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from services.kit.database import Connection, Database
from services.scoring.application.borrower_queries import Viewer
from services.scoring.application.ports import States, StoredState
from services.scoring.application.rebuilding import Rebuilder
from services.scoring.domain.assess.effects import Maturity, expected_difficulty, maturing
from services.scoring.domain.assess.outlook import NearTrigger, near_state, near_triggers
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.risk import HIGH_RISK, STATE_NAMES
from services.scoring.domain.portfolio.exit_candidates import ExitCandidate, exit_candidate, rank
from services.scoring.domain.portfolio.risk_points import (
    BorrowerMonth,
    RiskPoint,
    RiskPointTally,
    written_off,
)
from services.scoring.domain.rulebook.context import Context
from services.scoring.domain.rulebook.rulebook import Rules

PERFORMING = STATE_NAMES[: HIGH_RISK + 1]
ROWS_PER_PAGE = 1_000
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class BorrowerFilter:
    """The borrowers of a page: their common attributes, after an id, at most ``limit``."""

    after: str = ""
    limit: int = 100
    officer_id: str | None = None
    branch_id: str | None = None
    segment: str | None = None
    states: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class BorrowerPage(Generic[Item]):
    """The results among the borrowers of a page; `next_after` is None at the end.

    `isolated` has the borrowers of the page that are isolated, each with the moment since when.
    """

    items: list[Item]
    next_after: str | None
    isolated: Mapping[str, datetime]


@dataclass(frozen=True, slots=True)
class NearTriggers:
    """A borrower with the figures near a trigger, the soonest first.

    ``next_state`` is the state whose score cut is within five points, with the score missing to it.
    """

    borrower_id: str
    state: str
    as_of: int
    triggers: list[NearTrigger]
    next_state: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class BorrowerMaturity:
    """A loan or line that ends, and the expected difficulty of collecting it."""

    borrower_id: str
    state: str
    difficulty: str
    officer_id: str | None
    branch_id: str | None
    maturity: Maturity


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The day closes of the first and the last month, both included, and the borrowers.

    Amounts of two currencies cannot be added, so only borrowers measured in one are taken.
    """

    first: int
    last: int
    currency: str
    segment: str | None = None


@dataclass(frozen=True, slots=True)
class MonthEnd:
    """The assessment of a borrower at a month's close; ``month`` is None in another currency."""

    borrower_id: str
    sequence: int
    month: BorrowerMonth | None


@dataclass(frozen=True, slots=True)
class PortfolioRow:
    """A borrower as it is stored; `isolated_since` is None if it is not isolated."""

    stored: StoredState
    isolated_since: datetime | None


class PortfolioRows(Protocol):
    """The stored rows of many borrowers."""

    async def page(
        self, connection: Connection, borrowers: BorrowerFilter, viewer: Viewer
    ) -> list[PortfolioRow]:
        """Returns the next borrowers that the viewer may see with their states, by their ids."""
        ...

    async def month_ends(
        self,
        connection: Connection,
        period: Period,
        viewer: Viewer,
        *,
        after: tuple[str, int],
        limit: int,
    ) -> list[MonthEnd]:
        """Returns the month closes of the period that the viewer may see, by id and sequence."""
        ...


@dataclass(frozen=True, slots=True)
class _Page:
    """The borrowers of a page with their rules, and who of them is isolated since when."""

    judged: list[tuple[Borrower, Rules]]
    next_after: str | None
    isolated: Mapping[str, datetime]

    def of(self, items: list[Item]) -> BorrowerPage[Item]:
        """Returns the results among these borrowers."""
        return BorrowerPage(items, self.next_after, self.isolated)


class PortfolioQueries:
    """The queries."""

    def __init__(
        self, *, database: Database, rows: PortfolioRows, states: States, rebuilder: Rebuilder
    ) -> None:
        self._database = database
        self._rows = rows
        self._states = states
        self._rebuilder = rebuilder

    async def near_triggers(
        self, borrowers: BorrowerFilter, *, viewer: Viewer
    ) -> BorrowerPage[NearTriggers]:
        """Returns the figures near a trigger, of the borrowers that have any."""
        page = await self._read(borrowers, viewer)
        return page.of(await asyncio.to_thread(_near_triggers, page.judged))

    async def exit_candidates(
        self, borrowers: BorrowerFilter, *, viewer: Viewer
    ) -> BorrowerPage[ExitCandidate]:
        """Returns the candidates for an exit, the most pressing of the page first."""
        states = [name for name in PERFORMING if not borrowers.states or name in borrowers.states]
        page = await self._read(replace(borrowers, states=states), viewer)
        return page.of(await asyncio.to_thread(_exit_candidates, page.judged))

    async def maturities(
        self, borrowers: BorrowerFilter, *, first: int, last: int, viewer: Viewer
    ) -> BorrowerPage[BorrowerMaturity]:
        """Returns the loans and lines that end between two days."""
        page = await self._read(borrowers, viewer)
        return page.of(await asyncio.to_thread(_maturities, page.judged, first, last))

    async def risk_points(self, period: Period, *, viewer: Viewer) -> list[RiskPoint]:
        """Returns the risk-point queue of a period, of the borrowers that the viewer may see."""
        tally, after = RiskPointTally(), ("", 0)
        hit: set[str] = set()
        while True:
            rows = await self._month_ends(period, viewer, after)
            for row in rows:
                if row.month is not None:
                    tally.take(row.month)
                    if row.month.risk_types:
                        hit.add(row.borrower_id)
            if len(rows) < ROWS_PER_PAGE:
                break
            after = rows[-1].borrower_id, rows[-1].sequence
        names = sorted(hit)
        for start in range(0, len(names), ROWS_PER_PAGE):
            for borrower in await self._borrowers(names[start : start + ROWS_PER_PAGE]):
                tally.lose(borrower.borrower_id, written_off(borrower, period.first, period.last))
        return tally.queue()

    async def _month_ends(
        self, period: Period, viewer: Viewer, after: tuple[str, int]
    ) -> list[MonthEnd]:
        async def read(connection: Connection) -> list[MonthEnd]:
            return await self._rows.month_ends(
                connection, period, viewer, after=after, limit=ROWS_PER_PAGE
            )

        return await self._database.in_transaction(read)

    async def _borrowers(self, names: list[str]) -> list[Borrower]:
        async def read(connection: Connection) -> list[Borrower]:
            rows = await self._states.load(connection, names)
            return [(await self._rebuilder.restored(connection, row)).borrower for row in rows]

        return await self._database.in_transaction(read)

    async def _read(self, borrowers: BorrowerFilter, viewer: Viewer) -> _Page:
        """Returns the borrowers of a page, and the id to go on after."""

        async def read(connection: Connection) -> list[tuple[PortfolioRow, Borrower, Context]]:
            await self._rebuilder.refresh(connection)
            rows = await self._rows.page(connection, borrowers, viewer)
            contexts = {
                partition: await self._rebuilder.context(connection, partition)
                for partition in sorted({row.stored.partition for row in rows})
            }
            return [
                (
                    row,
                    (await self._rebuilder.restored(connection, row.stored)).borrower,
                    contexts[row.stored.partition],
                )
                for row in rows
            ]

        restored = await self._database.in_transaction(read)
        is_full = len(restored) == borrowers.limit
        return _Page(
            judged=[(borrower, context.rules_for(borrower)) for _, borrower, context in restored],
            next_after=restored[-1][1].borrower_id if is_full else None,
            isolated={
                borrower.borrower_id: row.isolated_since
                for row, borrower, _ in restored
                if row.isolated_since is not None
            },
        )


def _near_triggers(judged: list[tuple[Borrower, Rules]]) -> list[NearTriggers]:
    items = []
    for borrower, rules in judged:
        as_of = borrower.counters.closed_day
        triggers = near_triggers(borrower, rules, as_of) if as_of else []
        following = near_state(borrower, rules)
        if triggers or following is not None:
            state = STATE_NAMES[borrower.risk.state]
            items.append(NearTriggers(borrower.borrower_id, state, as_of, triggers, following))
    return items


def _exit_candidates(judged: list[tuple[Borrower, Rules]]) -> list[ExitCandidate]:
    candidates = [
        exit_candidate(borrower, rules, borrower.counters.closed_day) for borrower, rules in judged
    ]
    return sorted((each for each in candidates if each is not None), key=rank)


def _maturities(
    judged: list[tuple[Borrower, Rules]], first: int, last: int
) -> list[BorrowerMaturity]:
    return [
        BorrowerMaturity(
            borrower_id=borrower.borrower_id,
            state=STATE_NAMES[borrower.risk.state],
            difficulty=expected_difficulty(borrower),
            officer_id=borrower.profile.officer_id,
            branch_id=borrower.profile.branch_id,
            maturity=maturity,
        )
        for borrower, _ in judged
        for maturity in maturing(borrower, first, last, borrower.counters.closed_day)
    ]
