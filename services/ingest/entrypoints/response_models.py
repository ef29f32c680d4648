"""The JSON of answers: quarantined inputs, accounts, and the receipt of a request."""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from services.contracts.validation import ValidEvent
from services.ingest.application.history_loads import HistoryLoad
from services.ingest.application.inputs import InputVerdict, Parked, Status
from services.ingest.application.intake import UNKNOWN_ACCOUNT
from services.ingest.application.ports import EntryCount, FullEntry, QuarantineEntry
from services.ingest.domain.reasons import Refusal, RefusalReason


class PositionView(BaseModel):
    """The position of a record in a raw topic."""

    model_config = ConfigDict(from_attributes=True)

    topic: str
    partition: int
    offset: int


class EntryView(BaseModel):
    """A quarantined input."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    status: Status
    reason: RefusalReason
    pointer: str
    detail: str
    remedy: str
    channel: str
    position: PositionView | None
    source: str | None
    event_id: str | None
    event_type: str | None
    account_id: str | None
    sender: str | None
    times_seen: int
    attempts: int
    received_at: datetime
    settled_at: datetime | None
    settled_by: str | None
    note: str | None
    retry_at: Annotated[datetime | None, Field(description="When it is tried again by itself.")] = (
        None
    )


class FullEntryView(EntryView):
    """A quarantined input with its original bytes."""

    headers: list[tuple[str, str]]
    content_type: str
    raw_base64: Annotated[str, Field(description="The original bytes.")]
    raw_text: Annotated[str | None, Field(description="The same as text, where it is UTF-8.")]

    @classmethod
    def of(cls, full: FullEntry) -> Self:
        """Returns the view of an entry with its input."""
        try:
            text: str | None = full.input.raw.decode("utf-8")
        except UnicodeDecodeError:
            text = None
        return cls(
            **EntryView.model_validate(full.entry).model_dump(),
            headers=list(full.input.headers),
            content_type=full.input.content_type,
            raw_base64=base64.b64encode(full.input.raw).decode("ascii"),
            raw_text=text,
        )


class EntryPage(BaseModel):
    """Some quarantined inputs, oldest first; `after` in the next query gives the next ones."""

    items: list[EntryView]
    after: Annotated[int | None, Field(description="None: there are no more.")]

    @classmethod
    def of(cls, entries: Sequence[QuarantineEntry], *, limit: int) -> Self:
        """Returns a page."""
        return cls(
            items=[EntryView.model_validate(entry) for entry in entries],
            after=entries[-1].id if len(entries) == limit else None,
        )


class CountView(BaseModel):
    """The number of inputs of one status and reason."""

    model_config = ConfigDict(from_attributes=True)

    status: Status
    reason: RefusalReason
    entries: int
    offered: Annotated[int, Field(description="How often they were offered in all.")]


class CountsView(BaseModel):
    """The whole quarantine in figures."""

    counts: list[CountView]
    open: int
    parked: int
    released: int
    discarded: int

    @classmethod
    def of(cls, counts: Sequence[EntryCount]) -> Self:
        """Returns the figures; totals count rows."""
        totals = {
            status.value: sum(count.entries for count in counts if count.status is status)
            for status in Status
        }
        return cls(counts=[CountView.model_validate(count) for count in counts], **totals)


class RetriedView(BaseModel):
    """The result of a retry of many inputs."""

    tried: int
    released: int
    still_kept: int
    more: Annotated[bool, Field(description="There may be more; retry again.")]


class AccountView(BaseModel):
    """An account and its borrower."""

    account_id: str
    borrower_id: str


class AccountPage(BaseModel):
    """Some accounts by their ids; `after` in the next query gives the next ones."""

    items: list[AccountView]
    after: str | None


class HistoryLoadView(BaseModel):
    """A load of history."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    sources: list[str]
    reason: str
    opened_by: str
    opened_at: datetime
    closed_by: str | None
    closed_at: datetime | None


class HistoryLoadPage(BaseModel):
    """The newest loads of history first."""

    items: list[HistoryLoadView]

    @classmethod
    def of(cls, loads: Sequence[HistoryLoad]) -> Self:
        """Returns a page."""
        return cls(items=[HistoryLoadView.model_validate(load) for load in loads])


class ImportedView(BaseModel):
    """The number of accounts that were imported."""

    imported: int


class ItemStatus(StrEnum):
    """The result of one event.

    `accepted`: on the topic, acknowledged by all replicas. `parked`: stored, and released once its
    account is known. `quarantined`: stored, for somebody to correct; do not send the same again.
    `rejected`: not stored; this key may not send it.
    """

    ACCEPTED = "accepted"
    PARKED = "parked"
    QUARANTINED = "quarantined"
    REJECTED = "rejected"


class ItemVerdict(BaseModel):
    """The verdict on one event."""

    index: Annotated[int, Field(description="Index in the request, from 0.")]
    id: Annotated[str | None, Field(description="The event's id, where it could be read.")] = None
    status: ItemStatus
    reason: Annotated[RefusalReason | None, Field(description="Why it was not accepted.")] = None
    pointer: Annotated[str | None, Field(description="JSON pointer to the fault.")] = None
    detail: Annotated[str | None, Field(description="What exactly is wrong.")] = None
    remedy: Annotated[str | None, Field(description="What to do about it.")] = None
    quarantine_id: Annotated[int | None, Field(description="Number in the quarantine.")] = None


class Receipt(BaseModel):
    """The verdicts of one request; `items` are in the request's order."""

    accepted: int
    parked: int
    quarantined: int
    rejected: int
    items: list[ItemVerdict]


def receipt_of(verdicts: Sequence[InputVerdict]) -> dict[str, Any]:
    """Returns the receipt as a JSON object; plain, because every request gets one."""
    items = [_item(index, verdict) for index, verdict in enumerate(verdicts)]
    counts = dict.fromkeys((status.value for status in ItemStatus), 0)
    for item in items:
        counts[item["status"]] += 1
    return {**counts, "items": items}


def status_of(receipt: Mapping[str, Any]) -> int:
    """Returns the HTTP status: 202 all taken, 207 some of them, 403 or 422 none.

    Parked events count as taken: the sender has nothing left to do.
    """
    taken = receipt["accepted"] + receipt["parked"]
    if taken == len(receipt["items"]):
        return 202
    if taken:
        return 207
    return 422 if receipt["quarantined"] else 403


def _item(index: int, verdict: InputVerdict) -> dict[str, Any]:
    item: dict[str, Any] = {"index": index}
    if verdict.event_id is not None:
        item["id"] = verdict.event_id
    outcome = verdict.outcome
    if isinstance(outcome, ValidEvent):
        item["status"] = ItemStatus.ACCEPTED.value
        return item
    if isinstance(outcome, Parked):
        item["status"] = ItemStatus.PARKED.value
    elif outcome.reason is RefusalReason.SOURCE_NOT_ALLOWED:
        item["status"] = ItemStatus.REJECTED.value
    else:
        item["status"] = ItemStatus.QUARANTINED.value
    refusal = UNKNOWN_ACCOUNT if isinstance(outcome, Parked) else outcome
    return {**item, **_why(refusal), "quarantine_id": verdict.quarantine_id}


def _why(refusal: Refusal) -> dict[str, str]:
    return {
        "reason": refusal.reason.value,
        "pointer": refusal.pointer,
        "detail": refusal.detail,
        "remedy": refusal.remedy,
    }
