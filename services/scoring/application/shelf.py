"""The rulebooks that the log may name, read once and kept compiled.

Used by whoever builds a timeline: the worker and the as-of queries from the database, `tocsin
score` from files. Must stay true: what is found is the text that was activated, by its SHA-256; and
in the database only what two people let pass can be found at all.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock
from typing import Protocol

from services.kit.database import Connection
from services.scoring.domain.events.control import RulebookActivated
from services.scoring.domain.rulebook.rulebook import Rulebook
from services.scoring.domain.rulebook.timeline import UnknownRulebook

Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class RulebookText:
    """A rulebook's document under its name and version."""

    name: str
    version: str
    document: bytes


class RulebookTexts(Protocol):
    """Where the documents are kept."""

    async def activated(
        self, connection: Connection, *, known: Iterable[Name]
    ) -> list[RulebookText]:
        """Return the documents that were ever activated, without those known already."""
        ...


class Shelf:
    """Finds rulebooks for a timeline; safe to use from several threads."""

    def __init__(self, read: Callable[[str], Rulebook]) -> None:
        self._read = read
        self._texts: dict[Name, RulebookText] = {}
        self._compiled: dict[Name, Rulebook] = {}
        self._lock = Lock()

    def add(self, text: RulebookText) -> None:
        """Put a document on the shelf; it is compiled when it is first asked for."""
        self._texts[text.name, text.version] = text

    async def refresh(self, connection: Connection, texts: RulebookTexts) -> None:
        """Fetch what was activated since the last time."""
        for text in await texts.activated(connection, known=list(self._texts)):
            self.add(text)

    def find(self, activation: RulebookActivated) -> Rulebook:
        """Return the rulebook that an activation names.

        Raises:
            UnknownRulebook: If it is not here, or its text is not the one that was activated.
        """
        key = activation.name, activation.version
        title = f"rulebook {activation.name} {activation.version}"
        text = self._texts.get(key)
        if text is None:
            raise UnknownRulebook(f"{title} was activated and is not stored")
        digest = f"sha256:{sha256(text.document).hexdigest()}"
        if digest != activation.digest:
            raise UnknownRulebook(
                f"{title} was activated as {activation.digest}; the stored text is {digest}"
            )
        with self._lock:
            if key not in self._compiled:
                self._compiled[key] = self._read(text.document.decode())
            return self._compiled[key]
