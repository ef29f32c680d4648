"""REST about rulebooks: draft, propose, approve by a second person, activate, list, show."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from services.kit.access.keys import Role
from services.kit.approvals.proposals import DecisionOutcome, ProposalConflict, Step
from services.kit.approvals.workflow import Approvals
from services.kit.http import problems
from services.kit.http.approvals_api import Person
from services.kit.http.auth import KeyGuard, require
from services.kit.http.json_route import JsonRoute
from services.kit.http.problems import Problem
from services.kit.http.request_model import RequestModel
from services.scoring.adapters.rulebook_reader import RulebookError
from services.scoring.application.rulebook_workflow import RulebookApproval, RulebookWorkflow
from services.scoring.entrypoints.response_models import (
    RulebookDetail,
    RulebookList,
    rulebook_detail,
    rulebook_summary,
)

RULEBOOK_READERS = frozenset({Role.SENIOR, Role.RISK, Role.APPROVER, Role.AUDITOR, Role.OPERATOR})
MOST_LISTED = 200
MOST_DOCUMENT_CHARACTERS = 262_144

Name = Annotated[str, Path(pattern=r"^[!-.0-~]{1,128}$", examples=["default"])]
Version = Annotated[str, Path(pattern=r"^[!-.0-~]{1,128}$", examples=["2026-03"])]


class NewRulebook(RequestModel):
    """A draft; name and version are in the document."""

    document: str = Field(
        min_length=1, max_length=MOST_DOCUMENT_CHARACTERS, description="The YAML text."
    )


class RulebookApprovalBody(RequestModel):
    """The document that was read."""

    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="The SHA-256 of the rulebook.")


REFUSED: dict[int | str, dict[str, Any]] = {
    403: {"description": "The person may not take this step"},
    404: {"description": "There is no such rulebook"},
    409: {"description": "Another step comes first, or this one was taken"},
}


def router(workflow: RulebookWorkflow, approvals: Approvals) -> APIRouter:
    """Returns the routes."""
    routes = APIRouter(prefix="/v1/rulebooks", route_class=JsonRoute, tags=["rulebooks"])
    _add_reading(routes, workflow)
    _add_drafting(routes, workflow)
    _add_steps(routes, workflow, approvals)
    return routes


def _add_reading(routes: APIRouter, workflow: RulebookWorkflow) -> None:
    may_read = Depends(KeyGuard(RULEBOOK_READERS))

    @routes.get("", dependencies=[may_read])
    async def rulebooks(limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 50) -> RulebookList:
        """Returns the rulebooks drafted last, without their documents."""
        rulebooks = await workflow.listed(limit=limit)
        return RulebookList(items=[rulebook_summary(each) for each in rulebooks])

    @routes.get("/{name}/{version}", dependencies=[may_read])
    async def rulebook(name: Name, version: Version) -> RulebookDetail:
        """Returns a rulebook with its document."""
        return rulebook_detail(await workflow.show(name, version))


def _add_drafting(routes: APIRouter, workflow: RulebookWorkflow) -> None:
    @routes.post(
        "", status_code=201, dependencies=[Depends(require(Role.RISK))], responses={409: {}}
    )
    async def draft(body: NewRulebook, person: Person) -> RulebookDetail:
        """Stores a draft; one that cannot be used is refused with all its problems."""
        try:
            return rulebook_detail(await workflow.draft(body.document, author=person))
        except RulebookError as error:
            raise Problem(
                problems.INVALID,
                f"{len(error.problems)} fault(s); the first: {error.problems[0]}",
                extra={"errors": [{"detail": problem} for problem in error.problems]},
            ) from error


def _add_steps(routes: APIRouter, workflow: RulebookWorkflow, approvals: Approvals) -> None:
    def step(name: str, version: str, person: str) -> Step:
        return Step(by=person, reason=f"rulebook {name} {version}")

    @routes.post(
        "/{name}/{version}/propose",
        dependencies=[Depends(require(Role.RISK))],
        responses=REFUSED,
    )
    async def propose(name: Name, version: Version, person: Person) -> RulebookDetail:
        """Proposes one's own draft."""
        subject = RulebookApproval.subject(name, version)
        await approvals.propose(RulebookApproval.name, subject, step(name, version, person))
        return rulebook_detail(await workflow.show(name, version))

    @routes.post(
        "/{name}/{version}/approve",
        dependencies=[Depends(require(Role.APPROVER))],
        responses=REFUSED,
    )
    async def approve(
        name: Name, version: Version, body: RulebookApprovalBody, person: Person
    ) -> RulebookDetail:
        """Approves a proposal of somebody else."""
        subject = RulebookApproval.subject(name, version)
        rulebook = await workflow.show(name, version)
        if body.sha256 != rulebook.sha256:
            raise ProposalConflict("The SHA-256 is not the one of this rulebook; read it.")
        proposal = await approvals.latest(RulebookApproval.name, subject)
        await approvals.decide(
            proposal.id,
            DecisionOutcome.APPROVED,
            step(name, version, person),
            digest=proposal.digest,
        )
        return rulebook_detail(await workflow.show(name, version))

    @routes.post(
        "/{name}/{version}/activate",
        dependencies=[Depends(require(Role.RISK, Role.APPROVER))],
        responses=REFUSED,
    )
    async def activate(name: Name, version: Version, person: Person) -> RulebookDetail:
        """Writes the activation of an approved rulebook to every partition of the log.

        It takes effect at the next day boundary. To go back, activate an earlier version again.
        """
        return rulebook_detail(await workflow.activate(name, version, actor=person))
