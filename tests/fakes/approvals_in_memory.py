"""Proposals and decisions in memory: the same answers as the tables, without their constraints."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.kit.approvals.proposals import ApprovalKind, DecisionOutcome, Proposal, Step
from services.kit.approvals.workflow import Approvals
from services.kit.clock import Clock, SystemClock
from services.kit.database import Connection, Work
from services.scoring.application.rulebook_workflow import RulebookApproval


class NoDatabase:
    """Runs the work at once."""

    async def in_transaction(self, work: Work[Any]) -> Any:
        """Run the work without a connection."""
        return await work(None)  # type: ignore[arg-type]  # nothing here asks the connection


class InMemoryApprovals:
    """Implements `ApprovalRepository`."""

    def __init__(self) -> None:
        self.proposals: list[Proposal] = []

    async def take_turn(self, _connection: Connection, _kind: str, _subject: str) -> None:
        """Do nothing: a test takes one step at a time."""

    async def add(self, _connection: Connection, proposal: Proposal) -> int:
        """Store a proposal."""
        number = len(self.proposals) + 1
        self.proposals.append(replace(proposal, id=number))
        return number

    async def find(self, _connection: Connection, proposal_id: int) -> Proposal | None:
        """Return a proposal."""
        is_known = 0 < proposal_id <= len(self.proposals)
        return self.proposals[proposal_id - 1] if is_known else None

    async def latest(self, _connection: Connection, kind: str, subject: str) -> Proposal | None:
        """Return the last proposal about a subject."""
        about = [each for each in self.proposals if (each.kind, each.subject) == (kind, subject)]
        return about[-1] if about else None

    async def listed(
        self, _connection: Connection, *, open_at: datetime | None, limit: int
    ) -> list[Proposal]:
        """Return the newest first."""
        chosen = [each for each in self.proposals if open_at is None or each.is_open(open_at)]
        return chosen[::-1][:limit]

    async def decide(
        self,
        _connection: Connection,
        proposal: Proposal,
        outcome: DecisionOutcome,
        step: Step,
        at: datetime,
    ) -> None:
        """Store a decision."""
        self.proposals[proposal.id - 1] = replace(
            proposal,
            outcome=outcome,
            decided_by=step.by,
            decided_at=at,
            decision_reason=step.reason,
        )


def approvals_in_memory(
    kinds: Sequence[ApprovalKind], *, clock: Clock, repository: InMemoryApprovals | None = None
) -> Approvals:
    """Return approvals without a database."""
    return Approvals(
        database=NoDatabase(),
        repository=repository or InMemoryApprovals(),
        kinds=kinds,
        clock=clock,
    )


def no_approvals() -> Approvals:
    """Return approvals of scoring's kinds whose steps nobody takes."""
    nothing: Any = None
    return approvals_in_memory([RulebookApproval(nothing)], clock=SystemClock())
