"""What a fold asks to be sent: news about one borrower to another, or to the risk topic.

Made by `contagion` and `reminders`, put on the wire by an adapter. Must stay true: an effect is a
pure function of the borrower's log, its number included, so that a second fold of the same log asks
for the same bytes and a reader knows a repetition by its id.
"""

from dataclasses import dataclass, field
from datetime import date

from services.scoring.domain.borrower.borrower import CREDIT_FILE_PART, Borrower
from services.scoring.domain.primitives.money import decimals_of


@dataclass(slots=True)
class Effect:
    """One event to be sent.

    Args:
        sender_id: The borrower whose fold asks for it.
        number: Counts what this sender has had sent, from 1; sender and number are the identity.
        subject_id: Whom it is about, and whose place in the log it gets.
        event_type: CloudEvents type.
        at_us: Booking moment of the event that led to it.
        is_for_risk: It goes to the risk topic; otherwise back into the log of the subject.
        data: The payload; days as ISO dates, amounts as decimal strings.
    """

    sender_id: str
    number: int
    subject_id: str
    event_type: str
    at_us: int
    is_for_risk: bool = False
    data: dict[str, str | int] = field(default_factory=dict)


def effect(
    sender: Borrower, subject_id: str, event_type: str, at_us: int, data: dict[str, str | int]
) -> Effect:
    """Return the sender's next effect for the log of another borrower."""
    return Effect(sender.borrower_id, _next(sender), subject_id, event_type, at_us, False, data)


def notice(sender: Borrower, event_type: str, at_us: int, data: dict[str, str | int]) -> Effect:
    """Return the sender's next effect for the risk topic, about itself."""
    sender_id = sender.borrower_id
    return Effect(sender_id, _next(sender), sender_id, event_type, at_us, True, data)


def _next(sender: Borrower) -> int:
    sender.credit_file.effects_sent += 1
    sender.changed |= CREDIT_FILE_PART
    return sender.credit_file.effects_sent


def iso(day: int) -> str:
    """Return the ISO date of an ordinal."""
    return date.fromordinal(day).isoformat()


def amount(minor: int, currency: str) -> str:
    """Return an amount as the decimal string of the wire: 125050 cents are ``1250.50``."""
    decimals = decimals_of(currency)
    sign, digits = "-" if minor < 0 else "", str(abs(minor)).rjust(decimals + 1, "0")
    return sign + (f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits)
