"""Summarises the schemas, and lists the changes that break a reader or a writer.

`python -m tests.contract.compatibility` writes the summary of the present schemas to
`schemas/released.json`. Run it at a release, and review the difference.
"""

import json
from pathlib import Path
from typing import Any

from .catalogue import SCHEMAS, schema_files, type_of

RELEASED = SCHEMAS / "released.json"
Summary = dict[str, dict[str, Any]]


def summary() -> dict[str, Summary]:
    """Returns the fields of each event type by their paths, with type and whether required."""
    types: dict[str, Summary] = {}
    for path in schema_files():
        document = json.loads(path.read_text(encoding="utf-8"))
        fields: Summary = {}
        _collect(document, document, path.parent, "", fields)
        types[type_of(path)] = dict(sorted(fields.items()))
    return types


def breaks(released: dict[str, Summary], now: dict[str, Summary]) -> list[str]:
    """Returns the changes that break a reader or a writer of the released schemas."""
    changes = [f"{name}: the type is gone" for name in released.keys() - now.keys()]
    for name in released.keys() & now.keys():
        old, new = released[name], now[name]
        changes += [f"{name}{path}: the field is gone" for path in old.keys() - new.keys()]
        changes += [
            f"{name}{path}: a new field is required"
            for path in new.keys() - old.keys()
            if new[path]["required"] and (_parent(path) in old or _parent(path) not in new)
        ]
        for path in old.keys() & new.keys():
            changes += [f"{name}{path}: {fault}" for fault in _changes(old[path], new[path])]
    return sorted(changes)


def _parent(path: str) -> str:
    """Returns the path of the object of a field; a new object may have required fields."""
    return path.rpartition("/")[0].removesuffix("/*")


def _changes(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    changes = []
    if new["required"] and not old["required"]:
        changes.append("is required now and was not")
    if old["holds"] != new["holds"]:
        changes.append(f"held {old['holds']}, holds {new['holds']}")
    gone = sorted(str(word) for word in old["words"] if word not in new["words"])
    if old["words"] and gone:
        changes.append(f"no longer takes {', '.join(gone)}")
    if new["words"] and not old["words"]:
        changes.append("takes only some words now")
    return changes


def _collect(
    node: dict[str, Any], document: dict[str, Any], folder: Path, path: str, fields: Summary
) -> None:
    node, document, folder = _followed(node, document, folder)
    for part in node.get("allOf", ()):
        _collect(part, document, folder, path, fields)
    required = node.get("required", ())
    for name, inner in node.get("properties", {}).items():
        here = f"{path}/{name}"
        known = fields.setdefault(here, {"required": False, "holds": "", "words": []})
        known["required"] = known["required"] or name in required
        known["holds"] = _holds(inner) or known["holds"]
        known["words"] = inner.get("enum", known["words"])
        _collect(inner, document, folder, here, fields)
    if isinstance(node.get("items"), dict):
        _collect(node["items"], document, folder, f"{path}/*", fields)


def _followed(
    node: dict[str, Any], document: dict[str, Any], folder: Path
) -> tuple[dict[str, Any], dict[str, Any], Path]:
    while "$ref" in node:
        file, _, pointer = node["$ref"].partition("#")
        if file:
            target = (folder / file).resolve()
            document, folder = json.loads(target.read_text(encoding="utf-8")), target.parent
        node = document
        for step in pointer.split("/")[1:]:
            node = node[step]
    return node, document, folder


def _holds(node: dict[str, Any]) -> str:
    if "$ref" in node:
        return str(node["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in node:
        return " or ".join(_holds(part) for part in node["anyOf"])
    if "enum" in node or "const" in node:
        return "words"
    return json.dumps(node.get("type", "")).strip('"')


def written(released: dict[str, Summary]) -> str:
    """Returns the summary as JSON with one line for each field, so that a diff is readable."""
    types = []
    for name, fields in released.items():
        lines = [f"  {json.dumps(path)}: {json.dumps(field)}" for path, field in fields.items()]
        types.append(f"{json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(types) + "\n}\n"


if __name__ == "__main__":
    RELEASED.write_text(written(summary()), encoding="utf-8")
