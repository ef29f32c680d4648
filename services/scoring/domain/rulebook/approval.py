"""Decides who may take a rulebook from draft to activated: two people, one step at a time.

Pure decisions. The database enforces the same by its constraints, so that a second door into it is
no way around this one.
"""

from dataclasses import dataclass
from typing import Final

DRAFT: Final = "DRAFT"
PROPOSED: Final = "PROPOSED"
APPROVED: Final = "APPROVED"
ACTIVATED: Final = "ACTIVATED"
# Each step, and the status that it needs.
NEEDS: Final = {PROPOSED: DRAFT, APPROVED: PROPOSED, ACTIVATED: APPROVED}
# What was activated may be activated again: the way back to an earlier version.
AGAIN: Final = frozenset({ACTIVATED})


@dataclass(frozen=True, slots=True)
class Signatory:
    """A person as their key names them; ``officer_id`` is empty where the key is no officer's."""

    name: str
    key_id: str
    officer_id: str = ""

    def is_same_person(self, other: "Signatory") -> bool:
        """Return whether name, key or officer is the same: two keys may be one person's."""
        return (
            self.name == other.name
            or self.key_id == other.key_id
            or self.officer_id == other.officer_id != ""
        )


class NotNow(Exception):
    """The rulebook's status does not allow the step."""


class NotYou(Exception):
    """This person may not take the step in any role."""


def check_step(step: str, *, status: str, author: Signatory, actor: Signatory) -> None:
    """Let the step pass.

    Raises:
        NotNow: If another step comes first, or this one was taken already.
        NotYou: If the author would approve, or somebody else propose, the author's draft.
    """
    if status != NEEDS[step] and not (status == step and step in AGAIN):
        raise NotNow(f"The rulebook is {status}; {step} needs {NEEDS[step]}.")
    if step == PROPOSED and not actor.is_same_person(author):
        raise NotYou(f"Only {author.name}, who wrote the draft, may propose it.")
    if step == APPROVED and actor.is_same_person(author):
        raise NotYou("A second person approves; the author never does, with whatever key.")
