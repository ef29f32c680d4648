"""Change a rulebook's text in one place, so that its comments stay."""

import re
from typing import Final

_VERSION: Final = re.compile(r"^version:.*$", re.MULTILINE)


def with_version(text: str, version: str) -> str:
    """Return the rulebook's text under another version.

    Raises:
        ValueError: If the text has no ``version:`` at the start of a line.
    """
    replaced, count = _VERSION.subn(lambda _: f'version: "{version}"', text, count=1)
    if count == 0:
        raise ValueError("the rulebook has no version: at the start of a line")
    return replaced
