"""Reads what is written by hand about each indicator, in English.

The pages of docs/reference/indicators and the English catalogue of explanations are made from it.
"""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

TEXTS: Final = Path(__file__).resolve().with_name("indicator_texts.yaml")


@dataclass(frozen=True, slots=True)
class IndicatorText:
    """What is written about one indicator.

    Attributes:
        sentences: The sentence about each component, in an explanation.
        example: A worked number: text, component and value in natural units.
        flags: For a yes/no component, the facts that make it amber, red or hard.
    """

    meaning: str
    sentences: dict[str, str]
    formula: str
    data: str
    gap: str
    why: str
    source: str
    example: dict[str, Any]
    flags: dict[str, dict[str, str]] = field(default_factory=dict)


@cache
def read_texts() -> dict[str, IndicatorText]:
    """Returns the texts by indicator."""
    rows = yaml.safe_load(TEXTS.read_text(encoding="utf-8"))
    return {indicator: IndicatorText(**row) for indicator, row in rows.items()}
