"""REST about approvals: list, propose, vote and declare a conflict, for every kind of a service.

alerts lists the proposals of all services; each is decided in the service that it names.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Final, Self

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field

from services.kit.access.keys import PEOPLE, READERS, Role
from services.kit.approvals.proposals import (
    MAX_REASON_CHARACTERS,
    CastVote,
    DecisionOutcome,
    EntryFilter,
    InvalidTerms,
    NoSuchProposal,
    OtherPersonNeeded,
    Proposal,
    ProposalConflict,
    QueueEntry,
    Step,
)
from services.kit.approvals.workflow import REFUSALS, Approvals
from services.kit.http import problems
from services.kit.http.auth import KeyGuard, Principal, check_roles, deciding_person
from services.kit.http.json_route import JsonRoute
from services.kit.http.problems import ProblemTable
from services.kit.http.request_model import RequestModel

APPROVAL_PROBLEMS: ProblemTable = {
    NoSuchProposal: problems.NOT_FOUND,
    ProposalConflict: problems.CONFLICT,
    OtherPersonNeeded: problems.FORBIDDEN,
    InvalidTerms: problems.INVALID,
}
MOST_LISTED = 200
REFUSED: dict[int | str, dict[str, Any]] = {
    403: {"description": "The person may not take this step"},
    404: {"description": "There is no such proposal or subject"},
    409: {
        "description": "It is proposed or decided already, has expired, has changed, or the digest "
        "is not the one of what was shown"
    },
}

Reason = Annotated[str, Field(min_length=3, max_length=MAX_REASON_CHARACTERS)]
ProposalId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Digest = Annotated[
    str, Field(pattern="^[0-9a-f]{64}$", description="The digest of what you were shown.")
]


class NewProposal(RequestModel):
    """What is proposed, and why."""

    kind: Annotated[str, Field(min_length=1, max_length=64)]
    subject: Annotated[str, Field(min_length=1, max_length=300)]
    reason: Reason
    terms: dict[str, Any] = Field(default={}, description="What the kind needs beyond the subject.")


class ConflictBody(RequestModel):
    """The reason of a conflict of interest."""

    reason: Reason


class DecisionBody(ConflictBody):
    """The reason of a decision, and the digest of what was shown."""

    digest: Digest


class ApprovalBody(DecisionBody):
    """An approval; two people on call approve in an emergency, which is reviewed afterwards."""

    emergency: bool = False


class VoteView(BaseModel):
    """The vote of a person."""

    person_id: str
    approves: bool
    is_emergency: bool
    reason: str
    voted_at: datetime

    @classmethod
    def of(cls, vote: CastVote) -> Self:
        """Returns the view of a vote."""
        return cls(**{name: getattr(vote, name) for name in cls.model_fields})


class ProposalView(BaseModel):
    """A proposal with its votes and its decision; people are ids of persons.

    Attributes:
        service: The service that decides it.
        before: What is in force now.
        after: What would be in force.
        effect: What the approval does.
        digest: The SHA-256 of what is shown, in hexadecimal; a vote names it.
        amount: What is at risk, as a decimal.
        deciders: The roles of which one who decides has one.
        needed: How many people must approve.
        by_committee: Whether the amount is above every person's limit, so that a committee votes.
        may_decide: Whether the reader may vote now.
        why_not: Why the reader may not.
    """

    id: int
    service: str
    kind: str
    subject: str
    terms: dict[str, Any]
    before: dict[str, Any]
    after: dict[str, Any]
    effect: str
    digest: str
    borrower_id: str | None
    amount: str | None
    currency: str | None
    reason: str
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    deciders: list[Role]
    needed: int
    by_committee: bool
    votes: list[VoteView]
    outcome: DecisionOutcome | None
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None
    may_decide: bool
    why_not: str | None

    @classmethod
    def of(cls, proposal: Proposal, why_not: str | None) -> Self:
        """Returns the view of a proposal for a reader."""
        change = proposal.change
        return cls(
            terms=dict(proposal.terms),
            before=dict(change.before),
            after=dict(change.after),
            effect=change.effect,
            digest=proposal.digest.hex(),
            borrower_id=change.borrower_id,
            amount=None if change.amount is None else f"{change.amount:f}",
            currency=change.currency,
            deciders=sorted(proposal.deciders),
            needed=change.needed,
            votes=[VoteView.of(vote) for vote in proposal.votes],
            may_decide=why_not is None,
            why_not=why_not,
            **{name: getattr(proposal, name) for name in _COPIED},
        )


class ProposalList(BaseModel):
    """Proposals, the newest first."""

    items: list[ProposalView]
    next_cursor: str | None


_COPIED: Final = (
    *("id", "service", "kind", "subject", "reason", "proposed_by", "proposed_at", "expires_at"),
    *("by_committee", "outcome", "decided_by", "decided_at", "decision_reason"),
)
Person = Annotated[str, Depends(deciding_person)]


def approvals_router(approvals: Approvals) -> APIRouter:
    """Returns the routes; each kind checks its own roles beyond those of the route."""
    router = APIRouter(prefix="/v1/approvals", route_class=JsonRoute, tags=["approvals"])
    _add_reading(router, approvals)
    _add_proposing(router, approvals)
    _add_deciding(router, approvals)
    return router


def _add_reading(router: APIRouter, approvals: Approvals) -> None:
    may_read = Depends(KeyGuard(READERS | {Role.OPERATOR}))

    @router.get("", dependencies=[may_read], summary="List proposals")
    async def list_proposals(
        request: Request,
        only_open: bool = True,
        borrower_id: Annotated[str | None, Query(min_length=1, max_length=128)] = None,
        cursor: Annotated[str | None, Query(pattern="^[0-9]{1,18}$")] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 50,
    ) -> ProposalList:
        """Returns proposals, the newest first; without `only_open` the decided ones too.

        An officer sees what they proposed, who reads all borrowers everything, and others what is
        about no borrower.
        """
        reader: Principal = request.state.principal
        chosen = EntryFilter(
            borrower_id=borrower_id,
            before_id=None if cursor is None else int(cursor),
            sees_borrowers=reader.sees_everything,
            sees_all=_sees_all(reader),
            limit=limit,
        )
        entries = await approvals.listed(chosen, only_open=only_open, reader=reader.actor)
        return ProposalList(
            items=[_view(entry, reader, approvals) for entry in entries],
            next_cursor=str(entries[-1].proposal.id) if len(entries) == limit else None,
        )

    @router.get("/{proposal_id}", dependencies=[may_read], summary="Show a proposal")
    async def show_proposal(request: Request, proposal_id: ProposalId) -> ProposalView:
        """Returns a proposal with its votes and its decision."""
        return await _shown(request, approvals, proposal_id)


def _add_proposing(router: APIRouter, approvals: Approvals) -> None:
    kinds = approvals.kinds.values()
    proposers = Depends(_guard(kind.proposers for kind in kinds))

    @router.post(
        "", status_code=201, dependencies=[proposers], responses=REFUSED, summary="Propose"
    )
    async def propose(request: Request, body: NewProposal, person: Person) -> ProposalView:
        """Proposes something that another person must approve."""
        check_roles(request.state.principal, approvals.kind(body.kind).proposers)
        step = Step(by=person, reason=body.reason)
        proposal = await approvals.propose(body.kind, body.subject, step, body.terms)
        return await _shown(request, approvals, proposal.id)


def _add_deciding(router: APIRouter, approvals: Approvals) -> None:
    kinds = approvals.kinds.values()
    deciders = Depends(_guard(kind.deciders for kind in kinds))

    async def decide(
        request: Request, proposal_id: int, outcome: DecisionOutcome, step: Step, digest: str
    ) -> ProposalView:
        proposal = await approvals.find(proposal_id)
        check_roles(request.state.principal, approvals.kind(proposal.kind).deciders)
        await approvals.decide(proposal_id, outcome, step, digest=bytes.fromhex(digest))
        return await _shown(request, approvals, proposal_id)

    @router.post(
        "/{proposal_id}/approve", dependencies=[deciders], responses=REFUSED, summary="Approve"
    )
    async def approve(
        request: Request, proposal_id: ProposalId, body: ApprovalBody, person: Person
    ) -> ProposalView:
        """Approves another person's proposal; with the last vote needed it takes effect."""
        step = Step(by=person, reason=body.reason, in_emergency=body.emergency)
        return await decide(request, proposal_id, DecisionOutcome.APPROVED, step, body.digest)

    @router.post(
        "/{proposal_id}/reject", dependencies=[deciders], responses=REFUSED, summary="Reject"
    )
    async def reject(
        request: Request, proposal_id: ProposalId, body: DecisionBody, person: Person
    ) -> ProposalView:
        """Rejects another person's proposal."""
        step = Step(by=person, reason=body.reason)
        return await decide(request, proposal_id, DecisionOutcome.REJECTED, step, body.digest)

    @router.post(
        "/{proposal_id}/conflict",
        dependencies=[deciders],
        responses=REFUSED,
        summary="Declare a conflict of interest",
    )
    async def declare_conflict(
        request: Request, proposal_id: ProposalId, body: ConflictBody, person: Person
    ) -> ProposalView:
        """Records that you have a conflict: you decide nothing about it or its borrower then."""
        await approvals.declare_conflict(proposal_id, Step(by=person, reason=body.reason))
        return await _shown(request, approvals, proposal_id)


async def _shown(request: Request, approvals: Approvals, proposal_id: int) -> ProposalView:
    reader: Principal = request.state.principal
    entry = await approvals.show(proposal_id, reader=reader.actor)
    proposal = entry.proposal
    is_about_borrower = proposal.change.borrower_id is not None
    is_seen = _sees_all(reader) and (reader.sees_everything or not is_about_borrower)
    if not is_seen and proposal.proposed_by != reader.actor:
        raise NoSuchProposal(f"There is no proposal {proposal_id}.")
    return _view(entry, reader, approvals)


def _view(entry: QueueEntry, reader: Principal, approvals: Approvals) -> ProposalView:
    return ProposalView.of(entry.proposal, _why_not(entry, reader, approvals))


def _why_not(entry: QueueEntry, reader: Principal, approvals: Approvals) -> str | None:
    """Returns why a reader may not vote about a proposal; None if they may."""
    proposal = entry.proposal
    if proposal.outcome is not None:
        return f"It is {proposal.outcome} already."
    if not approvals.is_open(proposal):
        return "It has expired; propose it again."
    if reader.person_id is None:
        return "A person decides; this key is a machine's."
    if not reader.has(*proposal.deciders):
        return f"This needs one of the roles {', '.join(sorted(proposal.deciders))}."
    return None if entry.refusal is None else REFUSALS[entry.refusal]


def _sees_all(reader: Principal) -> bool:
    return bool(reader.roles - {Role.OFFICER})


def _guard(roles: Iterable[frozenset[Role]]) -> KeyGuard:
    """Returns the guard of a step: the roles of all kinds, people where there is no kind."""
    return KeyGuard(frozenset[Role]().union(*roles) or PEOPLE)
