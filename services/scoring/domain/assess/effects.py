"""Makes the events that a fold has sent: a state to a linked borrower, a notice to the risk topic.

`contagion` sends states; here are the notices of loans that end this month (`maturities`, when
another month begins) and of inspections (`inspection`, at each day close before the borrower is
judged, because an inspection that fell due is a fact that C-07 reads).

Must stay true: an effect is a pure function of the borrower's log, its number included, so that a
second fold of the same log sends the same bytes and a reader recognises a repetition by its id;
each maturity is announced once, at the start of its month, and each due date of an inspection once.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from services.scoring.domain.arrears import facility_use, instalments
from services.scoring.domain.borrower.borrower import CREDIT_FILE_PART, Borrower, Loan
from services.scoring.domain.borrower.risk import (
    ATTENTION,
    CLOSED,
    HIGH_RISK,
    NORMAL,
    STATE_NAMES,
    WATCH,
    slot_of,
)
from services.scoring.domain.primitives.dates import SHORTEST_MONTH, plus_months
from services.scoring.domain.primitives.measurement import AMBER, MEASURED, RED
from services.scoring.domain.primitives.money import decimals_of
from services.scoring.domain.primitives.vocabulary import TERM
from services.scoring.domain.rulebook.rulebook import Rules

MATURITY_APPROACHING: Final = "maturity.approaching.v1"
INSPECTION_FELL_DUE: Final = "inspection.fell-due.v1"
# Cover of the amount at maturity, and of the next instalment (domain 1.4, row 47).
COVER_SLOTS: Final = (slot_of("R-14"), slot_of("A-14"))
# The bounds of the contract, which the core does not import; a test compares them.
FIRST_DATE: Final = date(1900, 1, 1)
LAST_DATE: Final = date(2199, 12, 31)


@dataclass(slots=True)
class Effect:
    """One event to be sent.

    Args:
        sender_id: The borrower whose fold sends it.
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
    """Return the ISO date of an ordinal, at most as far away as a date of the wire."""
    return min(max(date.fromordinal(day), FIRST_DATE), LAST_DATE).isoformat()


def amount(minor: int, currency: str) -> str:
    """Return an amount as the decimal string of the wire: 125050 cents are ``1250.50``."""
    decimals = decimals_of(currency)
    sign, digits = "-" if minor < 0 else "", str(abs(minor)).rjust(decimals + 1, "0")
    return sign + (f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits)


@dataclass(slots=True)
class Maturity:
    """One loan or line that ends, with what is owed on it."""

    loan_id: str
    day: int
    owed_minor: int
    currency: str


def maturing(borrower: Borrower, first: int, last: int, as_of: int) -> list[Maturity]:
    """Return the loans and lines that end between two days, both included, as owed on a day."""
    return [
        Maturity(loan.loan_id, loan.maturity_day, _owed(borrower, loan, as_of), loan.currency)
        for loan in borrower.loans
        if loan.maturity_day is not None
        and first <= loan.maturity_day <= last
        and (loan.closed_day is None or loan.closed_day > as_of)
    ]


def maturities(borrower: Borrower, as_of: int, at_us: int) -> list[Effect]:
    """Return a notice for each loan or line that ends in the month that begins after the day."""
    first, last = borrower.counters.month_start, borrower.counters.next_month_start - 1
    ending = maturing(borrower, first, last, as_of)
    difficulty = expected_difficulty(borrower) if ending else ""
    return [
        notice(
            borrower,
            MATURITY_APPROACHING,
            at_us,
            {
                "borrower_id": borrower.borrower_id,
                "loan_id": maturity.loan_id,
                "maturity_date": iso(maturity.day),
                "days_left": max(0, maturity.day - as_of),
                "outstanding": amount(maturity.owed_minor, maturity.currency),
                "currency": maturity.currency,
                "as_of": iso(as_of),
                "difficulty": difficulty,
                "state": STATE_NAMES[borrower.risk.state],
            },
        )
        for maturity in ending
    ]


def expected_difficulty(borrower: Borrower) -> str:
    """Return how hard collecting at maturity is expected to be: HIGH, MEDIUM, LOW or UNKNOWN.

    High where the cover of what falls due is red or the borrower is in high risk or worse; medium
    where it is amber or the borrower is not normal; low where the cover was measured and is enough.
    """
    signals, state = borrower.signals, borrower.risk.state
    level = max(signals.level[slot] for slot in COVER_SLOTS)
    if level >= RED or HIGH_RISK <= state < CLOSED:
        return "HIGH"
    if level >= AMBER or ATTENTION <= state <= WATCH:
        return "MEDIUM"
    is_known = any(signals.status[slot] == MEASURED for slot in COVER_SLOTS)
    return "LOW" if is_known else "UNKNOWN"


def _owed(borrower: Borrower, loan: Loan, day: int) -> int:
    if loan.loan_type == TERM or loan.principal_minor:
        return instalments.loan_exposure(loan, day)
    drawn = 0
    for facility in borrower.facilities:
        if facility.loan_id == loan.loan_id or facility.facility_id == loan.facility_id:
            drawn += facility_use.drawn_on(facility, day) or 0
    return drawn


def inspection(borrower: Borrower, rules: Rules, day: int, at_us: int) -> Effect | None:
    """Return the notice of an inspection that falls due at the close of the day, if one does."""
    file = borrower.credit_file
    if not borrower.profile.known_day or not (rules.inspection_months or file.inspection_due_day):
        return None
    due = inspection_due(borrower, rules, day)
    if due is None or due > day or due <= max(file.announced_day, file.inspected_day):
        return None
    file.announced_day = due
    borrower.changed |= CREDIT_FILE_PART
    return notice(
        borrower,
        INSPECTION_FELL_DUE,
        at_us,
        {
            "borrower_id": borrower.borrower_id,
            "due_date": iso(due),
            "kind": _kind(borrower.risk.state),
            "as_of": iso(day),
            "state": STATE_NAMES[borrower.risk.state],
        },
    )


def inspection_due(borrower: Borrower, rules: Rules, day: int) -> int | None:
    """Return when the next inspection is due; None where neither an officer nor the plan sets one.

    The earliest counts: the date that an officer set; the plan's interval for a normal borrower
    after the last inspection (or since the borrower is known); the interval for the present state,
    which starts with the state so that nobody is late on the day on which a borrower worsens.
    """
    file, risk = borrower.credit_file, borrower.risk
    base = file.inspected_day or borrower.profile.known_day
    due_days = [file.inspection_due_day] if file.inspection_due_day > file.inspected_day else []
    months = rules.inspection_months
    if months:
        starts = ((NORMAL, base), (risk.state, max(base, risk.since)))
        for state, start in starts:
            # Days are counted first: nearly every day it is too early for the calendar.
            if months[state] and day - start >= months[state] * SHORTEST_MONTH:
                due_days.append(plus_months(start, months[state]))
    return min(due_days) if due_days else None


def _kind(state: int) -> str:
    """Return what to do by state: review the file, call, or visit."""
    if state == NORMAL:
        return "DESK_REVIEW"
    return "CALL" if state == ATTENTION else "SITE_VISIT"
