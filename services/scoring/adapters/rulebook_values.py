"""The values of a rulebook: how each is written, what it becomes, and its JSON Schema.

Numbers go through Decimal and become integers: micro-units, days, minor units of a currency. What
cannot be read raises `ValueError` with the value and the remedy; pydantic adds the place.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from functools import partial
from reprlib import Repr
from typing import Annotated, Any, Final

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from services.contracts.currencies import decimals_of
from services.scoring.domain.primitives.measurement import MICRO, Unit
from services.scoring.domain.rulebook.thresholds import Threshold

Json = dict[str, Any]
Path = tuple[str | int, ...]
# What is wrong, and where below the section.
Fault = tuple[Path, str]

_THRESHOLD: Final = re.compile(r"(>=|<=|>|<)\s*(.+)")
_FIGURE: Final = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*(%|pp|d|months|x)?")
# How figures of a unit are written: the suffixes that are allowed, and examples.
_NOTATION: Final = {
    Unit.RATIO: (("%", ""), '"20 %" or "0.2"'),
    Unit.NUMBER: (("", "x"), '"1.2"'),
    Unit.DAYS: (("d",), '"30 d"'),
    Unit.MONTHS: (("months",), '"6 months"'),
    Unit.COUNT: (("",), '"3"'),
    Unit.FLAG: (("",), '"1" for amber or "2" for red'),
    Unit.POINTS: (("pp",), '"3 pp"'),
}
# A share written as a plain number beyond this was most likely meant in per cent.
LARGEST_PLAIN_RATIO: Final = 10

# A fault shows the value; of a whole section only the beginning.
_short: Final = Repr()
_short.maxstring = 120
shown: Final = _short.repr


class Section(BaseModel):
    """A mapping of named fields; one without a value is empty.

    Unknown fields are allowed by pydantic and reported by `unknown`, with what could be meant.
    """

    model_config = ConfigDict(
        defer_build=True,
        extra="allow",
        frozen=True,
        validate_default=True,
        json_schema_extra={"additionalProperties": False},
    )

    @model_validator(mode="before")
    @classmethod
    def _blank(cls, value: object) -> object:
        return {} if value is None else value

    @model_validator(mode="after")
    def _checked(self) -> "Section":
        unknown: list[Fault] = [((name,), self.unknown(name)) for name in self.model_extra or ()]
        if faults := unknown or list(self.faults()):
            raise refusal(faults)
        return self

    def unknown(self, name: str) -> str:
        """Returns the fault of a field that is not defined here."""
        return f"unknown field {name!r}; known here: {', '.join(sorted(self.names()))}"

    def faults(self) -> Iterator[Fault]:
        """Yields the faults of valid fields taken together."""
        yield from ()

    @classmethod
    def names(cls) -> list[str]:
        """Returns the fields as they are written."""
        return [field.alias or name for name, field in cls.model_fields.items()]


def refusal(faults: Sequence[Fault]) -> ValidationError:
    """Returns the error of several faults."""
    return ValidationError.from_exception_data(
        "rulebook",
        [
            InitErrorDetails(
                type=PydanticCustomError("fault", "{text}", {"text": text}), loc=path, input=None
            )
            for path, text in faults
        ],
    )


def setting(
    default: object, meaning: str | None, alias: str | None = None, extra: Json | None = None
) -> Any:
    """Returns a field: its default as it would be written, its meaning, its written name."""
    return Field(default, description=meaning, alias=alias, json_schema_extra=extra)


def written(read: Callable[[Any], object], schema: Json) -> tuple[Any, ...]:
    """Returns the annotations of a value: what reads it, and its JSON Schema."""
    return PlainValidator(read), WithJsonSchema(schema)


def one_of(noun: str, names: Sequence[str], *, as_position: bool = False) -> tuple[Any, ...]:
    """Returns the annotations of a name out of a list, read as it is or as its position."""

    def read(value: object) -> str | int:
        if value not in names:
            raise ValueError(f"unknown {noun} {shown(value)}; known ones: {', '.join(names)}")
        return names.index(str(value)) if as_position else str(value)

    return written(read, {"enum": list(names)})


def read_figure(text: object, unit: Unit) -> int:
    """Returns a figure with its unit, such as ``30 d``, in micro-units."""
    match = _FIGURE.fullmatch(str(text).strip())
    suffixes, examples = _NOTATION[unit]
    if match is None:
        raise ValueError(f"{shown(text)} is not a figure; write {examples}")
    suffix = match[2] or ""
    if suffix not in suffixes:
        raise ValueError(
            f"{shown(text)} is in the wrong unit: this figure counts {unit.name.lower()}; "
            f"write {examples}"
        )
    figure = Decimal(match[1])
    if unit == Unit.RATIO and not suffix and abs(figure) > LARGEST_PLAIN_RATIO:
        raise ValueError(
            f"{shown(text)} is a share beyond {LARGEST_PLAIN_RATIO}; did you mean '{figure} %'?"
        )
    if suffix in ("%", "pp"):
        figure /= 100
    return int((figure * MICRO).to_integral_value())


def read_threshold(text: object, unit: Unit) -> Threshold:
    """Returns a threshold such as ``> 30 d``."""
    match = _THRESHOLD.fullmatch(str(text).strip())
    if match is None:
        raise ValueError(
            f"{shown(text)} is not a threshold; write one of > >= < <= before the figure"
        )
    figure = read_figure(match[2], unit)
    return Threshold(figure, rising=match[1][0] == ">", strict="=" not in match[1])


def figure_in(unit: Unit, read: Callable[..., object] = read_figure) -> tuple[Any, ...]:
    """Returns the annotations of a figure, or of a threshold, in a unit."""
    sign = "(>=|<=|>|<)" if read is read_threshold else ""
    pattern = rf"^{sign}\s*[+-]?\d+(\.\d+)?\s*({'|'.join(_NOTATION[unit][0])})$"
    return written(partial(read, unit=unit), {"type": "string", "pattern": pattern})


def read_number(value: object, most: int) -> int:
    """Returns a number from 0 to ``most`` in micro-units."""
    number = _decimal(value)
    if number is None or not 0 <= number <= most:
        raise ValueError(f"{shown(value)} must be a number from 0 to {most}")
    return int((number * MICRO).to_integral_value())


def read_whole(value: object, least: int = 0) -> int:
    """Returns a whole number."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{shown(value)} must be a whole number of at least {least}")
    return value


def read_switch(value: object) -> bool:
    """Returns true or false."""
    if not isinstance(value, bool):
        raise ValueError(f"{shown(value)} must be true or false")
    return value


def read_text(value: object) -> str:
    """Returns a text; a plain number is one as well, so a version needs no quotes."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{shown(value)} must be a text; put it in quotes")
    return str(value)


def _decimal(value: object) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def read_amounts(value: object) -> dict[str, int]:
    """Returns amounts in major units by currency, ``{EUR: "500.00"}``, in minor units."""
    if value is not None and not isinstance(value, dict):
        raise ValueError(f"{shown(value)} must be a mapping of currencies to amounts")
    amounts: dict[str, int] = {}
    faults: list[Fault] = []
    for currency, amount in (value or {}).items():
        number = _decimal(amount)
        minor = (number or Decimal()).scaleb(decimals_of(str(currency)))
        amounts[str(currency)] = int(minor)
        if number is None:
            faults.append(((currency,), f"{shown(amount)} is not an amount; write 500.00"))
        elif minor < 0 or minor != int(minor):
            text = f"{shown(amount)} must not be negative or finer than the currency"
            faults.append(((currency,), text))
    if faults:
        raise refusal(faults)
    return amounts


_NUMBER: Final = {"type": ["number", "string"]}

Switch = Annotated[bool, *written(read_switch, {"type": "boolean"})]
Whole = Annotated[int, *written(read_whole, {"type": "integer", "minimum": 0})]
Positive = Annotated[int, *written(partial(read_whole, least=1), {"type": "integer", "minimum": 1})]
Share = Annotated[int, *written(partial(read_number, most=1), {**_NUMBER, "maximum": 1})]
Points = Annotated[
    int, *written(lambda value: read_number(value, 100) // 100, {**_NUMBER, "maximum": 100})
]
Text = Annotated[str, *written(read_text, {"type": ["string", "number"]})]
Amounts = Annotated[
    dict[str, int],
    *written(
        read_amounts,
        {
            "type": "object",
            "propertyNames": {"pattern": "^[A-Z]{3}$"},
            "additionalProperties": {**_NUMBER, "minimum": 0},
        },
    ),
]
