"""The rulebooks that were activated along a ledger, compiled as this reader finds them."""

from hashlib import sha256

from services.cli.errors import CommandError
from services.scoring.adapters.rulebook_reader import read_text
from services.scoring.domain.events.control import RulebookActivated
from services.scoring.domain.rulebook.rulebook import Rulebook


class Books:
    """Finds the rulebook of an activation among the stored documents."""

    def __init__(self, documents: dict[tuple[str, str], bytes]) -> None:
        self._documents = documents
        self._compiled: dict[tuple[str, str], Rulebook] = {}

    def find(self, activation: RulebookActivated) -> Rulebook:
        """Return the rulebook that the ledger names.

        Raises:
            CommandError: If it is not stored, or its text is not the one that was activated.
        """
        key = activation.name, activation.version
        document = self._documents.get(key)
        found = "" if document is None else f"sha256:{sha256(document).hexdigest()}"
        if document is None or found != activation.digest:
            what = "has another text" if document is not None else "is not stored"
            raise CommandError(
                f"Rulebook {key[0]} {key[1]} was activated as {activation.digest} and {what}.",
                remedy="See docs/runbook.md, 'partition stopped: reference missing'.",
            )
        if key not in self._compiled:
            self._compiled[key] = read_text(document.decode())
        return self._compiled[key]
