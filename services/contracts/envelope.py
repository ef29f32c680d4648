"""The envelope: CloudEvents 1.0 in structured JSON, as every topic of ours carries it.

Read by all services and written by all producers. What must stay true: `encode_event` is canonical,
so equal events are equal bytes.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Generic, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from services.contracts import bounds
from services.contracts.fields import LOCAL_TIME, OFFSET, Identifier, Timestamp, printable

CONTENT_TYPE: Final = "application/cloudevents+json"
EVERYBODY: Final = "*"
"""The subject of control events."""

MAX_EXTENSION_CHARACTERS: Final = bounds.EXTENSION_CHARACTERS
EXTENSION_NAME: Final = "[a-z0-9]{1,64}"

CorrectionKind = Literal["reversal", "amendment", "backdate"]
EventId = Annotated[str, printable(bounds.EVENT_ID_CHARACTERS)]
# "." and "..": a URL cannot end in them, so nobody could read the borrower.
Subject = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=bounds.ID_CHARACTERS,
        pattern=rf"^(?!\.\.?\Z)[!-~]{{1,{bounds.ID_CHARACTERS}}}\Z",
    ),
]
TypeName = Annotated[
    str,
    Meta(
        max_length=128,
        # For readers of the schema: the register of event types decides.
        extra_json_schema={"pattern": r"^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*\.v[1-9][0-9]{0,3}\Z"},
    ),
]
Sequence = Annotated[int, Meta(ge=0, le=bounds.GREATEST_SEQUENCE)]
TraceParent = Annotated[str, Meta(pattern=r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\Z")]

Data = TypeVar("Data")

_encode = msgspec.json.Encoder().encode
_RFC3339 = re.compile(LOCAL_TIME + OFFSET, re.ASCII)
# Whether there is such a day, decoding decides.
IS_CANONICAL: Final = re.compile(
    bounds.BOOKED_DATE + "T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z", re.ASCII
).fullmatch


class CloudEvent(Struct, Generic[Data], frozen=True, kw_only=True, gc=False):
    """The envelope of every event."""

    specversion: Literal["1.0"] = "1.0"  #: Version of CloudEvents.
    id: EventId  #: Unique within `source`; (source, id) is applied once, however often it is sent.
    source: EventId  #: The emitting system.
    type: TypeName  #: Noun, past participle, version: repayment.posted.v1.
    subject: Subject  #: The borrower id, the key on the topic; `*` on control events.
    time: Timestamp  #: When the source booked it. Economic dates are in `data`.
    datacontenttype: Literal["application/json"] | UnsetType = UNSET  #: May be left out.
    sequence: Sequence | UnsetType = UNSET  #: Counts up per subject and source; shows gaps.
    correctsid: EventId | UnsetType = UNSET  #: Id of the earlier event that this one corrects.
    correctionkind: CorrectionKind | UnsetType = UNSET  #: How it corrects.
    drillid: Identifier | UnsetType = UNSET  #: The drill to which this event belongs.
    traceparent: TraceParent | UnsetType = UNSET  #: W3C trace context.
    data: Data  #: The event itself; each type has its own schema.


def encode_event(event: CloudEvent[Any]) -> bytes:
    """Returns the canonical bytes: keys sorted, no white space, UTF-8, the moment in UTC."""
    if event.time.tzinfo is not UTC:
        event = msgspec.structs.replace(event, time=event.time.astimezone(UTC))
    return msgspec.json.encode(event, order="sorted")


class _NotContent(Struct, gc=False):
    """What may differ when an event is sent again.

    Its account may have moved to another borrower, a trace belongs to the request, and there is one
    content type, which may be left out.
    """

    subject: str
    datacontenttype: str | UnsetType = UNSET
    traceparent: str | UnsetType = UNSET


_decode_not_content: Final = msgspec.json.Decoder(_NotContent).decode


def content_of(value: bytes) -> bytes:
    """Returns the content of an event in its canonical bytes: what is equal when it is sent again.

    Each attribute that is cut out sorts after `data`, and all others behind it are scalars: the
    last place in the bytes with its name and value is its own, because texts have no bare quotation
    mark.
    """
    left_out = _decode_not_content(value)
    content = _without(value, b"subject", left_out.subject)
    if left_out.datacontenttype:
        content = _without(content, b"datacontenttype", left_out.datacontenttype)
    if left_out.traceparent:
        content = _without(content, b"traceparent", left_out.traceparent)
    return content


def _without(value: bytes, name: bytes, text: str) -> bytes:
    before, _, after = value.rpartition(b',"%b":%b' % (name, _encode(text)))
    return before + after


def rfc3339(moment: datetime) -> str:
    """Returns the canonical text of a moment: UTC, `Z`, a fraction only if there is one."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def utc_text(text: str) -> str | None:
    """Returns the canonical text of an RFC 3339 moment, None for any other text.

    None too for a moment whose year in UTC is out of bounds, though its local year is not.

    Digits beyond the microsecond are cut off: no source books finer, and two readers that round
    differently would order events differently.
    """
    if not _RFC3339.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    is_booked = bounds.FIRST_MOMENT <= moment <= bounds.LAST_MOMENT
    return rfc3339(moment) if is_booked else None
