"""Writes docs/reference/event-types.md from the register of event types and their JSON Schemas."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from services.contracts.registry import EVENT_TYPES, EventSender, EventTopic, EventType
from tests.reference.tables import code, table

SCHEMAS: Final = Path(__file__).resolve().parents[2] / "schemas"
INTRODUCTION: Final = """# Event types

Every event type with its fields. [Events](events.md) has the rules that all of them share. The JSON
Schemas with their limits, and valid and invalid examples, are in `schemas/events`.

This page is made by `python -m tests.reference` from the code and compared with it by a test.
"""
SECTIONS: Final = {
    (EventTopic.EVENTS, EventSender.SOURCES): "Events that a bank's systems send",
    (EventTopic.EVENTS, EventSender.SCORING): "Events that scoring sends to the events topic",
    (EventTopic.EVENTS, EventSender.ALERTS): "Events that alerts sends to the events topic",
    (EventTopic.RISK, EventSender.SCORING): "Events on the risk topic",
    (EventTopic.ALERTS, EventSender.ALERTS): "Events on the alerts topic",
}


def page() -> str:
    """Return docs/reference/event-types.md."""
    values = _read(SCHEMAS / "shared" / "types.json")["$defs"]
    rows = [(code(name), each["description"]) for name, each in values.items()]
    parts = [INTRODUCTION, "## Kinds of value\n", table(("value", "meaning"), rows) + "\n"]
    for place, title in SECTIONS.items():
        members = [row for row in EVENT_TYPES.values() if (row.topic, row.sender) == place]
        if members:
            parts.append(f"## {title}\n")
            parts += [_event(row) for row in members]
    return "\n".join(parts)


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _event(row: EventType) -> str:
    name, _, version = row.name.rpartition(".")
    schema = _read(SCHEMAS / "events" / name / version / "schema.json")
    lines = [f"### {row.name}", "", schema["description"]]
    if row.to_every_partition:
        lines.append("It is about no borrower and goes to every partition; its subject is `*`.")
    lines += ["", _fields(schema["properties"]["data"]), ""]
    for key, inner in schema.get("$defs", {}).items():
        if "properties" in inner:
            lines += [f"Fields of `{key}`:", "", _fields(inner), ""]
    return "\n".join(lines)


def _fields(schema: dict[str, Any]) -> str:
    required = set(schema.get("required", ()))
    rows = [
        (code(name), "yes" if name in required else "", _kind(field), field.get("description", ""))
        for name, field in schema.get("properties", {}).items()
    ]
    return table(("field", "required", "value", "meaning"), rows) if rows else "It has no fields."


def _kind(field: dict[str, Any]) -> str:
    if "$ref" in field:
        return code(field["$ref"].rpartition("/")[2])
    if "const" in field:
        return code(str(field["const"]))
    if "enum" in field:
        return ", ".join(code("null" if each is None else str(each)) for each in field["enum"])
    if "anyOf" in field:
        return " or ".join(_kind(each) for each in field["anyOf"])
    if field.get("type") == "array":
        return f"list of {_kind(field['items'])}"
    return " ".join([str(field.get("type", "any")), *_limits(field)])


def _limits(field: dict[str, Any]) -> Iterator[str]:
    for key, sign in (("minimum", "from"), ("maximum", "to")):
        if key in field:
            yield f"{sign} {field[key]:,}"
