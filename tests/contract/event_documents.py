"""Writes schemas/events, schemas/shared and schemas/asyncapi.yaml from the event Structs.

`make schemas` runs it; a test compares, so a change of an event is a visible diff in the same
commit. The examples are written by hand, except two that every type has: a time without an offset,
and a missing field.
"""

import json
from pathlib import Path
from typing import Any, Final

import yaml

from services.contracts import schemas
from services.contracts.envelope import CONTENT_TYPE
from services.contracts.registry import EVENT_TYPES, EventTopic, EventType
from tests.contract.catalogue import SCHEMAS, schema_file_of

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
BINDING_VERSION: Final = "0.5.0"
PARTITIONS: Final = 8
LINE_LENGTH: Final = 100
TOPICS: Final = {
    EventTopic.EVENTS: "Everything that can change a borrower's risk state, "
    "in one order per borrower.",
    EventTopic.RISK: "Assessments and reminders by scoring; "
    "`sequence` is consecutive per borrower.",
    EventTopic.ALERTS: "The life-cycle of alerts, for other systems.",
}
OPERATIONS: Final = {
    "ingestWrites": (
        "send",
        EventTopic.EVENTS,
        "Ingest writes the events of the bank's systems; alerts writes those of officers.",
    ),
    "scoringReads": ("receive", EventTopic.EVENTS, "Scoring applies every event, once."),
    "scoringWrites": ("send", EventTopic.RISK, "Scoring writes what changed about a borrower."),
    "alertsReads": (
        "receive",
        EventTopic.RISK,
        "Alerts opens, updates and closes alerts; a gap in `sequence` is an incident.",
    ),
    "alertsWrites": ("send", EventTopic.ALERTS, "Alerts writes each step of an alert's life."),
}


def documents() -> dict[Path, str]:
    """Returns the text of each generated file."""
    shared = {"types": schemas.types_schema(), "envelope": schemas.envelope_schema()}
    return {
        **{SCHEMAS / "shared" / f"{name}.json": _json(schema) for name, schema in shared.items()},
        **{
            schema_file_of(name): _json(schemas.event_schema(event_type))
            for name, event_type in EVENT_TYPES.items()
        },
        SCHEMAS / "asyncapi.yaml": _asyncapi(),
        **{
            path: _formatted(example, indent=0, column=0) + "\n"
            for event_type in EVENT_TYPES.values()
            for path, example in _invalid_examples(event_type).items()
        },
    }


def _invalid_examples(event_type: EventType) -> dict[Path, dict[str, Any]]:
    """Returns the examples that are invalid for every type, made from its shortest valid one."""
    folder = schema_file_of(event_type.name).parent / "examples"
    sources = [folder / "valid" / f"{name}.json" for name in ("minimal", "full")]
    valid = next((json.loads(path.read_text("utf-8")) for path in sources if path.exists()), None)
    if valid is None:
        return {}
    field = schemas.event_schema(event_type)["properties"]["data"]["required"][0]
    data = {name: value for name, value in valid["data"].items() if name != field}
    return {
        folder / "invalid" / "naive_timestamp.json": {**valid, "time": valid["time"][:19]},
        folder / "invalid" / f"missing_{field}.json": {**valid, "data": data},
    }


def _json(schema: dict[str, Any]) -> str:
    return _formatted({"$schema": DIALECT, **schema}, indent=0, column=0) + "\n"


def _formatted(value: Any, *, indent: int, column: int) -> str:
    """Returns JSON with every value that fits on a single line."""
    line = json.dumps(value, ensure_ascii=False)
    if not value or not isinstance(value, dict | list):
        return line
    if indent and column + len(line) < LINE_LENGTH:
        return line
    pad = " " * (indent + 2)
    if isinstance(value, list):
        items = [_formatted(each, indent=indent + 2, column=indent + 2) for each in value]
        begin, end = "[", "]"
    else:
        items = [
            (key := f"{json.dumps(name)}: ")
            + _formatted(inner, indent=indent + 2, column=indent + 2 + len(key))
            for name, inner in value.items()
        ]
        begin, end = "{", "}"
    return f"{begin}\n" + ",\n".join(pad + item for item in items) + f"\n{' ' * indent}{end}"


def _asyncapi() -> str:
    document = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tocsin",
            "version": "1.0.0",
            "description": "The topics of Tocsin. Names carry the prefix of the installation "
            "(TOCSIN_TOPIC_PREFIX, `tocsin.` by default). Every record is one CloudEvent in "
            "structured JSON mode.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {topic.value: _channel(topic) for topic in TOPICS},
        "operations": {
            name: {
                "action": action,
                "channel": {"$ref": f"#/channels/{topic}"},
                "summary": summary,
            }
            for name, (action, topic, summary) in OPERATIONS.items()
        },
        "components": {
            "messages": {_message_name(each): _message(each) for each in EVENT_TYPES.values()}
        },
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def _channel(topic: EventTopic) -> dict[str, Any]:
    names = [_message_name(each) for each in EVENT_TYPES.values() if each.topic is topic]
    return {
        "address": f"tocsin.{topic}",
        "description": TOPICS[topic],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {"kafka": {"partitions": PARTITIONS, "bindingVersion": BINDING_VERSION}},
    }


def _message_name(event_type: EventType) -> str:
    return event_type.data.__name__


def _message(event_type: EventType) -> dict[str, Any]:
    schema_file = schema_file_of(event_type.name).relative_to(SCHEMAS)
    key = {"type": "string", "description": "the borrower id"}
    if event_type.to_every_partition:
        key = {"type": "null", "description": "no key; written to every partition"}
    return {
        "name": event_type.name,
        "summary": schemas.event_schema(event_type)["description"],
        "contentType": CONTENT_TYPE,
        "payload": {"$ref": f"./{schema_file.as_posix()}"},
        "bindings": {"kafka": {"key": key, "bindingVersion": BINDING_VERSION}},
    }


def write() -> None:
    """Writes all documents."""
    for path, text in documents().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
