"""Events of the bank's file on a borrower: profile, statements, security, links; see `event`."""

from dataclasses import dataclass

from services.scoring.domain.events.event import Event


@dataclass(slots=True)
class BorrowerRegistered(Event):
    """The borrower's reference data; a later one replaces what it carries."""

    segment: int
    reporting_currency: str
    country: str
    industry_code: str
    legal_form: str
    start_day: int | None
    group_id: str | None
    status: str
    origination_pd_micro: int | None
    rating: str
    officer_id: str | None
    branch_id: str | None
    account_ids: list[str]
    current_pd_micro: int | None = None


@dataclass(slots=True)
class StatementReceived(Event):
    """One set of financial statements.

    `lines` follows `vocabulary.STATEMENT_LINES`, in minor units after the unit multiplier
    (`shares_outstanding` is a count); a missing line is ``None``, never zero.
    """

    statement_id: str
    period_end_day: int
    period_months: int
    received_day: int
    currency: str
    basis: int
    is_consolidated: bool
    accounting_standard: str
    contractual_due_day: int | None
    auditor_id: str | None
    opinion: int
    going_concern_doubt: bool
    auditor_changed: bool
    restates_statement_id: str | None
    accounting_policy_changed: bool
    fiscal_year_changed: bool
    lines: list[int | None]


@dataclass(slots=True)
class StatementDue(Event):
    """A statement of a period must be handed in by a day, on a basis (0: not stated)."""

    due_day: int
    period_end_day: int
    period_months: int
    basis: int


@dataclass(slots=True)
class ForecastReceived(Event):
    """The borrower's own forecast of one figure for one period."""

    metric: int
    period_end_day: int
    period_months: int
    forecast_minor: int
    currency: str
    received_day: int


@dataclass(slots=True)
class CovenantCertified(Event):
    """One test of a covenant; limit and figure in micro-units of the metric."""

    covenant_id: str
    metric: str
    is_ceiling: bool
    limit_micro: int
    actual_micro: int
    test_day: int
    certificate_day: int
    cure_until: int
    is_waiver_asked: bool
    next_due_day: int


@dataclass(slots=True)
class CollateralValued(Event):
    """What a piece of collateral is worth and how it is secured; a later one replaces all."""

    collateral_id: str
    loan_ids: list[str]
    kind: int
    is_residential: bool
    value_minor: int
    currency: str
    valued_day: int
    haircut_micro: int
    limit_micro: int
    registered_until: int
    insured_until: int
    permitted_until: int
    is_double_pledged: bool
    is_released: bool


@dataclass(slots=True)
class GuarantorLinked(Event):
    """Somebody guarantees the borrower's debt from a day until another one, exclusive."""

    guarantor_id: str
    covered_minor: int
    currency: str
    from_day: int
    until: int
    loan_ids: list[str]


@dataclass(slots=True)
class GroupLinked(Event):
    """Another borrower's trouble carries over to this one."""

    linked_id: str
    kind: int
    strength_micro: int
    from_day: int
    until: int


@dataclass(slots=True)
class DependantLinked(Event):
    """This borrower's trouble carries over to another one; scoring wrote it."""

    dependant_id: str
    kind: int


@dataclass(slots=True)
class RelatedStateChanged(Event):
    """The own state of a linked borrower; scoring wrote it, and it never goes on."""

    related_id: str
    state: int
    since: int


@dataclass(slots=True)
class RelatedPartiesDeclared(Event):
    """All counterparties that belong to the borrower's circle."""

    counterparty_ids: list[str]


@dataclass(slots=True)
class ExternalDelinquencyReported(Event):
    """What a bureau, a court or another lender reports; -1 where a number was left out."""

    reporter: str
    kind: int
    report_day: int
    days_past_due: int
    amount_minor: int
    currency: str


@dataclass(slots=True)
class FindingRaised(Event):
    """An officer found something, or settled it."""

    finding_id: str
    code: str
    severity: int
    raised_day: int
    is_settled: bool


@dataclass(slots=True)
class InspectionRecorded(Event):
    """An officer visited or reviewed the borrower."""

    inspection_day: int
    outcome: int
    next_due_day: int


@dataclass(slots=True)
class OverrideApproved(Event):
    """Two people decided something; see `decisions.Override` for the fields."""

    override_id: str
    kind: int
    state: int
    reason: str
    proposed_by: str
    approved_by: list[str]
    effective_day: int
    expires_day: int | None
    loan_id: str
    points_micro: int
    flags: int
    trigger: str
