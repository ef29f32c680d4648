"""The quarantine over HTTP: list, show, retry after a fix, discard with a reason."""

from collections.abc import Awaitable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from services.ingest.application.errors import Unavailable
from services.ingest.application.inputs import Status
from services.ingest.application.ports import EntryFilters
from services.ingest.application.quarantine import MOST_RETRIED_AT_ONCE, Quarantine
from services.ingest.domain.reasons import Reason
from services.ingest.entrypoints.entries import (
    CountsView,
    DiscardBody,
    EntryPage,
    FullEntryView,
    RetriedView,
    RetryBody,
)
from services.kit.access.keys import Role
from services.kit.http import problems
from services.kit.http.auth import Principal, require
from services.kit.http.problems import Problem

Reader = Annotated[Principal, Depends(require(Role.OPERATOR, Role.AUDITOR))]
Operator = Annotated[Principal, Depends(require(Role.OPERATOR))]
EntryId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Answer = TypeVar("Answer")

MOST_PER_PAGE = 500


async def answered(work: Awaitable[Answer], *, retry_after_seconds: int = 5) -> Answer:
    """Return what some work returns; a part that is away is answered 503."""
    try:
        return await work
    except Unavailable as error:
        headers = {"Retry-After": str(retry_after_seconds)}
        raise Problem(problems.UNAVAILABLE, str(error), headers) from error


class ListQuery(BaseModel):
    """Which kept inputs are listed."""

    model_config = ConfigDict(extra="forbid")

    status: Status | None = None
    reason: Reason | None = None
    topic: str | None = None
    source: str | None = None
    account_id: str | None = None
    after: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    limit: Annotated[int, Field(ge=1, le=MOST_PER_PAGE)] = 50

    def filters(self) -> EntryFilters:
        """Return the filters that were asked for."""
        return EntryFilters(**self.model_dump(exclude={"after", "limit"}))


def quarantine_router(quarantine: Quarantine) -> APIRouter:
    """Return the routes of the quarantine."""
    router = APIRouter(prefix="/v1/quarantine", tags=["quarantine"])
    _add_reading(router, quarantine)
    _add_settling(router, quarantine)
    return router


def _add_reading(router: APIRouter, quarantine: Quarantine) -> None:
    @router.get("", summary="List kept inputs")
    async def list_entries(_caller: Reader, query: Annotated[ListQuery, Query()]) -> EntryPage:
        """List kept inputs, oldest first."""
        found = await answered(
            quarantine.entries(query.filters(), after_id=query.after, limit=query.limit)
        )
        return EntryPage.of(found, limit=query.limit)

    @router.get("/counts", summary="Count kept inputs")
    async def count_entries(_caller: Reader) -> CountsView:
        """Count kept inputs by status and reason."""
        return CountsView.of(await answered(quarantine.counts()))

    @router.get("/{entry_id}", summary="Show a kept input")
    async def show_entry(_caller: Operator, entry_id: EntryId) -> FullEntryView:
        """Show a kept input with its original bytes; they may hold personal data."""
        return FullEntryView.of_full(await answered(quarantine.entry(entry_id)))


def _add_settling(router: APIRouter, quarantine: Quarantine) -> None:
    @router.post("/{entry_id}/retry", summary="Try an input again")
    async def retry_entry(caller: Operator, entry_id: EntryId) -> FullEntryView:
        """Try a kept input again, with today's mappings; answers with where it stands then."""
        return FullEntryView.of_full(await answered(quarantine.retry(entry_id, by=caller.id)))

    @router.post("/retry", summary="Try many inputs again")
    async def retry_entries(caller: Operator, body: RetryBody) -> RetriedView:
        """Try open inputs again, in their order, a bounded number at once."""
        chosen = body.model_dump(exclude_none=True)
        if not chosen:
            raise Problem(problems.INVALID, "Choose by reason, topic, source or account_id.")
        done = await answered(quarantine.retry_many(EntryFilters(**chosen), by=caller.id))
        released = sum(full.entry.status is Status.RELEASED for full in done)
        return RetriedView(
            tried=len(done),
            released=released,
            still_kept=len(done) - released,
            more=len(done) == MOST_RETRIED_AT_ONCE,
        )

    @router.post("/{entry_id}/discard", summary="Discard an input")
    async def discard_entry(
        caller: Operator, entry_id: EntryId, body: DiscardBody
    ) -> FullEntryView:
        """Say that a kept input will never be an event, and why; its bytes stay."""
        return FullEntryView.of_full(
            await answered(quarantine.discard(entry_id, by=caller.id, reason=body.reason))
        )
