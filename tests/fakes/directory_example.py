"""The directory of the how-to, as text, and edits of it."""

import textwrap
from pathlib import Path

HOW_TO = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "set-up-people.md"


def example() -> str:
    """Returns the YAML of docs/how-to/set-up-people.md."""
    block = HOW_TO.read_text(encoding="utf-8").split("```yaml\n")[1].split("   ```")[0]
    return textwrap.dedent(block)
