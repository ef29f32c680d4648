"""Who is asking. The HTTP door makes a `Person` from the API key or token."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who reads or handles alerts.

    An officer sees the alerts that they own and those of their own borrowers; with
    `sees_everything` (seniors, risk, workout, auditors, operators) the officer id does not
    narrow anything.
    """

    name: str
    officer_id: str | None
    sees_everything: bool

    @property
    def scope_officer_id(self) -> str | None:
        """Return the officer to whom everything read is narrowed; None for no narrowing."""
        return None if self.sees_everything else (self.officer_id or "")
