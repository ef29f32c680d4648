"""What stands behind and around a borrower: collateral, covenants, guarantors, group, findings.

The part of the facts that banks keep in the credit file. Most borrowers have none of it, so it is
stored as a part of its own which is then empty, and costs nothing at a day close. `handlers`
changes it, `views` read it, the C indicators and `contagion` use it.

Must stay true: a day of 0 means "not stated"; money is in minor units of the currency beside it;
lists are in the order in which their first entry came.
"""

from dataclasses import dataclass, field
from typing import Final

# What is on file about somebody else's state before they told it.
NOT_TOLD: Final = -1


@dataclass(slots=True)
class Collateral:
    """One piece of collateral as last valued.

    ``limit_micro`` is the highest loan to value by contract, -1 where none was agreed. The three
    ``…_until`` days are the last ones on which registration, insurance and permits hold.
    """

    collateral_id: str
    ref: str
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


@dataclass(slots=True)
class Covenant:
    """One covenant with its newest test, and the test before it (``earlier_day`` 0: none).

    Limit and figures are in micro-units of the metric. ``next_due_day`` is when the next
    certificate must come, where that was stated.
    """

    covenant_id: str
    ref: str
    metric: str
    is_ceiling: bool
    limit_micro: int
    actual_micro: int
    test_day: int
    certificate_day: int
    cure_until: int
    is_waiver_asked: bool
    next_due_day: int
    earlier_day: int = 0
    earlier_micro: int = 0


@dataclass(slots=True)
class Guarantor:
    """Somebody who stands in for this borrower up to an amount; ``until`` is exclusive."""

    guarantor_id: str
    ref: str
    covered_minor: int
    currency: str
    from_day: int
    until: int
    loan_ids: list[str]


@dataclass(slots=True)
class GroupLink:
    """A borrower whose trouble carries over to this one; ``strength_micro`` -1 if not stated."""

    linked_id: str
    ref: str
    kind: int
    strength_micro: int
    from_day: int
    until: int


@dataclass(slots=True)
class RelatedState:
    """The own state of a linked borrower, as it told it; ``NOT_TOLD`` before it did."""

    related_id: str
    ref: str
    state: int
    since: int


@dataclass(slots=True)
class Dependant:
    """A borrower to whom this one's trouble carries over, and who is told its state."""

    dependant_id: str
    kind: int


@dataclass(slots=True)
class Report:
    """What one reporter says about the borrower elsewhere; -1 where days or amount are unknown."""

    reporter: str
    kind: int
    ref: str
    day: int
    days_past_due: int
    amount_minor: int
    currency: str


@dataclass(slots=True)
class Finding:
    """What an officer found and nobody has settled yet; ``day`` is when it was last raised."""

    finding_id: str
    ref: str
    code: str
    severity: int
    day: int


@dataclass(slots=True)
class Deadline:
    """A statement that the borrower must hand in by a day and has not."""

    period_end_day: int
    period_months: int
    due_day: int
    basis: int
    ref: str


@dataclass(slots=True)
class CreditFile:
    """All of it.

    Args:
        inspected_day: Day of the newest inspection, 0 before any; its outcome and when the next one
            is due stand beside it (``inspection_due_day`` 0: not stated).
        announced_day: The due day of the inspection that was announced last.
        own_state: The state as far as the borrower's own facts carry it.
        told_state: The own state that dependants were told last, ``NOT_TOLD`` before the first.
        told: How many events this borrower has had sent to others; numbers their ids.
        related_parties: Digests of the counterparties that the borrower declared as related.
        deadlines: Announced statements that have not come, in the order of their periods.
    """

    collateral: list[Collateral] = field(default_factory=list)
    covenants: list[Covenant] = field(default_factory=list)
    guarantors: list[Guarantor] = field(default_factory=list)
    links: list[GroupLink] = field(default_factory=list)
    related: list[RelatedState] = field(default_factory=list)
    dependants: list[Dependant] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    inspected_day: int = 0
    inspection_outcome: int = 0
    inspection_due_day: int = 0
    inspection_ref: str = ""
    announced_day: int = 0
    own_state: int = 0
    told_state: int = NOT_TOLD
    told: int = 0
    related_parties: list[int] = field(default_factory=list)
    declared_ref: str = ""
    deadlines: list[Deadline] = field(default_factory=list)

    @property
    def is_dated(self) -> bool:
        """Return whether a day may pass that changes what the file says."""
        return bool(
            self.collateral or self.covenants or self.guarantors or self.links or self.inspected_day
        )


def related_state_of(file: CreditFile, related_id: str) -> RelatedState | None:
    """Return what is known of a linked borrower's state."""
    return next((one for one in file.related if one.related_id == related_id), None)
