"""The refusal of an event: a code, a JSON pointer and a sentence with the remedy."""

from enum import StrEnum


class RejectionCode(StrEnum):
    """The reason why an input is not a valid event. Stable: sources and dashboards key on it."""

    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    DUPLICATE_KEY = "duplicate_key"
    NUMBER_NOT_FINITE = "number_not_finite"
    FORBIDDEN_CHARACTER = "forbidden_character"
    MISSING_ATTRIBUTE = "missing_attribute"
    INVALID_ATTRIBUTE = "invalid_attribute"
    UNKNOWN_TYPE = "unknown_type"
    MISSING_FIELD = "missing_field"
    INVALID_FIELD = "invalid_field"


class EventRejected(Exception):
    """The input is not a valid event.

    Attributes:
        code: Why, for machines.
        pointer: JSON pointer (RFC 6901); empty for the whole document.
        detail: Why, and the remedy, for the developer of the source. Contains no values of
            `data`, since those may be personal.
    """

    def __init__(self, *, code: RejectionCode, pointer: str, detail: str) -> None:
        super().__init__(f"{code} at {pointer or '/'}: {detail}")
        self.code = code
        self.pointer = pointer
        self.detail = detail


def json_pointer(*parts: str | int) -> str:
    """Returns the RFC 6901 pointer of these keys and indexes."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
