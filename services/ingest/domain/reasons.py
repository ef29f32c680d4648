"""The reasons why an input is not accepted, each with its remedy.

Used by every step of ingest. The codes are stable: sources, dashboards and quarantine filters use
them. Those of the contracts are the same there; a test compares them.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class RefusalReason(StrEnum):
    """The reason why an input was quarantined or rejected."""

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
    # The mapping.
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
    NO_DRILLS = "no_drills"
    # The time.
    AHEAD_OF_TIME = "ahead_of_time"
    LONG_PAST = "long_past"
    # The borrower.
    MISSING_BORROWER = "missing_borrower"
    UNKNOWN_ACCOUNT = "unknown_account"
    ID_REUSED = "id_reused"
    ACCOUNT_NOT_OWNED = "account_not_owned"
    # The sender.
    SOURCE_NOT_ALLOWED = "source_not_allowed"
    TYPE_NOT_ALLOWED = "type_not_allowed"
    # Control events.
    DAY_CLOSE_NOT_ALLOWED = "day_close_not_allowed"
    AWAITS_APPROVAL = "awaits_approval"
    # Tocsin itself.
    INTERNAL_ERROR = "internal_error"


REMEDIES: dict[RefusalReason, str] = {
    RefusalReason.EMPTY_RECORD: "Send a value; a tombstone carries no event. Discard this one.",
    RefusalReason.TOO_LARGE: "Split the event, or leave out what its schema does not need.",
    RefusalReason.TOO_DEEP: "Flatten the event; schemas have five levels at most.",
    RefusalReason.NOT_UTF8: "Encode the record as UTF-8 at the source.",
    RefusalReason.NOT_JSON: "Fix the JSON at the source; the detail names line and column.",
    RefusalReason.NOT_AN_OBJECT: "Send one JSON object for each event.",
    RefusalReason.DUPLICATE_KEY: "Send each key once in an object.",
    RefusalReason.NUMBER_NOT_FINITE: "Leave the field out where there is no number.",
    RefusalReason.FORBIDDEN_CHARACTER: "Remove NUL characters and broken surrogates at the source.",
    RefusalReason.UNKNOWN_KIND: "Add the kind to the mapping of this topic, then retry.",
    RefusalReason.UNKNOWN_CODE: "Add the code to the mapping's table, then retry.",
    RefusalReason.NOT_CONVERTIBLE: "Fix the conversion in the mapping, or the field at the source.",
    RefusalReason.MISSING_ATTRIBUTE: "Send the attribute, or map it.",
    RefusalReason.INVALID_ATTRIBUTE: "Correct the attribute by schemas/shared/envelope.json.",
    RefusalReason.UNKNOWN_TYPE: "Use a type of schemas/events, with its version.",
    RefusalReason.MISSING_FIELD: "Send the field, or map it.",
    RefusalReason.INVALID_FIELD: "Correct the field by the type's schema in schemas/events.",
    RefusalReason.TOO_MANY_DECIMALS: "Round the amount at the source to the currency's minor unit.",
    RefusalReason.BALANCE_BROKEN: "Check the statement's lines and its unit; assets must equal "
    "liabilities plus equity within 0.5 %.",
    RefusalReason.NOT_FOR_SOURCES: "Do not send this type; Tocsin writes it itself.",
    RefusalReason.AHEAD_OF_TIME: "Correct the date at the source, send the event under a new id "
    "and discard this one. A right one is tried again by itself when its day comes.",
    RefusalReason.LONG_PAST: "Correct the date at the source. For old events, open a load of "
    "history (`tocsin history open`), then retry.",
    RefusalReason.NO_DRILLS: "Do not send `drillid`: there are no drills yet, and the event "
    "would count in earnest.",
    RefusalReason.MISSING_BORROWER: "Send the borrower id as `subject`, or a field "
    "with the account.",
    RefusalReason.UNKNOWN_ACCOUNT: "Register the borrower with this account; the event is then "
    "published, in order.",
    RefusalReason.ID_REUSED: "Give the other event an id of its own, or correct the first one with "
    "`correctsid`; then discard this one.",
    RefusalReason.ACCOUNT_NOT_OWNED: "Leave the account out, or let the source that owns it "
    "register it.",
    RefusalReason.SOURCE_NOT_ALLOWED: "Use a key that is allowed this source, or correct `source`.",
    RefusalReason.TYPE_NOT_ALLOWED: "Send it with a key whose event types include this one "
    "(`tocsin keys create --event-type`); a control event is named in full.",
    RefusalReason.DAY_CLOSE_NOT_ALLOWED: "Close days from one side only: see TOCSIN_DAY_CLOSE and "
    "TOCSIN_DAY_CLOSE_SOURCE. Discard this one.",
    RefusalReason.AWAITS_APPROVAL: "Two people decide: one proposes the release "
    "(`tocsin approvals propose`), another approves it.",
    RefusalReason.INTERNAL_ERROR: "An internal error; it was logged. Retry after the next release.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The reason why an input is not accepted, with the field and the exact fault.

    Attributes:
        pointer: JSON pointer into the event (or into the bank's record, where mapping failed).
        detail: For the developer of the source; may contain a short value, so it is never logged.
        retry_at: When the input is tried again by itself; None: only by a person.
    """

    reason: RefusalReason
    pointer: str
    detail: str
    retry_at: datetime | None = None

    @property
    def remedy(self) -> str:
        """The remedy for the reason."""
        return REMEDIES[self.reason]
