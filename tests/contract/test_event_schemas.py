"""The schemas are generated from the Structs, and accept and refuse the same examples."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from jsonschema import Draft202012Validator

from services.contracts.registry import EVENT_TYPES
from services.contracts.rejection import EventRejected
from tests.fakes.wire_events import validated

from . import event_documents
from .catalogue import SCHEMAS, examples, schema_files, type_of, validator_of

VALID = list(examples("valid"))
INVALID = list(examples("invalid"))
TYPES = sorted(EVENT_TYPES)


def sentence(value: object) -> str | None:
    if isinstance(value, Path):
        return f"{value.parents[3].name}: {value.stem.replace('_', ' ')}"
    return None


def test_the_schemas_are_those_of_the_structs() -> None:
    for path, text in event_documents.documents().items():
        assert path.read_text(encoding="utf-8") == text, "run `make schemas` and review the diff"


def test_every_folder_has_a_type_and_every_type_a_folder() -> None:
    assert {type_of(path) for path in schema_files()} == set(EVENT_TYPES)


def test_every_field_is_described() -> None:
    for path in schema_files():
        for pointer, described in described_fields(json.loads(path.read_text(encoding="utf-8"))):
            assert described, (path, pointer)


@pytest.mark.parametrize("path", sorted(SCHEMAS.rglob("schema.json")), ids=str)
def test_the_schema_is_a_schema(path: Path) -> None:
    Draft202012Validator.check_schema(json.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("event_type", TYPES)
def test_every_type_has_valid_and_invalid_examples(event_type: str) -> None:
    valid = {path.stem for name, path in VALID if name == event_type}
    invalid = {path.stem for name, path in INVALID if name == event_type}
    assert "full" in valid
    assert "naive_timestamp" in invalid
    assert any(name.startswith("missing_") for name in invalid)


@pytest.mark.parametrize(("event_type", "path"), VALID, ids=sentence)
def test_a_valid_example_passes_schema_and_struct(event_type: str, path: Path) -> None:
    raw = path.read_bytes()
    validator_of(event_type).validate(json.loads(raw))
    valid = validated(raw)
    assert valid.event.type == event_type
    assert validated(valid.value) == valid
    validator_of(event_type).validate(json.loads(valid.value))
    data = json.loads(msgspec.json.encode(valid.event.data))
    assert data == json.loads(raw)["data"]


@pytest.mark.parametrize(("event_type", "path"), INVALID, ids=sentence)
def test_an_invalid_example_is_refused_by_the_schema(event_type: str, path: Path) -> None:
    assert not validator_of(event_type).is_valid(json.loads(path.read_bytes()))


@pytest.mark.parametrize(("event_type", "path"), INVALID, ids=sentence)
def test_an_invalid_example_is_refused_with_a_pointer_and_a_remedy(
    event_type: str, path: Path
) -> None:
    with pytest.raises(EventRejected) as refusal:
        validated(path.read_bytes())
    assert refusal.value.pointer.startswith("/")
    assert refusal.value.detail.startswith(refusal.value.pointer)
    assert " " in refusal.value.detail


@pytest.mark.parametrize("event_type", TYPES)
def test_struct_and_schema_have_the_same_fields_and_require_the_same(event_type: str) -> None:
    noun, _, version = event_type.rpartition(".")
    schema = json.loads((SCHEMAS / "events" / noun / version / "schema.json").read_text("utf-8"))
    data = schema["properties"]["data"]
    members = msgspec.structs.fields(EVENT_TYPES[event_type].data)
    assert set(data["properties"]) == {member.encode_name for member in members}
    assert set(data["required"]) == {member.encode_name for member in members if member.required}


def test_asyncapi_refers_to_every_schema_on_the_topic_that_carries_it() -> None:
    document = yaml.safe_load((SCHEMAS / "asyncapi.yaml").read_text(encoding="utf-8"))
    messages = document["components"]["messages"]
    for event_type, row in EVENT_TYPES.items():
        name, message = next(
            (name, each) for name, each in messages.items() if each["name"] == event_type
        )
        assert (SCHEMAS / message["payload"]["$ref"]).resolve().is_file()
        assert name in document["channels"][row.topic]["messages"]
    assert len(messages) == len(EVENT_TYPES)


def described_fields(node: Any, pointer: str = "") -> list[tuple[str, str]]:
    """Returns each field of an object in a schema with its description."""
    fields = []
    for name, inner in node.items() if isinstance(node, dict) else ():
        if name == "properties":
            own = {"/type", "/subject", "/correctionkind", "/data"} if not pointer else set()
            fields += [
                (f"{pointer}/{field}", schema.get("description", ""))
                for field, schema in inner.items()
                if f"/{field}" not in own
            ]
        fields += described_fields(inner, f"{pointer}/{name}")
    return fields
