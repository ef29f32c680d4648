"""The credit file of a borrower: collateral, covenants, guarantors, group, reports, findings.

Most borrowers have none of it, so it is stored as a part of its own which is then empty, and costs
nothing at a day close. `handlers` change it, `views` read it, the C indicators and `contagion` use
it.

Must stay true: a day of 0 means "not stated"; money is in minor units of its own currency;
lists are in the order in which their first entry came.
"""

from bisect import bisect_left
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

# The state on file of another borrower before that one reported it.
NOT_REPORTED: Final = -1


@dataclass(slots=True)
class Collateral:
    """One piece of collateral as last valued.

    ``limit_micro`` is the highest loan to value by contract, -1 where none was agreed. The three
    ``…_until`` days are the last ones on which registration, insurance and permits are valid.
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
    """Somebody who guarantees this borrower's debt up to an amount; ``until`` is exclusive."""

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
    """The own state that a linked borrower reported; ``NOT_REPORTED`` before it did."""

    related_id: str
    ref: str
    state: int
    since: int


@dataclass(slots=True)
class Dependant:
    """A borrower to whom this one's trouble carries over, and who receives its state."""

    dependant_id: str
    kind: int


@dataclass(slots=True)
class Report:
    """The newest report of one reporter about debts elsewhere; -1 where a figure is unknown."""

    reporter: str
    kind: int
    ref: str
    day: int
    days_past_due: int
    amount_minor: int
    currency: str


@dataclass(slots=True)
class Finding:
    """An officer's finding that nobody has settled yet; ``day`` is when it was last raised."""

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
    """The whole credit file.

    Args:
        inspected_day: Day of the newest inspection, 0 before any, with its outcome and when the
            next one is due (``inspection_due_day`` 0: not stated).
        announced_day: The due day of the inspection that was announced last.
        own_state: The state as far as the borrower's own facts carry it.
        reported_state: The own state that was sent to dependants last, ``NOT_REPORTED`` before the
            first.
        effects_sent: How many events this borrower has had sent to others; numbers their ids.
        related_parties: Digests of the counterparties that the borrower declared as related.
        deadlines: Announced statements that have not come, in the order of their periods.
        proceeds_explained_day: When an officer last explained where the money of a loan went.
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
    reported_state: int = NOT_REPORTED
    effects_sent: int = 0
    related_parties: list[int] = field(default_factory=list)
    declared_ref: str = ""
    deadlines: list[Deadline] = field(default_factory=list)
    proceeds_explained_day: int = 0

    @property
    def is_dated(self) -> bool:
        """Return whether a day may pass that changes the figures of the file."""
        return bool(
            self.collateral or self.covenants or self.guarantors or self.links or self.inspected_day
        )

    def is_related(self, counterparty_id: str | None) -> bool:
        """Return whether the borrower declared the counterparty as related."""
        related = self.related_parties
        if not related or counterparty_id is None:
            return False
        digest = party_digest(counterparty_id)
        index = bisect_left(related, digest)
        return index < len(related) and related[index] == digest


def party_digest(counterparty_id: str) -> int:
    """Return the number by which a related party is known; ids may be long and many."""
    return int.from_bytes(blake2b(counterparty_id.encode(), digest_size=6).digest(), "big")


def related_state_of(file: CreditFile, related_id: str) -> RelatedState | None:
    """Return what is known of a linked borrower's state."""
    return next((state for state in file.related if state.related_id == related_id), None)
