"""Financial-statement family.

Amounts are as printed in the statement, before `unit_multiplier` is applied. A line that the
statement does not show is left out, never zero: a made-up zero is a ratio that never was.
The balance identity is checked by ingest, not here: a consumer must still be able to read
what was accepted under another tolerance.
"""

from typing import ClassVar, Literal

from services.contracts.fields import (
    Bool,
    Count,
    Currency,
    EventData,
    Identifier,
    IsoDate,
    Money,
    NonNegativeMoney,
)

Opinion = Literal["UNQUALIFIED", "EMPHASIS", "QUALIFIED", "ADVERSE", "DISCLAIMER"]


class StatementReceived(EventData):
    """A financial statement came in."""

    TYPE: ClassVar[str] = "statement.received.v1"

    statement_id: Identifier  # The statement.
    period_end: IsoDate  # Last day of the period.
    period_months: Literal[3, 6, 9, 12]  # Length of the period.
    received_date: IsoDate  # When the bank received it.
    currency: Currency  # Currency of every line.
    basis: Literal["AUDITED", "REVIEWED", "MANAGEMENT", "TAX"] | None = None  # How far checked.
    consolidated: Bool | None = None  # Whether it covers the group.
    accounting_standard: Identifier | None = None  # For example IFRS, HGB, US-GAAP.
    unit_multiplier: Literal[1, 1000, 1_000_000] | None = None  # Lines are in units of it; or 1.
    fiscal_year_end: IsoDate | None = None  # End of the fiscal year.
    contractual_due_date: IsoDate | None = None  # When it was due by contract.
    auditor_id: Identifier | None = None  # The auditor.
    opinion: Opinion | None = None  # The auditor's opinion.
    going_concern_doubt: Bool | None = None  # The auditor doubts that the firm goes on.
    auditor_changed: Bool | None = None  # Another auditor than last time.
    restates_statement_id: Identifier | None = None  # The statement that this one replaces.
    accounting_policy_changed: Bool | None = None  # Not comparable with the one before.
    fiscal_year_changed: Bool | None = None  # The fiscal year was moved.
    revenue: Money | None = None  # Revenue of the period.
    cogs: Money | None = None  # Cost of goods sold.
    gross_profit: Money | None = None  # Revenue less cost of goods sold.
    sga: Money | None = None  # Selling, general and administrative expense.
    depreciation_amortisation: Money | None = None  # Depreciation and amortisation.
    ebit: Money | None = None  # Earnings before interest and tax.
    interest_expense: Money | None = None  # Interest expense.
    profit_before_tax: Money | None = None  # Profit before tax.
    tax_expense: Money | None = None  # Tax expense.
    net_income: Money | None = None  # Net income.
    cash: Money | None = None  # Cash and equivalents.
    receivables: Money | None = None  # Trade receivables.
    inventory: Money | None = None  # Inventory.
    other_current_assets: Money | None = None  # Other current assets.
    current_assets: Money | None = None  # All current assets.
    ppe_net: Money | None = None  # Property, plant and equipment, net.
    intangibles: Money | None = None  # Intangible assets.
    total_assets: Money | None = None  # All assets.
    payables: Money | None = None  # Trade payables.
    short_term_debt: Money | None = None  # Debt due within a year.
    current_liabilities: Money | None = None  # All current liabilities.
    long_term_debt: Money | None = None  # Debt due later.
    total_liabilities: Money | None = None  # All liabilities.
    retained_earnings: Money | None = None  # Retained earnings.
    equity: Money | None = None  # Equity.
    shares_outstanding: Count | None = None  # Number of shares, a plain integer.
    cfo: Money | None = None  # Cash flow from operations.
    capex: Money | None = None  # Capital expenditure.
    dividends: Money | None = None  # Dividends paid.
    debt_raised: Money | None = None  # New debt in the period.
    debt_repaid: Money | None = None  # Debt repaid in the period.
    equity_raised: Money | None = None  # New equity in the period.
    cash_tax_paid: Money | None = None  # Tax paid in cash.
    contingent_liabilities: Money | None = None  # Contingent liabilities.
    guarantees_given: Money | None = None  # Guarantees given for others.
    related_party_receivables: Money | None = None  # Receivables from related parties.
    unbilled_revenue: Money | None = None  # Revenue booked and not yet billed.


class StatementDue(EventData):
    """A statement must be handed in by a date."""

    TYPE: ClassVar[str] = "statement.due.v1"

    due_date: IsoDate  # By when.
    period_end: IsoDate  # The period that it must cover.
    period_months: Literal[3, 6, 9, 12]  # Length of the period.
    basis: Literal["AUDITED", "REVIEWED", "MANAGEMENT", "TAX"] | None = None  # What is asked for.


class CovenantCertified(EventData):
    """A covenant was tested, with the value certified."""

    TYPE: ClassVar[str] = "covenant.certified.v1"

    covenant_id: Identifier  # The covenant.
    metric: Identifier  # What is measured, for example NET_DEBT_EBITDA.
    kind: Literal["MIN", "MAX"]  # Whether the limit is a floor or a ceiling.
    limit: Money  # The limit, in the unit of the metric.
    actual: Money  # The value certified, in the unit of the metric.
    test_date: IsoDate  # The day to which the test refers.
    certificate_date: IsoDate  # The day of the certificate.
    cure_until: IsoDate | None = None  # Until when a breach may be cured.
    waiver_requested: Bool | None = None  # The borrower asked for a waiver.
    next_certificate_due_date: IsoDate | None = None  # By when the next certificate must come.


class ForecastReceived(EventData):
    """The borrower's own forecast of one figure."""

    TYPE: ClassVar[str] = "forecast.received.v1"

    metric: Literal["revenue", "ebit", "ebitda", "net_income", "cfo"]  # Which figure.
    period_end: IsoDate  # Last day of the period.
    period_months: Literal[3, 6, 9, 12]  # Length of the period.
    value: Money  # The figure, after any multiplier.
    currency: Currency  # Currency of the figure.
    received_date: IsoDate  # When the bank received it.
    sales_backlog: NonNegativeMoney | None = None  # Orders in hand, where told.
