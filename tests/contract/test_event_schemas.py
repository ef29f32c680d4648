"""Schemas and models are two ways to write one contract: whatever one refuses, both refuse."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from services.contracts.envelope import encode_event, parse_event
from services.contracts.registry import DATA_MODELS, read_data
from services.contracts.rejection import EventRejected

from .catalogue import SCHEMAS, examples, schema_at, schema_files, type_of, validator_of

VALID = list(examples("valid"))
INVALID = list(examples("invalid"))
TYPES = sorted(DATA_MODELS)


def sentence(value: object) -> str | None:
    if isinstance(value, Path):
        return f"{value.parents[3].name}: {value.stem.replace('_', ' ')}"
    return None


def test_every_folder_has_a_model_and_every_model_a_folder() -> None:
    assert {type_of(path) for path in schema_files()} == set(DATA_MODELS)


@pytest.mark.parametrize("path", sorted(SCHEMAS.rglob("schema.json")), ids=str)
def test_the_schema_is_a_schema(path: Path) -> None:
    Draft202012Validator.check_schema(json.loads(path.read_text(encoding="utf-8")))


def test_a_schema_is_found_in_a_folder_whose_name_must_be_quoted(tmp_path: Path) -> None:
    path = tmp_path / "a bank's 100 % schemas" / "schema.json"
    path.parent.mkdir()
    path.write_text('{"type": "string"}', encoding="utf-8")
    assert schema_at(path.as_uri()).contents == {"type": "string"}


@pytest.mark.parametrize("event_type", TYPES)
def test_every_type_shows_what_is_right_and_what_is_wrong(event_type: str) -> None:
    valid = {path.stem for found, path in VALID if found == event_type}
    invalid = {path.stem for found, path in INVALID if found == event_type}
    assert "full" in valid
    assert "naive_timestamp" in invalid
    assert any(name.startswith("missing_") for name in invalid)


@pytest.mark.parametrize(("event_type", "path"), VALID, ids=sentence)
def test_a_valid_example_passes_schema_and_model(event_type: str, path: Path) -> None:
    raw = path.read_bytes()
    validator_of(event_type).validate(json.loads(raw))
    event = parse_event(raw)
    assert event.type == event_type
    data = read_data(event)
    assert parse_event(encode_event(event)) == event
    validator_of(event_type).validate(json.loads(encode_event(event)))
    assert without_nulls(data.to_wire()) == without_nulls(json.loads(raw)["data"])


@pytest.mark.parametrize(("event_type", "path"), INVALID, ids=sentence)
def test_an_invalid_example_is_refused_by_the_schema(event_type: str, path: Path) -> None:
    assert not validator_of(event_type).is_valid(json.loads(path.read_bytes()))


@pytest.mark.parametrize(("event_type", "path"), INVALID, ids=sentence)
def test_an_invalid_example_is_refused_by_the_model_with_a_place_and_a_remedy(
    event_type: str, path: Path
) -> None:
    with pytest.raises(EventRejected) as refusal:
        read_data(parse_event(path.read_bytes()))
    assert refusal.value.pointer.startswith("/")
    assert refusal.value.detail.startswith(refusal.value.pointer)
    assert " " in refusal.value.detail


@pytest.mark.parametrize("event_type", TYPES)
def test_model_and_schema_have_the_same_fields_and_require_the_same(event_type: str) -> None:
    model = DATA_MODELS[event_type]
    required, properties = members(event_type)
    fields = model.model_fields.items()
    assert properties == {field.alias or name for name, field in fields}
    assert required == {field.alias or name for name, field in fields if field.is_required()}


def test_asyncapi_refers_to_every_schema_on_the_topic_that_carries_it() -> None:
    document = yaml.safe_load((SCHEMAS / "asyncapi.yaml").read_text(encoding="utf-8"))
    messages = document["components"]["messages"]
    for event_type, model in DATA_MODELS.items():
        name, message = next(
            (name, each) for name, each in messages.items() if each["name"] == event_type
        )
        assert (SCHEMAS / message["payload"]["$ref"]).resolve().is_file()
        assert name in document["channels"][model.TOPIC]["messages"]
    assert len(messages) == len(DATA_MODELS)


def members(event_type: str) -> tuple[set[str], set[str]]:
    noun, _, version = event_type.rpartition(".")
    folder = SCHEMAS / "events" / noun / version
    schema = json.loads((folder / "schema.json").read_text(encoding="utf-8"))
    required: set[str] = set()
    properties: set[str] = set()
    for part in parts_of(schema["properties"]["data"], folder):
        required |= set(part.get("required", ()))
        properties |= set(part.get("properties", ()))
    return required, properties


def parts_of(data: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    references = [data, *data.get("allOf", ())]
    shared = [
        json.loads((folder / part["$ref"]).read_text(encoding="utf-8"))
        for part in references
        if "$ref" in part
    ]
    return [data, *shared]


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value
