"""REST for the directory of people and their duties: read it, submit a version, list versions."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from services.alerts.directory.adapters import directory_reader
from services.alerts.directory.adapters.directory_document import DirectoryDocument
from services.alerts.directory.application.directory_registry import (
    DirectoryApproval,
    DirectoryRegistry,
)
from services.alerts.directory.application.directory_repository import (
    DirectoryDraft,
    DirectoryVersion,
)
from services.alerts.directory.entrypoints.permissions import may_read_people
from services.alerts.primitives import limits
from services.alerts.primitives.paging import CursorPage, read_position_cursor
from services.kit.approvals.proposals import Step
from services.kit.http.approvals_api import Reason
from services.kit.http.auth import KeyGuard, deciding_person
from services.kit.http.etags import ExpectedVersion, tag
from services.kit.http.json_route import JsonRoute
from services.kit.http.request_model import RequestModel


class ActiveDirectory(BaseModel):
    """The version in effect with its document; version 0 and nothing else without a directory."""

    version: int
    info: DirectoryVersion | None
    directory: DirectoryDocument | None


class DirectoryRequest(RequestModel):
    """A whole directory that replaces the active one, and why."""

    directory: DirectoryDocument
    reason: Reason


class ChangedField(BaseModel):
    """A field of the directory that differs; null on the side that does not have it."""

    path: str
    before: Any
    after: Any
    needs_two_people: bool
    person_id: str | None


class SubmissionResponse(BaseModel):
    """A submitted directory: it is active, or a proposal waits for a second person."""

    version: int
    is_active: bool
    proposal_id: int | None
    changes: list[ChangedField]


class VersionQuery(RequestModel):
    """A page of versions."""

    cursor: str | None = Field(default=None, max_length=limits.CURSOR_CHARACTERS)
    limit: int = Field(default=limits.DEFAULT_PAGE_ITEMS, ge=1, le=limits.PAGE_ITEMS)


def router(registry: DirectoryRegistry) -> APIRouter:
    """Returns the routes."""
    routes = APIRouter(prefix="/v1/people", route_class=JsonRoute, tags=["people"])
    _add_reading(routes, registry)
    may_submit = Depends(KeyGuard(DirectoryApproval.proposers))

    @routes.put("", dependencies=[may_submit], responses={202: {"model": SubmissionResponse}})
    async def submit_directory(
        body: DirectoryRequest,
        version: ExpectedVersion,
        person: Annotated[str, Depends(deciding_person)],
        response: Response,
    ) -> SubmissionResponse:
        """Submit a directory made from the version in If-Match ("0" for the first).

        Absences and contact data take effect at once (200). Everything else waits for the approval
        of a second person (202).
        """
        submitted = await registry.submit(
            draft_of(body.directory),
            expected_version=version,
            step=Step(by=person, reason=body.reason),
        )
        response.status_code = 200 if submitted.is_active else 202
        return SubmissionResponse(
            version=submitted.version,
            is_active=submitted.is_active,
            proposal_id=submitted.proposal_id,
            changes=[ChangedField(**asdict(each)) for each in submitted.changes],
        )

    return routes


def _add_reading(routes: APIRouter, registry: DirectoryRegistry) -> None:
    guarded = [Depends(may_read_people)]

    @routes.get("", dependencies=guarded)
    async def get_directory(response: Response) -> ActiveDirectory:
        """Return the directory in effect; its version is the ETag, "0" without a directory."""
        active = await registry.active()
        version = active.info.version if active else 0
        tag(response, version)
        return ActiveDirectory(
            version=version,
            info=active.info if active else None,
            directory=DirectoryDocument.model_validate(active.document) if active else None,
        )

    @routes.get("/versions", dependencies=guarded)
    async def list_versions(
        query: Annotated[VersionQuery, Query()],
    ) -> CursorPage[DirectoryVersion]:
        """List the submitted versions, the newest first, active or not."""
        before = None if query.cursor is None else read_position_cursor(query.cursor)
        versions = await registry.listed(before=before, limit=query.limit)
        return CursorPage(items=versions, next_cursor=_next_cursor(versions, query.limit))


def draft_of(document: DirectoryDocument) -> DirectoryDraft:
    """Returns a document as a draft.

    Raises:
        InvalidDirectory: If a reference or a rule is broken.
    """
    return DirectoryDraft(
        document=directory_reader.plain(document),
        content=directory_reader.canonical_bytes(document),
        organisation=directory_reader.organisation_of(document, version=1),
    )


def _next_cursor(versions: Sequence[DirectoryVersion], limit: int) -> str | None:
    return str(versions[-1].version) if len(versions) == limit else None
