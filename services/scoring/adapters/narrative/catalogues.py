"""The message catalogues of explanations: one gettext file per language.

Message ids are keys, not English text, so English is a catalogue like the others and a changed
wording breaks no translation. The .po files are the only source; they are compiled in memory.
"""

import gettext
from enum import StrEnum
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

DIRECTORY: Final = Path(__file__).resolve().parent / "catalogues"


class Language(StrEnum):
    """The languages in which a judgement can be explained."""

    ENGLISH = "en"
    SPANISH = "es"
    CHINESE = "zh"


def read_catalogue(language: Language) -> Catalog:
    """Return the catalogue as it is written."""
    with (DIRECTORY / f"{language.value}.po").open("rb") as source:
        return read_po(source)


class Messages:
    """The messages of one language."""

    def __init__(self, translations: gettext.NullTranslations) -> None:
        self._translations = translations

    def has(self, key: str) -> bool:
        """Return whether the catalogue holds the message."""
        return self._translations.gettext(key) != key

    def say(self, key: str, **figures: str) -> str:
        """Return the message with its placeholders filled in.

        Raises:
            LookupError: If the catalogue does not hold it.
        """
        text = self._translations.gettext(key)
        if text == key:
            raise LookupError(f"no message {key!r}; add it to every file in {DIRECTORY.name}/")
        return text.format(**figures)


@cache
def messages_in(language: Language) -> Messages:
    """Return the messages of a language; read once."""
    compiled = BytesIO()
    write_mo(compiled, read_catalogue(language))
    compiled.seek(0)
    return Messages(gettext.GNUTranslations(compiled))
