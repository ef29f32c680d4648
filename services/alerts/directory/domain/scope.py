"""Whose borrowers a person may see. What they may not see does not exist for them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The borrowers that a person may see, with their alerts, figures and events.

    They are those of some officers and branches, and those with an alert that one of the officers
    or of the queues owns.

    Attributes:
        everything: All borrowers; the other attributes do not matter then.
        officer_ids: The officers that the person is or stands in for.
        branch_ids: The branches that the person is responsible for.
        queue_ids: The queues that the person works on.
    """

    everything: bool = False
    officer_ids: frozenset[str] = frozenset()
    branch_ids: frozenset[str] = frozenset()
    queue_ids: frozenset[str] = frozenset()


EVERYTHING = Scope(everything=True)
