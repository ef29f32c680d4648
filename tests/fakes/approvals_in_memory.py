"""Proposals and decisions in memory: the same answers as the tables, without their constraints."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.kit.approvals.proposals import (
    ApprovalKind,
    CastVote,
    DecisionOutcome,
    EntryFilter,
    Proposal,
    QueueEntry,
    Step,
)
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
    """Implements `ApprovalRepository`; `refusals` are codes by person."""

    def __init__(self) -> None:
        self.proposals: list[Proposal] = []
        self.refusals: dict[str, str] = {}

    async def take_turn(self, _connection: Connection, _kind: str, _subject: str) -> None:
        """Do nothing: a test takes one step at a time."""

    async def add(self, _connection: Connection, proposal: Proposal) -> int:
        """Store a proposal."""
        number = len(self.proposals) + 1
        self.proposals.append(replace(proposal, id=number, service="test"))
        return number

    async def find(self, _connection: Connection, proposal_id: int) -> Proposal | None:
        """Return a proposal."""
        is_known = 0 < proposal_id <= len(self.proposals)
        return self.proposals[proposal_id - 1] if is_known else None

    async def latest(self, _connection: Connection, kind: str, subject: str) -> Proposal | None:
        """Return the last proposal about a subject."""
        about = [each for each in self.proposals if (each.kind, each.subject) == (kind, subject)]
        return about[-1] if about else None

    async def shown(
        self, connection: Connection, proposal_id: int, *, reader: str
    ) -> QueueEntry | None:
        """Return a proposal as a person sees it."""
        proposal = await self.find(connection, proposal_id)
        return None if proposal is None else self._entry(proposal, reader)

    async def listed(
        self, _connection: Connection, chosen: EntryFilter, *, reader: str
    ) -> list[QueueEntry]:
        """Return the newest first."""
        proposals = [
            each
            for each in self.proposals
            if (chosen.open_at is None or each.is_open(chosen.open_at))
            and (
                chosen.sees_borrowers
                or each.change.borrower_id is None
                or each.proposed_by == reader
            )
            and (chosen.borrower_id in (None, each.change.borrower_id))
            and (chosen.before_id is None or each.id < chosen.before_id)
            and (chosen.sees_all or each.proposed_by == reader)
        ]
        return [self._entry(each, reader) for each in proposals[::-1][: chosen.limit]]

    async def refusal(self, _connection: Connection, proposal: Proposal, step: Step) -> str | None:
        """Return the code of the person, or that they voted."""
        return self._entry(proposal, step.by).refusal

    async def add_vote(
        self, _connection: Connection, proposal: Proposal, vote: CastVote, *, digest: bytes
    ) -> None:
        """Store a vote."""
        self.proposals[proposal.id - 1] = replace(proposal, votes=(*proposal.votes, vote))

    async def decide(
        self, _connection: Connection, proposal: Proposal, outcome: DecisionOutcome, vote: CastVote
    ) -> None:
        """Store a decision."""
        self.proposals[proposal.id - 1] = replace(
            self.proposals[proposal.id - 1],
            outcome=outcome,
            decided_by=vote.person_id,
            decided_at=vote.voted_at,
            decision_reason=vote.reason,
        )

    async def declare_conflict(
        self, _connection: Connection, _proposal_id: int, step: Step, _at: datetime
    ) -> None:
        """Store a conflict."""
        self.refusals[step.by] = "CONFLICT"

    def _entry(self, proposal: Proposal, reader: str) -> QueueEntry:
        has_voted = any(vote.person_id == reader for vote in proposal.votes)
        if reader == proposal.proposed_by:
            return QueueEntry(proposal=proposal, refusal="PROPOSER")
        refusal = self.refusals.get(reader) or ("VOTED" if has_voted else None)
        return QueueEntry(proposal=proposal, refusal=refusal)


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
