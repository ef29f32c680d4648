"""How a contract refuses: one code, one place in the document, one sentence with the remedy."""

from enum import StrEnum


class RejectionCode(StrEnum):
    """Why an input is not an event of ours. Stable: sources and dashboards key on it."""

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
    """The input is not an event of ours.

    Attributes:
        code: Why, for machines.
        pointer: JSON pointer (RFC 6901) to the place; empty for the whole document.
        detail: Why, and what to do, for the person who sends it. Holds no values of `data`,
            since those may be personal.
    """

    def __init__(self, *, code: RejectionCode, pointer: str, detail: str) -> None:
        super().__init__(f"{code} at {pointer or '/'}: {detail}")
        self.code = code
        self.pointer = pointer
        self.detail = detail


def json_pointer(*parts: str | int) -> str:
    """Return the RFC 6901 pointer to a place in a document."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
