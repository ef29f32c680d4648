"""Checks whether a statement's sides balance, which a schema cannot do.

A consumer must be able to read events that were accepted under another tolerance, so the check
belongs to ingest and not to the contract.
"""

from decimal import Decimal

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
