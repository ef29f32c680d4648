"""Turns what pydantic found into one rejection that a core-banking developer can act on.

The first violation decides code and pointer; the others are named, so that a mapping can be fixed
in one go. Input values are never repeated: they may be personal data, and the original bytes are
kept beside the rejection anyway.
"""

from collections.abc import Sequence

from pydantic_core import ErrorDetails, ValidationError

from services.contracts.rejection import EventRejected, RejectionCode, json_pointer

_WORDS = {
    "missing": "is required and was not sent",
    "int_type": "must be an integer, written without quotes",
    "int_from_float": "must be an integer, written without a fraction",
    "bool_type": "must be true or false, written without quotes",
    "string_type": "must be a string",
    "dict_type": "must be an object",
    "list_type": "must be an array",
    "model_type": "must be an object",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
}

_LIMITS = {"gt": "greater than", "ge": "at least", "lt": "less than", "le": "at most"}


def rejection_of(error: ValidationError, *, at: Sequence[str | int]) -> EventRejected:
    """Return the rejection for the part of an event at `at`: `()` for all, or `("data",)`."""
    problems = error.errors(include_url=False, include_input=False)
    first = problems[0]
    pointer = _pointer(first, at)
    detail = f"{pointer} {_sentence(first)}" if pointer else _sentence(first)
    others = sorted({_pointer(problem, at) for problem in problems[1:]} - {pointer})
    if others:
        detail += f"; also wrong: {', '.join(others[:10])}"
    return EventRejected(code=_code(first, at), pointer=pointer, detail=detail)


def _pointer(problem: ErrorDetails, at: Sequence[str | int]) -> str:
    parts = [*at, *problem["loc"]]
    field = problem.get("ctx", {}).get("field")
    if field is not None:
        parts.append(str(field))
    return json_pointer(*parts)


def _sentence(problem: ErrorDetails) -> str:
    words = _WORDS.get(problem["type"])
    if words is not None:
        return words
    context = problem.get("ctx", {})
    if problem["type"] == "null_field":
        return "is null; leave it out instead"
    for limit, phrase in _LIMITS.items():
        if limit in context:
            return f"must be {phrase} {context[limit]}"
    if problem["type"] == "literal_error":
        return f"must be {context['expected']}"
    if problem["type"] == "string_pattern_mismatch":
        return f"must match {context['pattern']}"
    message = problem["msg"]
    return message[:1].lower() + message[1:]


def _code(problem: ErrorDetails, at: Sequence[str | int]) -> RejectionCode:
    is_missing = problem["type"] == "missing"
    if at:
        return RejectionCode.MISSING_FIELD if is_missing else RejectionCode.INVALID_FIELD
    return RejectionCode.MISSING_ATTRIBUTE if is_missing else RejectionCode.INVALID_ATTRIBUTE
