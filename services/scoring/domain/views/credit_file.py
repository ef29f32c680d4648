"""Derives figures from the credit file as of a day; nothing is stored.

Called by the collateral, covenant, link and review indicators and by the near-trigger list. A day
is always its end. Amounts in another currency than the borrower's are no figure until the log
carries exchange rates: the caller gets ``None``.
"""

from typing import Final

from services.scoring.domain.arrears import facility_use, instalments
from services.scoring.domain.borrower.borrower import Borrower, Loan
from services.scoring.domain.borrower.credit_file import (
    Collateral,
    Covenant,
    GroupLink,
    Guarantor,
    related_state_of,
)
from services.scoring.domain.primitives.dates import plus_months
from services.scoring.domain.primitives.measurement import MICRO, rounded_quotient
from services.scoring.domain.primitives.vocabulary import CARD, OVERDRAFT, REVOLVING, TERM

LINES: Final = (REVOLVING, OVERDRAFT, CARD)
LONGEST_MONTHS: Final = 1_200


def months_since(start: int, day: int) -> int:
    """Return the calendar months from one day to another in micro-units, days as their share.

    From 15 January to 15 March are 2 months, one day more is a little more than 2.
    """
    if day <= start:
        return 0
    whole = min(LONGEST_MONTHS, (day - start) // 31)
    while whole < LONGEST_MONTHS and plus_months(start, whole + 1) <= day:
        whole += 1
    reached, following = plus_months(start, whole), plus_months(start, whole + 1)
    return whole * MICRO + rounded_quotient((day - reached) * MICRO, following - reached)


def has_foreign_collateral(borrower: Borrower) -> bool:
    """Return whether some collateral is valued in another currency than the borrower's."""
    currency = borrower.profile.reporting_currency
    return any(piece.currency != currency for piece in borrower.credit_file.collateral)


def secured_exposure(borrower: Borrower, day: int) -> int | None:
    """Return what is owed on the loans that collateral secures; None if none of them is known."""
    names = {name for piece in borrower.credit_file.collateral for name in piece.loan_ids}
    loans = [loan for loan in borrower.loans if loan.loan_id in names]
    if not loans:
        return None
    return sum(_owed(borrower, loan, day) for loan in loans)


def _owed(borrower: Borrower, loan: Loan, day: int) -> int:
    if loan.loan_type == TERM or loan.principal_minor:
        return instalments.loan_exposure(loan, day)
    return sum(
        facility_use.drawn_on(facility, day) or 0
        for facility in borrower.facilities
        if facility.loan_id == loan.loan_id or facility.facility_id == loan.facility_id
    )


def lendable(pieces: list[Collateral]) -> int:
    """Return what the collateral is worth after haircuts, in minor units."""
    return sum(
        rounded_quotient(piece.value_minor * (MICRO - piece.haircut_micro), MICRO)
        for piece in pieces
    )


def agreed_limit(pieces: list[Collateral]) -> int | None:
    """Return the highest loan to value over all pieces, weighted by value; None if any has none."""
    total = sum(piece.value_minor for piece in pieces)
    if not total or any(piece.limit_micro < 0 for piece in pieces):
        return None
    return rounded_quotient(sum(piece.value_minor * piece.limit_micro for piece in pieces), total)


def headroom(covenant: Covenant) -> int | None:
    """Return how far the certified figure is on the good side of its limit, as a share of it.

    Negative once it is broken. A limit of zero has no share: it is -100 %
    where it is broken and None while it is kept.
    """
    distance = covenant.actual_micro - covenant.limit_micro
    if covenant.is_ceiling:
        distance = -distance
    if covenant.limit_micro == 0:
        return -MICRO if distance < 0 else None
    return rounded_quotient(distance * MICRO, abs(covenant.limit_micro))


def is_uncured(covenant: Covenant, day: int) -> bool:
    """Return whether the covenant is still broken after the day by which it had to be cured."""
    room = headroom(covenant)
    return 0 < covenant.cure_until < day and room is not None and room < 0


def certificate_due(covenant: Covenant) -> int | None:
    """Return by when the next certificate must come.

    Where nobody stated it, it follows the rhythm of the last two tests: as long after the newest
    certificate as the newest test came after the one before.
    """
    if covenant.next_due_day:
        return covenant.next_due_day
    if not covenant.earlier_day:
        return None
    rhythm = rounded_quotient(months_since(covenant.earlier_day, covenant.test_day), MICRO)
    return plus_months(covenant.certificate_day, rhythm) if rhythm else None


def guarantors_in_force(borrower: Borrower, day: int) -> list[Guarantor]:
    """Return who guarantees the borrower's debt on the day."""
    guarantors = borrower.credit_file.guarantors
    return [
        guarantor
        for guarantor in guarantors
        if _is_in_force(guarantor.from_day, guarantor.until, day)
    ]


def links_in_force(borrower: Borrower, day: int) -> list[GroupLink]:
    """Return whose trouble carries over on the day."""
    links = borrower.credit_file.links
    return [link for link in links if _is_in_force(link.from_day, link.until, day)]


def _is_in_force(from_day: int, until: int, day: int) -> bool:
    return from_day <= day and not 0 < until <= day


def reported_state(borrower: Borrower, related_id: str) -> int | None:
    """Return the own state that a linked borrower reported, None before it did."""
    known = related_state_of(borrower.credit_file, related_id)
    return None if known is None or known.state < 0 else known.state


def review_days(borrower: Borrower) -> list[int]:
    """Return the days on which a review or a limit of the open loans and lines ran or runs out.

    The end of a temporary limit is none: the line goes back to its own limit.
    """
    days: list[int] = []
    for loan in borrower.loans:
        if loan.closed_day is not None:
            continue
        if loan.review_due_day is not None:
            days.append(loan.review_due_day)
        if loan.maturity_day is not None and loan.loan_type in LINES:
            days.append(loan.maturity_day)
    return days
