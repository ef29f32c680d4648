"""What an input looks like on its way to being an event: decoded and mapped, not yet judged."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]

_ENTRY = re.compile(r"/[0-9]+(?=/|$)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A CloudEvent in the making.

    Attributes:
        document: The event as a JSON object; `subject` is absent when only the account is known.
        account_id: The account by which the borrower can be found.
        origins: Which expression of a mapping filled (or failed to fill) a place, by JSON pointer;
            `*` stands for the number of an entry in a list.
    """

    document: Document
    account_id: str | None = None
    origins: Mapping[str, str] = field(default_factory=dict)

    @property
    def subject(self) -> str | None:
        """The borrower, where the input names it."""
        return text_or_none(self.document.get("subject"))

    def origin_of(self, pointer: str) -> str | None:
        """Return which expression of a mapping filled a place, if a mapping made the event."""
        return self.origins.get(pointer) or self.origins.get(_ENTRY.sub("/*", pointer))

    def told(self, borrower_id: str) -> "Candidate":
        """Return the candidate with its borrower filled in."""
        return Candidate(
            document={**self.document, "subject": borrower_id},
            account_id=self.account_id,
            origins=self.origins,
        )


def text_or_none(value: object) -> str | None:
    """Return a text that says something, None for anything else."""
    return value if isinstance(value, str) and value else None
