"""Writes the JSON Schema of a directory and docs/reference/people.md from its document."""

import json
from typing import Any, Final

from services.alerts.directory.adapters.directory_document import DirectoryDocument
from tests.reference.rulebook import EditorSchema
from tests.reference.tables import code, table

# The sections of the document, in the order of the page.
SECTIONS: Final = {
    "DirectoryDocument": "The document",
    "CalendarSection": "calendars, by name",
    "PersonSection": "people, by person id",
    "AbsenceSection": "people.absences, a list",
    "DelegationSection": "people.delegates, a list",
    "ApprovalLimitSection": "people.approval_limit",
    "QueueSection": "queues, by id",
    "TeamSection": "teams, by name",
    "BranchSection": "branches, by id",
}
INTRODUCTION: Final = """# People and duties

The YAML file of `tocsin people` has these fields. Editors with the YAML language server complete
and check a file against `schemas/people/v1.schema.json`, if its first line is
`# yaml-language-server: $schema=` and the path of that file.
[Set up people](../how-to/set-up-people.md) has an example, and [People](../explanation/people.md)
explains what the fields do together.

Ids are read as text: `0017` is the officer `0017`. An unknown field, a key that is written twice
and an alias are faults. Days include the first and the last one.

This page is made by `python -m tests.reference` from the code and compared with it by a test.
"""


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a directory."""
    document = DirectoryDocument.model_json_schema(schema_generator=EditorSchema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:tocsin:schema:people:v1",
        **document,
        "$defs": dict(sorted(document["$defs"].items())),
    }


def schema_text() -> str:
    """Return schemas/people/v1.schema.json."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def page() -> str:
    """Return docs/reference/people.md: each field with its form, default and meaning."""
    document = schema()
    parts = [INTRODUCTION]
    for name, title in SECTIONS.items():
        section = document if name == DirectoryDocument.__name__ else document["$defs"][name]
        required = section.get("required", ())
        rows = [
            (code(field), _form(each), _default(field, each, required), each["description"])
            for field, each in section["properties"].items()
        ]
        columns = ("field", "written as", "default", "meaning")
        parts.append(f"## {title}\n\n{section['description']}\n\n{table(columns, rows)}\n")
    return "\n".join(parts)


def _default(name: str, field: dict[str, Any], required: list[str]) -> str:
    if name in required:
        return "required"
    default = field.get("default")
    return "" if default in (None, [], {}) else code(str(json.dumps(default)).strip('"'))


def _form(field: dict[str, Any]) -> str:
    """Return how a value is written."""
    if "enum" in field:
        return ", ".join(field["enum"])
    if "$ref" in field:
        return "role" if field["$ref"].endswith("/Role") else "section"
    kind = field.get("type", "text")
    if kind == "array":
        return f"list: {_form(field['items'])}"
    if kind == "object":
        return "mapping"
    return {"boolean": "`true`, `false`"}.get(kind, field.get("format", "text"))
