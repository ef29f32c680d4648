"""Maps the words of the bank to small integers: segments, categories, channels, counterparty types.

State and fold use the integers; the wire adapter maps the words. The order of each tuple is
stored in every borrower's bytes: append, never reorder or remove.
"""

from typing import Final

SEGMENTS: Final = ("RETAIL", "MICRO", "SME", "CORPORATE", "LARGE")
RETAIL: Final = 0
MICRO: Final = 1
SME: Final = 2
CORPORATE: Final = 3
LARGE: Final = 4

LOAN_TYPES: Final = ("TERM", "REVOLVING", "OVERDRAFT", "CARD", "GUARANTEE")
TERM: Final = 0
REVOLVING: Final = 1
OVERDRAFT: Final = 2
CARD: Final = 3
GUARANTEE: Final = 4

# A product that overlays distinguish besides the loan types: term loans repaid all at once.
BULLET_LOANS: Final = "BULLET"
PRODUCTS: Final = (*LOAN_TYPES, BULLET_LOANS)

REPAYMENT_TYPES: Final = ("UNKNOWN", "ANNUITY", "LINEAR", "BULLET", "INTEREST_ONLY")
BULLET: Final = 3
INTEREST_ONLY: Final = 4

DPD_CONVENTIONS: Final = ("EXCLUSIVE", "INCLUSIVE_DAY_END")
EXCLUSIVE: Final = 0
INCLUSIVE_DAY_END: Final = 1

# How money is spread inside one instalment. Between instalments it is always oldest first.
ALLOCATION_RULES: Final = ("FEES_INTEREST_PRINCIPAL", "INTEREST_PRINCIPAL_FEES", "PRINCIPAL_FIRST")
FEES_INTEREST_PRINCIPAL: Final = 0
INTEREST_PRINCIPAL_FEES: Final = 1
PRINCIPAL_FIRST: Final = 2

CORRECTION_KINDS: Final = ("", "reversal", "amendment", "backdate")
NO_CORRECTION: Final = 0
REVERSAL_OF: Final = 1
AMENDMENT_OF: Final = 2
BACKDATE_OF: Final = 3

REPAYMENT_CHANNELS: Final = (
    "DEBIT",
    "TRANSFER",
    "CASH",
    "SETOFF",
    "COLLATERAL",
    "REFINANCE",
    "GUARANTOR",
    "INSURER",
)
REFINANCE_CHANNEL: Final = 5
GUARANTOR_CHANNEL: Final = 6

SETOFF_CHANNEL: Final = 3
COLLATERAL_CHANNEL: Final = 4
INSURER_CHANNEL: Final = 7

# How an arrear was extinguished. Everything but cash is no payment of the borrower's; SECURED is
# money of somebody else: a guarantor, an insurer, collateral, set-off; DRAWN is a payment that an
# own loan or draw covers.
EXTINCTIONS: Final = (
    "CASH",
    "REFINANCED",
    "CAPITALISED",
    "WRITTEN_OFF",
    "SOLD",
    "FORGIVEN",
    "SECURED",
    "DRAWN",
)
CASH_PAID: Final = 0
REFINANCED: Final = 1
CAPITALISED: Final = 2
FORGIVEN: Final = 5
SECURED: Final = 6
DRAWN: Final = 7

FAILURE_REASONS: Final = (
    "INSUFFICIENT_FUNDS",
    "ACCOUNT_CLOSED",
    "MANDATE_CANCELLED",
    "TECHNICAL",
)
RETURN_REASONS: Final = ("INSUFFICIENT_FUNDS", "ACCOUNT_CLOSED", "DISPUTED", "TECHNICAL", "OTHER")
INSUFFICIENT_FUNDS: Final = 0

CREDIT: Final = 1
DEBIT: Final = -1

CATEGORIES: Final = (
    "UNKNOWN",
    "SALES_RECEIPT",
    "CUSTOMER_RECEIPT",
    "POS_SETTLEMENT",
    "EXPORT_PROCEEDS",
    "SALARY_IN",
    "RENT_IN",
    "LOAN_IN_OWN",
    "LOAN_IN_OTHER",
    "CAPITAL_IN",
    "RELATED_IN",
    "OWN_TRANSFER",
    "REFUND",
    "SUPPLIER_OUT",
    "PAYROLL_OUT",
    "TAX_OUT",
    "SOCIAL_OUT",
    "UTILITY_OUT",
    "RENT_OUT",
    "DEBT_SERVICE_OWN",
    "DEBT_SERVICE_OTHER",
    "RELATED_OUT",
    "SECURITIES_OUT",
    "PROPERTY_OUT",
    "CASH_OUT",
    "GAMBLING_OUT",
    "FEE",
    "INTEREST",
    "REVERSAL",
    "PENALTY_INTEREST",
)
UNKNOWN: Final = 0
SALARY_IN: Final = 5
LOAN_IN_OWN: Final = 7
LOAN_IN_OTHER: Final = 8
CAPITAL_IN: Final = 9
RELATED_IN: Final = 10
OWN_TRANSFER: Final = 11
PAYROLL_OUT: Final = 14
TAX_OUT: Final = 15
SOCIAL_OUT: Final = 16
UTILITY_OUT: Final = 17
DEBT_SERVICE_OTHER: Final = 20
RELATED_OUT: Final = 21
CASH_OUT: Final = 24
INTEREST: Final = 27
REVERSAL: Final = 28

ACCOUNT_CHANNELS: Final = ("TRANSFER", "CARD", "CASH", "CHEQUE", "DIRECT_DEBIT", "POS")
CASH: Final = 2

COUNTERPARTY_TYPES: Final = (
    "UNKNOWN",
    "CUSTOMER",
    "SUPPLIER",
    "RELATED",
    "LENDER",
    "TAX",
    "EMPLOYEE",
    "OWN",
    "BROKER",
    "REAL_ESTATE",
    "GAMBLING",
    "CRYPTO",
    "OTHER",
)

# The order is stored with each decision: append, never reorder.
OVERRIDE_KINDS: Final = (
    "TIGHTEN",
    "RELAX",
    "UTP",
    "LIFT_UTP",
    "TECHNICAL_DEFAULT",
    "EXCEPTION",
    "SCORE",
    "FLAG",
    "UNFLAG",
)
# Why an obligor is unlikely to pay: the elements of CRR 178(3), and what else the bank considers.
UTP_TRIGGERS: Final = (
    "NON_ACCRUAL",
    "CREDIT_RISK_ADJUSTMENT",
    "SALE_AT_LOSS",
    "DISTRESSED_RESTRUCTURING",
    "BANKRUPTCY",
    "OTHER",
)
DISPUTE_STATUSES: Final = ("OPEN", "UPHELD", "REJECTED", "WITHDRAWN")
CLOSING_REASONS: Final = ("REPAID", "REFINANCED", "SOLD", "WRITTEN_OFF", "CANCELLED")

STATEMENT_BASES: Final = ("UNKNOWN", "AUDITED", "REVIEWED", "MANAGEMENT", "TAX")
OPINIONS: Final = ("UNKNOWN", "UNQUALIFIED", "EMPHASIS", "QUALIFIED", "ADVERSE", "DISCLAIMER")

# Statement lines in the order of `Statement.lines`.
STATEMENT_LINES: Final = (
    "revenue",
    "cogs",
    "gross_profit",
    "sga",
    "depreciation_amortisation",
    "ebit",
    "interest_expense",
    "profit_before_tax",
    "tax_expense",
    "net_income",
    "cash",
    "receivables",
    "inventory",
    "other_current_assets",
    "current_assets",
    "ppe_net",
    "intangibles",
    "total_assets",
    "payables",
    "short_term_debt",
    "current_liabilities",
    "long_term_debt",
    "total_liabilities",
    "retained_earnings",
    "equity",
    "cfo",
    "capex",
    "dividends",
    "debt_raised",
    "debt_repaid",
    "equity_raised",
    "cash_tax_paid",
    "contingent_liabilities",
    "guarantees_given",
    "related_party_receivables",
    "unbilled_revenue",
    "shares_outstanding",
)

COLLATERAL_KINDS: Final = (
    "REAL_ESTATE",
    "VEHICLE",
    "MACHINERY",
    "STOCK",
    "RECEIVABLES",
    "SECURITIES",
    "CASH",
    "OTHER",
)
REAL_ESTATE: Final = 0
CASH_COLLATERAL: Final = 6

LINK_KINDS: Final = (
    "CONTROL",
    "DEPENDENCY",
    "GUARANTEE",
    "FAMILY",
    "JOINT_OBLIGATION",
    "JOINT_MEMBER",
)
CONTROL: Final = 0
GUARANTEE_LINK: Final = 2
JOINT_OBLIGATION: Final = 4
JOINT_MEMBER: Final = 5

REPORT_KINDS: Final = ("ARREARS", "DEFAULT", "WRITE_OFF", "INSOLVENCY", "COURT", "CLEARED")
ARREARS_ELSEWHERE: Final = 0
DEFAULT_ELSEWHERE: Final = 1
WRITTEN_OFF_ELSEWHERE: Final = 2
INSOLVENCY: Final = 3
COURT: Final = 4
CLEARED: Final = 5

# The place in the list is the severity from 0 to 4 as the catalogue counts it.
FINDING_SEVERITIES: Final = ("", "LOW", "MEDIUM", "HIGH")
INSPECTION_OUTCOMES: Final = ("SATISFACTORY", "", "CONCERNS", "SERIOUS")

BLOCK_KINDS: Final = ("SEIZURE", "LEGAL", "FRAUD", "CUSTOMER", "RELEASED")
SEIZURE: Final = 0
LEGAL_BLOCK: Final = 1
RELEASED: Final = 4

FORECAST_METRICS: Final = ("revenue", "ebitda", "ebit", "net_income", "cfo")
FORECAST_REVENUE: Final = 0
FORECAST_EBITDA: Final = 1
