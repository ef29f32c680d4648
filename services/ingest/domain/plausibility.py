"""Refuses what a schema cannot: sides of a statement that differ, amounts without a currency, and
dates of an event that are far after it.

A consumer must be able to read events that were accepted under another tolerance, so the checks
belong to ingest and not to the contract.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final

from services.ingest.domain.candidate import Document
from services.ingest.domain.reasons import Refusal, RefusalReason

UNBALANCED: Final = Refusal(
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
