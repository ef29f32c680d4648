"""What differs between two versions of a directory, and which differences need a second person.

Documents are compared as plain values: mappings field by field, lists as a whole. One person may
change absences and how people are addressed; everything else moves duties, rights or deadlines.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

ONE_PERSON_FIELDS: Final = frozenset({"absences", "email", "language", "name"})
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryChange:
    """One field that differs; None on the side that does not have it.

    `person_id` is the person to whose entry it belongs, if it is one's.
    """

    path: str
    before: Any
    after: Any
    needs_two_people: bool
    person_id: str | None


def changes(
    before: Mapping[str, Any] | None, after: Mapping[str, Any]
) -> tuple[DirectoryChange, ...]:
    """Returns what differs between two documents, by path; None before the first directory."""
    old, new = dict(_fields(before or {}, ())), dict(_fields(after, ()))
    return tuple(
        DirectoryChange(
            path=".".join(path),
            before=old.get(path),
            after=new.get(path),
            needs_two_people=not _is_for_one_person(path),
            person_id=path[1] if path[0] == "people" and len(path) > 1 else None,
        )
        for path in sorted({*old, *new})
        if old.get(path) != new.get(path)
    )


def _is_for_one_person(path: Path) -> bool:
    """Returns whether one person may change a field.

    A person who comes or goes also has roles, so that such a change needs two.
    """
    return len(path) == 3 and path[0] == "people" and path[2] in ONE_PERSON_FIELDS


def _fields(value: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, Any]]:
    for name, inner in value.items():
        if isinstance(inner, Mapping) and inner:
            yield from _fields(inner, (*path, name))
        else:
            yield (*path, name), inner
