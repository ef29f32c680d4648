"""Maps a flow to its windows: one bit mask per direction, category and kind of counterparty.

The groups are the domain's conventions: operating credits, operating debits, and all debits but own
transfers and reversals. Use `CREDIT_KINDS[category][counterparty_type]`.
"""

from typing import Final

from services.scoring.domain.primitives.vocabulary import CATEGORIES, COUNTERPARTY_TYPES

OPERATING_CREDIT: Final = 1
UNKNOWN_CREDIT: Final = 2
SPENT: Final = 4
OPERATING_DEBIT: Final = 8
CASH: Final = 16
RELATED: Final = 32
WAGES: Final = 64
TAX: Final = 128
SOCIAL: Final = 256
UTILITY: Final = 512
LENDER: Final = 1024
INFLOW: Final = 2048
PENALTY: Final = 4096
# Money of others: `OutsideFunding` and `LenderFlows`.
OUTSIDE_FUNDS: Final = LENDER | INFLOW
# Payments that recur: `RecurringPayments`.
RECURRING: Final = WAGES | TAX | SOCIAL | UTILITY
RARE: Final = RECURRING | OUTSIDE_FUNDS | PENALTY

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
        "PENALTY_INTEREST",
        "FEE",
        "CASH_OUT",
    }
)
NOT_SPENT: Final = frozenset({"OWN_TRANSFER", "REVERSAL"})


BY_DEBIT_CATEGORY: Final = {
    "CASH_OUT": CASH,
    "RELATED_OUT": RELATED,
    "PAYROLL_OUT": WAGES,
    "TAX_OUT": TAX,
    "SOCIAL_OUT": SOCIAL,
    "UTILITY_OUT": UTILITY,
    "DEBT_SERVICE_OTHER": LENDER,
    "PENALTY_INTEREST": PENALTY,
}
# The kinds of a credit from a related party, under any category of the source.
FROM_RELATED: Final = RELATED | INFLOW
# Debits to a lender that are not about other lenders: this bank's own claims.
OWN_CLAIMS: Final = frozenset({"DEBT_SERVICE_OWN", "INTEREST", "PENALTY_INTEREST", "FEE"})


def _credit_kinds(category: str, counterparty: str) -> int:
    """Return the kinds of a credit; money from related parties is no revenue (domain 3.0)."""
    if category == "RELATED_IN" or (
        counterparty == "RELATED" and category in OPERATING_CREDITS | {"UNKNOWN"}
    ):
        return FROM_RELATED
    if category == "LOAN_IN_OTHER":
        return LENDER | INFLOW
    if category == "CAPITAL_IN":
        return INFLOW
    if category in OPERATING_CREDITS:
        return OPERATING_CREDIT | (WAGES if category == "SALARY_IN" else 0)
    return UNKNOWN_CREDIT if category == "UNKNOWN" else 0


def _debit_kinds(category: str, counterparty: str) -> int:
    kinds = 0 if category in NOT_SPENT else SPENT
    if category in OPERATING_DEBITS:
        kinds |= OPERATING_DEBIT
    if kinds & SPENT and counterparty == "RELATED":
        kinds |= RELATED
    if kinds & SPENT and counterparty == "LENDER" and category not in OWN_CLAIMS:
        kinds |= LENDER
    return kinds | BY_DEBIT_CATEGORY.get(category, 0)


CREDIT_KINDS: Final = tuple(
    tuple(_credit_kinds(category, party) for party in COUNTERPARTY_TYPES) for category in CATEGORIES
)
DEBIT_KINDS: Final = tuple(
    tuple(_debit_kinds(category, party) for party in COUNTERPARTY_TYPES) for category in CATEGORIES
)
