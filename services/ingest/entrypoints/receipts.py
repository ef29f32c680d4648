"""What a sender is told: a verdict for each event, and the counts."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, Field

from services.contracts.validation import ValidEvent
from services.ingest.application.inputs import Parked, Verdict
from services.ingest.application.intake import UNKNOWN_ACCOUNT
from services.ingest.domain.reasons import Reason, Refusal


class ItemStatus(StrEnum):
    """What became of one event.

    `accepted`: on the topic, acknowledged by all replicas. `parked`: kept, and sent on by itself
    when its account is known. `quarantined`: kept, for somebody to correct; do not send the same
    again. `rejected`: not kept; this key may not send it.
    """

    ACCEPTED = "accepted"
    PARKED = "parked"
    QUARANTINED = "quarantined"
    REJECTED = "rejected"


class ItemVerdict(BaseModel):
    """The verdict on one event."""

    index: Annotated[int, Field(description="Place in the request, from 0.")]
    id: Annotated[str | None, Field(description="The event's id, where it could be read.")] = None
    status: ItemStatus
    reason: Annotated[Reason | None, Field(description="Why it was not accepted.")] = None
    pointer: Annotated[str | None, Field(description="JSON pointer to the place.")] = None
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


def receipt_of(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Return the receipt as a JSON object; plain, because it is made for every request."""
    items = [_item(index, verdict) for index, verdict in enumerate(verdicts)]
    counts = dict.fromkeys((status.value for status in ItemStatus), 0)
    for item in items:
        counts[item["status"]] += 1
    return {**counts, "items": items}


def status_of(receipt: dict[str, Any]) -> int:
    """Return the HTTP status: 202 all taken, 207 some of them, 403 or 422 none.

    Parked events count as taken: the sender has nothing left to do.
    """
    taken = receipt["accepted"] + receipt["parked"]
    if taken == len(receipt["items"]):
        return 202
    if taken:
        return 207
    return 422 if receipt["quarantined"] else 403


def _item(index: int, verdict: Verdict) -> dict[str, Any]:
    item: dict[str, Any] = {"index": index}
    if verdict.event_id is not None:
        item["id"] = verdict.event_id
    outcome = verdict.outcome
    if isinstance(outcome, ValidEvent):
        item["status"] = ItemStatus.ACCEPTED.value
        return item
    if isinstance(outcome, Parked):
        item["status"] = ItemStatus.PARKED.value
    elif outcome.reason is Reason.SOURCE_NOT_ALLOWED:
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
