"""What a Struct accepts its schema accepts, and the other way round, on odd values too.

The schema is read by an independent validator, as readers in other languages do.
"""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.decoding import data_decoder, envelope_decoder
from services.contracts.envelope import CloudEvent
from services.contracts.registry import EVENT_TYPES, EventType
from services.contracts.rejection import EventRejected
from services.contracts.strict_json import encode_canonical
from services.contracts.validation import validate
from tests.fakes.wire_events import validated

from .catalogue import validator_of
from .struct_strategies import data_of, document_of

ODD_TEXTS = (
    *("", " ", " EUR", "eur", "XAF", "CLF", "*", "é", "a b", "\x00", "B-2", "\x7f", "A\x7f", '"'),
    *("0", "0.0", "00.10", "-0", "-1.00", "1.000", "1.0001", "1.", ".5", "1.1", "1e3", "1E3"),
    *("12345678901234567.00", "NaN", "١.٠", "1.0", "1899-12-31", "2200-01-01", "2026-02-30"),
    *("2026-3-1", "20260301", "2026-W10-1", "x" * 129, "x" * 201, "x" * 2001, "\U0001f600" * 2000),
)
ODD_VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(min_value=1 << 52, max_value=1 << 62),
    # JSON Schema counts 1.0 among the integers, and a Struct does not.
    st.floats(allow_nan=False, allow_infinity=False).filter(lambda value: not value.is_integer()),
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\n"), max_size=5),
    st.lists(st.text("ab", max_size=2), max_size=2),
    st.dictionaries(st.text("ab", max_size=2), st.text("ab", max_size=2), max_size=2),
    st.sampled_from(ODD_TEXTS),
)


def is_valid(document: dict[str, Any]) -> bool:
    try:
        return bool(validate(document))
    except EventRejected:
        return False


def fits_the_struct(event_type: EventType, document: dict[str, Any]) -> bool:
    """Returns whether the Struct takes the event with all its constraints, patterns included."""
    try:
        msgspec.convert(document, CloudEvent[event_type.data])  # type: ignore[name-defined]
    except msgspec.ValidationError:
        return False
    return True


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
@settings(max_examples=5, deadline=None)
@given(drawn=st.data())
def test_an_event_goes_out_and_comes_back(name: str, drawn: st.DataObject) -> None:
    event_type = EVENT_TYPES[name]
    document = document_of(event_type, drawn.draw(data_of(event_type.data)))
    valid = validate(document)
    validator_of(name).validate(json.loads(valid.value))
    assert validated(valid.value) == valid
    assert json.loads(valid.value) == document
    assert encode_canonical(valid.event) == valid.value


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
@settings(max_examples=5, deadline=None)
@given(drawn=st.data())
def test_readers_of_our_topics_decode_whatever_is_valid(name: str, drawn: st.DataObject) -> None:
    event_type = EVENT_TYPES[name]
    valid = validate(document_of(event_type, drawn.draw(data_of(event_type.data))))
    envelope = envelope_decoder()(valid.value)
    data = data_decoder(event_type.data)(envelope.data)
    assert isinstance(data, event_type.data)
    assert encode_canonical(data) == encode_canonical(valid.event.data)


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
@settings(max_examples=20, deadline=None)
@given(drawn=st.data())
def test_both_say_the_same_of_an_event_with_odd_places(name: str, drawn: st.DataObject) -> None:
    event_type = EVENT_TYPES[name]
    document = document_of(event_type, drawn.draw(data_of(event_type.data)))
    data = document["data"]
    for _ in range(drawn.draw(st.integers(0, 3))):
        holder = drawn.draw(st.sampled_from([document, data, data]))
        names = [*sorted(holder.keys() - {"type", "time"}), "currency", "sequence", "drillid"]
        field = drawn.draw(st.sampled_from([*names, "datacontenttype", "novelty", "UPPER"]))
        if drawn.draw(st.integers(0, 4)) == 0:
            holder.pop(field, None)
        else:
            holder[field] = drawn.draw(ODD_VALUES)
    assert is_valid(document) is validator_of(name).is_valid(document)
    assert fits_the_struct(event_type, document) or not is_valid(document)


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
@settings(max_examples=5, deadline=None)
@given(drawn=st.data())
def test_undeclared_fields_and_attributes_are_kept(name: str, drawn: st.DataObject) -> None:
    event_type = EVENT_TYPES[name]
    data = drawn.draw(data_of(event_type.data)) | {"a_field_of_tomorrow": {"x": 1}}
    extension = drawn.draw(st.booleans() | st.integers(-(2**53), 2**53) | st.text("abc é"))
    document = {**document_of(event_type, data), "extension": extension}
    validator_of(name).validate(document)
    assert json.loads(validate(document).value) == document
