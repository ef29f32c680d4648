"""REST about rulebooks: draft, propose, approve by a second person, activate, list, show."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field

from services.kit.access.keys import Role
from services.kit.http import problems
from services.kit.http.auth import KeyGuard, require
from services.kit.http.problems import Problem
from services.kit.http.request_model import Identifier
from services.scoring.adapters.rulebook_reader import RulebookError
from services.scoring.application.rulebooks import RulebookDesk, StandingRulebook
from services.scoring.domain.rulebook.approval import Signatory

RULEBOOK_READERS = frozenset({Role.SENIOR, Role.RISK, Role.APPROVER, Role.AUDITOR, Role.OPERATOR})
MOST_LISTED = 200
MOST_DOCUMENT_CHARACTERS = 262_144

Name = Annotated[str, Path(pattern=r"^[!-.0-~]{1,128}$", examples=["default"])]
Version = Annotated[str, Path(pattern=r"^[!-.0-~]{1,128}$", examples=["2026-03"])]


class NewRulebook(BaseModel):
    """A draft; name and version are those that the document states."""

    document: str = Field(
        min_length=1, max_length=MOST_DOCUMENT_CHARACTERS, description="The YAML text."
    )


class RulebookBrief(BaseModel):
    """A rulebook and how far it has come."""

    name: Identifier
    version: Identifier
    sha256: str
    status: str
    author: str
    drafted_at: datetime
    proposed_at: datetime | None
    approver: str | None
    approved_at: datetime | None
    activator: str | None
    activated_at: datetime | None
    activations: int


class RulebookWhole(RulebookBrief):
    """A rulebook with its text."""

    document: str


class RulebookList(BaseModel):
    """The rulebooks drafted last, the newest first."""

    items: list[RulebookBrief]


def signatory(request: Request) -> Signatory:
    """Return the person whom the guard let in."""
    principal = request.state.principal
    return Signatory(principal.name, principal.id, principal.officer_id or "")


Person = Annotated[Signatory, Depends(signatory)]
REFUSED: dict[int | str, dict[str, Any]] = {
    403: {"description": "The person may not take this step"},
    404: {"description": "There is no such rulebook"},
    409: {"description": "Another step comes first, or this one was taken"},
}


def router(desk: RulebookDesk) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/v1/rulebooks", tags=["rulebooks"])
    _add_reading(routes, desk)
    _add_steps(routes, desk)
    return routes


def _add_reading(routes: APIRouter, desk: RulebookDesk) -> None:
    may_read = Depends(KeyGuard(RULEBOOK_READERS))

    @routes.get("", dependencies=[may_read])
    async def rulebooks(limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 50) -> RulebookList:
        """Return the rulebooks drafted last, without their documents."""
        found = await desk.listed(limit=limit)
        return RulebookList(items=[RulebookBrief(**_fields(one)) for one in found])

    @routes.get("/{name}/{version}", dependencies=[may_read])
    async def rulebook(name: Name, version: Version) -> RulebookWhole:
        """Return a rulebook with its document."""
        return _whole(await desk.show(name, version))


def _add_steps(routes: APIRouter, desk: RulebookDesk) -> None:
    @routes.post(
        "", status_code=201, dependencies=[Depends(require(Role.RISK))], responses={409: {}}
    )
    async def draft(body: NewRulebook, person: Person) -> RulebookWhole:
        """Store a draft that can be used; what is wrong with another one is said at once."""
        try:
            return _whole(await desk.draft(body.document, author=person))
        except RulebookError as error:
            raise Problem(
                problems.INVALID,
                f"{len(error.problems)} fault(s); the first: {error.problems[0]}",
                extra={"errors": [{"detail": one} for one in error.problems]},
            ) from error

    @routes.post(
        "/{name}/{version}/propose",
        dependencies=[Depends(require(Role.RISK))],
        responses=REFUSED,
    )
    async def propose(name: Name, version: Version, person: Person) -> RulebookWhole:
        """Propose one's own draft."""
        return _whole(await desk.propose(name, version, actor=person))

    @routes.post(
        "/{name}/{version}/approve",
        dependencies=[Depends(require(Role.APPROVER))],
        responses=REFUSED,
    )
    async def approve(name: Name, version: Version, person: Person) -> RulebookWhole:
        """Approve a proposal of somebody else."""
        return _whole(await desk.approve(name, version, actor=person))

    @routes.post(
        "/{name}/{version}/activate",
        dependencies=[Depends(require(Role.RISK, Role.APPROVER))],
        responses=REFUSED,
    )
    async def activate(name: Name, version: Version, person: Person) -> RulebookWhole:
        """Write the activation of an approved rulebook to every partition of the log.

        It decides from the next day boundary on. Activating an earlier version again is the way
        back.
        """
        return _whole(await desk.activate(name, version, actor=person))


def _fields(one: StandingRulebook) -> dict[str, Any]:
    return {
        "name": one.name,
        "version": one.version,
        "sha256": one.sha256,
        "status": one.status,
        "author": one.author.name,
        "drafted_at": one.drafted_at,
        "proposed_at": one.proposed_at,
        "approver": one.approver,
        "approved_at": one.approved_at,
        "activator": one.activator,
        "activated_at": one.activated_at,
        "activations": one.activations,
    }


def _whole(one: StandingRulebook) -> RulebookWhole:
    return RulebookWhole(**_fields(one), document=one.document.decode())
