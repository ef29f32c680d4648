"""Applies a mapping: one decoded record of the bank in, one candidate event out, or why not.

Refusals point into the bank's record, since that, or the mapping, is what must be corrected.
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
from services.ingest.domain.reasons import Reason, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """One place of the event: how it is read, and from where."""

    pointer: str
    expression: str
    read: Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """One kind of record, ready to be applied."""

    type: str
    attributes: tuple[tuple[str, _Place], ...]
    account: _Place | None
    data: tuple[tuple[str, _Place], ...]
    origins: dict[str, str]


class Mapper:
    """A mapping, compiled."""

    def __init__(self, document: MappingDocument, *, timezone: tzinfo) -> None:
        self.name = document.mapping
        self.version = document.version
        self.topic = document.topic
        self.source = document.source
        self._root = compiled(document.root) if document.root else None
        self._kind_expression = document.kind
        self._kind = compiled(document.kind)
        self._plans = {
            kind: _plan(event, document=document, timezone=timezone)
            for kind, event in document.events.items()
        }

    def candidate(self, record: object, *, fallback_id: str) -> Candidate | Refusal:
        """Return what a record says, in our words."""
        found = self._root(record) if self._root else record
        if not isinstance(found, dict):
            return _refused(Reason.NOT_AN_OBJECT, "", "the record is no JSON object")
        kind = self._kind(found)
        plan = self._plans.get(kind) if isinstance(kind, str) else None
        if plan is None:
            return _refused(
                Reason.UNKNOWN_KIND,
                pointer_of(self._kind_expression),
                f"{self._kind_expression} is {conversions.shown(kind)}; "
                f"the mapping {self.name} knows {', '.join(self._plans)}",
            )
        return self._applied(plan, found, fallback_id=fallback_id)

    def _applied(self, plan: _Plan, record: Any, *, fallback_id: str) -> Candidate | Refusal:
        document: Document = {"specversion": "1.0", "source": self.source, "type": plan.type}
        data: Document = {}
        for target, places in ((document, plan.attributes), (data, plan.data)):
            for name, place in places:
                value = _value(place, record)
                if isinstance(value, Refusal):
                    return value
                if value is not None:
                    target[name] = value
        account = _value(plan.account, record) if plan.account else None
        if isinstance(account, Refusal):
            return account
        document["data"] = data
        document.setdefault("id", fallback_id)
        return Candidate(document=document, account_id=text_or_none(account), origins=plan.origins)


def _plan(event: EventMapping, *, document: MappingDocument, timezone: tzinfo) -> _Plan:
    def place(pointer: str, value: Value) -> _Place:
        return _Place(
            pointer=pointer,
            expression=value.from_ or "a constant",
            read=reader(value, document.tables),
        )

    attributes = [("time", _time_place(event.time, document=document, timezone=timezone))]
    for name, value in (("id", event.id), ("subject", event.subject)):
        if value is not None:
            attributes.append((name, place(f"/{name}", value)))
    attributes += [(name, place(f"/{name}", value)) for name, value in event.attributes.items()]
    data = [(name, place(f"/data/{name}", value)) for name, value in event.data.items()]
    return _Plan(
        type=event.type,
        attributes=tuple(attributes),
        account=place("/subject", event.account) if event.account else None,
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
        for inner, one in (value.each or {}).items():
            found = one.from_ or "a constant"
            yield f"/data/{name}/*/{inner}", f"`{found}` in an entry of `{value.from_}`"


def _time_place(given: LocalTime | Value, *, document: MappingDocument, timezone: tzinfo) -> _Place:
    if isinstance(given, Value):
        return _Place(
            pointer="/time",
            expression=given.from_ or "a constant",
            read=reader(given, document.tables),
        )
    day, clock = compiled(given.date), compiled(given.clock)

    def read(_here: Any, record: Any) -> Any:
        found = day(record), clock(record)
        if None in found:
            return None
        return conversions.moment(*found, timezone=timezone)

    return _Place(pointer="/time", expression=f"{given.date} with {given.clock}", read=read)


def _value(place: _Place, record: Any) -> Any:
    """Return the value of a place, None where the record has none, or why it cannot be read."""
    try:
        return place.read(record, record)
    except BadEntry as error:
        is_code, words, entry = error.is_code, str(error), error.pointer
    except UNREADABLE as error:
        is_code, words, entry = isinstance(error, UnknownCode), str(error), ""
    found = pointer_of(place.expression)
    return _refused(
        Reason.UNKNOWN_CODE if is_code else Reason.NOT_CONVERTIBLE,
        found + entry if found else "",
        f"{place.expression} → {place.pointer}: {words}",
    )


def _refused(reason: Reason, pointer: str, detail: str) -> Refusal:
    return Refusal(reason=reason, pointer=pointer, detail=detail)
