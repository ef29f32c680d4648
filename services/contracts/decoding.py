"""Decoders made from the event Structs, for speed: msgspec takes longer for one pattern than for
the rest of a field.

- Scoring and alerts decode from Tocsin's own topics: what ingest validated is not validated again,
  so texts and numbers have neither patterns nor limits nor lists of words.
- `validation.py` decodes without the patterns, which it matches itself in a third of the time.

The types decoded into are subclasses of the Structs, with the same fields and the same types.
"""

from collections.abc import Callable
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from services.contracts.envelope import CloudEvent
from services.contracts.fields import EventData

Decoded = TypeVar("Decoded", bound=EventData)
Relax = Callable[[Any], Any]


def envelope_decoder() -> Callable[[bytes], CloudEvent[msgspec.Raw]]:
    """Returns what decodes an envelope of our own topics and leaves the data as bytes."""
    return msgspec.json.Decoder(_relaxed(CloudEvent, _type_alone, data=msgspec.Raw)).decode


def data_decoder(struct: type[Decoded]) -> Callable[[msgspec.Raw], Decoded]:
    """Returns what decodes the data of one event type of our own topics."""
    return msgspec.json.Decoder(_relaxed(struct, _type_alone)).decode


def decoder_without_patterns(struct: type[Decoded]) -> Callable[[bytes], CloudEvent[Decoded]]:
    """Returns what decodes a whole event and checks all but the patterns of texts."""
    data = _relaxed(struct, _without_pattern)
    return msgspec.json.Decoder(_relaxed(CloudEvent, _without_pattern, data=data)).decode


@cache
def _relaxed(struct: type[msgspec.Struct], relax: Relax, data: Any = None) -> Any:
    hints = get_type_hints(struct, include_extras=True)
    return msgspec.defstruct(
        struct.__name__,
        [
            (
                member.name,
                _relaxed_hint(hints[member.name], relax, data),
                msgspec.field(name=member.encode_name, default=member.default),
            )
            for member in msgspec.structs.fields(struct)
        ],
        bases=(struct,),
        frozen=True,
        kw_only=True,
        gc=False,
    )


def _relaxed_hint(hint: Any, relax: Relax, data: Any) -> Any:
    if isinstance(hint, TypeVar):
        return data
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return _relaxed(hint, relax)
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return relax(Annotated[_relaxed_hint(parts[0], relax, data), parts[1]])
    if origin is Literal:
        return relax(hint)
    if not parts:
        return hint
    inner = tuple(_relaxed_hint(part, relax, data) for part in parts)
    return (Union if origin is UnionType else origin)[inner]


def _type_alone(hint: Any) -> Any:
    first = get_args(hint)[0]
    return type(first) if get_origin(hint) is Literal else first


def _without_pattern(hint: Any) -> Any:
    if get_origin(hint) is Literal:
        return hint
    base, meta = get_args(hint)
    if meta.pattern is None:
        return hint
    return Annotated[base, msgspec.Meta(min_length=meta.min_length, max_length=meta.max_length)]
