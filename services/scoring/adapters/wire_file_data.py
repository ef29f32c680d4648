"""The shape of `data` of the events that change the credit file; see `wire_data`."""

from datetime import date

from services.scoring.adapters.wire_data import Data


class CollateralValuedData(Data):
    """`collateral.valued`."""

    collateral_id: str
    loan_ids: list[str]
    type: str
    value: str
    currency: str
    valuation_date: date
    haircut: str | None = None
    usage: str | None = None
    loan_to_value_limit: str | None = None
    registration_expiry_date: date | None = None
    insurance_expiry_date: date | None = None
    permit_expiry_date: date | None = None
    is_double_pledged: bool | None = None
    is_released: bool | None = None


class CovenantCertifiedData(Data):
    """`covenant.certified`."""

    covenant_id: str
    metric: str
    kind: str
    limit: str
    actual: str
    test_date: date
    certificate_date: date
    cure_until: date | None = None
    waiver_requested: bool | None = None
    next_certificate_due_date: date | None = None


class StatementDueData(Data):
    """`statement.due`."""

    due_date: date
    period_end: date
    period_months: int
    basis: str | None = None


class GuarantorLinkedData(Data):
    """`guarantor.linked`."""

    guarantor_borrower_id: str
    coverage_amount: str
    currency: str
    effective_date: date
    end_date: date | None = None
    loan_ids: list[str] | None = None


class GroupLinkedData(Data):
    """`group.linked`."""

    linked_borrower_id: str
    kind: str
    effective_date: date
    strength: str | None = None
    end_date: date | None = None


class DependantLinkedData(Data):
    """`dependant.linked`."""

    dependant_borrower_id: str
    kind: str


class RelatedStateChangedData(Data):
    """`related-state.changed`."""

    related_borrower_id: str
    state: str
    changed_date: date
    hops: int


class RelatedPartyData(Data):
    """One related party."""

    counterparty_id: str


class RelatedPartiesDeclaredData(Data):
    """`related-parties.declared`."""

    related_parties: list[RelatedPartyData]


class ExternalDelinquencyReportedData(Data):
    """`external-delinquency.reported`."""

    report_date: date
    reporter: str
    kind: str
    days_past_due: int | None = None
    amount: str | None = None
    currency: str | None = None


class FindingRaisedData(Data):
    """`finding.raised`."""

    finding_id: str
    code: str
    severity: str
    raised_date: date
    status: str


class InspectionRecordedData(Data):
    """`inspection.recorded`."""

    inspection_date: date
    outcome: str
    next_due_date: date | None = None


class LimitChangedData(Data):
    """`limit.changed`."""

    facility_id: str
    limit_amount: str
    currency: str
    effective_date: date
    drawing_power: str | None = None
    is_temporary: bool | None = None
    end_date: date | None = None


class SectorFigureData(Data):
    """One sector."""

    industry_code: str
    z: str


class SectorStressPublishedData(Data):
    """`sector-stress.published`."""

    measured_date: date
    sectors: list[SectorFigureData]
