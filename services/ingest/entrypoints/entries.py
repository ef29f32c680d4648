"""Quarantined inputs as JSON."""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from services.ingest.application.inputs import Status
from services.ingest.application.ports import Count, Entry, FullEntry
from services.ingest.domain.reasons import REMEDIES, Reason


class PositionView(BaseModel):
    """Where a record stands in a raw topic."""

    topic: str
    partition: int
    offset: int


class EntryView(BaseModel):
    """A kept input."""

    id: int
    status: Status
    reason: Reason
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

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Return the view of an entry."""
        position = entry.position
        return cls(
            remedy=REMEDIES[entry.reason],
            position=PositionView(
                topic=position.topic, partition=position.partition, offset=position.offset
            )
            if position
            else None,
            **{name: getattr(entry, name) for name in _SAME},
        )


_SAME = tuple(name for name in EntryView.model_fields if name not in ("remedy", "position"))


class FullEntryView(EntryView):
    """A kept input with its original bytes."""

    headers: list[tuple[str, str]]
    content_type: str
    raw_base64: Annotated[str, Field(description="The original bytes.")]
    raw_text: Annotated[str | None, Field(description="The same as text, where it is UTF-8.")]

    @classmethod
    def of_full(cls, full: FullEntry) -> Self:
        """Return the view of an entry with its input."""
        try:
            text: str | None = full.input.raw.decode("utf-8")
        except UnicodeDecodeError:
            text = None
        return cls(
            **EntryView.of(full.entry).model_dump(),
            headers=list(full.input.headers),
            content_type=full.input.content_type,
            raw_base64=base64.b64encode(full.input.raw).decode("ascii"),
            raw_text=text,
        )


class EntryPage(BaseModel):
    """Some kept inputs, oldest first; ask on with `after` for the next ones."""

    items: list[EntryView]
    after: Annotated[int | None, Field(description="None: there are no more.")]

    @classmethod
    def of(cls, entries: Sequence[Entry], *, limit: int) -> Self:
        """Return a page."""
        return cls(
            items=[EntryView.of(entry) for entry in entries],
            after=entries[-1].id if len(entries) == limit else None,
        )


class CountView(BaseModel):
    """How many inputs stand where."""

    status: Status
    reason: Reason
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
    def of(cls, counts: Sequence[Count]) -> Self:
        """Return the figures; totals count rows."""
        totals = {
            status.value: sum(count.entries for count in counts if count.status is status)
            for status in Status
        }
        return cls(
            counts=[
                CountView(
                    status=count.status,
                    reason=count.reason,
                    entries=count.entries,
                    offered=count.offered,
                )
                for count in counts
            ],
            **totals,
        )


class Body(BaseModel):
    """A request body: what is not known is a mistake, not a wish."""

    model_config = ConfigDict(extra="forbid")


class DiscardBody(Body):
    """Why an input will never be an event."""

    reason: Annotated[str, Field(min_length=3, max_length=1000)]


class RetryBody(Body):
    """Which open inputs are tried again; at least one choice, so nobody retries all by mistake."""

    reason: Reason | None = None
    topic: str | None = None
    source: str | None = None
    account_id: str | None = None


class RetriedView(BaseModel):
    """What came of a retry of many."""

    tried: int
    released: int
    still_kept: int
    more: Annotated[bool, Field(description="There may be more; ask again.")]
