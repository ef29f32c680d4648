"""The reader of everything from outside takes JSON and nothing but JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.rejection import EventRejected, RejectionCode
from services.contracts.strict_json import MAX_DEPTH, MAX_MEMBERS, read_json

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc"), inner, max_size=4),
    max_leaves=12,
)


def code_of(raw: bytes) -> RejectionCode:
    with pytest.raises(EventRejected) as refusal:
        read_json(raw, max_bytes=100_000)
    return refusal.value.code


def nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


@given(JSON)
def test_json_is_read_as_it_was_written(value: object) -> None:
    assert read_json(json.dumps(value).encode()) == value


def test_as_deep_as_allowed_is_read_and_one_deeper_is_not() -> None:
    read_json(nested(MAX_DEPTH + 1))
    assert code_of(nested(MAX_DEPTH + 2)) is RejectionCode.TOO_DEEP
    assert code_of(b'{"a":' * (MAX_DEPTH + 2) + b"1" + b"}" * (MAX_DEPTH + 2)) is (
        RejectionCode.TOO_DEEP
    )
    assert code_of(nested(40_000)) is RejectionCode.TOO_DEEP


def test_as_wide_as_allowed_is_read_and_one_wider_is_not() -> None:
    widest = {f"x{number}": 1 for number in range(MAX_MEMBERS)}
    assert read_json(json.dumps(widest).encode()) == widest
    assert read_json(json.dumps([widest, None]).encode()) == [widest, None]
    assert code_of(json.dumps({**widest, "y": 1}).encode()) is RejectionCode.TOO_LARGE
    assert code_of(json.dumps([{**widest, "y": None}]).encode()) is RejectionCode.TOO_LARGE


def test_a_refused_character_is_named_by_its_pointer() -> None:
    with pytest.raises(EventRejected) as refusal:
        read_json(b'{"a": [1, {"b/c": "\\u0000"}]}')
    assert refusal.value.pointer == "/a/1/b~1c"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", RejectionCode.NOT_JSON),
        (b"{'a': 1}", RejectionCode.NOT_JSON),
        (b'{"a": 1} x', RejectionCode.NOT_JSON),
        (b"\xef\xbb\xbf{}", RejectionCode.NOT_JSON),
        (b"9" * 5_000, RejectionCode.NOT_JSON),
        ("{}".encode("utf-16"), RejectionCode.NOT_UTF8),
        (b'"\xed\xa0\x80"', RejectionCode.NOT_UTF8),
        (b'{"a": 1, "a": 1}', RejectionCode.DUPLICATE_KEY),
        (b'[{"b": {"a": 1, "a": 2}}]', RejectionCode.DUPLICATE_KEY),
        (b"[NaN]", RejectionCode.NUMBER_NOT_FINITE),
        (b"[Infinity]", RejectionCode.NUMBER_NOT_FINITE),
        (b"[-1e400]", RejectionCode.NUMBER_NOT_FINITE),
        (b'["\\u0000"]', RejectionCode.FORBIDDEN_CHARACTER),
        (b'{"\\u0000": 1}', RejectionCode.FORBIDDEN_CHARACTER),
        (b'["\\ud83d"]', RejectionCode.FORBIDDEN_CHARACTER),
        (b'["' + b"x" * 100_000 + b'"]', RejectionCode.TOO_LARGE),
    ],
    ids=lambda value: value.value if isinstance(value, RejectionCode) else "",
)
def test_what_loses_or_smuggles_data_is_refused(raw: bytes, code: RejectionCode) -> None:
    assert code_of(raw) is code


def test_a_whole_surrogate_pair_is_a_character() -> None:
    assert read_json(b'"\\ud83d\\ude00"') == "\N{GRINNING FACE}"


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":"x","a":"y"}',
        b'{"data":{"b":"1","b":"2"}}',
        b'{"data":{"b":true,"b":"2"}}',
        b'{"a":"x\x01"}',
        b'{"a":NaN}',
        b'{"a":1e999}',
        b'{"a":"b"} x',
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"k":' * (MAX_DEPTH + 1) + b'"x"' + b"}" * (MAX_DEPTH + 1),
    ],
)
def test_the_quick_reader_takes_nothing_that_the_strict_one_refuses(raw: bytes) -> None:
    with pytest.raises(EventRejected):
        read_json(raw)


@pytest.mark.parametrize("raw", [b'{"a":"x","b":{"a":"x"}}', b'{"a":null,"b":true,"c":{}}'])
def test_the_quick_reader_reads_what_json_says(raw: bytes) -> None:
    assert read_json(raw) == json.loads(raw)
