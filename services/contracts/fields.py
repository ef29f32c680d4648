"""The small types that event data is made of: ids, money, dates, ratios.

Used by every model of `services.contracts`. Each type says the same as its twin under `$defs` in
`schemas/types.json`; `tests/contract` proves it. What must stay true: money and ratios are decimal
strings on the wire (a JSON number has already lost digits before we see it), dates are ISO dates,
and a `null` never stands for "not known" where a field can simply be left out.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictBool,
    StrictInt,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

_MONEY = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,4})?", re.ASCII)
_NON_NEGATIVE = re.compile(r"[0-9]{1,15}(\.[0-9]{1,4})?", re.ASCII)
SHARE = re.compile(r"0(\.[0-9]{1,10})?|1(\.0{1,10})?", re.ASCII)
RATIO = re.compile(r"-?[0-9]{1,6}(\.[0-9]{1,10})?", re.ASCII)
_DATE = re.compile(r"(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII)


def _decimal(value: object, pattern: re.Pattern[str], what: str, example: str) -> Decimal:
    text = format(value, "f") if isinstance(value, Decimal) and value.is_finite() else value
    if isinstance(text, str) and pattern.fullmatch(text):
        return Decimal(text)
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise PydanticCustomError(
            f"{what}_is_number",
            f"a JSON number is refused here because it can lose digits; send a string such as "
            f'"{example}"',
        )
    raise PydanticCustomError(
        f"{what}_malformed",
        f'must be a decimal string such as "{example}", with a point, in the range allowed',
    )


def _money(value: object) -> Decimal:
    return _decimal(value, _MONEY, "money", "1234.56")


def _non_negative_money(value: object) -> Decimal:
    return _decimal(value, _NON_NEGATIVE, "money", "1234.56")


def _positive_money(value: object) -> Decimal:
    amount = _non_negative_money(value)
    if not amount:
        raise PydanticCustomError("money_zero", "must be greater than 0")
    return amount


def _share(value: object) -> Decimal:
    return _decimal(value, SHARE, "share", "0.25")


def _ratio(value: object) -> Decimal:
    return _decimal(value, RATIO, "ratio", "0.0725")


def iso_date(value: object) -> date:
    """Return a date written as we write dates.

    Raises:
        PydanticCustomError: If it is none.
    """
    if type(value) is date:
        return value
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise PydanticCustomError(
        "date_malformed",
        'must be an ISO date between 1900 and 2199 such as "2026-03-31"; '
        "leave the field out when the date is open",
    )


def _plain(value: Decimal) -> str:
    return format(value, "f")


Identifier = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,128}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Display = Annotated[str, StringConstraints(max_length=2000)]
"""What a person is shown; may be empty."""
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
IsoDate = Annotated[date, BeforeValidator(iso_date)]
Money = Annotated[Decimal, BeforeValidator(_money), PlainSerializer(_plain)]
NonNegativeMoney = Annotated[Decimal, BeforeValidator(_non_negative_money), PlainSerializer(_plain)]
PositiveMoney = Annotated[Decimal, BeforeValidator(_positive_money), PlainSerializer(_plain)]
MONEY_TYPES = (Money, NonNegativeMoney, PositiveMoney)
Ratio = Annotated[Decimal, BeforeValidator(_ratio), PlainSerializer(_plain)]
Share = Annotated[Decimal, BeforeValidator(_share), PlainSerializer(_plain)]
Bool = StrictBool
Int = StrictInt
Count = Annotated[StrictInt, Field(ge=0, le=9_007_199_254_740_991)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class WireModel(BaseModel):
    """A JSON object of the wire: read leniently (unknown fields are ignored), never with nulls."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    NULLABLE: ClassVar[frozenset[str]] = frozenset()
    """Fields where `null` has a meaning of its own ("there is none")."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_null(cls, value: object) -> object:
        if isinstance(value, dict) and None in value.values():
            for name, item in value.items():
                if item is None and name in cls.model_fields and name not in cls.NULLABLE:
                    raise PydanticCustomError(
                        "null_field", "{field} is null; leave it out instead", {"field": name}
                    )
        return value


class EventData(WireModel):
    """The `data` of one event type in one version."""

    TYPE: ClassVar[str]
    """The CloudEvents `type`, for example `repayment.posted.v1`."""
    TOPIC: ClassVar[str] = "events"
    """Which of our topics carries it: `events`, `risk` or `alerts`."""
    EVERY_PARTITION: ClassVar[bool] = False
    """A control event: no borrower, subject `*`, written to every partition."""
    CORRECTION: ClassVar[str | None] = None
    """The `correctionkind` that this type must carry, with `correctsid`."""

    def to_wire(self) -> dict[str, object]:
        """Return the JSON object: absent fields left out, money and dates as strings."""
        return self.model_dump(mode="json", exclude_none=True, by_alias=True)
