"""How many minor units a currency has (ISO 4217), where the core must know the size of an amount.

The core keeps its own table because it imports nothing; a test keeps it equal to the contracts'.
"""

from typing import Final

WITHOUT_DECIMALS: Final = frozenset(
    (
        *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI"),
        *("VND", "VUV", "XAF", "XOF", "XPF"),
    )
)
WITH_THREE: Final = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])
WITH_FOUR: Final = frozenset(("CLF", "UYW"))


def decimals_of(currency: str) -> int:
    """Return the decimals of the currency's amounts; 2 for all that are not listed."""
    if currency in WITHOUT_DECIMALS:
        return 0
    if currency in WITH_THREE:
        return 3
    return 4 if currency in WITH_FOUR else 2
