"""CloudEvents over HTTP: the structured mode has all in the body, the binary mode in headers.

In the binary mode the body is `data`, and each attribute is a header `ce-<name>`. Header values are
texts, so `sequence`, which is an integer in our envelope, is read from its digits.
"""

import re
from collections.abc import Sequence
from urllib.parse import unquote

from services.ingest.domain.candidate import Document
from services.ingest.domain.reasons import Reason, Refusal

_PREFIX = "ce-"
_DIGITS = re.compile(r"[0-9]{1,19}", re.ASCII)


def is_binary(headers: Sequence[tuple[str, str]]) -> bool:
    """Return whether headers say that the event is in the binary mode."""
    return any(name.lower() == "ce-specversion" for name, _ in headers)


def cloud_event_of(body: object, *, headers: Sequence[tuple[str, str]] = ()) -> Document | Refusal:
    """Return the event as one JSON object, whichever mode it came in."""
    if not headers or not is_binary(headers):
        if isinstance(body, dict):
            return body
        return Refusal(
            reason=Reason.NOT_AN_OBJECT, pointer="", detail="an event is one JSON object"
        )
    document: Document = {"data": body}
    for name, value in headers:
        attribute = name.lower().removeprefix(_PREFIX)
        if attribute == name.lower():
            continue
        if attribute in document:
            return Refusal(
                reason=Reason.INVALID_ATTRIBUTE,
                pointer=f"/{attribute}",
                detail=f"the header {name} stands twice, or names the body; send it once",
            )
        document[attribute] = _value(attribute, value)
    return document


def _value(attribute: str, value: str) -> str | int:
    if attribute == "sequence" and _DIGITS.fullmatch(value):
        return int(value)
    return unquote(value)
