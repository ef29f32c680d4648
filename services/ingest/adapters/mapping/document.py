"""The structure of a mapping document; docs/reference/mappings.md explains it.

A document is checked as a whole at the start: a fault names the file and the field, and ingest
does not start with an invalid mapping.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self, get_args, get_origin

import msgspec
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from services.contracts.fields import WireObject
from services.contracts.registry import EVENT_TYPES
from services.ingest.adapters.source_dates import SourceDates
from services.ingest.domain.sources import may_send

Kind = Literal[
    "text",
    "integer",
    "minor_units",
    "decimal",
    "basis_points",
    "local_date",
    "iso_date",
    "yes_no",
    "as_is",
]
Expression = Annotated[str, Field(min_length=1, max_length=500)]


class Part(BaseModel):
    """A part of a mapping; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def _short_values(given: Any) -> Any:
    if not isinstance(given, dict):
        return given
    return {name: _value(value) for name, value in given.items()}


def _value(given: Any) -> Any:
    return {"from": given} if isinstance(given, str) else given


class Value(Part):
    """The origin of one value, and its form in the bank's record.

    Attributes:
        list_: The expression returns a list; the other fields describe its entries.
        each: The expression returns a list of objects, each of which becomes an object of the
            event: expressions start at the entry, those of a currency at the record.
    """

    from_: Expression | None = Field(default=None, alias="from")
    value: str | int | bool | None = None
    as_: Kind = Field(default="text", alias="as")
    currency: Expression | None = None
    table: str | None = None
    default: str | int | bool | None = None
    list_: bool = Field(default=False, alias="list")
    each: dict[str, "Value"] | None = None

    @field_validator("each", mode="before")
    @classmethod
    def _short_each(cls, given: Any) -> Any:
        return _short_values(given)

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.from_ is None) == (self.value is None):
            raise ValueError("give either `from` (an expression) or `value` (a constant)")
        if (self.as_ == "minor_units") != (self.currency is not None):
            raise ValueError(
                "`currency` (an expression) belongs to `as: minor_units`, and only there"
            )
        if self.table is not None and self.as_ != "text":
            raise ValueError("`table` reads codes, which are texts; leave `as` out")
        return self

    @model_validator(mode="after")
    def _one_list(self) -> Self:
        if not self.list_ and self.each is None:
            return self
        if self.from_ is None or self.default is not None:
            raise ValueError("a list comes `from` the record, without a `default`")
        if self.each is not None and (self.list_ or self.table or self.as_ != "text"):
            raise ValueError("describe an entry under `each`, and nothing else")
        return self

    @property
    def is_made_of_entries(self) -> bool:
        """Whether the value is read from a list, entry by entry."""
        return self.list_ or self.each is not None


class LocalTime(Part):
    """A moment, written as a local date and a time of the day."""

    date: Expression
    clock: Expression


class EventMapping(Part):
    """The mapping of one kind of record to one type of event."""

    type: str
    id: Value | None = None
    subject: Value | None = None
    account: Value | None = None
    time: LocalTime | Value
    attributes: dict[Literal["correctsid", "correctionkind", "sequence", "drillid"], Value] = Field(
        default_factory=dict
    )
    data: dict[str, Value] = Field(min_length=1)

    @field_validator("id", "subject", "account", mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        return _value(given)

    @field_validator("time", mode="before")
    @classmethod
    def _short_time(cls, given: Any) -> Any:
        if isinstance(given, dict) and "date" in given:
            return LocalTime.model_validate(given)
        return Value.model_validate(_value(given))

    @field_validator("attributes", "data", mode="before")
    @classmethod
    def _short_fields(cls, given: Any) -> Any:
        return _short_values(given)

    @model_validator(mode="after")
    def _fits_the_type(self) -> Self:
        event_type = EVENT_TYPES.get(self.type)
        if event_type is None:
            raise ValueError(f"{self.type!r} is not an event type; schemas/events lists them")
        misfits = list(_misfits(self.type, event_type.data, self.data))
        if misfits:
            raise ValueError("; ".join(misfits))
        if self.subject is None and self.account is None:
            raise ValueError("map `subject` or `account`: the borrower is found by one of them")
        return self

    def values(self) -> Iterator[tuple[str, Value]]:
        """Yields every value of the mapping with its field, entries of lists included."""
        for name in ("id", "subject", "account", "time"):
            value = getattr(self, name)
            if isinstance(value, Value):
                yield name, value
        for part in ("attributes", "data"):
            for name, value in getattr(self, part).items():
                yield f"{part}.{name}", value
                for inner, inner_value in (value.each or {}).items():
                    yield f"{part}.{name}.each.{inner}", inner_value


def _misfits(name: str, struct: type[WireObject], values: Mapping[str, Value]) -> Iterator[str]:
    """Yields the differences between the fields of a mapping and those of a Struct."""
    members = {member.name: member for member in msgspec.structs.fields(struct)}
    unknown = sorted(set(values) - set(members))
    if unknown:
        yield f"{name} has no field {', '.join(unknown)}"
        return
    missing = sorted(
        field for field, member in members.items() if member.required and field not in values
    )
    if missing:
        yield f"{name} requires {', '.join(missing)}; map it"
    for field, value in values.items():
        is_list, item = _list_of(members[field].type)
        here = f"{name}.{field}"
        if item is not None and value.each is not None:
            yield from _misfits(here, item, value.each)
        elif value.as_ == "as_is" and not value.list_:
            continue
        elif is_list and not (value.list_ and item is None):
            yield f"{here} is a list; write {'`list: true`' if item is None else '`each`'}"
        elif not is_list and value.is_made_of_entries:
            yield f"{here} is not a list; leave `list` and `each` out"


def _list_of(hint: Any) -> tuple[bool, type[WireObject] | None]:
    """Returns whether a field is a list, and the Struct of its items where they are objects."""
    if get_origin(hint) is list:
        (item,) = get_args(hint)
        is_object = isinstance(item, type) and issubclass(item, WireObject)
        return True, item if is_object else None
    for part in get_args(hint):
        is_list, struct = _list_of(part)
        if is_list:
            return is_list, struct
    return False, None


class MappingDocument(Part):
    """The mapping of one raw topic."""

    mapping: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    version: Annotated[int, Field(ge=1)]
    topic: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,200}$")]
    source: Annotated[str, Field(pattern=r"^[!-~]{1,200}$")]
    may_send: tuple[str, ...] = ("*",)
    dates: SourceDates | None = None
    root: Expression | None = None
    kind: Expression
    tables: dict[str, dict[str, str]] = Field(default_factory=dict)
    events: dict[str, EventMapping] = Field(min_length=1)

    @model_validator(mode="after")
    def _types_are_allowed(self) -> Self:
        for kind, event in self.events.items():
            event_type = EVENT_TYPES[event.type]
            name = event_type.name_without_version
            is_control = event_type.to_every_partition
            if not may_send(name, self.may_send, is_control=is_control):
                raise ValueError(
                    f"events.{kind} maps {name}, which `may_send` does not allow; "
                    "a control event is named in full"
                )
        return self

    @model_validator(mode="after")
    def _tables_exist(self) -> Self:
        for kind, event in self.events.items():
            for field, value in event.values():
                if value.table is not None and value.table not in self.tables:
                    raise ValueError(
                        f"events.{kind}.{field} uses the table {value.table!r}, "
                        f"which `tables` does not have"
                    )
        return self
