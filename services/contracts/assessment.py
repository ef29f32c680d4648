"""What scoring says about a borrower, on the risk topic.

`assessment.changed` carries the whole assessment, so that a reader never needs to ask back.
Ratios of the score are JSON numbers (they are results, not money); money stays a string.
Risk events carry `sequence`, consecutive per borrower from 1: a gap is an incident.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from services.contracts.borrower import Segment
from services.contracts.envelope_fields import Timestamp
from services.contracts.fields import (
    Bool,
    Count,
    Currency,
    Display,
    EventData,
    Identifier,
    Int,
    IsoDate,
    Money,
    Number,
    Ratio,
    Share,
    Text,
    WireModel,
)
from services.contracts.officer import RiskState

Family = Literal["REPAYMENT", "ACCOUNT", "STATEMENT", "COLLATERAL_GROUP", "EXTERNAL"]
Level = Literal["GREEN", "AMBER", "RED", "HARD"]
CutState = Literal["ATTENTION", "WATCH", "HIGH_RISK"]
EmissionReason = Literal[
    "FIRST",
    "STATE",
    "LEVEL",
    "REGIME",
    "DPD_BUCKET",
    "SCORE",
    "PROPOSAL",
    "MONTH_CLOSE",
    "CORRECTED",
    "DECISION",
    "FLAG",
]
Score = Annotated[float, Field(strict=True, ge=0, le=100, allow_inf_nan=False)]
Ratio01 = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]
EvidenceIds = Annotated[list[Text], Field(max_length=100)]


class SameFact(WireModel):
    """An indicator of the same correlation group: it says the same again and adds nothing."""

    indicator: Identifier  # The indicator.
    name: Text | None = None  # Its name.
    level: Level | None = None  # Its level.
    value: Display | None = None  # Its value, as displayed.
    unit: Display | None = None  # Unit of the value.


class Contributor(WireModel):
    """One cause of the score."""

    NULLABLE: ClassVar[frozenset[str]] = frozenset({"figure", "amber", "red", "baseline", "since"})

    indicator: Identifier  # The indicator, for example A-01.
    name: Text  # Its name.
    figure: Text | None = None  # What the value measures, in words.
    family: Family  # Its family.
    risk_type: Identifier  # The risk type; decides the playbook.
    level: Level  # How bad.
    value: Display  # The value, as displayed.
    unit: Display  # Unit of value, thresholds and baseline.
    amber: Display | None = None  # Amber threshold, as displayed.
    red: Display | None = None  # Red threshold, as displayed.
    baseline: Display | None = None  # The borrower's own usual value, as displayed.
    share: Number  # Its part of the score, in score points.
    intensity: Ratio01  # How strongly it speaks, 0 to 1.
    since: IsoDate | None = None  # Since when it is at this level.
    evidence_event_ids: EvidenceIds  # The events that are the evidence.
    also: list[SameFact] | None = None  # The rest of its correlation group.


class Unmeasurable(WireModel):
    """An indicator that could not be measured."""

    indicator: Identifier  # The indicator.
    reason: Text  # What is missing.


class NextDue(WireModel):
    """The next instalment."""

    date: IsoDate  # When it is due.
    amount: Money  # How much.


class Change(WireModel):
    """One difference from the assessment emitted before."""

    NULLABLE: ClassVar[frozenset[str]] = frozenset({"indicator", "from", "to"})

    kind: Identifier  # What changed, for example LEVEL or STATE.
    indicator: Identifier | None = None  # The indicator, where it is about one.
    from_: Display | Number | None = Field(default=None, alias="from")  # The value before.
    to: Display | Number | None = None  # The value now.


class DistanceToNext(WireModel):
    """How far the next worse state is."""

    state: RiskState  # The next worse state.
    score_points: Number  # Points of score until its cut.


class RulebookRef(WireModel):
    """The rulebook that decided."""

    NULLABLE: ClassVar[frozenset[str]] = frozenset({"cuts_population", "cuts"})

    name: Identifier  # Its name.
    version: Identifier  # Its version.
    cuts_population: Text | None = None  # The population on which the state cuts were set.
    cuts: dict[CutState, Score] | None = None  # The score at which each state begins.


class OpinionReason(WireModel):
    """A reason code of a PD: an indicator that raises it."""

    indicator: Identifier  # The indicator.
    name: Text  # Its name.
    points: Ratio  # By how much it raises the log-odds.


class Opinion(WireModel):
    """What one PD model says."""

    value: Share  # Probability of default within the horizon, 0 to 1.
    model: Identifier  # The model.
    version: Identifier  # Its version.
    horizon_days: Count  # The PD is for so many days ahead.
    reasons: list[OpinionReason]  # The indicators that raise it most, the largest first.


class Cause(WireModel):
    """The event that led to this assessment."""

    source: Text  # Its source.
    id: Text  # Its id.
    type: Text  # Its type.


class Transition(WireModel):
    """The change of state that this assessment tells, and who or what made it."""

    NULLABLE: ClassVar[frozenset[str]] = frozenset({"approver", "expires_date"})

    from_: RiskState = Field(alias="from")  # The state before.
    to: RiskState  # The state now.
    rule_ids: list[Identifier]  # The rules, or the decision, that led to it.
    actor: Text  # Who moved it: system, or whoever asked.
    approver: Text | None = None  # The second person; null: none was needed.
    reason: Text  # Why, in words.
    expires_date: IsoDate | None = None  # When the decision behind it expires; null: never.
    correlation_id: Text  # The decision, or the event that led to it.


class Assessment(EventData):
    """The whole assessment of a borrower."""

    NULLABLE: ClassVar[frozenset[str]] = frozenset(
        {
            "from_state",
            "next_due",
            "undrawn",
            "distance_to_next",
            "officer_id",
            "branch_id",
            "transition",
        }
    )
    TOPIC: ClassVar[str] = "risk"

    borrower_id: Identifier  # The borrower; the same as the subject.
    sequence: Annotated[int, Field(strict=True, ge=1)]  # Consecutive per borrower, from 1.
    at: Timestamp  # Knowledge time: the booking moment of the event that led to it.
    as_of: IsoDate  # The business date that is assessed.
    state: RiskState  # The risk state.
    from_state: RiskState | None = None  # The state in the assessment emitted before.
    state_since: IsoDate  # Since when the state holds.
    trigger_rule_ids: list[Identifier]  # The state rules that hold.
    reason: Annotated[list[EmissionReason], Field(min_length=1)]  # Why it was emitted.
    score: Score  # How bad, 0 to 100.
    family_scores: dict[Family, Ratio01 | None]  # By family, 0 to 1; null: not applicable.
    completeness: Ratio01  # Share of the applicable weight that could be measured.
    low_confidence: Bool  # Too little was measurable to rely on the score.
    contributors: list[Contributor]  # The causes, largest share first.
    unmeasurable: list[Unmeasurable]  # What could not be measured, and why.
    dpd_operational: Count  # Days past due, worst loan, days elapsed.
    dpd_regulatory: Count  # Days past due of the obligor, with materiality.
    past_due: Money  # Amount past due.
    exposure: Money  # Exposure.
    currency: Currency  # Currency of the amounts here.
    next_due: NextDue | None = None  # The next instalment; null: none.
    undrawn: Money | None = None  # What could still be drawn; null: no line.
    flags: list[Identifier]  # Marks such as CORRECTED or TECHNICAL.
    changes: list[Change]  # What changed since the assessment emitted before.
    distance_to_next: DistanceToNext | None = None  # How far the next worse state is.
    regimes: dict[str, str | Int | bool | None]  # Regulatory labels, by regime.
    pd: Opinion | None = None  # The champion's PD. It informs; the rules decide.
    pd_challenger: Opinion | None = None  # The PD of the model that is tried beside the champion.
    segment: Segment  # The borrower's segment.
    officer_id: Identifier | None = None  # The loan officer; null: none known.
    branch_id: Identifier | None = None  # The branch; null: none known.
    rulebook: RulebookRef  # The rulebook that decided.
    cause: Cause  # The event that led to it.
    corrected: Bool  # A correction changed past facts.
    transition: Transition | None = None  # The change of state; null: there was none.
    score_override: Number | None = None  # Points that people added; the shares leave them out.
    days_late: Count | None = None  # Since the contractual due date, nothing excused.
    days_in_arrears: Count | None = (
        None  # The same as dpd_operational: after holidays, grace and what is excused.
    )


class AssessmentChanged(Assessment):
    """The assessment of a borrower changed enough to be told."""

    TYPE: ClassVar[str] = "assessment.changed.v1"


class AssessmentCorrected(Assessment):
    """A correction changed what an earlier assessment was based on; that one stays as sent."""

    TYPE: ClassVar[str] = "assessment.corrected.v1"

    corrects_sequence: Annotated[int, Field(strict=True, ge=1)]  # The assessment concerned.


class MaturityApproaching(EventData):
    """A loan ends soon."""

    TYPE: ClassVar[str] = "maturity.approaching.v1"
    TOPIC: ClassVar[str] = "risk"

    borrower_id: Identifier  # The borrower.
    loan_id: Identifier  # The loan.
    maturity_date: IsoDate  # When it ends.
    days_left: Count  # Days until then.
    outstanding: Money  # What is still owed.
    currency: Currency  # Currency of the amount.
    as_of: IsoDate  # The business date.
    difficulty: Literal["LOW", "MEDIUM", "HIGH", "UNKNOWN"] | None = (
        None  # How hard collecting looks, from cover and state.
    )
    state: RiskState | None = None  # The borrower's risk state.


class InspectionFellDue(EventData):
    """An inspection of the borrower is due."""

    TYPE: ClassVar[str] = "inspection.fell-due.v1"
    TOPIC: ClassVar[str] = "risk"

    borrower_id: Identifier  # The borrower.
    due_date: IsoDate  # Since when it is due.
    kind: Literal["SITE_VISIT", "DESK_REVIEW", "CALL", "COLLATERAL_CHECK"]  # What is due.
    as_of: IsoDate  # The business date.
    state: RiskState | None = None  # The borrower's risk state.
