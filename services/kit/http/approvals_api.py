"""REST about approvals: list, propose, approve and reject, for every kind that a service has."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Final, Self

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field

from services.kit.access.keys import PEOPLE, READERS_OF_MANY, Role
from services.kit.approvals.proposals import (
    MAX_REASON_CHARACTERS,
    DecisionOutcome,
    InvalidTerms,
    NoSuchProposal,
    OtherPersonNeeded,
    Proposal,
    ProposalConflict,
    Step,
)
from services.kit.approvals.workflow import Approvals
from services.kit.http import problems
from services.kit.http.auth import KeyGuard, check_roles, deciding_person
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
    409: {"description": "It is proposed or decided already, has expired, or has changed"},
}

Reason = Annotated[str, Field(min_length=3, max_length=MAX_REASON_CHARACTERS)]
ProposalId = Annotated[int, Path(ge=1, le=2**63 - 1)]


class NewProposal(RequestModel):
    """What is proposed, and why."""

    kind: Annotated[str, Field(min_length=1, max_length=64)]
    subject: Annotated[str, Field(min_length=1, max_length=300)]
    reason: Reason
    terms: dict[str, Any] = Field(default={}, description="What the kind needs beyond the subject.")


class DecisionBody(RequestModel):
    """The reason of a decision."""

    reason: Reason


class ProposalView(BaseModel):
    """A proposal with its decision; people are ids of persons.

    Attributes:
        before: What is in force now.
        after: What would be in force.
        effect: What the approval does.
        digest: The SHA-256 of what is shown, in hexadecimal.
        amount: What is at risk, as a decimal.
    """

    id: int
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
    outcome: DecisionOutcome | None
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None

    @classmethod
    def of(cls, proposal: Proposal) -> Self:
        """Returns the view of a proposal."""
        change = proposal.change
        return cls(
            id=proposal.id,
            kind=proposal.kind,
            subject=proposal.subject,
            terms=dict(proposal.terms),
            before=dict(change.before),
            after=dict(change.after),
            effect=change.effect,
            digest=proposal.digest.hex(),
            borrower_id=change.borrower_id,
            amount=None if change.amount is None else f"{change.amount:f}",
            currency=change.currency,
            **{name: getattr(proposal, name) for name in _COPIED},
        )


class ProposalList(BaseModel):
    """Proposals, the newest first."""

    items: list[ProposalView]


_COPIED: Final = (
    "reason",
    "proposed_by",
    "proposed_at",
    "expires_at",
    "outcome",
    "decided_by",
    "decided_at",
    "decision_reason",
)
Person = Annotated[str, Depends(deciding_person)]


def approvals_router(approvals: Approvals) -> APIRouter:
    """Returns the routes; each kind checks its own roles beyond those of the route."""
    router = APIRouter(prefix="/v1/approvals", route_class=JsonRoute, tags=["approvals"])
    _add_reading(router, approvals)
    _add_steps(router, approvals)
    return router


def _add_reading(router: APIRouter, approvals: Approvals) -> None:
    takers = frozenset[Role]().union(
        *(kind.proposers | kind.deciders for kind in approvals.kinds.values())
    )
    may_read = Depends(KeyGuard(READERS_OF_MANY | takers))

    @router.get("", dependencies=[may_read], summary="List proposals")
    async def list_proposals(
        only_open: bool = True, limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 50
    ) -> ProposalList:
        """Returns proposals, the newest first; without `only_open` the decided ones too."""
        listed = await approvals.listed(only_open=only_open, limit=limit)
        return ProposalList(items=[ProposalView.of(proposal) for proposal in listed])

    @router.get("/{proposal_id}", dependencies=[may_read], summary="Show a proposal")
    async def show_proposal(proposal_id: ProposalId) -> ProposalView:
        """Returns a proposal with its decision."""
        return ProposalView.of(await approvals.show(proposal_id))


def _add_steps(router: APIRouter, approvals: Approvals) -> None:
    kinds = approvals.kinds.values()
    proposers = Depends(_guard(kind.proposers for kind in kinds))
    deciders = Depends(_guard(kind.deciders for kind in kinds))

    @router.post(
        "", status_code=201, dependencies=[proposers], responses=REFUSED, summary="Propose"
    )
    async def propose(request: Request, body: NewProposal, person: Person) -> ProposalView:
        """Proposes something that another person must approve."""
        check_roles(request.state.principal, approvals.kind(body.kind).proposers)
        step = Step(by=person, reason=body.reason)
        proposal = await approvals.propose(body.kind, body.subject, step, body.terms)
        return ProposalView.of(proposal)

    async def decide(
        request: Request, proposal_id: int, outcome: DecisionOutcome, step: Step
    ) -> ProposalView:
        proposal = await approvals.show(proposal_id)
        check_roles(request.state.principal, approvals.kind(proposal.kind).deciders)
        return ProposalView.of(await approvals.decide(proposal_id, outcome, step))

    @router.post(
        "/{proposal_id}/approve", dependencies=[deciders], responses=REFUSED, summary="Approve"
    )
    async def approve(
        request: Request, proposal_id: ProposalId, body: DecisionBody, person: Person
    ) -> ProposalView:
        """Approves another person's proposal; it takes effect at once."""
        step = Step(by=person, reason=body.reason)
        return await decide(request, proposal_id, DecisionOutcome.APPROVED, step)

    @router.post(
        "/{proposal_id}/reject", dependencies=[deciders], responses=REFUSED, summary="Reject"
    )
    async def reject(
        request: Request, proposal_id: ProposalId, body: DecisionBody, person: Person
    ) -> ProposalView:
        """Rejects another person's proposal."""
        step = Step(by=person, reason=body.reason)
        return await decide(request, proposal_id, DecisionOutcome.REJECTED, step)


def _guard(roles: Iterable[frozenset[Role]]) -> KeyGuard:
    """Returns the guard of a step: the roles of all kinds, people where there is no kind."""
    return KeyGuard(frozenset[Role]().union(*roles) or PEOPLE)
