"""Lists the pages that are made from the code."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.reference import commands, events, http, metrics, settings

REFERENCE: Final = Path(__file__).resolve().parents[2] / "docs" / "reference"
PAGES: Final[dict[Path, Callable[[], str]]] = {
    REFERENCE / "commands.md": commands.page,
    REFERENCE / "event-types.md": events.page,
    REFERENCE / "http.md": http.page,
    REFERENCE / "metrics.md": metrics.page,
    REFERENCE / "settings.md": settings.page,
}
