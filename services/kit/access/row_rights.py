"""Row rights: whose borrowers a person reads besides their own.

The directory of people writes them when it is activated: an officer who stands in for another, a
branch that a senior is responsible for, a queue that a person works on. Every service reads them
with the caller, so that all of them answer alike, and within seconds of a change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.kit.access.queries import Queries


class RightKind(StrEnum):
    """What a right names: an officer, a branch, or a queue of alerts."""

    OFFICER = "OFFICER"
    BRANCH = "BRANCH"
    QUEUE = "QUEUE"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRight:
    """A right of a person on the borrowers of an officer or a branch, or the alerts of a queue.

    Attributes:
        begins_at: None: at once.
        ends_at: The first moment without it; None: never.
        reason: Where it comes from, for people who review access.
    """

    person_id: str
    kind: RightKind
    granted_id: str
    reason: str
    begins_at: datetime | None = None
    ends_at: datetime | None = None

    def is_valid(self, at: datetime) -> bool:
        """Returns whether the right counts at a moment."""
        return (self.begins_at is None or self.begins_at <= at) and (
            self.ends_at is None or at < self.ends_at
        )


def granted(rights: Sequence[RowRight], *, at: datetime) -> dict[RightKind, frozenset[str]]:
    """Returns the ids that the valid rights of a person name, by kind."""
    return {
        kind: frozenset(
            right.granted_id for right in rights if right.kind is kind and right.is_valid(at)
        )
        for kind in RightKind
    }


async def of_person(queries: Queries, person_id: str) -> tuple[RowRight, ...]:
    """Returns the rights of a person, past and future ones included."""
    rows = await queries.fetch(
        """SELECT person_id, kind, granted_id, reason, begins_at, ends_at
             FROM access.row_right WHERE person_id = $1""",
        person_id,
    )
    return tuple(RowRight(**{**dict(row), "kind": RightKind(row["kind"])}) for row in rows)


async def replace_all(queries: Queries, rights: Sequence[RowRight]) -> None:
    """Replaces the rights of everybody; call it in the transaction that activates a directory."""
    await queries.execute("DELETE FROM access.row_right")
    await queries.execute(
        """INSERT INTO access.row_right
                  (person_id, kind, granted_id, reason, begins_at, ends_at)
           SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[],
                                $5::timestamptz[], $6::timestamptz[])""",
        [right.person_id for right in rights],
        [right.kind.value for right in rights],
        [right.granted_id for right in rights],
        [right.reason for right in rights],
        [right.begins_at for right in rights],
        [right.ends_at for right in rights],
    )
