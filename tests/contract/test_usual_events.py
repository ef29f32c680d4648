"""The quick way in and the models say the same of an event, or the quick way says nothing."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.fields import EventData
from services.contracts.registry import DATA_MODELS
from services.ingest.application.inputs import Channel, Input, Ready
from services.ingest.application.judging import Judge, is_for_sources
from services.ingest.domain.candidate import Candidate
from services.ingest.domain.reasons import Refusal
from tests.fakes.canonical import repayment, written

from .catalogue import examples
from .test_models_and_schemas_agree import attributes_of, objects_of

MOST_BYTES = 4_096
JUDGE = Judge(mappings={}, max_event_bytes=MOST_BYTES)
FROM_SOURCES = sorted(name for name in DATA_MODELS if is_for_sources(name))
# What core systems send day by day; each must go the quick way, or it helps nobody.
EVERYDAY = (
    "account.transacted.v1",
    "account.balance-closed.v1",
    "facility.balance-closed.v1",
    "repayment.posted.v1",
    "repayment.failed.v1",
    "schedule.published.v1",
    "statement.received.v1",
)


def by_http(raw: bytes) -> Input:
    return Input(channel=Channel.HTTP, raw=raw, sender="key-1", sources=("core/*",))


def by_the_models(given_input: Input) -> Ready | Refusal:
    candidate = JUDGE.candidate(given_input)
    return (
        JUDGE.ready(candidate, given=given_input) if isinstance(candidate, Candidate) else candidate
    )


def agreed(raw: bytes) -> bool:
    """Return whether the quick way knew the event, having said the same as the models."""
    quick = JUDGE.usual(by_http(raw))
    if quick is not None:
        assert quick == by_the_models(by_http(raw))
    return quick is not None


ODD_TEXTS = (
    *("", " ", " EUR", "eur", "XAF", "CLF", "*", "é", "a b", "a\n", "\x00", "\ud800", "B-2"),
    *("0", "0.0", "00.10", "-0", "-1.00", "1.000", "1.0001", "1.", ".5", "1.1", "1e3", "1E3"),
    *("12345678901234567.00", "NaN", "١.٠", "1.0", "1899-12-31", "2026-02-30", "2026-3-1"),
    *("2026-02-28\n", "2026-01-01T24:00:00Z", "2026-01-01T10:00:00", "2026-01-01T10:00:00+02:00"),
    *("2026-01-01T10:00:00.5Z", "2026-01-01T10:00:60Z"),
)
ODD_VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(min_value=1 << 52, max_value=1 << 70),
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.lists(st.text(max_size=2), max_size=2),
    st.dictionaries(st.text(max_size=2), st.text(max_size=2), max_size=2),
    st.sampled_from(ODD_TEXTS),
)


def plain(name: str, model: type[EventData], data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "E-1",
        "source": "core/demo",
        "type": name,
        "time": "2026-03-31T17:05:00Z",
        "data": data,
        **attributes_of(model),
    }


@pytest.mark.parametrize("name", sorted(DATA_MODELS))
@settings(max_examples=30, deadline=None)
@given(drawn=st.data())
def test_both_ways_say_the_same_of_an_event_with_odd_places(
    name: str, drawn: st.DataObject
) -> None:
    model = DATA_MODELS[name]
    document = plain(name, model, drawn.draw(objects_of(model)))
    data = document["data"]
    for _ in range(drawn.draw(st.integers(0, 3))):
        holder = drawn.draw(st.sampled_from([document, data, data]))
        names = [*sorted(holder), "currency", "sequence", "drillid", "datacontenttype", "novelty"]
        field = drawn.draw(st.sampled_from(names))
        if drawn.draw(st.integers(0, 4)) == 0:
            holder.pop(field, None)
        else:
            holder[field] = drawn.draw(ODD_VALUES)
    escaped = drawn.draw(st.booleans())
    text = json.dumps(document, ensure_ascii=escaped)
    agreed(text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("name", FROM_SOURCES)
@settings(max_examples=10, deadline=None)
@given(drawn=st.data())
def test_both_ways_say_the_same_of_bytes_that_are_damaged(name: str, drawn: st.DataObject) -> None:
    model = DATA_MODELS[name]
    raw = bytearray(json.dumps(plain(name, model, drawn.draw(objects_of(model)))).encode())
    at = drawn.draw(st.integers(0, len(raw) - 1))
    raw[at] = drawn.draw(st.sampled_from(list(b'"{}[]:,\\ 0\x00\xff\n')))
    agreed(bytes(raw))


@pytest.mark.parametrize(
    ("name", "path"),
    [*examples("valid"), *examples("invalid")],
    ids=lambda value: value.stem if isinstance(value, Path) else value,
)
def test_both_ways_say_the_same_of_our_examples(name: str, path: Path) -> None:
    agreed(path.read_bytes())


@pytest.mark.parametrize("name", EVERYDAY)
def test_what_comes_every_day_goes_the_quick_way(name: str) -> None:
    documents = [json.loads(path.read_bytes()) for kind, path in examples("valid") if kind == name]
    assert any(
        agreed(written({**document, "source": "core/demo", "time": "2026-03-31T17:05:00Z"}))
        for document in documents
    )


def test_a_key_that_stands_twice_is_never_usual() -> None:
    raw = written(repayment())
    assert agreed(raw)
    assert not agreed(raw.replace(b'"loan_id"', b'"loan_id":"L-0","loan_id"'))
    assert not agreed(raw.replace(b'"id"', b'"id":"PAY-0","id"', 1))


def test_what_is_not_our_own_form_is_left_to_the_models() -> None:
    assert not agreed(written(repayment(paid_amount="100.000")))
    assert not agreed(written(repayment(currency="eur")))
    assert not agreed(written(repayment(currency="JPY")))
    assert agreed(written(repayment(currency="JPY", paid_amount="100")))
    assert not agreed(written(repayment(loan_id=" L-1")))
    assert not agreed(written(repayment(novelty="1")))


def test_what_the_sender_may_not_send_is_never_usual() -> None:
    raw = written(repayment())
    assert JUDGE.usual(Input(channel=Channel.HTTP, raw=raw, sources=("elsewhere/*",))) is None
    assert JUDGE.usual(Input(channel=Channel.HTTP, raw=raw, sources=())) is None
    assert JUDGE.usual(by_http(written({**repayment(), "subject": "*"}))) is None


def test_what_is_too_large_is_never_usual() -> None:
    assert not agreed(written(repayment()) + b" " * MOST_BYTES)


def test_a_statement_that_does_not_balance_is_never_usual() -> None:
    statement = next(path for name, path in examples("valid") if name == "statement.received.v1")
    document = json.loads(statement.read_bytes())
    lines = {"total_assets": "100.00", "total_liabilities": "50.00", "equity": "50.00"}
    document |= {"source": "core/demo", "time": "2026-03-31T17:05:00Z"}
    document["data"] = {**document["data"], **lines}
    assert agreed(written(document))
    document["data"]["equity"] = "40.00"
    assert not agreed(written(document))
