"""ISO 4217: how many decimals an amount of each currency has.

Used where a decimal string becomes an integer of minor units. A currency that is not listed here
has two decimals, as most of the standard has.
"""

from typing import Final

USUAL_DECIMALS: Final = 2
# ISO 4217 list one: every active currency whose minor unit is not 2.
OTHER_DECIMALS: Final = {
    "BIF": 0,
    "CLP": 0,
    "DJF": 0,
    "GNF": 0,
    "ISK": 0,
    "JPY": 0,
    "KMF": 0,
    "KRW": 0,
    "PYG": 0,
    "RWF": 0,
    "UGX": 0,
    "UYI": 0,
    "VND": 0,
    "VUV": 0,
    "XAF": 0,
    "XOF": 0,
    "XPF": 0,
    "BHD": 3,
    "IQD": 3,
    "JOD": 3,
    "KWD": 3,
    "LYD": 3,
    "OMR": 3,
    "TND": 3,
    "CLF": 4,
    "UYW": 4,
}


def decimals_of(currency: str) -> int:
    """Return the number of decimals of the currency's minor unit."""
    return OTHER_DECIMALS.get(currency, USUAL_DECIMALS)
