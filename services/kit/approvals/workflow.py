"""The use cases of everything in a service that needs two people.

What must stay true: the effect of an approval is in the transaction of the decision, so both happen
or neither; and a proposal binds the digest of what was shown, which every vote names, so nothing
else can be approved in its place.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Protocol

from services.kit.approvals.proposals import (
    ApprovalKind,
    CastVote,
    DecisionOutcome,
    EntryFilter,
    NoSuchProposal,
    OtherPersonNeeded,
    Proposal,
    ProposalConflict,
    ProposalRequest,
    QueueEntry,
    Step,
)
from services.kit.clock import Clock
from services.kit.database import Connection, Database

VOTED: Final = "VOTED"
# Why a person may not decide, by the code of `access.vote_refusal`.
REFUSALS: Final = {
    "UNKNOWN": "The person is not registered (`tocsin persons create`).",
    "PROPOSER": "A second person decides; the proposer never does.",
    "OWNER": "The person owns or originated what it is about.",
    "RELATED": "The person is a subordinate, substitute or delegate of the proposer or "
    "of another who voted.",
    "CONFLICT": "The person declared a conflict of interest.",
    VOTED: "The person has voted already.",
    "LIMIT": "The amount is above the person's limit.",
    "NOT_IN_COMMITTEE": "The amount is above every person's limit, so the committee decides.",
    "NOT_ON_CALL": "Only people on call decide in an emergency.",
}


class ApprovalRepository(Protocol):
    """The stored proposals, votes and decisions; rows are added and never changed."""

    async def take_turn(self, connection: Connection, kind: str, subject: str) -> None:
        """Waits until no other transaction is at a step about the subject."""
        ...

    async def add(self, connection: Connection, proposal: Proposal) -> int:
        """Stores a proposal and returns its number; that of the argument does not count."""
        ...

    async def find(self, connection: Connection, proposal_id: int) -> Proposal | None:
        """Returns a proposal of this service."""
        ...

    async def latest(self, connection: Connection, kind: str, subject: str) -> Proposal | None:
        """Returns the last proposal of this service about a subject."""
        ...

    async def shown(
        self, connection: Connection, proposal_id: int, *, reader: str
    ) -> QueueEntry | None:
        """Returns a proposal of the queue as a person sees it."""
        ...

    async def listed(
        self, connection: Connection, chosen: EntryFilter, *, reader: str
    ) -> list[QueueEntry]:
        """Returns proposals of the queue, the newest first."""
        ...

    async def refusal(self, connection: Connection, proposal: Proposal, step: Step) -> str | None:
        """Returns why the person may not vote, as a code of `REFUSALS`; None if nothing is."""
        ...

    async def add_vote(
        self, connection: Connection, proposal: Proposal, vote: CastVote, *, digest: bytes
    ) -> None:
        """Stores a vote."""
        ...

    async def decide(
        self, connection: Connection, proposal: Proposal, outcome: DecisionOutcome, vote: CastVote
    ) -> None:
        """Stores the decision that the votes made; the last of them is the deciding one."""
        ...

    async def declare_conflict(
        self, connection: Connection, proposal_id: int, step: Step, at: datetime
    ) -> None:
        """Stores that a person has a conflict of interest; a repetition changes nothing."""
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
        return await self._database.in_transaction(
            lambda connection: self.propose_in(connection, kind_name, subject, step, terms)
        )

    async def propose_in(
        self,
        connection: Connection,
        kind_name: str,
        subject: str,
        step: Step,
        terms: Mapping[str, Any] | None = None,
    ) -> Proposal:
        """Proposes something in the caller's transaction, as `propose` does."""
        kind = self.kind(kind_name)
        request = ProposalRequest(subject=subject, proposer=step.by, terms=terms or {})
        await self._repository.take_turn(connection, kind.name, subject)
        now = self._clock.now()
        latest = await self._repository.latest(connection, kind.name, subject)
        if latest is not None and latest.is_open(now):
            raise ProposalConflict(f"Proposal {latest.id} about it is open already.")
        change = await kind.change(connection, request)
        proposal = Proposal(
            id=0,
            service="",
            kind=kind.name,
            subject=subject,
            terms=request.terms,
            change=change,
            digest=change.digest(kind.name, request),
            deciders=kind.deciders,
            reason=step.reason,
            proposed_by=step.by,
            proposed_at=now,
            expires_at=now + kind.valid_for,
        )
        return await self._found(connection, await self._repository.add(connection, proposal))

    async def is_recent_in(self, connection: Connection, kind_name: str, subject: str) -> bool:
        """Returns whether the last proposal about a subject is so young that it would be open.

        Call it in the caller's transaction; also one that was decided counts.
        """
        await self._repository.take_turn(connection, kind_name, subject)
        latest = await self._repository.latest(connection, kind_name, subject)
        return latest is not None and self._clock.now() < latest.expires_at

    async def decide(
        self, proposal_id: int, outcome: DecisionOutcome, step: Step, *, digest: bytes
    ) -> Proposal:
        """Votes about a proposal; an approval takes effect in the transaction of the last vote.

        Raises:
            NoSuchProposal: If there is none of that number.
            ProposalConflict: If it was decided, has expired, has another digest than the one that
                was shown, or its subject is another by now.
            OtherPersonNeeded: If this person may not decide.
        """

        async def take(connection: Connection) -> Proposal:
            proposal = await self._found(connection, proposal_id)
            await self._repository.take_turn(connection, proposal.kind, proposal.subject)
            # Another decision may have been made while this one waited for its turn.
            proposal, now = await self._found(connection, proposal_id), self._clock.now()
            _check_open(proposal, now)
            if digest != proposal.digest:
                raise ProposalConflict("The digest is not the one of what is proposed; read it.")
            await self._check_person(connection, proposal, step)
            if outcome is DecisionOutcome.APPROVED:
                await self._check_unchanged(connection, proposal)
            vote = CastVote(
                person_id=step.by,
                approves=outcome is DecisionOutcome.APPROVED,
                is_emergency=step.in_emergency,
                reason=step.reason,
                voted_at=now,
            )
            await self._repository.add_vote(connection, proposal, vote, digest=digest)
            return await self._settle(connection, proposal, vote)

        return await self._database.in_transaction(take)

    async def declare_conflict(self, proposal_id: int, step: Step) -> Proposal:
        """Records a conflict of interest: the person decides nothing about the proposal any more.

        Raises:
            NoSuchProposal: If there is none of that number.
        """

        async def declare(connection: Connection) -> Proposal:
            proposal = await self._found(connection, proposal_id)
            now = self._clock.now()
            await self._repository.declare_conflict(connection, proposal_id, step, now)
            return proposal

        return await self._database.in_transaction(declare)

    async def latest(self, kind_name: str, subject: str) -> Proposal:
        """Returns the last proposal about a subject.

        Raises:
            ProposalConflict: If nothing was proposed about it.
        """
        proposal = await self._database.in_transaction(
            lambda connection: self._repository.latest(connection, kind_name, subject)
        )
        if proposal is None:
            raise ProposalConflict(f"Nothing is proposed about {subject}.")
        return proposal

    async def find(self, proposal_id: int) -> Proposal:
        """Returns a proposal of this service.

        Raises:
            NoSuchProposal: If there is none of that number.
        """
        return await self._database.in_transaction(
            lambda connection: self._found(connection, proposal_id)
        )

    async def show(self, proposal_id: int, *, reader: str) -> QueueEntry:
        """Returns a proposal of the queue as a person sees it.

        Raises:
            NoSuchProposal: If there is none of that number.
        """
        entry = await self._database.in_transaction(
            lambda connection: self._repository.shown(connection, proposal_id, reader=reader)
        )
        if entry is None:
            raise NoSuchProposal(f"There is no proposal {proposal_id}.")
        return entry

    async def listed(
        self, chosen: EntryFilter, *, only_open: bool, reader: str
    ) -> Sequence[QueueEntry]:
        """Returns proposals of the queue, the newest first."""
        chosen = replace(chosen, open_at=self._clock.now() if only_open else None)
        return await self._database.in_transaction(
            lambda connection: self._repository.listed(connection, chosen, reader=reader)
        )

    def is_open(self, proposal: Proposal) -> bool:
        """Returns whether a proposal can be decided now."""
        return proposal.is_open(self._clock.now())

    def kind(self, name: str) -> ApprovalKind:
        """Returns a kind by its name.

        Raises:
            NoSuchProposal: If there is none.
        """
        if name not in self.kinds:
            raise NoSuchProposal(f"There is no kind {name}; there are {', '.join(self.kinds)}.")
        return self.kinds[name]

    async def _check_person(self, connection: Connection, proposal: Proposal, step: Step) -> None:
        if step.by.lower() == proposal.proposed_by.lower():
            raise OtherPersonNeeded(REFUSALS["PROPOSER"])
        code = await self._repository.refusal(connection, proposal, step)
        if code == VOTED:
            raise ProposalConflict(REFUSALS[VOTED])
        if code is not None:
            raise OtherPersonNeeded(REFUSALS[code])

    async def _check_unchanged(self, connection: Connection, proposal: Proposal) -> None:
        kind = self.kind(proposal.kind)
        change = await kind.change(connection, proposal.request)
        if change.digest(kind.name, proposal.request) != proposal.digest:
            raise ProposalConflict("What was proposed has changed since; reject it and propose it.")

    async def _settle(self, connection: Connection, proposal: Proposal, vote: CastVote) -> Proposal:
        outcome = proposal.result([*proposal.votes, vote])
        if outcome is not None:
            await self._repository.decide(connection, proposal, outcome, vote)
        settled = await self._found(connection, proposal.id)
        if outcome is DecisionOutcome.APPROVED:
            await self.kind(proposal.kind).release(connection, settled)
        return settled

    async def _found(self, connection: Connection, proposal_id: int) -> Proposal:
        proposal = await self._repository.find(connection, proposal_id)
        if proposal is None:
            raise NoSuchProposal(f"There is no proposal {proposal_id} here.")
        return proposal


def _check_open(proposal: Proposal, now: datetime) -> None:
    if proposal.outcome is not None:
        raise ProposalConflict(f"Proposal {proposal.id} is {proposal.outcome} already.")
    if not proposal.is_open(now):
        raise ProposalConflict(f"Proposal {proposal.id} has expired; propose it again.")
