"""Lists what is wrong with a refused event, so that a mapping can be fixed in one go.

Runs only after a Struct has refused an event: it walks the event's JSON Schema in the order of the
fields. The first violation decides code and pointer, the others are named. Input values are never
repeated: they may be personal data, and the original bytes are stored with the rejection anyway.
What must stay true: the schema refuses everything that the Struct refuses.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any, Final

from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from services.contracts import schemas
from services.contracts.envelope import EVERYBODY, utc_text
from services.contracts.registry import EventType
from services.contracts.rejection import EventRejected, RejectionCode, json_pointer

MAX_POINTERS_NAMED: Final = 10
MAX_VIOLATIONS: Final = 100
"""A list of thousands of wrong items is not walked to its end."""
_BASE: Final = "/schemas/events/type/version/"
_PLAIN: Final = {
    "string": "must be a string",
    "integer": "must be an integer, written without quotes",
    "number": "must be a number",
    "boolean": "must be true or false, written without quotes",
    "array": "must be an array",
    "object": "must be an object",
}
_EXAMPLES: Final = {
    "money": "1234.56",
    "nonNegativeMoney": "1234.56",
    "positiveMoney": "1234.56",
    "ratio": "0.0725",
    "positiveRatio": "0.0725",
    "share": "0.25",
}
_DATES: Final = {
    "date": 'must be an ISO date between 1900 and 2199 such as "2026-03-31"; '
    "leave the field out when the date is open",
    "reportedDate": 'must be an ISO date from 1900 on such as "2026-03-31": when it happened',
    "effectiveDate": 'must be an ISO date from 1900 on such as "2026-03-31": from when it counts',
    "deadline": 'must be an ISO date from 1900 on such as "2026-03-31": by when it is due',
    "businessDate": 'must be an ISO date between 1970 and 2199 such as "2026-03-31": '
    "the business day on which it was booked",
}
_TIME: Final = (
    'must be an RFC 3339 time with an offset, such as "2026-03-31T17:05:00+02:00", '
    "between 1970 and 2199"
)
_NAIVE: Final = 'has no offset, so it names no moment; add one: "Z" for UTC, or "+02:00"'
_EXTENSION: Final = (
    "must be a string, an integer or a boolean; if it is a field of the event, move it into data"
)
_EXTENSION_NAME: Final = (
    "is not an attribute name (lower-case letters and digits); "
    "if it is a field of the event, move it into data"
)
_OF_ATTRIBUTES: Final = {
    ("specversion", "required"): 'is required: send "1.0"',
    ("correctsid", "required"): "is required: the id of the event that is taken back",
    ("subject", "const"): f"must be {EVERYBODY!r}: this event is about no single borrower",
    ("subject", "not"): "must be a borrower id: this event is about one borrower",
}
_OF_LIMITS: Final = {
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "minItems": "must have at least {} items",
    "maxItems": "must have at most {} items",
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "pattern": "must match {}",
}
_ZERO: Final = re.compile(r"0+(\.0+)?", re.ASCII)

Errors = Iterator[ValidationError]


def rejection_of(document: dict[str, Any], event_type: EventType | None) -> EventRejected:
    """Returns why an event is refused; the type is None if it is unknown.

    Raises:
        ValueError: If the schema accepts the event.
    """
    errors = list(islice(_leaves(_validator(event_type).iter_errors(document)), MAX_VIOLATIONS))
    if not errors and event_type is None:
        return EventRejected(
            code=RejectionCode.UNKNOWN_TYPE,
            pointer="/type",
            detail="is not an event type; the list is schemas/events, "
            "and the version belongs to it: repayment.posted.v1",
        )
    if not errors:
        raise ValueError(f"the schema of {event_type} accepts what its Struct refuses")
    first = errors[0]
    pointer = json_pointer(*first.absolute_path)
    detail = f"{pointer} {_sentence(first)}"
    others = sorted({json_pointer(*error.absolute_path) for error in errors} - {pointer})
    if others:
        detail += f"; also wrong: {', '.join(others[:MAX_POINTERS_NAMED])}"
    return EventRejected(code=_code(first), pointer=pointer, detail=detail)


def _leaves(errors: Iterable[ValidationError]) -> Errors:
    """Yields errors, those of alternatives by their first one: the second is null."""
    for error in errors:
        if error.validator == "anyOf":
            yield from _leaves(each for each in error.context or () if each.schema_path[0] == 0)
        else:
            yield error


def _code(error: ValidationError) -> RejectionCode:
    is_missing = error.validator == "required"
    path = error.absolute_path
    if path[0] == "data" and len(path) > 1:
        return RejectionCode.MISSING_FIELD if is_missing else RejectionCode.INVALID_FIELD
    return RejectionCode.MISSING_ATTRIBUTE if is_missing else RejectionCode.INVALID_ATTRIBUTE


def _sentence(error: ValidationError) -> str:
    return _of_attribute(error) or _of_presence(error) or _of_small_type(error) or _of_limit(error)


def _of_attribute(error: ValidationError) -> str | None:
    """Returns what is wrong with an attribute of the envelope, where that has words of its own."""
    keyword, path = str(error.validator), error.absolute_path
    if len(path) > 1:
        return None
    if keyword == "propertyNames":
        return _EXTENSION_NAME
    if "additionalProperties" in error.absolute_schema_path:
        return _EXTENSION
    if keyword == "dependentRequired":
        return "needs its partner: send correctsid and correctionkind, or neither"
    if (path[0], keyword) == ("correctionkind", "enum"):
        return _correction(error.validator_value)
    return _OF_ATTRIBUTES.get((str(path[0]), keyword))


def _correction(kinds: Any) -> str:
    """Returns which kinds of correction a type may carry, and what to send in place of others."""
    sentence = f"must be {_choice(kinds)} for this type"
    if "reversal" in kinds:
        return sentence
    return f"{sentence}; it is not taken back: send what is right as another event of the type"


def _of_presence(error: ValidationError) -> str | None:
    if error.validator == "required":
        return "is required and was not sent"
    if error.instance is None and isinstance(error.absolute_path[-1], str):
        return "is null; leave it out instead"
    return None


def _of_small_type(error: ValidationError) -> str | None:
    name = _names_by_pattern().get(_schema_of(error).get("pattern", ""))
    value = error.instance
    if name in _DATES:
        return _DATES[name]
    if name == "timestamp":
        return _NAIVE if isinstance(value, str) and utc_text(value + "Z") else _TIME
    example = _EXAMPLES.get(name or "")
    if example is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return (
            "a JSON number is refused here because it can lose digits; send a string such as "
            f'"{example}"'
        )
    if (
        name in ("positiveMoney", "positiveRatio")
        and isinstance(value, str)
        and _ZERO.fullmatch(value)
    ):
        return "must be greater than 0"
    return f'must be a decimal string such as "{example}", with a point, in the range allowed'


def _of_limit(error: ValidationError) -> str:
    keyword, limit = str(error.validator), error.validator_value
    if keyword == "type":
        return _PLAIN[str(limit)]
    if keyword in ("enum", "const", "propertyNames"):
        return f"must be {_choice(limit)}"
    if limit == 1 and keyword in ("minLength", "minItems"):
        return "must not be empty"
    return _OF_LIMITS[keyword].format(limit)


def _schema_of(error: ValidationError) -> Mapping[str, Any]:
    return error.schema if isinstance(error.schema, Mapping) else {}


def _choice(options: Any) -> str:
    words = [repr(option) for option in (options if isinstance(options, list) else [options])]
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


@cache
def _names_by_pattern() -> dict[str, str]:
    small = schemas.types_schema()["$defs"]
    return {schema["pattern"]: name for name, schema in small.items() if "pattern" in schema}


@cache
def _validator(event_type: EventType | None) -> Any:
    shared = {"types.json": schemas.types_schema(), "envelope.json": schemas.envelope_schema()}
    registry: Registry[Any] = Registry().with_contents(
        ((f"/schemas/shared/{name}", schema) for name, schema in shared.items()),
        default_specification=DRAFT202012,
    )
    schema = shared["envelope.json"] if event_type is None else schemas.event_schema(event_type)
    base = _BASE if event_type else "/schemas/shared/"
    return _StrictValidator(
        {"$id": f"{base}schema.json", **schema}, registry=registry, format_checker=_FORMATS
    )


def _properties(validator: Any, properties: Any, instance: Any, schema: Any) -> Errors:
    """Checks fields in the schema's order, missing ones in their place."""
    if isinstance(instance, dict):
        for name, inner in properties.items():
            if name in instance:
                yield from validator.descend(instance[name], inner, path=name, schema_path=name)
            elif name in schema.get("required", ()):
                yield ValidationError("", validator="required", path=(name,))


def _required(_validator: Any, required: Any, instance: Any, schema: Any) -> Errors:
    if isinstance(instance, dict):
        for name in required:
            if name not in instance and name not in schema.get("properties", {}):
                yield ValidationError("", validator="required", path=(name,))


def _dependent_required(_validator: Any, partners: Any, instance: Any, _schema: Any) -> Errors:
    for name, needed in partners.items():
        if name in instance and not instance.keys() >= set(needed):
            yield ValidationError("", path=(name,))


def _property_names(validator: Any, names: Any, instance: Any, _schema: Any) -> Errors:
    for name in instance if isinstance(instance, dict) else ():
        if not validator.evolve(schema=names).is_valid(name):
            yield ValidationError(
                "", validator="propertyNames", validator_value=names.get("enum"), path=(name,)
            )


def _pattern(_validator: Any, pattern: Any, instance: Any, _schema: Any) -> Errors:
    # Python's $ also accepts a newline after the text, unlike that of a schema.
    if isinstance(instance, str) and not re.search(pattern.replace("$", r"\Z"), instance):
        yield ValidationError("")


def _enum(_validator: Any, options: Any, instance: Any, _schema: Any) -> Errors:
    if not any(instance == each and type(instance) is type(each) for each in options):
        yield ValidationError("")


def _const(validator: Any, value: Any, instance: Any, schema: Any) -> Errors:
    yield from _enum(validator, [value], instance, schema)


_KEYWORDS: Final[dict[str, Callable[..., Errors]]] = {
    "properties": _properties,
    "required": _required,
    "dependentRequired": _dependent_required,
    "propertyNames": _property_names,
    "pattern": _pattern,
    "enum": _enum,
    "const": _const,
}
_FORMATS: Final = FormatChecker(formats=("date",))
_FORMATS.checks("date-time")(lambda value: not isinstance(value, str) or bool(utc_text(value)))
# 1.0 is an integer to JSON Schema, and none to a Struct.
_StrictValidator: Final[Any] = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    _KEYWORDS,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _checker, value: type(value) is int
    ),
)
