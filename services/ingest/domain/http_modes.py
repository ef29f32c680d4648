"""CloudEvents over HTTP: in the structured mode the body is the event, in the binary mode its data.

In the binary mode each attribute is a header `ce-<name>`. Header values are texts, so `sequence`,
which is an integer in the envelope, is read from its digits.
"""

import re
from collections.abc import Sequence
from urllib.parse import unquote

from services.ingest.domain.candidate import Document
from services.ingest.domain.reasons import Refusal, RefusalReason

_PREFIX = "ce-"
_DIGITS = re.compile(r"[0-9]{1,19}", re.ASCII)


def is_binary(headers: Sequence[tuple[str, str]]) -> bool:
    """Returns whether the event is in the binary mode."""
    return any(name.lower() == "ce-specversion" for name, _ in headers)


def cloud_event_of(body: object, *, headers: Sequence[tuple[str, str]] = ()) -> Document | Refusal:
    """Returns the event as one JSON object, in either mode."""
    if not headers or not is_binary(headers):
        if isinstance(body, dict):
            return body
        return Refusal(
            reason=RefusalReason.NOT_AN_OBJECT, pointer="", detail="an event is one JSON object"
        )
    document: Document = {"data": body}
    for name, value in headers:
        attribute = name.lower().removeprefix(_PREFIX)
        if attribute == name.lower():
            continue
        if attribute in document:
            return Refusal(
                reason=RefusalReason.INVALID_ATTRIBUTE,
                pointer=f"/{attribute}",
                detail=f"the header {name} is sent twice, or names the body; send it once",
            )
        document[attribute] = _value(attribute, value)
    return document


def _value(attribute: str, value: str) -> str | int:
    if attribute == "sequence" and _DIGITS.fullmatch(value):
        return int(value)
    return unquote(value)
