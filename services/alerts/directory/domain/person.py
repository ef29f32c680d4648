"""The person on whose behalf a use case runs; HTTP makes it from the API key."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person who reads or handles alerts; the history names them by `id`.

    An officer sees the alerts that they own and those of their own borrowers. `sees_everything`
    (seniors, risk, workout, auditors, operators) removes that restriction.
    """

    id: str
    officer_id: str | None
    sees_everything: bool

    @property
    def scope_officer_id(self) -> str | None:
        """Returns the officer whose alerts the person may see; None for all alerts."""
        return None if self.sees_everything else (self.officer_id or "")
