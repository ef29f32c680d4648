"""The message catalogues of explanations: one gettext file per language.

Message ids are keys, not English text, so a changed wording breaks no translation. The .po files
are compiled in memory. In English an indicator's name is the declared one, which an event carries,
and its sentences are in `indicator_texts.yaml` with its meaning.
"""

import gettext
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from services.wording.indicator_texts import read_texts

DIRECTORY: Final = Path(__file__).resolve().parent / "catalogues"


class Language(StrEnum):
    """The languages in which an assessment can be explained."""

    ENGLISH = "en"
    SPANISH = "es"
    CHINESE = "zh"


def read_catalogue(language: Language) -> Catalog:
    """Returns the catalogue as it is written."""
    with (DIRECTORY / f"{language.value}.po").open("rb") as source:
        catalogue = read_po(source)
    if language is Language.ENGLISH:
        for key, text in _indicator_sentences():
            catalogue.add(key, text)
    return catalogue


def _indicator_sentences() -> Iterator[tuple[str, str]]:
    for indicator, text in read_texts().items():
        for component, sentence in text.sentences.items():
            yield f"indicator.{indicator}.{component}", sentence


class Messages:
    """The messages of one language."""

    def __init__(self, translations: gettext.NullTranslations) -> None:
        self._translations = translations

    def has(self, key: str) -> bool:
        """Returns whether the catalogue has the message."""
        return self._translations.gettext(key) != key

    def indicator_name(self, indicator: str, declared: str) -> str:
        """Returns the name of an indicator; ``declared`` is its name in English."""
        key = f"indicator.{indicator}.name"
        return self.text(key) if self.has(key) else declared

    def text(self, key: str, **figures: str) -> str:
        """Returns the message with its placeholders filled in.

        Raises:
            LookupError: If the catalogue does not have it.
        """
        message = self._translations.gettext(key)
        if message == key:
            raise LookupError(f"no message {key!r}; add it to every file in {DIRECTORY.name}/")
        return message.format(**figures)


@cache
def messages_in(language: Language) -> Messages:
    """Returns the messages of a language; they are read once."""
    compiled = BytesIO()
    write_mo(compiled, read_catalogue(language))
    compiled.seek(0)
    return Messages(gettext.GNUTranslations(compiled))
