"""The small types of event data (ids, money, dates, ratios) and the base of all event Structs.

The Structs of the family modules are the one description of an event: ingest validates with them,
scoring and alerts decode with them, `schemas/` is generated from them. What must stay true:
- money and ratios are decimal strings (a JSON number may have lost digits before we see it);
- an unknown value is left out (`UNSET`); `null` is refused, except where a field's type names it;
- the comment `#:` behind a field is its description in the JSON Schema, and a small type's title
  its name under `$defs` of `schemas/shared/types.json`;
- patterns end with `\\Z`, because `$` also accepts a newline after the text.
"""

from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, Final, get_args, get_type_hints

import msgspec
from msgspec import Meta, Struct

from services.contracts import bounds

DAYS_AHEAD: Final = "days_ahead"
"""The name of a date's window in the `extra` of its type."""
PRINTABLE: Final = "^[!-~]"
LOCAL_TIME: Final = rf"{bounds.BOOKED_DATE}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(\.[0-9]{{1,9}})?"
OFFSET: Final = "(Z|[+-][0-9]{2}:[0-9]{2})"
_AMOUNT: Final = rf"[0-9]{{1,{bounds.AMOUNT_DIGITS}}}(\.[0-9]{{1,{bounds.AMOUNT_DECIMALS}}})?"
_RATIO: Final = rf"[0-9]{{1,{bounds.RATIO_DIGITS}}}(\.[0-9]{{1,{bounds.RATIO_DECIMALS}}})?"


def printable(max_length: int, *, title: str | None = None, description: str | None = None) -> Meta:
    """Returns the constraint of an id: printable ASCII without spaces.

    The length is in the pattern too: where all characters of an event are printable, only the
    length is checked.
    """
    pattern = rf"{PRINTABLE}{{1,{max_length}}}\Z"
    return Meta(
        title=title,
        description=description,
        min_length=1,
        max_length=max_length,
        pattern=pattern,
    )


def _date_within(days_ahead: int, *, title: str, description: str) -> Meta:
    """Returns the constraint of a date that may be so many days after the event's `time`."""
    return Meta(
        title=title,
        description=f"ISO date from 1900 on, {description}",
        extra_json_schema={"format": "date", "pattern": rf"^{bounds.DATE}\Z"},
        extra={DAYS_AHEAD: days_ahead},
    )


Identifier = Annotated[
    str,
    printable(
        bounds.ID_CHARACTERS,
        title="identifier",
        description="An id: printable ASCII without spaces.",
    ),
]
# A URL cannot end in "." or "..", and "*" is the subject of control events.
BorrowerId = Annotated[
    str,
    Meta(
        title="borrowerId",
        description="The id of a borrower: printable ASCII without spaces; not `*`, `.` or `..`.",
        min_length=1,
        max_length=bounds.ID_CHARACTERS,
        pattern=rf"^(?!(\*|\.\.?)\Z)[!-~]{{1,{bounds.ID_CHARACTERS}}}\Z",
    ),
]
Text = Annotated[
    str,
    Meta(
        title="text",
        description="Words for people.",
        min_length=1,
        max_length=bounds.TEXT_CHARACTERS,
    ),
]
Display = Annotated[
    str,
    Meta(
        title="display",
        description="A value as people are shown it; may be empty.",
        max_length=bounds.TEXT_CHARACTERS,
    ),
]
Currency = Annotated[
    str, Meta(title="currency", description="ISO 4217 code.", pattern=r"^[A-Z]{3}\Z")
]
Country = Annotated[
    str, Meta(title="country", description="ISO 3166-1 alpha-2 code.", pattern=r"^[A-Z]{2}\Z")
]
IsoDate = Annotated[
    date,
    Meta(
        title="date",
        description="ISO date, 1900 to 2199: an end, or a day of a schedule; an open one is left "
        "out.",
        extra_json_schema={"format": "date", "pattern": rf"^{bounds.DATE}\Z"},
    ),
]
BusinessDate = Annotated[
    date,
    Meta(
        title="businessDate",
        description="ISO date, 1970 to 2199: the business day on which something was booked.",
        extra_json_schema={"format": "date", "pattern": rf"^{bounds.BOOKED_DATE}\Z"},
    ),
]
ReportedDate = Annotated[
    date,
    _date_within(
        bounds.REPORTED_DAYS_AHEAD,
        title="reportedDate",
        description="at most 31 days after the event's `time`: when something happened, or "
        "the day to which a report refers.",
    ),
]
EffectiveDate = Annotated[
    date,
    _date_within(
        bounds.EFFECTIVE_DAYS_AHEAD,
        title="effectiveDate",
        description="at most 366 days after the event's `time`: from when something counts.",
    ),
]
Deadline = Annotated[
    date,
    _date_within(
        bounds.DEADLINE_DAYS_AHEAD,
        title="deadline",
        description="at most ten years after the event's `time`: by when something is due.",
    ),
]
Timestamp = Annotated[
    datetime,
    Meta(
        title="timestamp",
        description="RFC 3339 with an offset, 1970 to 2199; a naive time names no moment and is "
        "refused.",
        tz=True,
        extra_json_schema={"format": "date-time", "pattern": rf"^{LOCAL_TIME}{OFFSET}\Z"},
    ),
]
Money = Annotated[
    str,
    Meta(
        title="money",
        description="Decimal string in the currency of another field. Never a JSON number, "
        "which a reader may have rounded.",
        pattern=rf"^-?{_AMOUNT}\Z",
    ),
]
NonNegativeMoney = Annotated[
    str,
    Meta(
        title="nonNegativeMoney",
        description="Money, zero or more.",
        pattern=rf"^{_AMOUNT}\Z",
    ),
]
PositiveMoney = Annotated[
    str,
    Meta(
        title="positiveMoney",
        description="Money above zero.",
        pattern=rf"^(?=.*[1-9]){_AMOUNT}\Z",
    ),
]
MONEY_TYPES: Final = (Money, NonNegativeMoney, PositiveMoney)
Ratio = Annotated[
    str,
    Meta(
        title="ratio",
        description="Decimal string; 0.0725 is 7.25 %.",
        pattern=rf"^-?{_RATIO}\Z",
    ),
]
PositiveRatio = Annotated[
    str,
    Meta(
        title="positiveRatio",
        description="Ratio above zero.",
        pattern=rf"^(?=.*[1-9]){_RATIO}\Z",
    ),
]
Share = Annotated[
    str,
    Meta(
        title="share",
        description="Decimal string from 0 to 1.",
        pattern=r"^(0(\.[0-9]{1,10})?|1(\.0{1,10})?)\Z",
    ),
]
Count = Annotated[
    int,
    Meta(
        title="count",
        description="A count that every JSON reader reads exactly.",
        ge=0,
        le=bounds.GREATEST_COUNT,
    ),
]


class WireObject(Struct, frozen=True, kw_only=True, gc=False):
    """A JSON object of the wire; unknown fields are ignored, a newer producer may send them."""


class EventData(WireObject, frozen=True, kw_only=True):
    """The `data` of one event type in one version."""


@cache
def has_optional_currency(struct: type[Struct]) -> bool:
    """Returns whether a type's currency may be left out, which it may not beside an amount."""
    return any(
        each.encode_name == "currency" and not each.required
        for each in msgspec.structs.fields(struct)
    )


@cache
def business_date_field(struct: type[Struct]) -> str | None:
    """Returns the field with the business day on which the event was booked, None without one."""
    hints = get_type_hints(struct, include_extras=True)
    return next((name for name, hint in hints.items() if hint == BusinessDate), None)


@cache
def date_windows(struct: type[Struct]) -> tuple[tuple[str, int], ...]:
    """Returns the dates of a type that have a window, with the days after the event's `time`."""
    hints = get_type_hints(struct, include_extras=True)
    windows = {
        name: part.extra[DAYS_AHEAD]
        for name, hint in hints.items()
        for part in _parts(hint)
        if isinstance(part, Meta) and part.extra
    }
    return tuple(windows.items())


@cache
def money_fields(struct: type[Struct]) -> frozenset[str]:
    """Returns the names of the money fields, those of objects in lists too."""
    return frozenset(_money_fields(struct))


def _money_fields(struct: type[Struct]) -> Iterator[str]:
    for name, hint in get_type_hints(struct, include_extras=True).items():
        parts = list(_parts(hint))
        if any(part in MONEY_TYPES for part in parts):
            yield name
        for part in parts:
            if isinstance(part, type) and issubclass(part, Struct):
                yield from _money_fields(part)


def _parts(hint: Any) -> Iterator[Any]:
    yield hint
    for part in get_args(hint):
        yield from _parts(part)
