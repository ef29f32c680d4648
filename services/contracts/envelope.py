"""The envelope: CloudEvents 1.0 in structured JSON, as every topic of ours carries it.

Read by all services and written by all producers. What must stay true: `parse_event` accepts
exactly what `schemas/envelope.json` accepts; `encode_event` is canonical, so equal events are equal
bytes; extension attributes that we do not know are kept.
"""

import re
from datetime import datetime
from typing import Annotated, Any, Literal, Self

import msgspec
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StringConstraints, model_validator
from pydantic_core import PydanticCustomError, ValidationError

from services.contracts.envelope_fields import Timestamp, rfc3339
from services.contracts.rejection import EventRejected, RejectionCode
from services.contracts.strict_json import DEFAULT_MAX_BYTES, read_json
from services.contracts.violations import rejection_of

CONTENT_TYPE = "application/cloudevents+json"
EVERYBODY = "*"
"""The subject of control events."""

_Printable = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,200}$")]
_BorrowerId = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,128}$")]
_EVENT_TYPE = r"^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*\.v[1-9][0-9]{0,3}$"
_EventType = Annotated[str, StringConstraints(pattern=_EVENT_TYPE, max_length=128)]
_EXTENSION_NAME = re.compile(r"[a-z0-9]{1,64}", re.ASCII)
_MAX_EXTENSION_CHARACTERS = 1_000

CorrectionKind = Literal["reversal", "amendment", "backdate"]


class CloudEvent(BaseModel):
    """One event with its envelope; `data` is checked by its own model (`registry.read_data`)."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, Any]

    specversion: Literal["1.0"] = "1.0"
    id: _Printable
    source: _Printable
    type: _EventType
    subject: _BorrowerId
    time: Timestamp
    datacontenttype: Literal["application/json"] | None = None
    sequence: Annotated[StrictInt, Field(ge=0, le=9_223_372_036_854_775_807)] | None = None
    correctsid: _Printable | None = None
    correctionkind: CorrectionKind | None = None
    drillid: _BorrowerId | None = None
    traceparent: (
        Annotated[
            str, StringConstraints(pattern=r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
        ]
        | None
    ) = None
    data: dict[str, Any]

    @model_validator(mode="before")
    @classmethod
    def _refuse_null(cls, value: object) -> object:
        if isinstance(value, dict) and None in value.values():
            for name, item in value.items():
                if item is None and name in cls.model_fields:
                    raise PydanticCustomError(
                        "null_field", "{field} is null; leave it out instead", {"field": name}
                    )
        return value

    @model_validator(mode="after")
    def _check_whole(self) -> Self:
        if (self.correctsid is None) != (self.correctionkind is None):
            raise PydanticCustomError(
                "correction_incomplete",
                "needs its partner: send correctsid and correctionkind, or neither",
                {"field": "correctsid" if self.correctionkind is None else "correctionkind"},
            )
        for name, value in self.__pydantic_extra__.items():
            _check_extension(name, value)
        return self

    def to_wire(self) -> dict[str, Any]:
        """Return the JSON object, absent attributes left out."""
        found = {
            name: value
            for name, value in self.__dict__.items()
            if value is not None and name != "time"
        }
        return {**found, "time": rfc3339(self.time), **self.__pydantic_extra__}


def parse_event(raw: bytes, *, max_bytes: int = DEFAULT_MAX_BYTES) -> CloudEvent:
    """Return the event in some bytes, its envelope checked and its data not yet.

    Raises:
        EventRejected: With code, JSON pointer and remedy.
    """
    return read_envelope(read_json(raw, max_bytes=max_bytes))


def read_envelope(document: object) -> CloudEvent:
    """Return the event of a JSON value that was already read strictly.

    Raises:
        EventRejected: With code, JSON pointer and remedy.
    """
    if not isinstance(document, dict):
        raise EventRejected(
            code=RejectionCode.NOT_AN_OBJECT,
            pointer="",
            detail="an event is one JSON object; send an object, or a batch as a batch",
        )
    if "specversion" not in document:
        # In code it has a default; from outside it must be there to say what the rest means.
        raise EventRejected(
            code=RejectionCode.MISSING_ATTRIBUTE,
            pointer="/specversion",
            detail='/specversion is required: send "1.0"',
        )
    try:
        return CloudEvent.model_validate(document)
    except ValidationError as error:
        raise rejection_of(error, at=()) from error


def encode_event(event: CloudEvent) -> bytes:
    """Return the canonical bytes: keys sorted, no white space, UTF-8."""
    return msgspec.json.encode(event.to_wire(), order="sorted")


class SealedEvent(msgspec.Struct, frozen=True):
    """A checked event as it goes out: its canonical bytes, and what its way there needs of it."""

    id: str
    source: str
    type: str
    subject: str
    value: bytes


def seal(event: CloudEvent) -> SealedEvent:
    """Return the event as it goes out."""
    return SealedEvent(
        id=event.id,
        source=event.source,
        type=event.type,
        subject=event.subject,
        value=encode_event(event),
    )


def _check_extension(name: str, value: object) -> None:
    if not _EXTENSION_NAME.fullmatch(name):
        raise PydanticCustomError(
            "extension_name",
            "is no attribute name (lower-case letters and digits); "
            "if it is a field of the event, move it into data",
            {"field": name},
        )
    is_plain = isinstance(value, bool | int) or (
        isinstance(value, str) and len(value) <= _MAX_EXTENSION_CHARACTERS
    )
    if not is_plain:
        raise PydanticCustomError(
            "extension_value",
            "must be a string, an integer or a boolean; if it is a field of the event, "
            "move it into data",
            {"field": name},
        )


def event_time(text: str) -> datetime:
    """Return a moment written by `rfc3339`."""
    return datetime.fromisoformat(text)
