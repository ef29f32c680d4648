"""Types of the envelope that event data uses too: a moment in time, RFC 3339 with an offset."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer
from pydantic_core import PydanticCustomError

_RFC3339 = re.compile(
    r"(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?",
    re.ASCII,
)
_MALFORMED = 'must be an RFC 3339 time with an offset, such as "2026-03-31T17:05:00+02:00"'


def moment(value: object) -> datetime:
    """Return the moment in UTC.

    Digits beyond the microsecond are cut off: no source books finer, and two readers that round
    differently would order events differently.

    Raises:
        PydanticCustomError: If it is no RFC 3339 time, or says no offset.
    """
    if isinstance(value, datetime):
        found: datetime | None = value
    elif isinstance(value, str) and _RFC3339.fullmatch(value):
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            found = None
    else:
        found = None
    if found is None:
        raise PydanticCustomError("time_malformed", _MALFORMED)
    if found.tzinfo is None:
        raise PydanticCustomError(
            "time_naive",
            'has no offset, so it names no moment; add one: "Z" for UTC, or "+02:00"',
        )
    return found.astimezone(UTC)


def rfc3339(value: datetime) -> str:
    """Return the one way we write a moment: UTC, `Z`, a fraction only where there is one."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


Timestamp = Annotated[datetime, BeforeValidator(moment), PlainSerializer(rfc3339)]
