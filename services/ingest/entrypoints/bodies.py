"""Splits an HTTP body into inputs, each with its own original bytes.

A body that cannot be split is one input: it goes to quarantine as it was received, so nothing is
lost, and its verdict gives the reason.
"""

from collections.abc import Sequence
from email.message import Message
from functools import lru_cache

import msgspec

from services.ingest.application.inputs import Headers, Input, InputChannel
from services.ingest.domain.http_modes import is_binary
from services.kit.http.auth import Principal

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
LINES = "application/x-ndjson"
PLAIN = "application/json"
MEDIA_TYPES = (STRUCTURED, BATCH, LINES, PLAIN)


class UnknownMediaType(Exception):
    """The Content-Type or the Content-Encoding is not supported."""


class TooManyItems(Exception):
    """The body contains more events than one request may."""


def inputs_of(
    body: bytes, *, headers: Sequence[tuple[str, str]], caller: Principal, max_items: int
) -> list[Input]:
    """Returns the inputs of a request, in their order.

    Raises:
        UnknownMediaType: If the Content-Type or the Content-Encoding is not supported.
        TooManyItems: If there are more than `max_items`.
    """
    media_type = _media_type(headers)
    relevant = _relevant(headers)
    if media_type == PLAIN or not is_binary(relevant):
        parts = _parts(body, media_type)
    else:
        raise UnknownMediaType("binary mode (ce- headers) carries application/json")
    if len(parts) > max_items:
        raise TooManyItems(f"{len(parts)} events; send at most {max_items} in one request")
    sources = caller.sources
    return [
        Input(
            channel=InputChannel.HTTP,
            raw=part,
            headers=relevant,
            content_type=media_type,
            sender=caller.id,
            sources=sources,
        )
        for part in parts
    ]


def _parts(body: bytes, media_type: str) -> list[bytes]:
    if media_type == BATCH:
        try:
            return [bytes(part) for part in msgspec.json.decode(body, type=list[msgspec.Raw])]
        except (msgspec.MsgspecError, RecursionError):
            return [body]
    if media_type == LINES:
        return [line for line in (part.strip() for part in body.split(b"\n")) if line]
    return [body]


def _media_type(headers: Sequence[tuple[str, str]]) -> str:
    values = {name.lower(): value for name, value in headers}
    encoding = values.get("content-encoding", "identity")
    if encoding != "identity":
        raise UnknownMediaType(f"Content-Encoding {encoding!r} is not understood; send plain JSON")
    media_type = _supported_type(values.get("content-type", ""))
    if media_type is None:
        raise UnknownMediaType(f"send one of {', '.join(MEDIA_TYPES)}, in UTF-8")
    return media_type


# A sender sends the same header with every request.
@lru_cache(maxsize=256)
def _supported_type(content_type: str) -> str | None:
    parsed = Message()
    parsed["Content-Type"] = content_type
    media_type = parsed.get_content_type() if content_type else ""
    charset = str(parsed.get_param("charset", "utf-8")).lower()
    return media_type if media_type in MEDIA_TYPES and charset in ("utf-8", "utf8") else None


def _relevant(headers: Sequence[tuple[str, str]]) -> Headers:
    """Returns the headers that are part of the event; never the caller's key."""
    return tuple((name.lower(), value) for name, value in headers if name.lower().startswith("ce-"))
