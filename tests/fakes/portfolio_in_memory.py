"""The portfolio's queries over a memory worker's states; the database's answer to the same."""

from typing import Any

from services.scoring.adapters.borrower_rows import month_end
from services.scoring.adapters.state_bytes import decode
from services.scoring.application.borrower_queries import Responsibility, Viewer
from services.scoring.application.portfolio_queries import (
    BorrowerFilter,
    MonthEnd,
    Period,
    PortfolioQueries,
    PortfolioRow,
)
from services.scoring.application.ports import StoredState
from services.scoring.domain.borrower.risk import STATE_NAMES
from services.scoring.domain.primitives.vocabulary import SEGMENTS
from tests.fakes.approvals_in_memory import NoDatabase
from tests.fakes.scoring_store import ISOLATED_SINCE, MemoryStates
from tests.fakes.scoring_worker import MemoryWorker
from tests.fakes.wire_events import booked, closed, event, registered, scheduled


class MemoryPortfolio:
    """Implements `PortfolioRows`."""

    def __init__(self, states: MemoryStates) -> None:
        self.states = states

    async def page(
        self, connection: Any, borrowers: BorrowerFilter, viewer: Viewer
    ) -> list[PortfolioRow]:
        rows = [row for name, row in sorted(self.states.rows.items()) if name > borrowers.after]
        return [
            PortfolioRow(row, ISOLATED_SINCE if row.borrower_id in self.states.isolations else None)
            for row in rows
            if self._fits(row, borrowers) and viewer.sees(self._responsible(row.borrower_id))
        ][: borrowers.limit]

    def _fits(self, row: StoredState, borrowers: BorrowerFilter) -> bool:
        assert row.state is not None
        borrower = decode(row.state)
        profile = borrower.profile
        return (
            borrowers.officer_id in (None, profile.officer_id)
            and borrowers.branch_id in (None, profile.branch_id)
            and borrowers.segment in (None, SEGMENTS[profile.segment])
            and (not borrowers.states or STATE_NAMES[borrower.risk.state] in borrowers.states)
        )

    def _responsible(self, borrower_id: str) -> Responsibility:
        state = self.states.rows[borrower_id].state
        assert state is not None
        profile = decode(state).profile
        return Responsibility(officer_id=profile.officer_id, branch_id=profile.branch_id)

    async def month_ends(
        self, connection: Any, period: Period, viewer: Viewer, *, after: tuple[str, int], limit: int
    ) -> list[MonthEnd]:
        said = sorted(
            (one.assessment.borrower_id, one.assessment.sequence, one.assessment.as_of, one.encoded)
            for one in self.states.emitted
            if "MONTH_CLOSE" in one.assessment.reasons
        )
        return [
            month_end(name, sequence, as_of, encoded, period)
            for name, sequence, as_of, encoded in said
            if (name, sequence) > after
            and period.first <= as_of <= period.last
            and viewer.sees(self._responsible(name))
        ][:limit]


def portfolio_of(worker: MemoryWorker) -> PortfolioQueries:
    """Return the portfolio of what a memory worker has stored."""
    return PortfolioQueries(
        database=NoDatabase(),
        rows=MemoryPortfolio(worker.states),
        states=worker.states,
        rebuilder=worker.parts.rebuilder,
    )


def line_that_ends(name: str) -> bytes:
    return event(
        "loan.booked",
        name,
        f"{name}-line",
        day=1,
        loan_id=f"{name}-O",
        type="OVERDRAFT",
        currency="EUR",
        principal="0",
        facility_id=f"{name}-F",
        start_date="2026-01-06",
        maturity_date="2026-03-10",
    )


def written_off(name: str, day: int) -> bytes:
    return event(
        "loan.closed",
        name,
        f"{name}-off",
        day=day,
        loan_id=f"{name}-L",
        closed_date="2026-02-20",
        reason="WRITTEN_OFF",
    )


def log_of_fifty_five_days() -> list[bytes]:
    """Two officers' borrowers from 5 January; nobody pays, B-3 is written off."""
    log: list[bytes] = []
    for number, officer in (("1", "ann"), ("2", "ann"), ("3", "bob")):
        name = f"B-{number}"
        log += [registered(name, officer_id=officer), booked(name), scheduled(name)]
    log += [line_that_ends("B-2")]
    for day in range(55):
        log.append(closed(day))
        if day == 46:
            log.append(written_off("B-3", 46))
    return log
