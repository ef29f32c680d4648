"""Events in the form that nearly all come in, recognised without building a model of them.

Ingest asks here first, and takes whatever is not recognised, good or bad, through the models: only
they refuse, and only they say why. What must stay true: an event that is recognised is one that the
models accept, that our one form (trimmed texts, amounts with no more decimals than their currency
has) leaves as it is, and whose bytes are those that `encode_event` would make. The checks are
derived from the models' own types; a field of a kind that is not known here is not recognised.
`tests/contract/test_usual_events.py` compares the two ways.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields as dataclass_fields
from datetime import datetime
from functools import cache, lru_cache
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import StringConstraints
from pydantic.fields import FieldInfo
from pydantic.types import Strict
from pydantic_core import PydanticCustomError

from services.contracts import envelope_fields, fields
from services.contracts.currencies import OTHER_DECIMALS, USUAL_DECIMALS
from services.contracts.envelope import EVERYBODY, CloudEvent, SealedEvent
from services.contracts.fields import EventData, WireModel
from services.contracts.registry import DATA_MODELS
from services.contracts.strict_json import read_plain_json

Check = Callable[[Any], object]
"""Says by its truth whether a value is good; may raise `TypeError` for a value of another type."""
Checks = Mapping[str, Check]

_MOST_DECIMALS = 4
_MONEY: Final = (
    (fields.Money, r"-?[0-9]{1,15}"),
    (fields.NonNegativeMoney, r"[0-9]{1,15}"),
    (fields.PositiveMoney, r"(?=[0.]*[1-9])[0-9]{1,15}"),
)
_MOMENT_IN_OUR_FORM = re.compile(
    r"(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}Z", re.ASCII
)
# What stands in the envelope of a usual event; one with more goes to the models.
_ATTRIBUTES = ("id", "source", "datacontenttype", "sequence", "drillid", "traceparent")
_REQUIRED_ATTRIBUTES = frozenset({"specversion", "id", "source", "type", "subject", "time", "data"})


class _Kind(msgspec.Struct, frozen=True):
    """What is asked of the data of one event type.

    Attributes:
        by_decimals: The checks of its fields, by how many decimals the currency has.
    """

    required: frozenset[str]
    by_decimals: tuple[Checks, ...]


def usual_event(raw: bytes, *, max_bytes: int) -> tuple[SealedEvent, dict[str, Any]] | None:
    """Return the event in some bytes with its data, or None where the models must look."""
    document = read_plain_json(raw, max_bytes=max_bytes)
    if document is None:
        return None
    try:
        data: Any = document.get("data")
        return _sealed(document, data) if _is_usual(document, data) else None
    except TypeError:  # a check met another type than the one it is for
        return None


def _is_usual(document: dict[str, Any], data: Any) -> bool:
    kind = _kinds().get(document["type"]) if "type" in document else None
    if kind is None or not _are_good(document, _envelope(), _REQUIRED_ATTRIBUTES):
        return False
    currency = data.get("currency")
    decimals = _MOST_DECIMALS
    if currency is not None:
        decimals = OTHER_DECIMALS.get(currency, USUAL_DECIMALS)
    return _are_good(data, kind.by_decimals[decimals], kind.required)


def _are_good(found: dict[str, Any], checks: Checks, required: frozenset[str]) -> bool:
    if not required <= found.keys():
        return False
    for name, value in found.items():
        check = checks.get(name)
        if check is None or not check(value):
            return False
    return True


def _sealed(document: dict[str, Any], data: dict[str, Any]) -> tuple[SealedEvent, dict[str, Any]]:
    return SealedEvent(
        id=document["id"],
        source=document["source"],
        type=document["type"],
        subject=document["subject"],
        value=msgspec.json.encode(document, order="sorted"),
    ), data


@cache
def _envelope() -> Checks:
    hints = get_type_hints(CloudEvent, include_extras=True)
    found = {name: _check(hints[name]) for name in _ATTRIBUTES}
    borrower = _check(hints["subject"])
    assert borrower is not None
    return {
        **{name: check for name, check in found.items() if check is not None},
        "specversion": frozenset({"1.0"}).__contains__,
        "type": frozenset(_kinds()).__contains__,
        "subject": lambda value: value != EVERYBODY and borrower(value),
        "time": _is_moment_in_our_form,
        "data": lambda value: type(value) is dict,
    }


@cache
def _kinds() -> Mapping[str, _Kind]:
    found = {name: _kind(model) for name, model in DATA_MODELS.items()}
    return {name: kind for name, kind in found.items() if kind is not None}


def _kind(model: type[EventData]) -> _Kind | None:
    if model.EVERY_PARTITION or model.CORRECTION is not None or _has_rules_of_its_own(model):
        return None
    required = _required(model)
    by_decimals = tuple(_checks(model, decimals) for decimals in range(_MOST_DECIMALS + 1))
    if not required <= by_decimals[0].keys():
        return None
    return _Kind(required=required, by_decimals=by_decimals)


def _required(model: type[WireModel]) -> frozenset[str]:
    return frozenset(
        field.alias or name for name, field in model.model_fields.items() if field.is_required()
    )


def _checks(model: type[WireModel], decimals: int) -> Checks:
    hints = get_type_hints(model, include_extras=True)
    found = {
        field.alias or name: _check(hints[name], decimals)
        for name, field in model.model_fields.items()
    }
    return {name: check for name, check in found.items() if check is not None}


def _has_rules_of_its_own(model: type[WireModel]) -> bool:
    """Return whether a model checks more than its fields, each by itself."""
    own, common = model.__pydantic_decorators__, WireModel.__pydantic_decorators__
    return bool(own.field_validators or own.root_validators or own.validators) or set(
        own.model_validators
    ) != set(common.model_validators)


def _check(hint: Any, decimals: int = _MOST_DECIMALS) -> Check | None:
    """Return what tells the usual values of a type, None for a type that is not known here."""
    if get_origin(hint) in (Union, UnionType):
        inner = [part for part in get_args(hint) if part is not type(None)]
        return _check(inner[0], decimals) if len(inner) == 1 else None
    for known, whole in _MONEY:
        if hint == known:
            return re.compile(whole + _fraction(decimals), re.ASCII).fullmatch
    for other, check in _OTHERS:
        if hint == other:
            return check
    return _constrained_check(hint, decimals)


def _constrained_check(hint: Any, decimals: int) -> Check | None:
    if get_origin(hint) is Literal:
        return _words_check(frozenset(get_args(hint)))
    if get_origin(hint) is not Annotated:
        return None
    base, *constraints = get_args(hint)
    if get_origin(base) is list:
        return _list_check(get_args(base)[0], constraints, decimals)
    return {str: _text_check, int: _integer_check}.get(base, _unknown)(constraints)


def _list_check(hint: Any, constraints: list[Any], decimals: int) -> Check | None:
    is_object = isinstance(hint, type) and issubclass(hint, WireModel)
    check = _object_check(hint, decimals) if is_object else _check(hint, decimals)
    least, most = 0, 1 << 30
    for part in _parts(constraints):
        if isinstance(part, MinLen):
            least = part.min_length
        elif isinstance(part, MaxLen):
            most = part.max_length
        else:
            return None
    if check is None:
        return None
    return lambda value: (
        type(value) is list and least <= len(value) <= most and all(map(check, value))
    )


def _object_check(model: type[WireModel], decimals: int) -> Check | None:
    """Return the check of an object that stands in a list."""
    checks, required = _checks(model, decimals), _required(model)
    if not required <= checks.keys() or _has_rules_of_its_own(model):
        return None
    return lambda value: type(value) is dict and _are_good(value, checks, required)


def _parts(constraints: list[Any]) -> Iterator[Any]:
    for each in constraints:
        yield from each.metadata if isinstance(each, FieldInfo) else [each]


def _words_check(words: frozenset[Any]) -> Check | None:
    kinds = {type(word) for word in words}
    if kinds == {str}:
        return words.__contains__
    if kinds == {int}:
        return lambda value: type(value) is int and value in words
    return None


def _fraction(decimals: int) -> str:
    return rf"(\.[0-9]{{1,{decimals}}})?" if decimals else ""


def _unknown(_constraints: list[Any]) -> Check | None:
    return None


def _text_check(constraints: list[Any]) -> Check | None:
    if len(constraints) != 1 or not isinstance(constraints[0], StringConstraints):
        return None
    asked = {
        each.name: value
        for each in dataclass_fields(constraints[0])
        if (value := getattr(constraints[0], each.name)) is not None
    }
    pattern = asked.pop("pattern", None)
    if isinstance(pattern, str) and not asked:
        return re.compile(pattern, re.ASCII).fullmatch
    if pattern is None and asked.keys() <= {"min_length", "max_length"}:
        # An empty text is no text in our form, and one with blanks around it is trimmed.
        least, most = max(1, asked.get("min_length", 1)), asked.get("max_length", 1 << 30)
        return lambda value: (
            type(value) is str and least <= len(value) <= most and value.strip() == value
        )
    return None


def _integer_check(constraints: list[Any]) -> Check | None:
    least, most, is_strict = -(1 << 62), 1 << 62, False
    for part in _parts(constraints):
        if isinstance(part, Ge) and isinstance(part.ge, int):
            least = max(least, part.ge)
        elif isinstance(part, Le) and isinstance(part.le, int):
            most = min(most, part.le)
        elif isinstance(part, Strict):
            is_strict = part.strict
        else:
            return None
    if not is_strict:
        return None
    return lambda value: type(value) is int and least <= value <= most


@lru_cache(maxsize=8_192)
def _is_date(text: str) -> bool:
    try:
        return bool(fields.iso_date(text))
    except PydanticCustomError:
        return False


def _is_moment(text: object) -> bool:
    try:
        return bool(envelope_fields.moment(text)) and type(text) is str
    except PydanticCustomError:
        return False


def _is_moment_in_our_form(text: Any) -> bool:
    """Return whether a text is the moment that it names as `rfc3339` writes it, to the second."""
    if not _MOMENT_IN_OUR_FORM.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


_OTHERS: Final[tuple[tuple[Any, Check], ...]] = (
    (fields.IsoDate, _is_date),
    (fields.Ratio, fields.RATIO.fullmatch),
    (fields.Share, fields.SHARE.fullmatch),
    (fields.Bool, lambda value: type(value) is bool),
    (envelope_fields.Timestamp, _is_moment),
)
