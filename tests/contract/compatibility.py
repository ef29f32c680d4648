"""Sums up what readers rely on, and tells what a change would break for them.

`python -m tests.contract.compatibility` writes the summary of today's schemas to
`schemas/released.json`; do that at a release, and review the difference.
"""

import json
from pathlib import Path
from typing import Any

from .catalogue import SCHEMAS, schema_files, type_of

RELEASED = SCHEMAS / "released.json"
Summary = dict[str, dict[str, Any]]


def summary() -> dict[str, Summary]:
    """Return, for each type, every field by its path: whether it is required, and what it holds."""
    found: dict[str, Summary] = {}
    for path in schema_files():
        document = json.loads(path.read_text(encoding="utf-8"))
        fields: Summary = {}
        _collect(document, document, path.parent, "", fields)
        found[type_of(path)] = dict(sorted(fields.items()))
    return found


def breaks(released: dict[str, Summary], now: dict[str, Summary]) -> list[str]:
    """Return what a reader or a writer of the released schemas would stumble over."""
    found = [f"{name}: the type is gone" for name in released.keys() - now.keys()]
    for name in released.keys() & now.keys():
        old, new = released[name], now[name]
        found += [f"{name}{path}: the field is gone" for path in old.keys() - new.keys()]
        found += [
            f"{name}{path}: a new field is required"
            for path in new.keys() - old.keys()
            if new[path]["required"] and (_holder(path) in old or _holder(path) not in new)
        ]
        for path in old.keys() & new.keys():
            found += [f"{name}{path}: {fault}" for fault in _changes(old[path], new[path])]
    return sorted(found)


def _holder(path: str) -> str:
    """Return the path of the object that holds a field: a new one may require what it likes."""
    return path.rpartition("/")[0].removesuffix("/*")


def _changes(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    found = []
    if new["required"] and not old["required"]:
        found.append("is required now and was not")
    if old["holds"] != new["holds"]:
        found.append(f"held {old['holds']}, holds {new['holds']}")
    gone = sorted(str(word) for word in old["words"] if word not in new["words"])
    if old["words"] and gone:
        found.append(f"no longer takes {', '.join(gone)}")
    if new["words"] and not old["words"]:
        found.append("takes only some words now")
    return found


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
        file, _, place = node["$ref"].partition("#")
        if file:
            target = (folder / file).resolve()
            document, folder = json.loads(target.read_text(encoding="utf-8")), target.parent
        node = document
        for step in place.split("/")[1:]:
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
    """Return the summary as JSON with one line for each field, so that a difference reads well."""
    types = []
    for name, fields in released.items():
        lines = [f"  {json.dumps(path)}: {json.dumps(field)}" for path, field in fields.items()]
        types.append(f"{json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(types) + "\n}\n"


if __name__ == "__main__":
    RELEASED.write_text(written(summary()), encoding="utf-8")
