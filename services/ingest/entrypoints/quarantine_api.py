"""The quarantine over HTTP: list, show, retry after a correction, discard with a reason."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from services.ingest.application.inputs import Status
from services.ingest.application.ports import EntryFilters, SenderScope
from services.ingest.application.quarantine import MAX_RETRIED_AT_ONCE, QuarantineService
from services.ingest.entrypoints.request_models import DiscardBody, ListQuery, RetryBody
from services.ingest.entrypoints.response_models import (
    CountsView,
    EntryPage,
    FullEntryView,
    RetriedView,
)
from services.kit.access.keys import Role
from services.kit.http import problems
from services.kit.http.auth import Principal, require
from services.kit.http.json_route import JsonRoute
from services.kit.http.problems import Problem

Reader = Annotated[Principal, Depends(require(Role.OPERATOR, Role.AUDITOR))]
Lister = Annotated[Principal, Depends(require(Role.OPERATOR, Role.AUDITOR, Role.SOURCE))]
Operator = Annotated[Principal, Depends(require(Role.OPERATOR))]
EntryId = Annotated[int, Path(ge=1, le=2**63 - 1)]


def quarantine_router(quarantine: QuarantineService) -> APIRouter:
    """Returns the routes of the quarantine."""
    router = APIRouter(prefix="/v1/quarantine", route_class=JsonRoute, tags=["quarantine"])
    _add_reading(router, quarantine)
    _add_settling(router, quarantine)
    return router


def _add_reading(router: APIRouter, quarantine: QuarantineService) -> None:
    @router.get("", summary="List quarantined inputs")
    async def list_entries(caller: Lister, query: Annotated[ListQuery, Query()]) -> EntryPage:
        """List quarantined inputs, oldest first; a sender lists its own."""
        filters = replace(query.filters(), scope=_scope(caller))
        entries = await quarantine.entries(filters, after_id=query.after, limit=query.limit)
        return EntryPage.of(entries, limit=query.limit)

    @router.get("/counts", summary="Count quarantined inputs")
    async def count_entries(_caller: Reader) -> CountsView:
        """Count quarantined inputs by status and reason."""
        return CountsView.of(await quarantine.counts())

    @router.get("/{entry_id}", summary="Show a quarantined input")
    async def show_entry(caller: Lister, entry_id: EntryId) -> FullEntryView:
        """Show a quarantined input with its original bytes; they may contain personal data."""
        return FullEntryView.of(await quarantine.entry(entry_id, scope=_scope(caller)))


def _scope(caller: Principal) -> SenderScope | None:
    """Returns what a sender may see; None for people, who see all."""
    if caller.has(Role.OPERATOR, Role.AUDITOR):
        return None
    return SenderScope(sender=caller.id, sources=caller.sources)


def _add_settling(router: APIRouter, quarantine: QuarantineService) -> None:
    @router.post("/{entry_id}/retry", summary="Retry an input")
    async def retry_entry(caller: Operator, entry_id: EntryId) -> FullEntryView:
        """Retry a quarantined input with the current mappings; answers with its new status."""
        return FullEntryView.of(await quarantine.retry(entry_id, by=caller.actor))

    @router.post("/retry", summary="Retry many inputs")
    async def retry_entries(caller: Operator, body: RetryBody) -> RetriedView:
        """Retry open inputs, in their order, a bounded number at once."""
        chosen = body.model_dump(exclude_none=True)
        if not chosen:
            raise Problem(problems.INVALID, "Choose by reason, topic, source or account_id.")
        retried = await quarantine.retry_many(EntryFilters(**chosen), by=caller.actor)
        released = sum(full.entry.status is Status.RELEASED for full in retried)
        return RetriedView(
            tried=len(retried),
            released=released,
            still_kept=len(retried) - released,
            more=len(retried) == MAX_RETRIED_AT_ONCE,
        )

    @router.post("/{entry_id}/discard", summary="Discard an input")
    async def discard_entry(
        caller: Operator, entry_id: EntryId, body: DiscardBody
    ) -> FullEntryView:
        """Mark an input as one that will never be an event, with the reason; its bytes stay."""
        return FullEntryView.of(
            await quarantine.discard(entry_id, by=caller.actor, reason=body.reason)
        )
