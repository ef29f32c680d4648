"""Defines the part that every decoded event has.

`adapters/wire` decodes canonical CloudEvents into the classes of this package and `fold` applies
them: plain integers, no JSON, no Decimal. Money is in minor units of the event's own `currency`;
days are `date.toordinal()`; words are the numbers of `vocabulary`. An absent optional amount, day
or code is ``None``.

Must stay true: `time` of the CloudEvent is the booking moment (`at_us`, and `day` in the bank's
time zone), when something took effect economically is a field of its own. Events of one borrower
are folded in log order, not in the order of their dates.
"""

from dataclasses import dataclass
from typing import Final

EVERYBODY: Final = "*"


@dataclass(slots=True)
class Event:
    """The part that every event has.

    Args:
        source: The emitting system; with `id` the identity of the event.
        id: Unique within `source`.
        borrower_id: Whom it is about; `EVERYBODY` for control events.
        at_us: Booking moment in microseconds since 1970-01-01 UTC.
        day: Business date of that moment in the bank's time zone.
        corrects_id: `id` of the event of the same source that this one corrects.
        correction_kind: A code of `vocabulary.CORRECTION_KINDS`.
    """

    source: str
    id: str
    borrower_id: str
    at_us: int
    day: int
    corrects_id: str | None
    correction_kind: int

    @property
    def ref(self) -> str:
        """Return how the event is named as evidence."""
        return f"{self.source}#{self.id}"

    @property
    def corrected_ref(self) -> str | None:
        """Return how the event that this one corrects is named, None where it corrects none."""
        return None if self.corrects_id is None else f"{self.source}#{self.corrects_id}"
