"""Why an input is not an event of ours: a closed list, each with what to do about it.

Used by every step of ingest. The codes are stable: sources, dashboards and quarantine filters key
on them. Those that the contracts know carry the same words there; a test keeps them equal.
"""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why an input went to quarantine, or was turned away."""

    # The bytes.
    EMPTY_RECORD = "empty_record"
    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    DUPLICATE_KEY = "duplicate_key"
    NUMBER_NOT_FINITE = "number_not_finite"
    FORBIDDEN_CHARACTER = "forbidden_character"
    # The mapping from the bank's words.
    UNKNOWN_KIND = "unknown_kind"
    UNKNOWN_CODE = "unknown_code"
    NOT_CONVERTIBLE = "not_convertible"
    # The event.
    MISSING_ATTRIBUTE = "missing_attribute"
    INVALID_ATTRIBUTE = "invalid_attribute"
    UNKNOWN_TYPE = "unknown_type"
    MISSING_FIELD = "missing_field"
    INVALID_FIELD = "invalid_field"
    TOO_MANY_DECIMALS = "too_many_decimals"
    BALANCE_BROKEN = "balance_broken"
    NOT_FOR_SOURCES = "not_for_sources"
    # The borrower.
    MISSING_BORROWER = "missing_borrower"
    UNKNOWN_ACCOUNT = "unknown_account"
    # The sender.
    SOURCE_NOT_ALLOWED = "source_not_allowed"
    # Us.
    INTERNAL_ERROR = "internal_error"


REMEDIES: dict[Reason, str] = {
    Reason.EMPTY_RECORD: "Send a value; a tombstone carries no event. Discard this one.",
    Reason.TOO_LARGE: "Split the event, or leave out what no field of ours needs.",
    Reason.TOO_DEEP: "Flatten the event; ours have five levels at most.",
    Reason.NOT_UTF8: "Encode the record as UTF-8 at the source.",
    Reason.NOT_JSON: "Fix the JSON at the source; the detail names line and column.",
    Reason.NOT_AN_OBJECT: "Send one JSON object for each event.",
    Reason.DUPLICATE_KEY: "Send each key once in an object.",
    Reason.NUMBER_NOT_FINITE: "Leave the field out where there is no number.",
    Reason.FORBIDDEN_CHARACTER: "Remove NUL characters and broken surrogates at the source.",
    Reason.UNKNOWN_KIND: "Add the kind to the mapping of this topic, then retry.",
    Reason.UNKNOWN_CODE: "Add the code to the mapping's table, then retry.",
    Reason.NOT_CONVERTIBLE: "Fix the conversion in the mapping, or the field at the source.",
    Reason.MISSING_ATTRIBUTE: "Send the attribute, or map it.",
    Reason.INVALID_ATTRIBUTE: "Correct the attribute; schemas/shared/envelope.json says how.",
    Reason.UNKNOWN_TYPE: "Use a type of schemas/events, with its version.",
    Reason.MISSING_FIELD: "Send the field, or map it.",
    Reason.INVALID_FIELD: "Correct the field; the type's schema in schemas/events says how.",
    Reason.TOO_MANY_DECIMALS: "Round the amount at the source to the currency's minor unit.",
    Reason.BALANCE_BROKEN: "Check the statement's lines and its unit; assets must equal "
    "liabilities plus equity within 0.5 %.",
    Reason.NOT_FOR_SOURCES: "Do not send this type; Tocsin writes it itself.",
    Reason.MISSING_BORROWER: "Send the borrower id as `subject`, or a field with the account.",
    Reason.UNKNOWN_ACCOUNT: "Register the borrower with this account; the event is then sent on "
    "by itself, in order.",
    Reason.SOURCE_NOT_ALLOWED: "Use a key that may speak for this source, or correct `source`.",
    Reason.INTERNAL_ERROR: "A fault of ours; it was logged. Retry after the next release.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why an input is not an event of ours, where, and what exactly is wrong.

    Attributes:
        pointer: JSON pointer into the event (or into the bank's record, where mapping failed).
        detail: For the developer of the source; may hold a short value, so it is never logged.
    """

    reason: Reason
    pointer: str
    detail: str

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return REMEDIES[self.reason]
