"""A candidate: an input that is decoded and mapped, but not validated yet."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

Document = dict[str, Any]
Encode = Callable[[Document], bytes]
"""Returns canonical JSON."""

_INDEX = re.compile(r"/[0-9]+(?=/|$)", re.ASCII)
_NO_ORIGINS: Final[Mapping[str, str]] = MappingProxyType({})


class Candidate(NamedTuple):
    """A CloudEvent that is not validated yet.

    Attributes:
        document: The event as a JSON object; `subject` is absent when only the account is known.
        account_id: The account by which the borrower can be found.
        origins: The expression of the mapping that filled (or failed to fill) a field, by JSON
            pointer; `*` is the index of any item of a list.
        canonical: The canonical JSON of the document, where it is known; before normalisation
            only of a document that has neither null nor empty texts.
    """

    document: Document
    account_id: str | None = None
    origins: Mapping[str, str] = _NO_ORIGINS
    canonical: bytes | None = None

    @property
    def data(self) -> Document:
        """The event's data; an empty object where there is none."""
        data = self.document.get("data")
        return data if isinstance(data, dict) else {}

    def origin_of(self, pointer: str) -> str | None:
        """Returns the expression of the mapping that filled a field; None without a mapping."""
        return self.origins.get(pointer) or self.origins.get(_INDEX.sub("/*", pointer))

    def with_subject(self, borrower_id: str, *, encode: Encode) -> "Candidate":
        """Returns the candidate with its borrower filled in."""
        document = {**self.document, "subject": borrower_id}
        return Candidate(document, self.account_id, self.origins, encode(document))


def text_or_none(value: object) -> str | None:
    """Returns a text that is not empty, None for anything else."""
    return value if isinstance(value, str) and value else None
