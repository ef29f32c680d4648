"""What scoring publishes about a borrower, on the risk topic.

`assessment.changed` carries the whole assessment, so that a reader needs nothing else.
Ratios of the score are JSON numbers (they are results, not money); money stays a string.
Risk events carry `sequence`, consecutive per borrower from 1: a gap is an incident.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from services.contracts import bounds
from services.contracts.borrower import Segment
from services.contracts.fields import (
    Count,
    Currency,
    Display,
    EventData,
    Identifier,
    IsoDate,
    Money,
    Ratio,
    Share,
    Text,
    Timestamp,
    WireObject,
)
from services.contracts.officer import RiskState

Family = Literal["REPAYMENT", "ACCOUNT", "STATEMENT", "COLLATERAL_GROUP", "EXTERNAL"]
Level = Literal["GREEN", "AMBER", "RED", "HARD"]
Factor = Literal["CAPACITY", "WILLINGNESS", "RECORD", "PERFORMANCE", "FINANCE"]
TriggerClass = Literal["PAYMENT", "FINANCIAL", "CONDUCT"]
ProcessStage = Literal["APPLICATION", "APPROVAL", "DISBURSEMENT", "MONITORING", "COLLECTION"]
TaskCode = Literal["SMALL_ARREARS", "REVIEW_DUE"]
CutState = Literal["ATTENTION", "WATCH", "HIGH_RISK"]
Difficulty = Literal["LOW", "MEDIUM", "HIGH", "UNKNOWN"]
SubjectKind = Literal[
    "LOAN",
    "LINE",
    "ACCOUNT",
    "PARTY",
    "COVENANT",
    "COLLATERAL",
    "FINDING",
    "ITEM",
    "STATEMENT",
    "REFINANCED_LOAN",
    "OVERRIDE",
]
TestKind = Literal[
    "SIGNAL", "SCORE", "FAMILIES", "REDS", "FAMILY_RUN", "FLAG", "DECISION", "CONDITION"
]
EmissionReason = Literal[
    "FIRST",
    "STATE",
    "LEVEL",
    "REGIME",
    "DPD_BUCKET",
    "SCORE",
    "PROPOSAL",
    "MONTH_CLOSE",
    "DAY_CLOSE",
    "CORRECTED",
    "DECISION",
    "FLAG",
    "MONEY_AT_RISK",
]
MoneyAtRisk = Literal[
    "EXPOSURE", "COMMITMENT", "GUARANTEE", "GUARANTOR", "CONTROL", "JOINT_OBLIGATION", "UNKNOWN"
]
Score = Annotated[float, Meta(ge=0, le=100)]
Ratio01 = Annotated[float, Meta(ge=0, le=1)]
EvidenceIds = Annotated[list[Text], Meta(max_length=bounds.MOST_EVIDENCE)]


class SubjectV1(WireObject, frozen=True, kw_only=True):
    """What a signal is about, by id: names are looked up when shown."""

    kind: SubjectKind  #: What it is; ITEM: a collection or payment that failed or came back.
    id: Text  #: Its id; of an item, the event.
    amount: Money | UnsetType = UNSET  #: The amount concerned: past due, drawn, guaranteed, valued.
    currency: Currency | UnsetType = UNSET  #: Currency of the amount.
    since: IsoDate | UnsetType = UNSET  #: Oldest open due date, start of an excess, date of a test.
    detail: Text | UnsetType = UNSET  #: Covenant's metric, party's state, finding's code, new loan.
    value: Display | UnsetType = UNSET  #: The certified figure of a covenant.
    limit: Display | UnsetType = UNSET  #: What the covenant requires, for example >= 1.2.
    evidence_event_ids: EvidenceIds  #: The events that are the evidence, the most telling first.


class StateTestV1(WireObject, frozen=True, kw_only=True):
    """One test that was true when the present state was entered, as recorded then."""

    rule_id: Identifier  #: The rule, or the decision, that states it.
    kind: TestKind  #: What was tested.
    code: Text  #: The indicator, family, level, flag, decision or exit condition.
    name: Text | UnsetType = UNSET  #: For a signal, the indicator's name.
    component: Identifier | UnsetType = UNSET  #: For a signal, which of its figures decided.
    family: Family | UnsetType = UNSET  #: For a signal, its family.
    level: Level | UnsetType = UNSET  #: For a signal, how bad it was.
    value: Display | UnsetType = UNSET  #: The figure then.
    unit: Display | UnsetType = UNSET  #: For a signal, the unit of value and threshold.
    threshold: Display | UnsetType = UNSET  #: What it was compared with, for example > 30.
    days: Count | UnsetType = UNSET  #: For a family at its cut, the business days in a row.
    subjects: list[SubjectV1]  #: What it was about, the worst first.
    evidence_event_ids: EvidenceIds  #: The evidence where it was about no one thing.


class SameFactV1(WireObject, frozen=True, kw_only=True):
    """An indicator of the same correlation group: it repeats the fact and adds no points."""

    indicator: Identifier  #: The indicator.
    name: Text | UnsetType = UNSET  #: Its name.
    level: Level | UnsetType = UNSET  #: Its level.
    value: Display | UnsetType = UNSET  #: Its value, as displayed.
    unit: Display | UnsetType = UNSET  #: Unit of the value.


class ContributorV1(WireObject, frozen=True, kw_only=True):
    """One cause of the score."""

    indicator: Identifier  #: The indicator, for example A-01.
    name: Text  #: Its name.
    component: Identifier | UnsetType = UNSET  #: Which of its figures decided.
    figure: Text | UnsetType | None = UNSET  #: What the value measures, in words.
    family: Family  #: Its family.
    risk_type: Identifier  #: The risk type; decides the playbook.
    factor: Factor  #: What of the borrower it measures.
    trigger: TriggerClass  #: Overdue payments, worse figures, or a rule or promise broken.
    stage: ProcessStage  #: The stage of the credit process whose weakness it shows.
    level: Level  #: How bad.
    value: Display  #: The value, as displayed.
    unit: Display  #: Unit of value, thresholds and baseline.
    amber: Display | UnsetType | None = UNSET  #: Amber threshold, as displayed.
    red: Display | UnsetType | None = UNSET  #: Red threshold, as displayed.
    baseline: Display | UnsetType | None = UNSET  #: The borrower's own usual value, as displayed.
    share: float  #: Its part of the score, in score points.
    intensity: Ratio01  #: How strong it is, 0 to 1.
    since: IsoDate | UnsetType | None = UNSET  #: Since when it is at this level.
    evidence_event_ids: EvidenceIds  #: The events that are the evidence.
    subjects: list[SubjectV1] | UnsetType = UNSET  #: What it is about, the worst first.
    also: list[SameFactV1] | UnsetType = UNSET  #: The rest of its correlation group.


class FactorV1(WireObject, frozen=True, kw_only=True):
    """What the signals of one factor say together."""

    factor: Factor  #: The factor.
    level: Level | None  #: The worst level of its signals; null: none could be measured.
    share: float  #: What it adds to the score, in score points.
    indicator: Identifier | None  #: The indicator that adds most, else the worst; null: none.
    name: Text | None  #: Its name.
    measured: Ratio01 | None  #: Its measured weight over its applicable weight; null: none applies.


class PositiveV1(WireObject, frozen=True, kw_only=True):
    """A figure that is good by the rulebook; it adds nothing to the score."""

    indicator: Identifier  #: The indicator.
    name: Text  #: Its name.
    component: Identifier  #: Which of its figures.
    factor: Factor  #: What of the borrower it measures.
    trigger: TriggerClass  #: The trigger class that it speaks against.
    stage: ProcessStage  #: The stage of the credit process that it speaks for.
    value: Display  #: The value; for R-03, how many instalments in a row were paid on time.
    unit: Display  #: Unit of value and threshold.
    good: Display  #: From where on the figure is good.


class TaskV1(WireObject, frozen=True, kw_only=True):
    """What waits for a person although it makes no alert."""

    code: TaskCode  #: SMALL_ARREARS: for collections; REVIEW_DUE: a decision expired, for risk.
    subjects: list[SubjectV1]  #: The loans with what is open, or the decisions.


class UnmeasurableV1(WireObject, frozen=True, kw_only=True):
    """An indicator that could not be measured."""

    indicator: Identifier  #: The indicator.
    reason: Text  #: What is missing.
    fallback: Display | UnsetType | None = UNSET  #: The stricter figure that hard rules go by.


class NextDueV1(WireObject, frozen=True, kw_only=True):
    """The next instalment."""

    date: IsoDate  #: When it is due.
    amount: Money  #: How much.


class ChangeV1(WireObject, frozen=True, kw_only=True):
    """One difference from the assessment emitted before."""

    kind: Identifier  #: What changed, for example LEVEL or STATE.
    indicator: Identifier | UnsetType | None = UNSET  #: The indicator, where it is about one.
    from_: Display | float | UnsetType | None = field(name="from", default=UNSET)  #: Before.
    to: Display | float | UnsetType | None = UNSET  #: Now.


class DistanceToNextV1(WireObject, frozen=True, kw_only=True):
    """How far the next worse state is."""

    state: RiskState  #: The next worse state.
    score_points: float  #: Points of score until its cut.


class WorseIfUnpaidV1(WireObject, frozen=True, kw_only=True):
    """A worse state that follows by the calendar alone if an amount stays unpaid."""

    state: RiskState  #: The worse state.
    days: Count  #: In how many days.
    amount: Money  #: What has to stay unpaid for it.
    due_date: IsoDate | UnsetType | None = UNSET  #: When it falls due; null: it is overdue.


class RulebookRefV1(WireObject, frozen=True, kw_only=True):
    """The rulebook that decided."""

    name: Identifier  #: Its name.
    version: Identifier  #: Its version.
    cuts_population: Text | UnsetType | None = UNSET  #: Population of the state cuts.
    cuts: dict[CutState, Score] | UnsetType | None = UNSET  #: The score at which each state begins.


class OpinionReasonV1(WireObject, frozen=True, kw_only=True):
    """A reason code of a PD: an indicator that raises it."""

    indicator: Identifier  #: The indicator.
    name: Text  #: Its name.
    points: Ratio  #: By how much it raises the log-odds.


class OpinionV1(WireObject, frozen=True, kw_only=True):
    """The probability of default by one PD model."""

    value: Share  #: Probability of default within the horizon, 0 to 1.
    model: Identifier  #: The model.
    version: Identifier  #: Its version.
    horizon_days: Count  #: The days ahead that the PD covers.
    reasons: list[OpinionReasonV1]  #: The indicators that raise it most, the largest first.


class CauseV1(WireObject, frozen=True, kw_only=True):
    """The event that led to this assessment."""

    source: Text  #: Its source.
    id: Text  #: Its id.
    type: Text  #: Its type.


class TransitionV1(WireObject, frozen=True, kw_only=True):
    """The change of state that this assessment reports, and who or what made it."""

    from_: RiskState = field(name="from")  #: The state before.
    to: RiskState  #: The state now.
    rule_ids: list[Identifier]  #: The rules, or the decision, that led to it.
    actor: Text  #: Who moved it: system, or a person.
    approver: Text | UnsetType | None = UNSET  #: The second person; null: none was needed.
    reason: Text  #: Why, in words.
    expires_date: IsoDate | UnsetType | None = UNSET  #: End of the decision; null: none.
    correlation_id: Text  #: The decision, or the event that led to it.


class AssessmentV1(EventData, frozen=True, kw_only=True):
    """The whole assessment of a borrower."""

    borrower_id: Identifier  #: The borrower; the same as the subject.
    sequence: Annotated[int, Meta(ge=1)]  #: Consecutive per borrower, from 1.
    at: Timestamp  #: Knowledge time: the booking moment of the event that led to it.
    as_of: IsoDate  #: The business date that is assessed.
    state: RiskState  #: The risk state.
    from_state: RiskState | UnsetType | None = UNSET  #: The state in the assessment emitted before.
    state_since: IsoDate  #: Since when the borrower is in this state.
    trigger_rule_ids: list[Identifier]  #: The rules that led to the present state.
    state_tests: list[StateTestV1]  #: What was true when the present state was entered.
    reason: Annotated[list[EmissionReason], Meta(min_length=1)]  #: Why it was emitted.
    score: Score  #: How bad, 0 to 100.
    family_scores: dict[Family, Ratio01 | None]  #: By family, 0 to 1; null: not applicable.
    completeness: Ratio01  #: Share of the applicable weight that could be measured.
    low_confidence: bool  #: Too little was measurable to rely on the score.
    contributors: list[ContributorV1]  #: The causes, largest share first.
    unmeasurable: list[UnmeasurableV1]  #: What could not be measured, and why.
    measured_green: list[Identifier] | UnsetType = UNSET  #: What was measured and is green.
    factors: list[FactorV1]  #: The five factors, always in the same order.
    positives: list[PositiveV1]  #: What is measured good.
    tasks: list[TaskV1]  #: What waits for a person.
    dpd_operational: Count  #: Days past due, worst loan, days elapsed.
    dpd_regulatory: Count  #: Days past due of the obligor, with materiality.
    past_due: Money  #: Amount past due.
    exposure: Money  #: Exposure.
    currency: Currency  #: Currency of the amounts here.
    next_due: NextDueV1 | UnsetType | None = UNSET  #: The next instalment; null: none.
    money_at_risk: list[MoneyAtRisk] | UnsetType = (
        UNSET  #: How the bank may lose money on the borrower; empty: it cannot; absent: unknown.
    )
    undrawn: Money | UnsetType | None = UNSET  #: What could still be drawn; null: no line.
    worse_if_unpaid: list[WorseIfUnpaidV1] | UnsetType = (
        UNSET  #: Where unpaid days lead, soonest first.
    )
    flags: list[Identifier]  #: Marks such as CORRECTED or TECHNICAL.
    changes: list[ChangeV1]  #: What changed since the assessment emitted before.
    distance_to_next: DistanceToNextV1 | UnsetType | None = (
        UNSET  #: How far the next worse state is.
    )
    regimes: dict[str, str | int | bool | None]  #: Regulatory labels, by regime.
    pd: OpinionV1 | UnsetType = UNSET  #: The champion's PD. It informs; the rules decide.
    pd_challenger: OpinionV1 | UnsetType = UNSET  #: The PD of the challenger.
    segment: Segment  #: The borrower's segment.
    officer_id: Identifier | UnsetType | None = UNSET  #: The loan officer; null: none known.
    branch_id: Identifier | UnsetType | None = UNSET  #: The branch; null: none known.
    rulebook: RulebookRefV1  #: The rulebook that decided.
    cause: CauseV1  #: The event that led to it.
    corrected: bool  #: A correction changed past facts.
    transition: TransitionV1 | UnsetType | None = (
        UNSET  #: The change of state; null: there was none.
    )
    score_override: float | UnsetType = UNSET  #: Points added by people, in no share.
    days_late: Count | UnsetType = UNSET  #: Since the contractual due date, nothing excused.
    days_in_arrears: Count | UnsetType = UNSET  #: The same as dpd_operational.


class AssessmentChangedV1(AssessmentV1, frozen=True, kw_only=True):
    """The assessment of a borrower changed enough to be published."""


class AssessmentCorrectedV1(AssessmentV1, frozen=True, kw_only=True):
    """A correction changed what an earlier assessment was based on; that one stays as sent."""

    corrects_sequence: Annotated[int, Meta(ge=1)]  #: The assessment concerned.


class MaturityApproachingV1(EventData, frozen=True, kw_only=True):
    """A loan ends soon."""

    borrower_id: Identifier  #: The borrower.
    loan_id: Identifier  #: The loan.
    maturity_date: IsoDate  #: When it ends.
    days_left: Count  #: Days until then.
    outstanding: Money  #: What is still owed.
    currency: Currency  #: Currency of the amount.
    as_of: IsoDate  #: The business date.
    difficulty: Difficulty | UnsetType = UNSET  #: How hard collection will be.
    state: RiskState | UnsetType = UNSET  #: The borrower's risk state.


class InspectionFellDueV1(EventData, frozen=True, kw_only=True):
    """An inspection of the borrower is due."""

    borrower_id: Identifier  #: The borrower.
    due_date: IsoDate  #: Since when it is due.
    kind: Literal["SITE_VISIT", "DESK_REVIEW", "CALL", "COLLATERAL_CHECK"]  #: What is due.
    as_of: IsoDate  #: The business date.
    state: RiskState | UnsetType = UNSET  #: The borrower's risk state.


class IsolationChangedV1(EventData, frozen=True, kw_only=True):
    """A borrower's risk state stands, because its data could not be processed, or moves again."""

    borrower_id: Identifier  #: The borrower; the same as the subject.
    isolated_since: Timestamp | None  #: Since when the state stands; null: it moves again.
