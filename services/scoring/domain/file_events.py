"""The events that change the credit file, decoded: see `events` for what every event carries.

`adapters/wire_file.py` makes them, `filing` applies them. Days that were left out are 0.
"""

from dataclasses import dataclass

from services.scoring.domain.events import Event


@dataclass(slots=True)
class CollateralValued(Event):
    """What a piece of collateral is worth and how well it is held; a later one replaces all."""

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
class StatementDue(Event):
    """A statement of a period must be handed in by a day, on a basis (0: not said)."""

    due_day: int
    period_end_day: int
    period_months: int
    basis: int


@dataclass(slots=True)
class GuarantorLinked(Event):
    """Somebody stands in for the borrower from a day until another one, exclusive."""

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
class LimitChanged(Event):
    """The advised limit of a line from a day on; a temporary one ends on ``until``, else 0."""

    facility_id: str
    limit_minor: int
    power_minor: int | None
    currency: str
    effective_day: int
    until: int


@dataclass(slots=True)
class SectorStressPublished(Event):
    """How stressed each sector is, by the beginning of its industry codes; for every partition."""

    measured_day: int
    z_micro: dict[str, int]
