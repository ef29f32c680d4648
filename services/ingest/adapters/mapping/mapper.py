"""Applies a mapping: one decoded record of the bank in, one candidate event out, or why not.

Refusals point into the bank's record, since that, or the mapping, is what must be corrected.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from services.contracts.currencies import decimals_of
from services.ingest.adapters.mapping.document import (
    EventMapping,
    LocalTime,
    MappingDocument,
    Value,
)
from services.ingest.adapters.mapping.expressions import (
    ExpressionFailed,
    Finder,
    compiled,
    pointer_of,
)
from services.ingest.domain import conversions
from services.ingest.domain.candidate import Candidate, Document, text_or_none
from services.ingest.domain.conversions import Unconvertible
from services.ingest.domain.reasons import Reason, Refusal

Reader = Callable[[Any], Any]

_CONVERSIONS: dict[str, Callable[[object], Any]] = {
    "text": conversions.text,
    "integer": conversions.integer,
    "decimal": conversions.decimal,
    "local_date": conversions.local_date,
    "iso_date": conversions.iso_date,
    "yes_no": conversions.yes_no,
    "as_is": lambda value: value,
}


class _UnknownCode(ValueError):
    """A code is not in the mapping's table."""


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
            read=_reader(value, document.tables),
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
        origins={each.pointer: f"`{each.expression}`" for _, each in (*attributes, *data)},
    )


def _time_place(given: LocalTime | Value, *, document: MappingDocument, timezone: tzinfo) -> _Place:
    if isinstance(given, Value):
        return _Place(
            pointer="/time",
            expression=given.from_ or "a constant",
            read=_reader(given, document.tables),
        )
    day, clock = compiled(given.date), compiled(given.clock)

    def read(record: Any) -> Any:
        found = day(record), clock(record)
        if None in found:
            return None
        return conversions.moment(*found, timezone=timezone)

    return _Place(pointer="/time", expression=f"{given.date} with {given.clock}", read=read)


def _reader(value: Value, tables: dict[str, dict[str, str]]) -> Reader:
    if value.from_ is None:
        constant = value.value
        return lambda record: constant
    find = compiled(value.from_)
    convert = _converter(value, tables)

    def read(record: Any) -> Any:
        found = find(record)
        if found is None or found == "":
            return value.default
        return convert(found, record)

    return read


def _converter(value: Value, tables: dict[str, dict[str, str]]) -> Callable[[Any, Any], Any]:
    if value.table is not None:
        return _code_reader(value.table, tables[value.table])
    if value.currency is not None:
        return _minor_units_reader(compiled(value.currency), value.currency)
    convert = _CONVERSIONS[value.as_]
    return lambda found, record: convert(found)


def _code_reader(name: str, table: dict[str, str]) -> Callable[[Any, Any], Any]:
    def read(found: Any, _record: Any) -> Any:
        word = table.get(conversions.text(found))
        if word is None:
            raise _UnknownCode(
                f"the code {conversions.shown(found)} is not in the table {name} "
                f"({', '.join(table)})"
            )
        return word

    return read


def _minor_units_reader(find_currency: Finder, expression: str) -> Callable[[Any, Any], Any]:
    def read(found: Any, record: Any) -> Any:
        currency = find_currency(record)
        if not isinstance(currency, str):
            raise Unconvertible(f"its currency ({expression}) is {conversions.shown(currency)}")
        return conversions.money_of_minor_units(
            found, decimals=decimals_of(currency.strip().upper())
        )

    return read


def _value(place: _Place, record: Any) -> Any:
    """Return the value of a place, None where the record has none, or why it cannot be read."""
    try:
        return place.read(record)
    except _UnknownCode as error:
        reason, words = Reason.UNKNOWN_CODE, str(error)
    except (Unconvertible, ExpressionFailed) as error:
        reason, words = Reason.NOT_CONVERTIBLE, str(error)
    return _refused(
        reason, pointer_of(place.expression), f"{place.expression} → {place.pointer}: {words}"
    )


def _refused(reason: Reason, pointer: str, detail: str) -> Refusal:
    return Refusal(reason=reason, pointer=pointer, detail=detail)
