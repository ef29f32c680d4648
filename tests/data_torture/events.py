"""Documents of events at the edges: each field alone, and fields crossed in pairs."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final

from services.contracts.registry import EVENT_TYPES, EventTopic, EventType
from tests.contract.catalogue import schema_file_of
from tests.data_torture.edges import MOMENTS, WORDS, edges, hints_of

Document = dict[str, Any]

TYPES: Final = tuple(each for each in EVENT_TYPES.values() if each.topic is EventTopic.EVENTS)
MISSING: Final = object()
# Few names, so that events meet on the same loan, line and account; in a crowd many.
NAMES: Final = {
    "loan_id": ("L-1", "L-2"),
    "facility_id": ("F-1", "F-2"),
    "account_id": ("AC-1",),
    "schedule_version": (1, 2, 3),
}
CROWD: Final = {
    **NAMES,
    "loan_id": tuple(f"L-{number}" for number in range(300)),
    "facility_id": tuple(f"F-{number}" for number in range(300)),
}
CURRENCIES: Final = ("currency", "reporting_currency")
ENVELOPE: Final = {
    "time": MOMENTS,
    "id": (*WORDS, "x" * 200, "x" * 201),
    "source": ("core/demo", "tocsin/scoring", "x" * 200),
    "sequence": (0, -1, 9_223_372_036_854_775_807, 9_223_372_036_854_775_808),
    "drillid": ("DRILL-1",),
    "correctsid": ("E-1", "E-0"),
    "correctionkind": ("reversal", "amendment", "backdate", "other"),
}


@cache
def examples(name: str) -> tuple[Document, ...]:
    """Returns the valid examples of a type."""
    folder = Path(schema_file_of(name)).parent / "examples" / "valid"
    return tuple(json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json")))


@cache
def choices(name: str) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    """Returns each field of a type's data with its edges."""
    hints = hints_of(EVENT_TYPES[name].data)
    return tuple((field, (*edges(hint), MISSING)) for field, hint in hints.items())


def each_alone(event_type: EventType) -> Iterator[Document]:
    """Returns the examples with one field at one edge."""
    for example in examples(event_type.name):
        for field, values in choices(event_type.name):
            for value in values:
                yield _with(example, {field: value})
        for attribute, values in ENVELOPE.items():
            for value in values:
                yield _corrected({**example, attribute: value})


def crossed(
    event_type: EventType,
    random: Random,
    currency: str,
    *,
    most_edges: int,
    names: Mapping[str, tuple[Any, ...]] = NAMES,
) -> Document:
    """Returns an example with some fields at edges and the rest where events meet."""
    example = random.choice(examples(event_type.name))
    met = {name: random.choice(values) for name, values in names.items() if name in example["data"]}
    money = {name: currency for name in CURRENCIES if name in example["data"]}
    fields = choices(event_type.name)
    picked = random.sample(fields, k=min(len(fields), random.randint(0, most_edges)))
    edges = {name: random.choice(values) for name, values in picked}
    document = _with(example, {**met, **money, **edges})
    if currency == "JPY":
        document = {**document, "data": _without_cents(document["data"])}
    if random.random() < 0.05:
        attribute = random.choice(tuple(ENVELOPE))
        document = {**document, attribute: random.choice(ENVELOPE[attribute])}
    return _corrected(document)


def numbered(document: Document, number: int) -> Document:
    """Returns the document with an id of its own, unless its id is an edge."""
    return {**document, "id": f"E-{number}"} if document["id"] == "E-1" else document


def _without_cents(value: Any) -> Any:
    """Returns the value with amounts of the examples in whole units."""
    if isinstance(value, dict):
        return {name: _without_cents(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_without_cents(item) for item in value]
    is_amount = isinstance(value, str) and value[-3:-2] == "." and value.count(".") == 1
    return value[:-3] if is_amount and value.replace(".", "").isdigit() else value


def _with(example: Document, changes: Document) -> Document:
    data = {**example["data"], **changes}
    return {**example, "data": {name: item for name, item in data.items() if item is not MISSING}}


def _corrected(document: Document) -> Document:
    """Returns the document with both attributes of a correction, or none."""
    if "correctsid" in document and "correctionkind" not in document:
        return {**document, "correctionkind": "reversal"}
    if "correctionkind" in document and "correctsid" not in document:
        return {**document, "correctsid": "E-0"}
    return document
