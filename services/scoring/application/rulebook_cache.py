"""Finds the rulebooks that the log names; each is compiled once.

The worker and the as-of queries read them from the database, `tocsin score` from files. Must stay
true: a rulebook is found only if its text is the one that was activated, by its SHA-256; and in the
database only if two people approved it.
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
    """The store of activated documents."""

    async def activated(
        self, connection: Connection, *, known: Iterable[Name]
    ) -> list[RulebookText]:
        """Returns the documents that were ever activated, without those known already."""
        ...


class RulebookCache:
    """Finds rulebooks for a timeline; safe to use from several threads.

    Args:
        read: Compiles a document.
        texts: The store to refresh from; without one, only what was added is found.
    """

    def __init__(self, read: Callable[[str], Rulebook], texts: RulebookTexts | None = None) -> None:
        self._read = read
        self._store = texts
        self._texts: dict[Name, RulebookText] = {}
        self._compiled: dict[Name, Rulebook] = {}
        self._lock = Lock()

    def add(self, text: RulebookText) -> None:
        """Adds a document; it is compiled at its first use."""
        self._texts[text.name, text.version] = text

    async def refresh(self, connection: Connection) -> None:
        """Reads the documents that were activated since the last time."""
        if self._store is not None:
            for text in await self._store.activated(connection, known=list(self._texts)):
                self.add(text)

    def find(self, activation: RulebookActivated) -> Rulebook:
        """Returns the rulebook that an activation names.

        Raises:
            UnknownRulebook: If it is not stored, or its text is not the one that was activated.
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
