"""Splits an HTTP body into inputs, each with its own original bytes.

A body that cannot be split is one input: it goes to quarantine as it was received, so nothing is
lost, and its verdict gives the reason.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import islice

import msgspec

from services.ingest.application.inputs import Headers, Input, InputChannel
from services.ingest.domain.http_modes import is_binary
from services.ingest.domain.media_types import BATCH, LINES, MEDIA_TYPES, PLAIN, json_type_of
from services.kit.http.auth import Principal

_LINE = re.compile(rb"\S[^\n]*")


class UnknownMediaType(Exception):
    """The Content-Type or the Content-Encoding is not supported."""


class TooManyItems(Exception):
    """The body contains more events than one request may."""


def inputs_of(
    body: bytes, *, headers: Sequence[tuple[str, str]], caller: Principal, max_items: int
) -> list[Input]:
    """Returns the inputs of a request, in their order.

    Args:
        headers: Their names are in lower case, as ASGI gives them.

    Raises:
        UnknownMediaType: If the Content-Type or the Content-Encoding is not supported.
        TooManyItems: If there are more than `max_items`.
    """
    media_type = _media_type(headers)
    relevant = _relevant(headers)
    if media_type != PLAIN and is_binary(relevant):
        raise UnknownMediaType("binary mode (ce- headers) carries application/json")
    # One more than allowed: a body of a million items is not split to the end.
    parts = list(islice(_parts(body, media_type), max_items + 1))
    if len(parts) > max_items:
        raise TooManyItems(f"more than {max_items} events; send at most {max_items} in one request")
    return [
        Input(
            channel=InputChannel.HTTP,
            raw=part,
            headers=relevant,
            content_type=media_type,
            sender=caller.id,
            sources=caller.sources,
            may_send=caller.may_send,
        )
        for part in parts
    ]


def _parts(body: bytes, media_type: str) -> Iterable[bytes]:
    if media_type == BATCH:
        try:
            items = msgspec.json.decode(body, type=list[msgspec.Raw])
        except (msgspec.MsgspecError, RecursionError):
            return [body]
        return map(bytes, items)
    if media_type == LINES:
        return (match[0].rstrip() for match in _LINE.finditer(body))
    return [body]


def _media_type(headers: Sequence[tuple[str, str]]) -> str:
    values = dict(headers)
    encoding = values.get("content-encoding", "identity")
    if encoding != "identity":
        raise UnknownMediaType(f"Content-Encoding {encoding!r} is not understood; send plain JSON")
    media_type = json_type_of(values.get("content-type", ""))
    if media_type is None:
        raise UnknownMediaType(f"send one of {', '.join(MEDIA_TYPES)}, in UTF-8")
    return media_type


def _relevant(headers: Sequence[tuple[str, str]]) -> Headers:
    """Returns the headers that are part of the event; never the caller's key."""
    return tuple([header for header in headers if header[0].startswith("ce-")])
