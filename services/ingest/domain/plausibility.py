"""Checks that a schema cannot make: whether a statement's sides balance.

A consumer must be able to read what was accepted under another tolerance, so this belongs to the
way in and not to the contract.
"""

from collections.abc import Mapping
from decimal import Decimal

from services.ingest.domain.reasons import Reason, Refusal

# domain.md's identity check; statements round to thousands, so a small difference is normal.
BALANCE_TOLERANCE_RATIO = Decimal("0.005")


def balance_refusal(data: Mapping[str, object]) -> Refusal | None:
    """Return a refusal if assets differ from liabilities plus equity by more than 0.5 % of assets.

    A difference of exactly 0.5 % passes. A statement that leaves one of the three lines out is not
    checked: a missing line is missing, never zero.
    """
    assets = data.get("total_assets")
    if not isinstance(assets, str):
        return None
    liabilities, equity = data.get("total_liabilities"), data.get("equity")
    if not (isinstance(liabilities, str) and isinstance(equity, str)):
        return None
    difference = abs(Decimal(assets) - Decimal(liabilities) - Decimal(equity))
    if difference <= abs(Decimal(assets)) * BALANCE_TOLERANCE_RATIO:
        return None
    return Refusal(
        reason=Reason.BALANCE_BROKEN,
        pointer="/data/total_assets",
        detail="/data/total_assets differs from total_liabilities plus equity by more than 0.5 %",
    )
