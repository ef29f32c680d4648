"""Validates one event and puts it into its canonical bytes; called by ingest for every input.

A Struct decides, at the speed of one decoding. Only when it refuses are all violations listed.
What must stay true: every reader of our topics can decode what is accepted here; undeclared fields
and extension attributes stay in the bytes.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

import msgspec

from services.contracts.decoding import decoder_without_patterns
from services.contracts.envelope import (
    EVERYBODY,
    EXTENSION_NAME,
    IS_CANONICAL,
    MAX_EXTENSION_CHARACTERS,
    CloudEvent,
    utc_text,
)
from services.contracts.fields import PRINTABLE, EventData
from services.contracts.registry import EVENT_TYPES, EventType
from services.contracts.rejection import EventRejected
from services.contracts.strict_json import encode_canonical
from services.contracts.violations import rejection_of

SPACE, BACKSLASH, DEL = 0x20, 0x5C, 0x7F
Check = Callable[[Any], object]
Checks = Mapping[str, Check]
_EXTENSION: Final = re.compile(EXTENSION_NAME, re.ASCII)


class ValidEvent(msgspec.Struct, frozen=True, gc=False):
    """A validated event with its canonical bytes."""

    event: CloudEvent[EventData]
    value: bytes


def validate(document: dict[str, Any], *, canonical: bytes | None = None) -> ValidEvent:
    """Returns the event of a JSON object that was read strictly.

    Args:
        canonical: The canonical JSON of the document, where the caller has it.

    Raises:
        EventRejected: With code, JSON pointer and remedy.
    """
    plan = _plan_of(document)
    time = document.get("time")
    if plan is None or type(time) is not str:
        raise _rejection_of(document, plan)
    if not IS_CANONICAL(time):
        moment = utc_text(time)
        if moment is None:
            raise _rejection_of(document, plan)
        document, canonical = {**document, "time": moment}, None
    value = canonical or encode_canonical(document)
    try:
        event = plan.decode(value)
    except msgspec.ValidationError:
        raise _rejection_of(document, plan) from None
    is_printable = value.isascii() and not (SPACE in value or BACKSLASH in value or DEL in value)
    if not (
        _has_valid_attributes(document, is_printable)
        and _matches(plan.checks[is_printable], document["data"])
        and _has_attributes_of(plan.event_type, event)
    ):
        raise _rejection_of(document, plan)
    return ValidEvent(event, value)


class _Plan(msgspec.Struct, frozen=True):
    """What validation needs of one event type."""

    event_type: EventType
    decode: Callable[[bytes], CloudEvent[EventData]]
    checks: tuple[Checks, Checks]


def _plan_of(document: Mapping[str, Any]) -> _Plan | None:
    name = document.get("type")
    return _plans().get(name) if type(name) is str else None


@cache
def _plans() -> Mapping[str, _Plan]:
    return {
        name: _Plan(
            event_type, decoder_without_patterns(event_type.data), _both_checks_of(event_type.data)
        )
        for name, event_type in EVENT_TYPES.items()
    }


def _rejection_of(document: dict[str, Any], plan: _Plan | None) -> EventRejected:
    return rejection_of(document, None if plan is None else plan.event_type)


def _has_attributes_of(event_type: EventType, event: CloudEvent[EventData]) -> bool:
    """Returns whether the envelope has what the event type needs."""
    return (
        (event.subject == EVERYBODY) is event_type.to_every_partition
        and bool(event.correctsid) is bool(event.correctionkind)
        and (
            event.correctionkind in event_type.corrections
            if event.correctionkind
            else not event_type.must_correct
        )
    )


def _has_valid_attributes(document: dict[str, Any], is_printable: bool) -> bool:
    checks = _ATTRIBUTES[is_printable]
    for name, value in document.items():
        check = checks.get(name)
        if check is not None:
            if not check(value):
                return False
        elif name not in _NAMES and not _is_extension(name, value):
            return False
    return "specversion" in document


def _is_extension(name: str, value: Any) -> bool:
    if _EXTENSION.fullmatch(name) is None:
        return False
    if isinstance(value, str):
        return len(value) <= MAX_EXTENSION_CHARACTERS
    return isinstance(value, bool | int)


def _both_checks_of(struct: type[msgspec.Struct]) -> tuple[Checks, Checks]:
    """Returns the checks by field, for any event and for one of which all is printable."""
    return _checks_of(struct, is_printable=False), _checks_of(struct, is_printable=True)


def _checks_of(struct: type[msgspec.Struct], *, is_printable: bool) -> Checks:
    """Returns the checks that msgspec does slowly (patterns) or not at all (years), by field.

    The pattern of an id needs no check where all of an event is printable.
    """
    hints = get_type_hints(struct, include_extras=True)
    checks = (
        (member.encode_name, _check_of(hints[member.name], is_printable))
        for member in msgspec.structs.fields(struct)
    )
    return {name: check for name, check in checks if check is not None}


def _check_of(hint: Any, is_printable: bool) -> Check | None:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return partial(_matches, _checks_of(hint, is_printable=is_printable))
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        pattern = parts[1].pattern or (parts[1].extra_json_schema or {}).get("pattern", "")
        if pattern:
            is_id = pattern.startswith(PRINTABLE)
            return None if is_id and is_printable else re.compile(pattern, re.ASCII).match
    checks = [check for part in parts if (check := _check_of(part, is_printable)) is not None]
    if origin is list and checks:
        return lambda items: all(map(checks[0], items))
    return checks[0] if checks else None


def _matches(checks: Checks, item: dict[str, Any]) -> bool:
    for name, value in item.items():
        check = checks.get(name)
        if check is not None and value is not None and not check(value):
            return False
    return True


_NAMES: Final = frozenset(CloudEvent.__struct_fields__)
# The register decides about the type, and `utc_text` about the time.
_ATTRIBUTES: Final = tuple(
    {name: check for name, check in checks.items() if name not in ("type", "time")}
    for checks in _both_checks_of(CloudEvent)
)
