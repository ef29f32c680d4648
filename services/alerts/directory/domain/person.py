"""The person on whose behalf a use case runs; HTTP makes it from the API key."""

from dataclasses import dataclass

from services.alerts.directory.domain.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person who reads or handles alerts; the history names them by `id`.

    Attributes:
        officer_id: The officer that the person is, as borrowers name them; None for others.
        scope: The borrowers that the person may see.
    """

    id: str
    officer_id: str | None
    scope: Scope
