"""JSON Schemas of all events, made from the Structs.

`violations.py` lists the violations of a refused event by them. `schemas/` has golden copies for
readers in any language, written by `make schemas` and reviewed as diffs.
A field's description is the comment `#:` behind it.
"""

import ast
import inspect
import re
import types
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Meta, Struct, UnsetType
from typing_extensions import get_type_hints

from services.contracts import envelope, fields
from services.contracts.envelope import EVERYBODY, CloudEvent
from services.contracts.registry import EVERY_CORRECTION, EventType

Schema = dict[str, Any]

SHARED: Final = "../../../shared/"
_PLAIN: Final[dict[Any, Schema]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    date: {"type": "string"},
    datetime: {"type": "string"},
    types.NoneType: {"type": "null"},
}
_LIMITS: Final = {"ge": "minimum", "le": "maximum"}
_TEXT_LIMITS: Final = {"min_length": "minLength", "max_length": "maxLength"}
_LIST_LIMITS: Final = {"min_length": "minItems", "max_length": "maxItems"}
_DOC_COMMENT = re.compile(r"#: (.+)$", re.MULTILINE)


def types_schema() -> Schema:
    """Returns the small types that all events share."""
    small = {
        meta.title: _constrained(get_args(hint)[0], meta)
        for hint in vars(fields).values()
        if get_origin(hint) is Annotated and (meta := get_args(hint)[1]).title
    }
    return {
        "title": "The small types of event data",
        "description": "Every event refers to them: a change here is a change of every event, "
        "so only loosen, never tighten.",
        "$defs": {name: small[name] for name in small},
    }


def envelope_schema() -> Schema:
    """Returns the envelope, which all events share."""
    document = _Document(types_at="types.json")
    envelope_object = document.object_of(CloudEvent)
    return {
        "title": "The envelope of every event",
        **envelope_object,
        "description": "CloudEvents 1.0 in structured JSON. Unknown extension attributes are "
        "allowed and kept.",
        "required": ["specversion", *envelope_object["required"]],
        "dependentRequired": {
            "correctsid": ["correctionkind"],
            "correctionkind": ["correctsid"],
        },
        "propertyNames": {"pattern": f"^{envelope.EXTENSION_NAME}$"},
        "additionalProperties": {
            "type": ["string", "integer", "boolean"],
            "maxLength": envelope.MAX_EXTENSION_CHARACTERS,
            "description": "An extension attribute.",
        },
    }


def event_schema(event_type: EventType) -> Schema:
    """Returns the schema of one event type, envelope included."""
    name, _, version = event_type.name.rpartition(".v")
    document = _Document(types_at=f"{SHARED}types.json")
    properties: Schema = {
        "type": {"const": event_type.name},
        "subject": {"const": EVERYBODY}
        if event_type.to_every_partition
        else {"not": {"const": EVERYBODY}},
    }
    schema: Schema = {
        "title": f"{name}, version {version}",
        "description": _first_line(event_type.data),
        "allOf": [{"$ref": f"{SHARED}envelope.json"}],
        "properties": properties,
    }
    if event_type.must_correct:
        schema["required"] = ["correctsid", "correctionkind"]
        properties["correctsid"] = {"description": "The event that is taken back."}
    if len(event_type.corrections) < len(EVERY_CORRECTION):
        properties["correctionkind"] = {"enum": list(event_type.corrections)}
    properties["data"] = document.object_of(event_type.data)
    del properties["data"]["description"]
    if document.objects:
        schema["$defs"] = document.objects
    return schema


def inlined_schema(struct: type[Struct]) -> Schema:
    """Returns the schema of a Struct without references, for a document of another kind."""
    return _Document(types_at=None).object_of(struct)


class _Document:
    """One schema file in the making; collects the objects that its fields refer to.

    Without a file of the small types nothing is referred to.
    """

    def __init__(self, *, types_at: str | None) -> None:
        self._types_at = types_at
        self.objects: dict[str, Schema] = {}

    def object_of(self, struct: type[Struct]) -> Schema:
        """Returns the schema of a Struct."""
        hints, described = get_type_hints(struct, include_extras=True), descriptions(struct)
        members = msgspec.structs.fields(struct)
        return {
            "type": "object",
            "description": _first_line(struct),
            "required": [member.encode_name for member in members if member.required],
            "properties": {
                member.encode_name: {
                    **self.schema_of(hints[member.name]),
                    "description": described.get(member.name, ""),
                }
                for member in members
            },
        }

    def schema_of(self, hint: Any) -> Schema:
        """Returns the schema of a field's type."""
        origin, parts = get_origin(hint), get_args(hint)
        if origin is Annotated:
            return self._annotated(*parts)
        if origin in (Union, types.UnionType):
            return self._union_of([part for part in parts if part is not UnsetType])
        if origin is Literal:
            return {"const": parts[0]} if len(parts) == 1 else {"enum": list(parts)}
        if origin is list:
            return {"type": "array", "items": self.schema_of(parts[0])}
        if origin is dict:
            return self._mapping_of(*parts)
        if isinstance(hint, TypeVar):
            return {"type": "object"}
        if hint in _PLAIN:
            return dict(_PLAIN[hint])
        return self._reference_to(hint)

    def _annotated(self, base: Any, meta: Meta) -> Schema:
        if meta.title and self._types_at is not None:
            return {"$ref": f"{self._types_at}#/$defs/{meta.title}"}
        return {**self.schema_of(base), **_constrained(base, meta)}

    def _union_of(self, parts: list[Any]) -> Schema:
        if len(parts) == 1:
            return self.schema_of(parts[0])
        return {"anyOf": [self.schema_of(part) for part in parts]}

    def _mapping_of(self, key: Any, value: Any) -> Schema:
        names = {} if key is str else {"propertyNames": self.schema_of(key)}
        return {"type": "object", **names, "additionalProperties": self.schema_of(value)}

    def _reference_to(self, struct: type[Struct]) -> Schema:
        if self._types_at is None:
            return self.object_of(struct)
        name = struct.__name__.removesuffix("V1")
        name = name[0].lower() + name[1:]
        if name not in self.objects:
            self.objects[name] = {}  # now, so that the order is that of mention
            self.objects[name] = self.object_of(struct)
        return {"$ref": f"#/$defs/{name}"}


def _constrained(base: Any, meta: Meta) -> Schema:
    lengths = _LIST_LIMITS if get_origin(base) is list else _TEXT_LIMITS
    if meta.pattern is not None:
        lengths = {}
    schema = dict(_PLAIN.get(base, {}))
    for name, keyword in {**_LIMITS, **lengths, "pattern": "pattern"}.items():
        limit = getattr(meta, name)
        if limit is not None:
            schema[keyword] = limit
    schema |= meta.extra_json_schema or {}
    if "pattern" in schema:
        # ECMA 262 has no \Z, and its $ means the same.
        schema["pattern"] = schema["pattern"].replace(r"\Z", "$")
    return schema | ({"description": meta.description} if meta.description else {})


@cache
def descriptions(struct: type[Struct]) -> Mapping[str, str]:
    """Returns the comment `#:` behind each field of a Struct, those of its bases included."""
    comments: dict[str, str] = {}
    for holder in reversed(struct.__mro__):
        if issubclass(holder, Struct) and holder.__module__ != Struct.__module__:
            # Installed without its sources, a service still explains a refusal.
            with suppress(OSError):
                comments |= _doc_comments(inspect.getsource(holder))
    return comments


def _doc_comments(source: str) -> dict[str, str]:
    lines = source.splitlines()
    (struct,) = ast.parse(source).body
    assert isinstance(struct, ast.ClassDef)
    comments = {}
    for node in struct.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            comment = _DOC_COMMENT.search("\n".join(lines[node.lineno - 1 : node.end_lineno]))
            comments[node.target.id] = comment.group(1) if comment else ""
    return comments


def _first_line(struct: type[Struct]) -> str:
    return inspect.cleandoc(struct.__doc__ or "").split("\n", 1)[0]
