"""REST for silences: show what one would mute, begin, list and end."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from services.alerts.decisions.application.silences import (
    SilenceApproval,
    SilencePreview,
    Silences,
    SilenceTerms,
)
from services.alerts.decisions.domain.silence import MOST_DAYS, Matchers, Silence
from services.alerts.decisions.entrypoints.request_models import Identifier
from services.alerts.directory.entrypoints.permissions import Caller, may_read
from services.alerts.primitives.vocabulary import Severity
from services.kit.approvals.proposals import Step
from services.kit.http.approvals_api import Reason
from services.kit.http.auth import KeyGuard, deciding_person
from services.kit.http.json_route import JsonRoute
from services.kit.http.request_model import RequestModel

Names = Annotated[list[Identifier], Field(max_length=500)]


class MatchersModel(RequestModel):
    """What a silence matches; all that are given must match, and one at least is given.

    A notice matches `risk_types` and `indicators` only if each of its causes does.
    """

    borrower_ids: Names = Field(default_factory=list)
    branch_ids: Names = Field(default_factory=list)
    segments: Names = Field(default_factory=list)
    severities: list[Severity] = Field(default_factory=list)
    risk_types: Names = Field(default_factory=list)
    indicators: Names = Field(default_factory=list)


class SilenceRequest(RequestModel):
    """A silence from now on. For more than 30 days a second person approves it."""

    matchers: MatchersModel
    days: Annotated[int, Field(ge=1, le=MOST_DAYS)]
    reason: Reason

    def terms(self) -> SilenceTerms:
        """Returns what is silenced, and for how long."""
        names = self.matchers.model_dump()
        matchers = Matchers(**{name: frozenset(each) for name, each in names.items()})
        return SilenceTerms(matchers=matchers, days=self.days)


class SilenceEndRequest(RequestModel):
    """Why a silence ends before its expiry."""

    reason: Reason


class SilenceView(BaseModel):
    """A silence; `ends_at` is its expiry, or when a person ended it."""

    silence_id: str
    matchers: dict[str, list[str]]
    begins_at: datetime
    ends_at: datetime
    reason: str
    author: str


class SilenceResponse(BaseModel):
    """What a silence mutes: it is in force, or a proposal waits, or it was a dry run."""

    silence: SilenceView | None
    proposal_id: int | None
    preview: SilencePreview


class SilenceQuery(RequestModel):
    """Whether silences that are over are listed too."""

    is_in_force: bool = True


class SilenceList(BaseModel):
    """Silences, the latest end first."""

    items: Sequence[SilenceView]


class DryRunQuery(RequestModel):
    """Whether nothing is stored."""

    dry_run: bool = False


Person = Annotated[str, Depends(deciding_person)]


def router(silences: Silences) -> APIRouter:
    """Returns the routes."""
    routes = APIRouter(prefix="/v1/silences", route_class=JsonRoute, tags=["silences"])
    may_silence = [Depends(KeyGuard(SilenceApproval.proposers))]

    @routes.get("", dependencies=[Depends(may_read)])
    async def list_silences(query: Annotated[SilenceQuery, Query()], caller: Caller) -> SilenceList:
        """List silences that name no borrower whom the caller may not see."""
        listed = await silences.listed(person=caller, only_in_force=query.is_in_force)
        return SilenceList(items=[_view(each) for each in listed])

    @routes.post(
        "", status_code=201, dependencies=may_silence, responses={202: {"model": SilenceResponse}}
    )
    async def silence(
        body: SilenceRequest,
        query: Annotated[DryRunQuery, Query()],
        caller: Caller,
        person: Person,
        response: Response,
    ) -> SilenceResponse:
        """Begin a silence (201), or propose it where a second person is needed (202).

        With `dry_run` nothing is stored (200). Each answer has how many alerts of the last 30 days
        it would have muted. Hard triggers and defaults are never silenced.
        """
        if query.dry_run:
            response.status_code = 200
            preview = await silences.preview(body.terms(), person=caller)
            return SilenceResponse(silence=None, proposal_id=None, preview=preview)
        step = Step(by=person, reason=body.reason)
        requested = await silences.request(body.terms(), step=step, person=caller)
        response.status_code = 201 if requested.silence else 202
        return SilenceResponse(
            silence=_view(requested.silence) if requested.silence else None,
            proposal_id=requested.proposal_id,
            preview=requested.preview,
        )

    @routes.post("/{silence_id}/end", status_code=204, dependencies=may_silence)
    async def end_silence(
        silence_id: str, body: SilenceEndRequest, caller: Caller, person: Person
    ) -> None:
        """End a silence before its expiry; what still stands is news at the next assessment."""
        step = Step(by=person, reason=body.reason)
        await silences.end(silence_id, step=step, person=caller)

    return routes


def _view(silence: Silence) -> SilenceView:
    return SilenceView(
        silence_id=silence.silence_id,
        matchers={
            name: sorted(getattr(silence.matchers, name))
            for name in Matchers.__slots__
            if getattr(silence.matchers, name)
        },
        begins_at=silence.begins_at,
        ends_at=silence.ends_at,
        reason=silence.reason,
        author=silence.author,
    )
