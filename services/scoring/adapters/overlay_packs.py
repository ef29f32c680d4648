"""Overlays that ship as examples, and how they are written into a rulebook.

Called by `tocsin rulebook include`. Must stay true: what is activated is one text with everything
in it, so an overlay is written into the rulebook and never referred to.
"""

import re
from pathlib import Path
from typing import Final

from services.scoring.adapters.rulebook_fields import RulebookError

PACKS: Final = Path(__file__).resolve().parents[1] / "rulebooks" / "overlays"
_BEGINNING: Final = re.compile(r"^overlays:[ \t]*\n", re.MULTILINE)
_ANY: Final = re.compile(r"^overlays:", re.MULTILINE)


def shipped_packs() -> list[str]:
    """Return the names of the overlays that ship with the product."""
    return sorted(path.stem for path in PACKS.glob("*.yaml"))


def with_overlays(text: str, names: list[str]) -> str:
    """Return a rulebook's text with overlays written into it; the rest stays as it is.

    Args:
        names: Shipped names, or YAML files that hold a list of overlays.

    Raises:
        RulebookError: If one is not found, or the rulebook's overlays are on one line.
    """
    block = "\n".join(_indented(_read(name)) for name in names)
    found = _BEGINNING.search(text)
    if found is not None:
        return f"{text[: found.end()]}{block}\n{text[found.end() :]}"
    if _ANY.search(text):
        raise RulebookError("overlays", ["write one overlay a line below `overlays:`"])
    return f"{text.rstrip()}\n\noverlays:\n{block}\n"


def _read(name: str) -> str:
    path = PACKS / f"{name}.yaml" if name in shipped_packs() else Path(name)
    if not path.is_file():
        shipped = ", ".join(shipped_packs())
        raise RulebookError(name, [f"no such file, and no shipped overlay ({shipped})"])
    return path.read_text(encoding="utf-8")


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" if line else "" for line in text.rstrip().splitlines())
