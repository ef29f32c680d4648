"""The form of a mapping document; `services/ingest/mappings/README.md` explains it to people.

A document is checked as a whole at start: a mistake names the file and the place, and nothing
starts with half a mapping.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from services.contracts.registry import DATA_MODELS

Kind = Literal[
    "text",
    "integer",
    "minor_units",
    "decimal",
    "local_date",
    "iso_date",
    "yes_no",
    "as_is",
]
Expression = Annotated[str, Field(min_length=1, max_length=500)]


class Part(BaseModel):
    """A part of a mapping: what is not known is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Value(Part):
    """Where one value comes from, and how it is written there."""

    from_: Expression | None = Field(default=None, alias="from")
    value: str | int | bool | None = None
    as_: Kind = Field(default="text", alias="as")
    currency: Expression | None = None
    table: str | None = None
    default: str | int | bool | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.from_ is None) == (self.value is None):
            raise ValueError("say either `from` (an expression) or `value` (a constant)")
        if (self.as_ == "minor_units") != (self.currency is not None):
            raise ValueError(
                "`currency` (an expression) belongs to `as: minor_units`, and only there"
            )
        if self.table is not None and self.as_ != "text":
            raise ValueError("`table` reads codes, which are texts; leave `as` out")
        return self


class LocalTime(Part):
    """A moment that the bank writes as a local date and a time of the day."""

    date: Expression
    clock: Expression


def _value(given: Any) -> Any:
    return {"from": given} if isinstance(given, str) else given


AnyValue = Annotated[Value, Field()]


class EventMapping(Part):
    """How one kind of record becomes one type of event."""

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
    def _short_values(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {name: _value(value) for name, value in given.items()}

    @model_validator(mode="after")
    def _fits_the_type(self) -> Self:
        model = DATA_MODELS.get(self.type)
        if model is None:
            raise ValueError(f"{self.type!r} is no event type; schemas/events lists them")
        strangers = sorted(set(self.data) - set(model.model_fields))
        if strangers:
            raise ValueError(f"{self.type} has no field {', '.join(strangers)}")
        missing = sorted(
            name
            for name, field in model.model_fields.items()
            if field.is_required() and name not in self.data
        )
        if missing:
            raise ValueError(f"{self.type} requires {', '.join(missing)}; map it")
        if self.subject is None and self.account is None:
            raise ValueError("say `subject` or `account`, else nobody knows the borrower")
        return self


class MappingDocument(Part):
    """A whole mapping: one raw topic."""

    mapping: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    version: Annotated[int, Field(ge=1)]
    topic: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,200}$")]
    source: Annotated[str, Field(pattern=r"^[!-~]{1,200}$")]
    root: Expression | None = None
    kind: Expression
    tables: dict[str, dict[str, str]] = Field(default_factory=dict)
    events: dict[str, EventMapping] = Field(min_length=1)

    @model_validator(mode="after")
    def _tables_exist(self) -> Self:
        for kind, event in self.events.items():
            for name, value in event.data.items():
                if value.table is not None and value.table not in self.tables:
                    raise ValueError(
                        f"events.{kind}.data.{name} uses the table {value.table!r}, "
                        f"which `tables` does not have"
                    )
        return self
