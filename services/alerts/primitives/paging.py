"""Pages of a list and the cursors that continue one."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from services.alerts.primitives.errors import InvalidInput

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class CursorPage(Generic[Item]):
    """Some items and the cursor of the next page; None on the last page."""

    items: Sequence[Item]
    next_cursor: str | None


def moment_cursor(at: datetime, last_id: str) -> str:
    """Returns the cursor that continues after an item."""
    text = json.dumps([at.isoformat(), last_id])
    return base64.urlsafe_b64encode(text.encode("utf-8")).decode("ascii")


def read_moment_cursor(cursor: str | None) -> tuple[datetime | None, str | None]:
    """Returns the moment and the id in a cursor; (None, None) for the first page.

    Raises:
        InvalidInput: If `moment_cursor` did not make it.
    """
    if cursor is None:
        return None, None
    try:
        at, last_id = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
        moment = datetime.fromisoformat(at)
        if not isinstance(last_id, str) or "\x00" in last_id or moment.tzinfo is None:
            raise ValueError("not made by moment_cursor")
        moment = moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, binascii.Error, RecursionError) as error:
        raise InvalidInput(
            "cursor was not returned by this list; omit it to begin again",
            parameter="cursor",
        ) from error
    return moment, last_id


def read_position_cursor(cursor: str) -> int:
    """Returns the position in a feed or a delivery log.

    Raises:
        InvalidInput: If it is not a whole number.
    """
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
        raise InvalidInput(
            "cursor was not returned by this list; omit it to begin again", parameter="cursor"
        )
    return int(cursor)
