"""Which windows a flow of each category belongs to: one bit mask per category and direction.

The groups are the domain's conventions: operating credits, operating debits, and all debits but own
transfers and reversals.
"""

from typing import Final

from services.scoring.domain.vocabulary import CATEGORIES

OPERATING_CREDIT: Final = 1
UNKNOWN_CREDIT: Final = 2
SPENT: Final = 4
OPERATING_DEBIT: Final = 8
CASH: Final = 16
RELATED: Final = 32

OPERATING_CREDITS: Final = frozenset(
    {
        "SALES_RECEIPT",
        "CUSTOMER_RECEIPT",
        "SALARY_IN",
        "RENT_IN",
        "POS_SETTLEMENT",
        "EXPORT_PROCEEDS",
    }
)
OPERATING_DEBITS: Final = frozenset(
    {
        "SUPPLIER_OUT",
        "PAYROLL_OUT",
        "TAX_OUT",
        "SOCIAL_OUT",
        "UTILITY_OUT",
        "RENT_OUT",
        "INTEREST",
        "FEE",
        "CASH_OUT",
    }
)
NOT_SPENT: Final = frozenset({"OWN_TRANSFER", "REVERSAL"})


def _credit_kinds(category: str) -> int:
    if category in OPERATING_CREDITS:
        return OPERATING_CREDIT
    if category == "UNKNOWN":
        return UNKNOWN_CREDIT
    return RELATED if category == "RELATED_IN" else 0


def _debit_kinds(category: str) -> int:
    kinds = 0 if category in NOT_SPENT else SPENT
    if category in OPERATING_DEBITS:
        kinds |= OPERATING_DEBIT
    if category == "CASH_OUT":
        kinds |= CASH
    if category == "RELATED_OUT":
        kinds |= RELATED
    return kinds


CREDIT_KINDS: Final = tuple(_credit_kinds(category) for category in CATEGORIES)
DEBIT_KINDS: Final = tuple(_debit_kinds(category) for category in CATEGORIES)
