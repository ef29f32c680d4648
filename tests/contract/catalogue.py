"""Finds the schemas and their examples on disk, and builds validators that check formats too."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"


def schema_files() -> list[Path]:
    return sorted((SCHEMAS / "events").glob("*/v*/schema.json"))


def type_of(schema_file: Path) -> str:
    return f"{schema_file.parents[1].name}.{schema_file.parent.name}"


def schema_file_of(event_type: str) -> Path:
    noun, _, version = event_type.rpartition(".")
    return SCHEMAS / "events" / noun / version / "schema.json"


def examples(kind: str) -> Iterator[tuple[str, Path]]:
    for schema_file in schema_files():
        for path in sorted((schema_file.parent / "examples" / kind).glob("*.json")):
            yield type_of(schema_file), path


def schema_at(uri: str) -> Resource[Any]:
    """Returns the schema of a `file:` URI, in which special characters of the path are quoted."""
    path = Path(url2pathname(urlsplit(uri).path))
    return Resource.from_contents(
        json.loads(path.read_text(encoding="utf-8")), default_specification=DRAFT202012
    )


@cache
def validator_of(event_type: str) -> Draft202012Validator:
    # The file's own address is the base of its relative references.
    return Draft202012Validator(
        {"$ref": schema_file_of(event_type).as_uri()},
        registry=Registry(retrieve=schema_at),
        format_checker=FormatChecker(),
    )
