"""Checks what a schema cannot: whether a statement's sides balance, amounts have a currency, and
the dates of an event are not far after it.

A consumer must be able to read events that were accepted under another tolerance, so the checks
belong to ingest and not to the contract.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from services.ingest.domain.candidate import Document
from services.ingest.domain.reasons import Refusal, RefusalReason

# domain.md's identity check; statements round to thousands, so a small difference is normal.
BALANCE_TOLERANCE_RATIO = Decimal("0.005")


def balance_refusal(
    *, assets: str | None, liabilities: str | None, equity: str | None
) -> Refusal | None:
    """Returns a refusal if assets differ from liabilities plus equity by more than 0.5 % of assets.

    A difference of exactly 0.5 % passes. A statement that leaves one of the three lines out is not
    checked: a missing line is missing, never zero.
    """
    if assets is None or liabilities is None or equity is None:
        return None
    difference = abs(Decimal(assets) - Decimal(liabilities) - Decimal(equity))
    if difference <= abs(Decimal(assets)) * BALANCE_TOLERANCE_RATIO:
        return None
    return Refusal(
        reason=RefusalReason.BALANCE_BROKEN,
        pointer="/data/total_assets",
        detail="/data/total_assets differs from total_liabilities plus equity by more than 0.5 %",
    )


def date_refusal(dates: Iterable[tuple[str, date, int]], *, booked: date) -> Refusal | None:
    """Returns a refusal if a date lies further after the booking than its window; else None.

    Args:
        dates: Each with its field, and the days after the booking that it may be.
    """
    for field, day, most_days in dates:
        if (day - booked).days > most_days:
            pointer = f"/data/{field}"
            return Refusal(
                reason=RefusalReason.INVALID_FIELD,
                pointer=pointer,
                detail=f"{pointer} is {day}, more than {most_days} days after /time ({booked})",
            )
    return None


def currency_refusal(data: Document, *, money_fields: frozenset[str]) -> Refusal | None:
    """Returns a refusal if an amount has no currency, of a type whose currency may be left out."""
    amounts = sorted(money_fields & data.keys())
    if not amounts or "currency" in data:
        return None
    return Refusal(
        reason=RefusalReason.MISSING_FIELD,
        pointer="/data/currency",
        detail=f"/data/currency is required beside /data/{amounts[0]}",
    )
