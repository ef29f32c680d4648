"""Applies a mapping: converts a decoded record of the bank to a candidate event, or refuses it.

The pointers of refusals are into the bank's record: that, or the mapping, must be corrected.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from services.ingest.adapters.mapping.document import (
    EventMapping,
    LocalTime,
    MappingDocument,
    Value,
)
from services.ingest.adapters.mapping.expressions import compiled, pointer_of
from services.ingest.adapters.mapping.readers import (
    UNREADABLE,
    BadEntry,
    Reader,
    UnknownCode,
    reader,
)
from services.ingest.domain import conversions
from services.ingest.domain.candidate import Candidate, Document, text_or_none
from services.ingest.domain.reasons import Refusal, RefusalReason


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """A field of the event, with the reader of its value."""

    pointer: str
    expression: str
    read: Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class _CompiledEvent:
    """The compiled mapping of one kind of record."""

    type: str
    attributes: tuple[tuple[str, _Field], ...]
    account: _Field | None
    data: tuple[tuple[str, _Field], ...]
    origins: dict[str, str]


class Mapper:
    """A compiled mapping."""

    def __init__(self, document: MappingDocument, *, timezone: tzinfo) -> None:
        self.name = document.mapping
        self.version = document.version
        self.topic = document.topic
        self.source = document.source
        self.dates = document.dates
        self._root = compiled(document.root) if document.root else None
        self._kind_expression = document.kind
        self._kind = compiled(document.kind)
        self._events = {
            kind: _compiled_event(event, document=document, timezone=timezone)
            for kind, event in document.events.items()
        }

    def candidate(self, record: object, *, fallback_id: str) -> Candidate | Refusal:
        """Returns the candidate event of a decoded record."""
        content = self._root(record) if self._root else record
        if not isinstance(content, dict):
            return _refused(RefusalReason.NOT_AN_OBJECT, "", "the record is not a JSON object")
        kind = self._kind(content)
        event = self._events.get(kind) if isinstance(kind, str) else None
        if event is None:
            return _refused(
                RefusalReason.UNKNOWN_KIND,
                pointer_of(self._kind_expression),
                f"{self._kind_expression} is {conversions.shown(kind)}; "
                f"the mapping {self.name} has {', '.join(self._events)}",
            )
        return self._applied(event, content, fallback_id=fallback_id)

    def _applied(
        self, event: _CompiledEvent, record: Any, *, fallback_id: str
    ) -> Candidate | Refusal:
        document: Document = {"specversion": "1.0", "source": self.source, "type": event.type}
        data: Document = {}
        for target, fields in ((document, event.attributes), (data, event.data)):
            for name, field in fields:
                value = _value(field, record)
                if isinstance(value, Refusal):
                    return value
                if value is not None:
                    target[name] = value
        account = _value(event.account, record) if event.account else None
        if isinstance(account, Refusal):
            return account
        document["data"] = data
        document.setdefault("id", fallback_id)
        return Candidate(document=document, account_id=text_or_none(account), origins=event.origins)


def _compiled_event(
    event: EventMapping, *, document: MappingDocument, timezone: tzinfo
) -> _CompiledEvent:
    def field(pointer: str, value: Value) -> _Field:
        return _Field(
            pointer=pointer,
            expression=value.from_ or "a constant",
            read=reader(value, document.tables),
        )

    attributes = [("time", _time_field(event.time, document=document, timezone=timezone))]
    for name, value in (("id", event.id), ("subject", event.subject)):
        if value is not None:
            attributes.append((name, field(f"/{name}", value)))
    attributes += [(name, field(f"/{name}", value)) for name, value in event.attributes.items()]
    data = [(name, field(f"/data/{name}", value)) for name, value in event.data.items()]
    return _CompiledEvent(
        type=event.type,
        attributes=tuple(attributes),
        account=field("/subject", event.account) if event.account else None,
        data=tuple(data),
        origins={
            **{each.pointer: f"`{each.expression}`" for _, each in (*attributes, *data)},
            **dict(_origins_of_entries(event)),
        },
    )


def _origins_of_entries(event: EventMapping) -> Iterator[tuple[str, str]]:
    for name, value in event.data.items():
        if value.list_:
            yield f"/data/{name}/*", f"an entry of `{value.from_}`"
        for inner, inner_value in (value.each or {}).items():
            origin = inner_value.from_ or "a constant"
            yield f"/data/{name}/*/{inner}", f"`{origin}` in an entry of `{value.from_}`"


def _time_field(given: LocalTime | Value, *, document: MappingDocument, timezone: tzinfo) -> _Field:
    if isinstance(given, Value):
        return _Field(
            pointer="/time",
            expression=given.from_ or "a constant",
            read=reader(given, document.tables),
        )
    day, clock = compiled(given.date), compiled(given.clock)

    def read(_here: Any, record: Any) -> Any:
        parts = day(record), clock(record)
        if None in parts:
            return None
        return conversions.moment(*parts, timezone=timezone)

    return _Field(pointer="/time", expression=f"{given.date} with {given.clock}", read=read)


def _value(field: _Field, record: Any) -> Any:
    """Returns the value of a field, None if the record has none, or a refusal."""
    try:
        return field.read(record, record)
    except BadEntry as error:
        is_code, text, entry = error.is_code, str(error), error.pointer
    except UNREADABLE as error:
        is_code, text, entry = isinstance(error, UnknownCode), str(error), ""
    pointer = pointer_of(field.expression)
    return _refused(
        RefusalReason.UNKNOWN_CODE if is_code else RefusalReason.NOT_CONVERTIBLE,
        pointer + entry if pointer else "",
        f"{field.expression} → {field.pointer}: {text}",
    )


def _refused(reason: RefusalReason, pointer: str, detail: str) -> Refusal:
    return Refusal(reason=reason, pointer=pointer, detail=detail)
