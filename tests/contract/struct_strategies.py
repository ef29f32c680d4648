"""Draws event data from the Structs, for property tests."""

import typing
from datetime import UTC, date, datetime
from decimal import Decimal
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import strategies as st
from msgspec import UnsetType

from services.contracts import bounds, fields
from services.contracts.envelope import rfc3339
from services.contracts.registry import EventType

DATES = st.dates(min_value=bounds.FIRST_DATE, max_value=bounds.LAST_DATE)
BUSINESS_DATES = st.dates(min_value=date(1970, 1, 1), max_value=date(2199, 12, 31))
MOMENTS = st.datetimes(
    # Hypothesis wants naive bounds and adds the time zone itself.
    min_value=datetime(1970, 1, 2),  # noqa: DTZ001 - see above
    max_value=datetime(2199, 12, 30),  # noqa: DTZ001 - see above
    timezones=st.just(UTC),
)


def decimals(*, least: str, most: str, places: int) -> st.SearchStrategy[str]:
    return st.decimals(Decimal(least), Decimal(most), places=places).map(
        lambda value: format(value, "f")
    )


PRINTABLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E)
WORDS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=30)
SCALARS: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (fields.Identifier, st.text(PRINTABLE, min_size=1, max_size=40)),
    (fields.Text, WORDS.filter(bool)),
    (fields.Display, WORDS),
    (fields.Currency, st.sampled_from(["EUR", "JPY", "KWD", "CNY", "INR"])),
    (fields.Country, st.sampled_from(["DE", "IN", "CN"])),
    (fields.BorrowerId, st.text(PRINTABLE, min_size=3, max_size=40)),
    (fields.IsoDate, DATES.map(date.isoformat)),
    (fields.ReportedDate, DATES.map(date.isoformat)),
    (fields.EffectiveDate, DATES.map(date.isoformat)),
    (fields.Deadline, DATES.map(date.isoformat)),
    (fields.BusinessDate, BUSINESS_DATES.map(date.isoformat)),
    (fields.Money, decimals(least="-999999999999999", most="999999999999999", places=4)),
    (fields.NonNegativeMoney, decimals(least="0", most="999999999999999", places=2)),
    (fields.PositiveMoney, decimals(least="0.01", most="999999999999999", places=2)),
    (fields.Ratio, decimals(least="-999999", most="999999", places=10)),
    (fields.PositiveRatio, decimals(least="0.0000000001", most="999999", places=10)),
    (fields.Share, decimals(least="0", most="1", places=10)),
    (fields.Count, st.integers(0, bounds.GREATEST_COUNT)),
    (fields.Timestamp, MOMENTS.map(rfc3339)),
]


def data_of(struct: type[msgspec.Struct]) -> st.SearchStrategy[dict[str, Any]]:
    """Returns JSON objects that a Struct accepts."""
    hints = get_type_hints(struct, include_extras=True)
    required: dict[str, Any] = {}
    optional: dict[str, Any] = {}
    for member in msgspec.structs.fields(struct):
        values = _values_of(hints[member.name])
        (required if member.required else optional)[member.encode_name] = values
    return st.fixed_dictionaries(required, optional=optional)


def attributes_of(event_type: EventType) -> dict[str, Any]:
    """Returns the attributes of the envelope that an event type needs."""
    attributes: dict[str, Any] = {"subject": "*" if event_type.to_every_partition else "B-1"}
    if event_type.must_correct:
        attributes |= {"correctsid": "E-0", "correctionkind": event_type.corrections[0]}
    return attributes


def document_of(event_type: EventType, data: Any) -> dict[str, Any]:
    """Returns an event of a type as a JSON object."""
    return {
        "specversion": "1.0",
        "id": "E-1",
        "source": "core/demo",
        "type": event_type.name,
        "time": "2026-03-31T17:05:00Z",
        "data": data,
        **attributes_of(event_type),
    }


def _values_of(hint: Any) -> st.SearchStrategy[Any]:
    for known, strategy in SCALARS:
        if hint == known:
            return strategy
    if get_origin(hint):
        return _composed(get_origin(hint), get_args(hint))
    if issubclass(hint, msgspec.Struct):
        return data_of(hint)
    plain = {
        bool: st.booleans(),
        str: WORDS,
        int: st.integers(-(2**63), 2**63 - 1),
        float: st.floats(-1e6, 1e6),
        type(None): st.none(),
    }
    return plain[hint]


def _composed(origin: Any, inner: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if origin is Annotated:
        return _annotated(inner[0], inner[1])
    if origin is Literal:
        return st.sampled_from(inner)
    if origin is list:
        return st.lists(_values_of(inner[0]), max_size=3)
    if origin is dict:
        return st.dictionaries(_values_of(inner[0]), _values_of(inner[1]), max_size=3)
    assert origin in (Union, UnionType, typing.Union)
    return st.one_of([_values_of(part) for part in inner if part is not UnsetType])


def _annotated(base: Any, meta: msgspec.Meta) -> st.SearchStrategy[Any]:
    if base is int:
        least = -(2**31) if meta.ge is None else int(meta.ge)
        return st.integers(least, 2**31 if meta.le is None else int(meta.le))
    if base is float:
        return st.floats(meta.ge, meta.le, allow_nan=False, allow_infinity=False)
    if base is str:
        assert meta.pattern is not None
        return st.from_regex(meta.pattern, fullmatch=True)
    assert get_origin(base) is list
    least = meta.min_length or 0
    return st.lists(_values_of(get_args(base)[0]), min_size=least, max_size=least + 2)
