"""CloudEvents over HTTP: in the structured mode the body is the event, in the binary mode its data.

In the binary mode each attribute is a header `ce-<name>`. Header values are texts, so `sequence`,
which is an integer in the envelope, is read from its digits. In the structured mode the data may
come as bytes in base64 (`data_base64`), and its media type may be one of the bank's own: the event
that is published has `data`, which is plain JSON.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Callable, Sequence
from urllib.parse import unquote

from services.ingest.domain.candidate import Document
from services.ingest.domain.media_types import PLAIN, json_type_of
from services.ingest.domain.reasons import Refusal, RefusalReason

ReadJson = Callable[[bytes], object]
_PREFIX = "ce-"
_BASE64 = "data_base64"
_DATA_TYPE = "datacontenttype"
_DIGITS = re.compile(r"[0-9]{1,19}", re.ASCII)


def is_binary(headers: Sequence[tuple[str, str]]) -> bool:
    """Returns whether the event is in the binary mode."""
    return any(name.lower() == "ce-specversion" for name, _ in headers)


def cloud_event_of(
    body: object, *, headers: Sequence[tuple[str, str]] = (), read_json: ReadJson
) -> Document | Refusal:
    """Returns the event as one JSON object, in either mode.

    Args:
        read_json: Reads the JSON in `data_base64`; what it raises is raised here.
    """
    if headers and is_binary(headers):
        return _of_headers(body, headers)
    if not isinstance(body, dict):
        return Refusal(
            reason=RefusalReason.NOT_AN_OBJECT, pointer="", detail="an event is one JSON object"
        )
    if _BASE64 in body:
        body = _with_data(body, read_json)
    if isinstance(body, dict) and body.get(_DATA_TYPE, PLAIN) != PLAIN:
        body = _with_plain_type(body)
    return body


def _with_data(event: Document, read_json: ReadJson) -> Document | Refusal:
    encoded = event[_BASE64]
    if "data" in event or not isinstance(encoded, str):
        return _bad_base64("is for data in base64, in place of `data`; send one of the two")
    try:
        raw = b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return _bad_base64("is not base64")
    rest = {name: value for name, value in event.items() if name != _BASE64}
    return {**rest, "data": read_json(raw)}


def _bad_base64(fault: str) -> Refusal:
    pointer = f"/{_BASE64}"
    return Refusal(
        reason=RefusalReason.INVALID_ATTRIBUTE, pointer=pointer, detail=f"{pointer} {fault}"
    )


def _with_plain_type(event: Document) -> Document:
    """Returns the event with `application/json` in place of another name of JSON."""
    named = event[_DATA_TYPE]
    is_json = isinstance(named, str) and json_type_of(named) == PLAIN
    return {**event, _DATA_TYPE: PLAIN} if is_json else event


def _of_headers(data: object, headers: Sequence[tuple[str, str]]) -> Document | Refusal:
    document: Document = {"data": data}
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
        decoded = _value(attribute, value)
        if isinstance(decoded, str) and "\x00" in decoded:
            return Refusal(
                reason=RefusalReason.FORBIDDEN_CHARACTER,
                pointer=f"/{attribute}",
                detail=f"the header {name} has a NUL, which cannot be stored; remove it",
            )
        document[attribute] = decoded
    return document


def _value(attribute: str, value: str) -> str | int:
    if attribute == "sequence" and _DIGITS.fullmatch(value):
        return int(value)
    return unquote(value)
