"""What the models build the schemas accept, and what the schemas accept the models read back."""

import typing
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts import envelope_fields, fields
from services.contracts.envelope import CloudEvent, encode_event, parse_event, read_envelope
from services.contracts.fields import EventData, WireModel
from services.contracts.registry import DATA_MODELS, read_data, unknown_fields

from .catalogue import validator_of

DATES = st.dates(min_value=date(1900, 1, 1), max_value=date(2199, 12, 31))
MOMENTS = st.datetimes(
    # Hypothesis wants naive bounds and adds the time zone itself.
    min_value=datetime(1901, 1, 1),  # noqa: DTZ001 - see above
    max_value=datetime(2199, 1, 1),  # noqa: DTZ001 - see above
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
    (fields.IsoDate, DATES.map(date.isoformat)),
    (fields.Money, decimals(least="-999999999999999", most="999999999999999", places=4)),
    (fields.NonNegativeMoney, decimals(least="0", most="999999999999999", places=2)),
    (fields.PositiveMoney, decimals(least="0.01", most="999999999999999", places=2)),
    (fields.Ratio, decimals(least="-999999", most="999999", places=10)),
    (fields.Share, decimals(least="0", most="1", places=10)),
    (fields.Count, st.integers(0, 9_007_199_254_740_991)),
    (envelope_fields.Timestamp, MOMENTS.map(envelope_fields.rfc3339)),
]


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    for known, strategy in SCALARS:
        if hint == known:
            return strategy
    if get_origin(hint):
        return composed(get_origin(hint), get_args(hint))
    if issubclass(hint, WireModel):
        return objects_of(hint)
    return {bool: st.booleans(), str: WORDS, int: st.integers()}[hint]


def composed(origin: Any, inner: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if origin is typing.Annotated:
        return annotated(inner[0], inner[1:])
    if origin is typing.Literal:
        return st.sampled_from(inner)
    if origin is list:
        return st.lists(values_of(inner[0]), max_size=3)
    if origin is dict:
        return st.dictionaries(values_of(inner[0]), values_of(inner[1]), max_size=3)
    # A union; what may be null is decided by the object that holds it.
    return st.one_of([values_of(part) for part in inner if part is not type(None)])


def annotated(base: Any, metadata: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    limits = {
        name: getattr(part, name)
        for holder in metadata
        for part in (holder, *getattr(holder, "metadata", ()))
        for name in ("ge", "le", "min_length", "pattern")
        if getattr(part, name, None) is not None
    }
    if base is int:
        return st.integers(limits.get("ge", -(2**31)), limits.get("le", 2**31))
    if base is float:
        return st.floats(
            limits.get("ge", -1e6), limits.get("le", 1e6), allow_nan=False, allow_infinity=False
        )
    if base is str:
        return st.from_regex(limits["pattern"].rstrip("$"), fullmatch=True)
    if get_origin(base) is list:
        least = limits.get("min_length", 0)
        return st.lists(values_of(get_args(base)[0]), min_size=least, max_size=least + 2)
    return values_of(base)


def objects_of(model: type[WireModel]) -> st.SearchStrategy[dict[str, Any]]:
    hints = typing.get_type_hints(model, include_extras=True)
    required: dict[str, Any] = {}
    optional: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        values = values_of(hints[name])
        if name in model.NULLABLE and not field.is_required():
            values = st.none() | values
        (required if field.is_required() else optional)[field.alias or name] = values
    return st.fixed_dictionaries(required, optional=optional)


def attributes_of(model: type[EventData]) -> dict[str, Any]:
    found: dict[str, Any] = {"subject": "*" if model.EVERY_PARTITION else "B-1"}
    if model.CORRECTION:
        found |= {"correctsid": "E-0", "correctionkind": model.CORRECTION}
    return found


@pytest.mark.parametrize("event_type", sorted(DATA_MODELS))
@settings(max_examples=5, deadline=None)
@given(drawn=st.data())
def test_an_event_built_from_the_model_goes_out_and_comes_back(
    event_type: str, drawn: st.DataObject
) -> None:
    model = DATA_MODELS[event_type]
    data = model.model_validate(drawn.draw(objects_of(model)))
    event = CloudEvent(
        id="E-1",
        source="core/demo",
        type=event_type,
        time=drawn.draw(MOMENTS),
        data=data.to_wire(),
        **attributes_of(model),
    )
    raw = encode_event(event)
    validator_of(event_type).validate(event.to_wire())
    back = parse_event(raw)
    assert back == event
    assert read_data(back) == data
    assert encode_event(back) == raw
    assert unknown_fields(event_type, back.data) == []


@pytest.mark.parametrize("event_type", sorted(DATA_MODELS))
@settings(max_examples=5, deadline=None)
@given(drawn=st.data())
def test_what_the_schema_accepts_the_model_reads(event_type: str, drawn: st.DataObject) -> None:
    model = DATA_MODELS[event_type]
    document = {
        "specversion": "1.0",
        "id": "E-1",
        "source": "core/demo",
        "type": event_type,
        "time": drawn.draw(MOMENTS.map(envelope_fields.rfc3339)),
        "extension": drawn.draw(st.booleans() | st.integers() | WORDS),
        "data": {**drawn.draw(objects_of(model)), "a_field_of_tomorrow": {"x": 1}},
        **attributes_of(model),
    }
    validator_of(event_type).validate(document)
    read_data(read_envelope(document))
