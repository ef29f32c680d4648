"""Lists the files that are made from the code: reference pages and the schemas of YAML files."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.reference import commands, events, http, indicators, metrics, people, rulebook, settings
from tests.stories import page as stories

ROOT: Final = Path(__file__).resolve().parents[2]
REFERENCE: Final = ROOT / "docs" / "reference"
INDICATORS: Final = REFERENCE / "indicators"
PAGES: Final[dict[Path, Callable[[], str]]] = {
    REFERENCE / "commands.md": commands.page,
    REFERENCE / "event-types.md": events.page,
    REFERENCE / "http.md": http.page,
    REFERENCE / "metrics.md": metrics.page,
    REFERENCE / "people.md": people.page,
    REFERENCE / "rulebook-fields.md": rulebook.page,
    REFERENCE / "settings.md": settings.page,
    ROOT / "docs" / "stories.md": stories.document,
    ROOT / "schemas" / "rulebook" / "v1.schema.json": rulebook.schema_text,
    ROOT / "schemas" / "people" / "v1.schema.json": people.schema_text,
    **{INDICATORS / name: page for name, page in indicators.pages().items()},
}
