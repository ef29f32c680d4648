"""From the canonical CloudEvent's bytes to the domain's events.

Called once per event by the scoring shell, by `tocsin score` and by `tocsin verify`. One typed
decoder per event type; money becomes minor units, dates ordinals, words numbers.

Must stay true: it never guesses. Whatever it cannot read exactly is `Undecodable`, with the reason.
"""

from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Final

import msgspec

from services.scoring.adapters import (
    wire_account,
    wire_dealings,
    wire_decisions,
    wire_file,
    wire_loan,
    wire_reference,
)
from services.scoring.adapters.wire_values import (
    BusinessDays,
    Head,
    Undecodable,
    codes_of,
    word_code,
)
from services.scoring.domain.events.event import Event
from services.scoring.domain.primitives import vocabulary

__all__ = ["READERS", "Decoder", "Undecodable"]

Reader = Callable[[Head, msgspec.Raw], Event]

READERS: Final[dict[str, Reader]] = {
    "borrower.registered.v1": wire_reference.borrower_registered,
    "loan.booked.v1": wire_loan.loan_booked,
    "schedule.published.v1": wire_loan.schedule_published,
    "schedule.changed.v1": wire_loan.schedule_changed,
    "repayment.posted.v1": wire_loan.repayment_posted,
    "repayment.failed.v1": wire_loan.repayment_failed,
    "repayment.reversed.v1": wire_loan.repayment_reversed,
    "account.transacted.v1": wire_account.account_transacted,
    "account.balance-closed.v1": wire_account.account_balance_closed,
    "account.item-returned.v1": wire_account.account_item_returned,
    "facility.balance-closed.v1": wire_account.facility_balance_closed,
    "statement.received.v1": wire_reference.statement_received,
    "day.closed.v1": wire_reference.day_closed,
    "rulebook.activated.v1": wire_reference.rulebook_activated,
    "calendar.published.v1": wire_reference.calendar_published,
    "fx.published.v1": wire_reference.fx_published,
    **wire_file.READERS,
    **wire_decisions.READERS,
    **wire_dealings.READERS,
}

# What a reversal takes back. Of all else the newest word counts, and a reversal would be one.
TAKEN_BACK: Final = frozenset(
    {
        "account.item-returned.v1",
        "account.transacted.v1",
        "forecast.received.v1",
        "loan.closed.v1",
        "loan.disbursed.v1",
        "promise.made.v1",
        "repayment.failed.v1",
        "repayment.reversed.v1",
        "statement.due.v1",
        "statement.received.v1",
    }
)
CORRECTION_CODES: Final = codes_of(vocabulary.CORRECTION_KINDS)


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """The attributes of the envelope that scoring reads; `data` stays bytes."""

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    data: msgspec.Raw
    correctsid: str | None = None
    correctionkind: str | None = None


class Decoder:
    """Reads events in one bank's time zone. Keeps no state but a cache of dates."""

    def __init__(self, zone: tzinfo) -> None:
        """Use the time zone in which the bank's business days are counted."""
        self._days = BusinessDays(zone)
        self._envelope = msgspec.json.Decoder(Envelope)

    def decode(self, raw: bytes) -> Event:
        """Return the event in the bytes of one record or line.

        Raises:
            Undecodable: If scoring cannot read it exactly; the message says why.
        """
        try:
            return self._read(raw)
        except msgspec.DecodeError as error:
            raise Undecodable(f"not readable as an event: {error}") from error

    def _read(self, raw: bytes) -> Event:
        envelope = self._envelope.decode(raw)
        at_us = self._days.moment_us(envelope.time)
        kind = envelope.correctionkind
        head = Head(
            envelope.source,
            envelope.id,
            envelope.subject,
            at_us,
            self._days.day_of(at_us),
            envelope.correctsid,
            0 if kind is None else word_code(CORRECTION_CODES, kind, "correctionkind"),
        )
        reader = READERS.get(envelope.type)
        if reader is None:
            raise Undecodable(f"type: {envelope.type!r} is no event type that scoring knows")
        if head.correction_kind == vocabulary.REVERSAL_OF and envelope.type not in TAKEN_BACK:
            raise Undecodable(f"correctionkind: {_instead_of_reversal(envelope.type)}")
        return reader(head, envelope.data)


def _instead_of_reversal(event_type: str) -> str:
    if event_type == "repayment.posted.v1":
        return "money on a loan is taken back by repayment.reversed.v1"
    return (
        f"{event_type} cannot be taken back; send what is right as another {event_type} "
        "about the same thing"
    )
