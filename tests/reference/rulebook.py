"""Writes the JSON Schema of a rulebook and docs/reference/rulebook-fields.md from its document."""

import json
from typing import Any, Final

import msgspec
from pydantic.json_schema import GenerateJsonSchema

from services.scoring.adapters.pd_model import PdModelDocument
from services.scoring.adapters.rulebook_document import RulebookDocument
from services.scoring.adapters.rulebook_values import Json

# The sections of the document, in the order of the page.
SECTIONS: Final = {
    "RulebookDocument": "The document",
    "ToleranceSection": "tolerance",
    "MaterialitySection": "materiality",
    "CountingSection": "counting",
    "CutsSection": "cuts, by segment and data profile",
    "StatesSection": "states",
    "EntryRuleSection": "states.entry, a list",
    "ExitRuleSection": "states.exit, a list",
    "ForbearanceSection": "states.forbearance",
    "RatioIndicator": "indicators, by id",
    "OverlaySection": "overlays, a list",
    "SecondOpinionSection": "second_opinion",
}


class EditorSchema(GenerateJsonSchema):
    """Leaves out titles, and that null means absent: an editor does not need them."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def nullable_schema(self, schema: Any) -> Json:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: Any) -> Json:
        inner = super().default_schema(schema)
        return {name: value for name, value in inner.items() if (name, value) != ("default", None)}

    def dict_schema(self, schema: Any) -> Json:
        names = self.generate_inner(schema["keys_schema"])
        return {**super().dict_schema(schema), "propertyNames": names}


def schema() -> Json:
    """Return the JSON Schema of a rulebook."""
    document = RulebookDocument.model_json_schema(schema_generator=EditorSchema)
    _, models = msgspec.json.schema_components([PdModelDocument], ref_template="#/$defs/{name}")
    # A model's figures may be written as text: the reader keeps all numbers of YAML as written.
    text = json.dumps(models).replace('"type": "number"', '"type": ["number", "string"]')
    sections = document["$defs"] | json.loads(text)
    roles = sections["SecondOpinionSection"]["properties"]
    for role in roles:
        roles[role] = {"$ref": f"#/$defs/{PdModelDocument.__name__}"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:tocsin:schema:rulebook:v1",
        **document,
        "$defs": dict(sorted(sections.items())),
    }


def schema_text() -> str:
    """Return schemas/rulebook/v1.schema.json."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def page() -> str:
    """Return docs/reference/rulebook-fields.md: each field with its form, default and meaning."""
    document = schema()
    lines = [
        "# Rulebook fields",
        "",
        "[Rulebooks](rulebook.md) explains what the fields do together, and the "
        "[pages of the indicators](indicators/README.md) list their components and units.",
        "",
        "This page is made by `python -m tests.reference` from the code and compared with it by a "
        "test.",
    ]
    for name, title in SECTIONS.items():
        section = document if name == RulebookDocument.__name__ else document["$defs"][name]
        lines += ["", f"## {title}", "", section["description"], ""]
        lines += ["| field | written as | default | meaning |", "|---|---|---|---|"]
        required = section.get("required", ())
        lines += [
            _row(field, each, is_required=field in required)
            for field, each in section["properties"].items()
        ]
    return "\n".join(lines) + "\n"


def _row(name: str, field: Json, *, is_required: bool) -> str:
    default = "required" if is_required else _default(field.get("default", ""))
    return f"| `{name}` | {_form(field)} | {default} | {field.get('description', '')} |"


def _default(value: object) -> str:
    return "" if value in ("", {}, []) else f"`{json.dumps(value)}`"


def _form(field: Json) -> str:
    """Return how a value is written."""
    if "enum" in field:
        return ", ".join(field["enum"])
    if "$ref" in field:
        return "PD model" if field["$ref"].endswith(PdModelDocument.__name__) else "section"
    kind = field.get("type", "text")
    if kind == "array":
        return f"list: {_form(field['items'])}"
    if kind == "object":
        return "mapping"
    if kind == ["number", "string"]:
        return f"number from 0 to {field['maximum']}"
    if kind == "integer":
        return f"whole number from {field['minimum']}"
    return {"boolean": "true, false"}.get(str(kind), "text")
