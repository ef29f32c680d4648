"""The assessment: one moment's judgement of a borrower, whole and as plain data.

`explain` forms it, `step` decides when one is due, `adapters/assessment_json.py` puts it on the
wire. Figures stay integers (micro-units, minor units, ordinals); only an adapter makes decimals.
"""

from dataclasses import dataclass, field

from services.scoring.domain.assess.worsening import Worsening
from services.scoring.domain.borrower.borrower import AssessmentChange
from services.scoring.domain.borrower.reasons import RecordedTest, Subject
from services.scoring.domain.primitives.measurement import MICRO, Unit, rounded_quotient
from services.scoring.domain.rulebook.classification import UNCLASSIFIED, Classification
from services.scoring.domain.rulebook.pd import Opinion
from services.scoring.domain.rulebook.thresholds import Threshold


@dataclass(slots=True)
class SameFact:
    """Another signal of the winner's correlation group: it repeats the same fact."""

    indicator: str
    name: str
    level: int
    value: int
    unit: Unit


@dataclass(slots=True)
class Contributor:
    """One cause of the score, with what an officer needs to check it.

    ``share`` is in micro score points (29.4 points are 29,400,000); ``intensity`` is what is left
    of the weight after decay, micro-units.
    """

    indicator: str
    name: str
    family: str
    risk_type: str
    level: int
    value: int
    unit: Unit
    component: str
    figure: str
    amber: str
    red: str
    baseline: int | None
    share: int
    intensity: int
    since: int
    evidence: list[str] = field(default_factory=list)
    subjects: list[Subject] = field(default_factory=list)
    also: list[SameFact] = field(default_factory=list)
    classification: Classification = UNCLASSIFIED


@dataclass(slots=True)
class FactorProfile:
    """What the signals of one factor say together.

    Args:
        level: The worst level of its signals; None where none of them could be measured.
        share: What it adds to the score, micro score points.
        strongest: The indicator that adds most; where none adds, the worst one; empty: none is lit.
        applicable: The weight of the signals that apply, and ``known`` of those that are measured.
    """

    factor: str
    level: int | None = None
    share: int = 0
    strongest: str = ""
    applicable: int = 0
    known: int = 0

    @property
    def measured(self) -> int | None:
        """Return measured over applicable weight, micro-units; None where none applies."""
        return rounded_quotient(self.known * MICRO, self.applicable) if self.applicable else None


@dataclass(slots=True)
class Positive:
    """A figure that is good: its ``value`` has reached ``good``, the threshold of the rulebook."""

    indicator: str
    name: str
    component: str
    classification: Classification
    value: int
    unit: Unit
    good: Threshold


@dataclass(slots=True)
class Task:
    """What a person has to do although no alert is due, and what it is about."""

    code: str
    subjects: list[Subject]


@dataclass(slots=True)
class Unmeasured:
    """An indicator that could not be measured, and why.

    ``fallback`` is the stricter figure, micro-units of ``unit``, that hard rules go by instead.
    """

    indicator: str
    reason: str
    fallback: int | None = None
    unit: Unit = Unit.NUMBER


@dataclass(slots=True)
class EmittedChanges:
    """The changes that the newest emitted assessment listed, and its business date."""

    as_of: int
    changes: list[AssessmentChange]


@dataclass(slots=True)
class CardPosition:
    """The money side of the card, in minor units of ``currency``."""

    currency: str
    past_due: int
    exposure: int
    next_due_day: int | None
    next_due_amount: int
    undrawn: int | None


@dataclass(slots=True)
class Cause:
    """The event that led to the assessment."""

    source: str
    id: str
    type: str


@dataclass(slots=True)
class RecordedTransition:
    """One change of state as it is recorded (domain 4.6); the rest of the record is the assessment.

    ``expires_day`` is when the decision behind it expires, None where there is none.
    ``correlation_id`` names that decision, or the event that led to the change.
    """

    before: str
    after: str
    rule_ids: list[str]
    actor: str
    approver: str | None
    reason: str
    expires_day: int | None
    correlation_id: str


@dataclass(slots=True)
class Assessment:
    """The whole judgement. ``sequence`` is 0 for one that is only read, never emitted."""

    borrower_id: str
    sequence: int
    at_us: int
    as_of: int
    state: str
    from_state: str | None
    state_since: int
    trigger_rule_ids: list[str]
    reasons: list[str]
    score: int
    family_scores: list[int]
    completeness: int
    low_confidence: bool
    contributors: list[Contributor]
    unmeasurable: list[Unmeasured]
    dpd_operational: int
    dpd_regulatory: int
    position: CardPosition
    flags: list[str]
    changes: list[AssessmentChange]
    distance_to_next: tuple[str, int] | None
    regimes: dict[str, str | bool]
    segment: str
    officer_id: str | None
    branch_id: str | None
    rulebook: str
    rulebook_version: str
    cuts_population: str | None
    cause: Cause
    corrected: bool
    # Score cuts of ATTENTION, WATCH and HIGH_RISK, micro-units.
    cuts: tuple[int, int, int] = (0, 0, 0)
    transition: RecordedTransition | None = None
    # The tests that were true when the present state was entered, as recorded then.
    tests: list[RecordedTest] = field(default_factory=list)
    worsening: list[Worsening] = field(default_factory=list)
    # What people added to the score, micro-units; the shares add up to the score without it.
    score_override: int = 0
    # Days since the contractual due day, nothing excluded; `dpd_operational` is days in arrears.
    days_late: int = 0
    # How the bank may lose money on the borrower; empty where it cannot.
    money_at_risk: list[str] = field(default_factory=list)
    # The indicators that were measured and are green.
    measured_green: list[str] = field(default_factory=list)
    # Capacity, willingness, record, performance, finance.
    factors: list[FactorProfile] = field(default_factory=list)
    positives: list[Positive] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    # The opinions of the PD models: the champion, then the challenger.
    opinions: list[Opinion] = field(default_factory=list)
