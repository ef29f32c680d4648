"""The faults of a request in our own words: what is wrong with a field, and what to send.

A text has no value of the request, which may be personal data; it names lengths and bounds.
"""

from collections.abc import Mapping
from typing import Any, Final

_TEXTS: Final = {
    "missing": "is required; send it",
    "extra_forbidden": "is no field here; leave it out, or correct its name",
    "string_type": "must be a text in quotation marks",
    "string_too_short": "has {length} characters; write at least {min_length}",
    "string_too_long": "has {length} characters; write at most {max_length}",
    "string_pattern_mismatch": "has another form; write what matches {pattern}",
    "int_type": "must be a whole number; write it without quotation marks",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false; write it without quotation marks",
    "bool_parsing": "must be true or false",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "enum": "must be one of {expected}",
    "literal_error": "must be one of {expected}",
    "too_short": "has {actual_length} entries; send at least {min_length}",
    "too_long": "has {actual_length} entries; send at most {max_length}",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "date_type": "must be a date such as 2026-03-31",
    "date_parsing": "must be a date such as 2026-03-31",
    "date_from_datetime_parsing": "must be a date such as 2026-03-31",
    "datetime_type": "must be a moment with an offset such as 2026-03-31T17:05:00Z",
    "datetime_parsing": "must be a moment with an offset such as 2026-03-31T17:05:00Z",
    "datetime_from_date_parsing": "must be a moment with an offset such as 2026-03-31T17:05:00Z",
    "timezone_aware": "has no offset; add Z for UTC, or one such as +02:00",
    "json_invalid": "is not JSON: {error}",
}


def fault_text(item: Mapping[str, Any]) -> str:
    """Returns the text of a fault that pydantic found; it follows the name of the field."""
    template = _TEXTS.get(item["type"])
    if template is None:
        return str(item["msg"]).removeprefix("Value error, ")
    given = item.get("input")
    length = len(given) if isinstance(given, str) else 0
    return template.format(length=length, **item.get("ctx", {}))
