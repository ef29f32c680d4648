"""`/v1/quarantine` of the services that consume our own topics.

The paths and fields are those of ingest's quarantine, so that `tocsin quarantine` and people use
one and the same. A key of a source lists what its own sources sent, and nothing else.
"""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from services.kit.access.keys import Role
from services.kit.http import problems
from services.kit.http.auth import Principal, require
from services.kit.http.json_route import JsonRoute
from services.kit.http.problems import Problem, ProblemTable
from services.kit.http.request_model import RequestModel
from services.kit.stream.producer import ProduceFailed
from services.kit.stream.quarantine_review import (
    MAX_AT_ONCE,
    EntrySettled,
    EntryStatus,
    FullRecord,
    NoSuchEntry,
    QuarantinedRecord,
    QuarantineReview,
    RecordFilters,
    StillUnreadable,
)

MAX_PER_PAGE = 500
QUARANTINE_PROBLEMS: ProblemTable = {
    NoSuchEntry: problems.NOT_FOUND,
    EntrySettled: problems.CONFLICT,
    StillUnreadable: problems.CONFLICT,
    ProduceFailed: problems.UNAVAILABLE,
}
Lister = Annotated[Principal, Depends(require(Role.OPERATOR, Role.AUDITOR, Role.SOURCE))]
Reader = Annotated[Principal, Depends(require(Role.OPERATOR, Role.AUDITOR))]
Operator = Annotated[Principal, Depends(require(Role.OPERATOR))]
EntryId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Code = Annotated[str | None, Field(pattern=r"^[!-~]{1,200}$")]


class RecordsQuery(RequestModel):
    """The choice of quarantined records to list."""

    status: EntryStatus | None = None
    reason: Code = None
    source: Code = None
    after: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    limit: Annotated[int, Field(ge=1, le=MAX_PER_PAGE)] = 50

    def filters(self) -> RecordFilters:
        """Returns the filters of the query."""
        return RecordFilters(status=self.status, reason=self.reason, source=self.source)


class DiscardRecordBody(RequestModel):
    """The reason why a record will never be applied."""

    reason: Annotated[str, Field(min_length=3, max_length=1000)]


class RetryRecordsBody(RequestModel):
    """The choice of open records to retry; at least one field, so nobody retries all by mistake."""

    reason: Code = None
    source: Code = None


class RecordPositionView(BaseModel):
    """The position of a record in its topic; a recreated topic is another generation."""

    topic: str
    partition: int
    generation: int
    offset: int


class RecordView(BaseModel):
    """A quarantined record."""

    id: int
    status: EntryStatus
    reason: str
    detail: str
    position: RecordPositionView
    source: str | None
    event_id: str | None
    received_at: datetime
    settled_at: datetime | None
    settled_by: str | None
    note: str | None

    @classmethod
    def of(cls, entry: QuarantinedRecord) -> Self:
        """Returns the view of a record."""
        return cls(**_fields(entry))


class FullRecordView(RecordView):
    """A quarantined record with its original bytes."""

    raw_base64: Annotated[str, Field(description="The original bytes.")]
    raw_text: Annotated[str | None, Field(description="The same as text, where it is UTF-8.")]

    @classmethod
    def of_full(cls, full: FullRecord) -> Self:
        """Returns the view of a record with its bytes."""
        raw = full.value or b""
        try:
            text: str | None = raw.decode("utf-8")
        except UnicodeDecodeError:
            text = None
        encoded = base64.b64encode(raw).decode("ascii")
        return cls(**_fields(full.entry), raw_base64=encoded, raw_text=text)


class RecordPage(BaseModel):
    """Some quarantined records, oldest first; `after` in the next query gives the next ones."""

    items: list[RecordView]
    after: Annotated[int | None, Field(description="None: there are no more.")]


class RecordCountView(BaseModel):
    """The number of records of one status and reason."""

    model_config = ConfigDict(from_attributes=True)

    status: EntryStatus
    reason: str
    entries: int


class RecordCountsView(BaseModel):
    """The whole quarantine in figures."""

    counts: list[RecordCountView]
    open: int
    released: int
    discarded: int


class RetriedRecordsView(BaseModel):
    """The result of a retry of many records."""

    tried: int
    released: int
    still_kept: int
    more: Annotated[bool, Field(description="There may be more; retry again.")]


def quarantine_router(review: QuarantineReview) -> APIRouter:
    """Returns the routes."""
    router = APIRouter(prefix="/v1/quarantine", route_class=JsonRoute, tags=["quarantine"])
    _add_reading(router, review)
    _add_settling(router, review)
    return router


def _add_reading(router: APIRouter, review: QuarantineReview) -> None:
    @router.get("", summary="List quarantined records")
    async def list_records(caller: Lister, query: Annotated[RecordsQuery, Query()]) -> RecordPage:
        """List quarantined records, oldest first; a source lists its own."""
        entries = await review.entries(
            query.filters(),
            of_sources=None if caller.has(Role.OPERATOR, Role.AUDITOR) else caller.sources,
            after_id=query.after,
            limit=query.limit,
        )
        return RecordPage(
            items=[RecordView.of(entry) for entry in entries],
            after=entries[-1].id if len(entries) == query.limit else None,
        )

    @router.get("/counts", summary="Count quarantined records")
    async def count_records(_caller: Reader) -> RecordCountsView:
        """Count quarantined records by status and reason."""
        return _counts_view(await review.counts())

    @router.get("/{entry_id}", summary="Show a quarantined record")
    async def show_record(_caller: Reader, entry_id: EntryId) -> FullRecordView:
        """Show a quarantined record with its original bytes; they may contain personal data."""
        return FullRecordView.of_full(await review.entry(entry_id))


def _add_settling(router: APIRouter, review: QuarantineReview) -> None:
    @router.post("/{entry_id}/retry", summary="Retry a record")
    async def retry_record(caller: Operator, entry_id: EntryId) -> FullRecordView:
        """Send a record to the end of its log, if the present version can read it."""
        return FullRecordView.of_full(await review.retry(entry_id, by=caller.actor))

    @router.post("/{entry_id}/release", summary="Release a record")
    async def release_record(caller: Operator, entry_id: EntryId) -> FullRecordView:
        """Send a record to the end of its log as it is; what cannot be applied comes back here."""
        return FullRecordView.of_full(await review.release(entry_id, by=caller.actor))

    @router.post("/{entry_id}/discard", summary="Discard a record")
    async def discard_record(
        caller: Operator, entry_id: EntryId, body: DiscardRecordBody
    ) -> FullRecordView:
        """Mark a record as one that will never be applied, with the reason; its bytes stay."""
        return FullRecordView.of_full(
            await review.discard(entry_id, by=caller.actor, reason=body.reason)
        )

    @router.post("/retry", summary="Retry many records")
    async def retry_records(caller: Operator, body: RetryRecordsBody) -> RetriedRecordsView:
        """Retry open records, in their order, a bounded number at once."""
        if body.reason is None and body.source is None:
            raise Problem(problems.INVALID, "Choose by reason or source.")
        filters = RecordFilters(status=EntryStatus.OPEN, reason=body.reason, source=body.source)
        entries = await review.entries(filters, limit=MAX_AT_ONCE)
        released = sum([await _is_released(review, entry.id, by=caller.actor) for entry in entries])
        return RetriedRecordsView(
            tried=len(entries),
            released=released,
            still_kept=len(entries) - released,
            more=len(entries) == MAX_AT_ONCE,
        )


async def _is_released(review: QuarantineReview, entry_id: int, *, by: str) -> bool:
    try:
        await review.retry(entry_id, by=by)
    except StillUnreadable:
        return False
    except EntrySettled:
        return True
    return True


def _fields(entry: QuarantinedRecord) -> dict[str, object]:
    position = RecordPositionView(
        topic=entry.topic,
        partition=entry.partition,
        generation=entry.generation,
        offset=entry.offset,
    )
    shared = {name: getattr(entry, name) for name in RecordView.model_fields if name != "position"}
    return {**shared, "position": position}


def _counts_view(counts: Sequence[tuple[EntryStatus, str, int]]) -> RecordCountsView:
    totals = {
        status.value: sum(entries for other, _, entries in counts if other is status)
        for status in EntryStatus
    }
    return RecordCountsView(
        counts=[
            RecordCountView(status=status, reason=reason, entries=entries)
            for status, reason, entries in counts
        ],
        **totals,
    )
