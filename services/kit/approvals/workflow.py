"""The use cases of everything in a service that needs two people.

What must stay true: the effect of an approval is in the transaction of the decision, so both happen
or neither; and a proposal binds the digest of what was shown, so nothing else can be approved in
its place.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from services.kit.approvals.proposals import (
    ApprovalKind,
    DecisionOutcome,
    NoSuchProposal,
    OtherPersonNeeded,
    Proposal,
    ProposalConflict,
    ProposalRequest,
    Step,
)
from services.kit.clock import Clock
from services.kit.database import Connection, Database


class ApprovalRepository(Protocol):
    """The stored proposals and decisions; rows are added and never changed."""

    async def take_turn(self, connection: Connection, kind: str, subject: str) -> None:
        """Waits until no other transaction is at a step about the subject."""
        ...

    async def add(self, connection: Connection, proposal: Proposal) -> int:
        """Stores a proposal and returns its number; that of the argument does not count."""
        ...

    async def find(self, connection: Connection, proposal_id: int) -> Proposal | None: ...

    async def latest(self, connection: Connection, kind: str, subject: str) -> Proposal | None:
        """Returns the last proposal about a subject."""
        ...

    async def listed(
        self, connection: Connection, *, open_at: datetime | None, limit: int
    ) -> list[Proposal]:
        """Returns proposals, the newest first; with a moment only those open then."""
        ...

    async def decide(
        self,
        connection: Connection,
        proposal: Proposal,
        outcome: DecisionOutcome,
        step: Step,
        at: datetime,
    ) -> None:
        """Stores the decision about a proposal."""
        ...


class Approvals:
    """The use cases of everything in a service that needs two people."""

    def __init__(
        self,
        *,
        database: Database,
        repository: ApprovalRepository,
        kinds: Iterable[ApprovalKind],
        clock: Clock,
    ) -> None:
        self._database = database
        self._repository = repository
        self._clock = clock
        self.kinds = {kind.name: kind for kind in kinds}

    async def propose(
        self, kind_name: str, subject: str, step: Step, terms: Mapping[str, Any] | None = None
    ) -> Proposal:
        """Proposes something.

        Raises:
            NoSuchProposal: If there is no such kind or subject.
            ProposalConflict: If it is proposed already, or cannot be proposed now.
            OtherPersonNeeded: If this person may not propose it.
            InvalidTerms: If the terms are not those of the kind.
        """
        kind = self.kind(kind_name)
        request = ProposalRequest(subject=subject, proposer=step.by, terms=terms or {})

        async def add(connection: Connection) -> Proposal:
            await self._repository.take_turn(connection, kind.name, subject)
            now = self._clock.now()
            latest = await self._repository.latest(connection, kind.name, subject)
            if latest is not None and latest.is_open(now):
                raise ProposalConflict(f"Proposal {latest.id} about it is open already.")
            change = await kind.change(connection, request)
            proposal = Proposal(
                id=0,
                kind=kind.name,
                subject=subject,
                terms=request.terms,
                change=change,
                digest=change.digest(kind.name, request),
                reason=step.reason,
                proposed_by=step.by,
                proposed_at=now,
                expires_at=now + kind.valid_for,
            )
            return await self._found(connection, await self._repository.add(connection, proposal))

        return await self._database.in_transaction(add)

    async def decide(self, proposal_id: int, outcome: DecisionOutcome, step: Step) -> Proposal:
        """Decides about a proposal; an approval takes effect in the same transaction.

        Raises:
            NoSuchProposal: If there is none of that number.
            ProposalConflict: If it was decided, has expired, or its subject is another by now.
            OtherPersonNeeded: If the person is the proposer.
        """

        async def take(connection: Connection) -> Proposal:
            proposal = await self._found(connection, proposal_id)
            await self._repository.take_turn(connection, proposal.kind, proposal.subject)
            # Another decision may have been made while this one waited for its turn.
            proposal, now = await self._found(connection, proposal_id), self._clock.now()
            _check_open(proposal, now)
            if step.by.lower() == proposal.proposed_by.lower():
                raise OtherPersonNeeded("A second person decides; the proposer never does.")
            if outcome is DecisionOutcome.APPROVED:
                await self._check_unchanged(connection, proposal)
            await self._repository.decide(connection, proposal, outcome, step, now)
            decided = await self._found(connection, proposal_id)
            if outcome is DecisionOutcome.APPROVED:
                await self.kind(proposal.kind).release(connection, decided)
            return decided

        return await self._database.in_transaction(take)

    async def decide_latest(
        self, kind_name: str, subject: str, outcome: DecisionOutcome, step: Step
    ) -> Proposal:
        """Decides about the last proposal about a subject, as `decide` does."""

        async def latest(connection: Connection) -> Proposal | None:
            return await self._repository.latest(connection, kind_name, subject)

        proposal = await self._database.in_transaction(latest)
        if proposal is None:
            raise ProposalConflict(f"Nothing is proposed about {subject}.")
        return await self.decide(proposal.id, outcome, step)

    async def show(self, proposal_id: int) -> Proposal:
        """Returns a proposal.

        Raises:
            NoSuchProposal: If there is none of that number.
        """
        return await self._database.in_transaction(
            lambda connection: self._found(connection, proposal_id)
        )

    async def listed(self, *, only_open: bool, limit: int) -> Sequence[Proposal]:
        """Returns proposals, the newest first."""
        open_at = self._clock.now() if only_open else None
        return await self._database.in_transaction(
            lambda connection: self._repository.listed(connection, open_at=open_at, limit=limit)
        )

    def kind(self, name: str) -> ApprovalKind:
        """Returns a kind by its name.

        Raises:
            NoSuchProposal: If there is none.
        """
        if name not in self.kinds:
            raise NoSuchProposal(f"There is no kind {name}; there are {', '.join(self.kinds)}.")
        return self.kinds[name]

    async def _check_unchanged(self, connection: Connection, proposal: Proposal) -> None:
        kind = self.kind(proposal.kind)
        change = await kind.change(connection, proposal.request)
        if change.digest(kind.name, proposal.request) != proposal.digest:
            raise ProposalConflict("What was proposed has changed since; reject it and propose it.")

    async def _found(self, connection: Connection, proposal_id: int) -> Proposal:
        proposal = await self._repository.find(connection, proposal_id)
        if proposal is None:
            raise NoSuchProposal(f"There is no proposal {proposal_id}.")
        return proposal


def _check_open(proposal: Proposal, now: datetime) -> None:
    if proposal.outcome is not None:
        raise ProposalConflict(f"Proposal {proposal.id} is {proposal.outcome} already.")
    if not proposal.is_open(now):
        raise ProposalConflict(f"Proposal {proposal.id} has expired; propose it again.")
