"""Financial-statement family.

Amounts are as printed in the statement, before `unit_multiplier` is applied. A line that the
statement does not show is left out, never zero: a made-up zero is a ratio that never was.
The balance identity is checked by ingest and by the commands that read files, not when an event is
decoded: a consumer must still be able to read what was accepted under another tolerance.
"""

from decimal import Decimal
from typing import Final, Literal

from msgspec import UNSET, UnsetType

from services.contracts.fields import (
    Count,
    Currency,
    Deadline,
    EventData,
    Identifier,
    Money,
    NonNegativeMoney,
    ReportedDate,
)

StatementBasis = Literal["AUDITED", "REVIEWED", "MANAGEMENT", "TAX"]
UnitMultiplier = Literal[1, 1000, 1_000_000]
# domain.md's identity check; statements round to thousands, so a small difference is normal.
BALANCE_TOLERANCE_RATIO: Final = Decimal("0.005")
AuditOpinion = Literal["UNQUALIFIED", "EMPHASIS", "QUALIFIED", "ADVERSE", "DISCLAIMER"]


def is_balanced(assets: Decimal, liabilities: Decimal, equity: Decimal) -> bool:
    """Returns whether assets equal liabilities plus equity, within 0.5 % of the assets."""
    return abs(assets - liabilities - equity) <= abs(assets) * BALANCE_TOLERANCE_RATIO


class StatementReceivedV1(EventData, frozen=True, kw_only=True):
    """A financial statement came in."""

    statement_id: Identifier  #: The statement.
    period_end: ReportedDate  #: Last day of the period.
    period_months: Literal[3, 6, 9, 12]  #: Length of the period.
    received_date: ReportedDate  #: When the bank received it.
    currency: Currency  #: Currency of every line.
    basis: StatementBasis | UnsetType = UNSET  #: How it was checked.
    consolidated: bool | UnsetType = UNSET  #: Whether it covers the group.
    accounting_standard: Identifier | UnsetType = UNSET  #: For example IFRS, HGB, US-GAAP.
    unit_multiplier: UnitMultiplier | UnsetType = UNSET  #: Lines are in units of it; or 1.
    fiscal_year_end: Deadline | UnsetType = UNSET  #: End of the fiscal year.
    contractual_due_date: Deadline | UnsetType = UNSET  #: When it was due by contract.
    auditor_id: Identifier | UnsetType = UNSET  #: The auditor.
    opinion: AuditOpinion | UnsetType = UNSET  #: The auditor's opinion.
    going_concern_doubt: bool | UnsetType = UNSET  #: The auditor doubts that the firm goes on.
    auditor_changed: bool | UnsetType = UNSET  #: Another auditor than last time.
    restates_statement_id: Identifier | UnsetType = UNSET  #: The statement that this one replaces.
    accounting_policy_changed: bool | UnsetType = UNSET  #: Not comparable with the one before.
    fiscal_year_changed: bool | UnsetType = UNSET  #: The fiscal year was moved.
    revenue: Money | UnsetType = UNSET  #: Revenue of the period.
    cogs: Money | UnsetType = UNSET  #: Cost of goods sold.
    gross_profit: Money | UnsetType = UNSET  #: Revenue less cost of goods sold.
    sga: Money | UnsetType = UNSET  #: Selling, general and administrative expense.
    depreciation_amortisation: Money | UnsetType = UNSET  #: Depreciation and amortisation.
    ebit: Money | UnsetType = UNSET  #: Earnings before interest and tax.
    interest_expense: Money | UnsetType = UNSET  #: Interest expense.
    profit_before_tax: Money | UnsetType = UNSET  #: Profit before tax.
    tax_expense: Money | UnsetType = UNSET  #: Tax expense.
    net_income: Money | UnsetType = UNSET  #: Net income.
    cash: Money | UnsetType = UNSET  #: Cash and equivalents.
    receivables: Money | UnsetType = UNSET  #: Trade receivables.
    inventory: Money | UnsetType = UNSET  #: Inventory.
    other_current_assets: Money | UnsetType = UNSET  #: Other current assets.
    current_assets: Money | UnsetType = UNSET  #: All current assets.
    ppe_net: Money | UnsetType = UNSET  #: Property, plant and equipment, net.
    intangibles: Money | UnsetType = UNSET  #: Intangible assets.
    total_assets: Money | UnsetType = UNSET  #: All assets.
    payables: Money | UnsetType = UNSET  #: Trade payables.
    short_term_debt: Money | UnsetType = UNSET  #: Debt due within a year.
    current_liabilities: Money | UnsetType = UNSET  #: All current liabilities.
    long_term_debt: Money | UnsetType = UNSET  #: Debt due later.
    total_liabilities: Money | UnsetType = UNSET  #: All liabilities.
    retained_earnings: Money | UnsetType = UNSET  #: Retained earnings.
    equity: Money | UnsetType = UNSET  #: Equity.
    shares_outstanding: Count | UnsetType = UNSET  #: Number of shares, a plain integer.
    cfo: Money | UnsetType = UNSET  #: Cash flow from operations.
    capex: Money | UnsetType = UNSET  #: Capital expenditure.
    dividends: Money | UnsetType = UNSET  #: Dividends paid.
    debt_raised: Money | UnsetType = UNSET  #: New debt in the period.
    debt_repaid: Money | UnsetType = UNSET  #: Debt repaid in the period.
    equity_raised: Money | UnsetType = UNSET  #: New equity in the period.
    cash_tax_paid: Money | UnsetType = UNSET  #: Tax paid in cash.
    contingent_liabilities: Money | UnsetType = UNSET  #: Contingent liabilities.
    guarantees_given: Money | UnsetType = UNSET  #: Guarantees given for others.
    related_party_receivables: Money | UnsetType = UNSET  #: Receivables from related parties.
    unbilled_revenue: Money | UnsetType = UNSET  #: Revenue booked and not yet billed.


class StatementDueV1(EventData, frozen=True, kw_only=True):
    """A statement must be handed in by a date."""

    due_date: Deadline  #: By when.
    period_end: Deadline  #: The period that it must cover.
    period_months: Literal[3, 6, 9, 12]  #: Length of the period.
    basis: StatementBasis | UnsetType = UNSET  #: The basis required.


class CovenantCertifiedV1(EventData, frozen=True, kw_only=True):
    """A covenant was tested, with the value certified."""

    covenant_id: Identifier  #: The covenant.
    metric: Identifier  #: What is measured, for example NET_DEBT_EBITDA.
    kind: Literal["MIN", "MAX"]  #: Whether the limit is a floor or a ceiling.
    limit: Money  #: The limit, in the unit of the metric.
    actual: Money  #: The value certified, in the unit of the metric.
    test_date: ReportedDate  #: The day to which the test refers.
    certificate_date: ReportedDate  #: The day of the certificate.
    cure_until: Deadline | UnsetType = UNSET  #: Until when a breach may be cured.
    waiver_requested: bool | UnsetType = UNSET  #: The borrower requested a waiver.
    next_certificate_due_date: Deadline | UnsetType = UNSET  #: When the next one is due.


class ForecastReceivedV1(EventData, frozen=True, kw_only=True):
    """The borrower's own forecast of one figure."""

    metric: Literal["revenue", "ebit", "ebitda", "net_income", "cfo"]  #: Which figure.
    period_end: Deadline  #: Last day of the period.
    period_months: Literal[3, 6, 9, 12]  #: Length of the period.
    value: Money  #: The figure, after any multiplier.
    currency: Currency  #: Currency of the figure.
    received_date: ReportedDate  #: When the bank received it.
    sales_backlog: NonNegativeMoney | UnsetType = UNSET  #: Orders in hand.
