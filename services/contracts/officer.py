"""Officer family: what people found and decided, as events that move the risk state.

Written by the alerts service (and by core systems with inspections), read by scoring.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from services.contracts import bounds
from services.contracts.fields import (
    Deadline,
    EventData,
    Identifier,
    IsoDate,
    ReportedDate,
    Text,
)

RiskState = Literal["NORMAL", "ATTENTION", "WATCH", "HIGH_RISK", "DEFAULT", "PROBATION", "CLOSED"]
UtpTrigger = Literal[
    "NON_ACCRUAL",
    "CREDIT_RISK_ADJUSTMENT",
    "SALE_AT_LOSS",
    "DISTRESSED_RESTRUCTURING",
    "BANKRUPTCY",
    "OTHER",
]
# No finer than a ten-thousandth of a point, which is what a score is made of.
ScorePoints = Annotated[str, Meta(pattern=r"^-?(15(\.0{1,4})?|(1[0-4]|[0-9])(\.[0-9]{1,4})?)\Z")]


class InspectionRecordedV1(EventData, frozen=True, kw_only=True):
    """An officer visited or reviewed the borrower."""

    inspection_id: Identifier  #: The inspection.
    inspection_date: ReportedDate  #: When it took place.
    kind: Literal["SITE_VISIT", "DESK_REVIEW", "CALL", "COLLATERAL_CHECK"]  #: What was done.
    outcome: Literal["SATISFACTORY", "CONCERNS", "SERIOUS"]  #: What was found.
    officer_id: Identifier  #: Who did it.
    next_due_date: Deadline | UnsetType = UNSET  #: When the next one is due.
    note: Text | UnsetType = UNSET  #: A remark, without personal data.


class FindingRaisedV1(EventData, frozen=True, kw_only=True):
    """An officer raised a finding about the borrower, or settled one."""

    finding_id: Identifier  #: The finding.
    code: Identifier  #: What kind of finding, from the rulebook's list.
    severity: Literal["LOW", "MEDIUM", "HIGH"]  #: How bad.
    raised_date: ReportedDate  #: When; the newest counts where it was raised again.
    officer_id: Identifier  #: Who raised it.
    status: Literal["OPEN", "SETTLED"]  #: Whether it is still open.
    alert_id: Identifier | UnsetType = UNSET  #: The alert on which it was found.
    note: Text | UnsetType = UNSET  #: A remark, without personal data.


class OverrideApprovedV1(EventData, frozen=True, kw_only=True):
    """Two people decided to set the state by hand; unlikeliness to pay is one kind of it."""

    override_id: Identifier  #: The decision.
    kind: Literal[
        "TIGHTEN",
        "RELAX",
        "UTP",
        "LIFT_UTP",
        "TECHNICAL_DEFAULT",
        "EXCEPTION",
        "SCORE",
        "FLAG",
        "UNFLAG",
    ]  #: What was decided.
    state: RiskState | UnsetType = UNSET  #: The state that is set, where the kind sets one.
    reason: Text  #: Why; shown on the warning card.
    proposed_by: Identifier  #: Who proposed it; never the approver.
    approved_by: Annotated[
        list[Identifier], Meta(min_length=1, max_length=bounds.MOST_APPROVERS)
    ]  #: Who approved.
    effective_date: IsoDate  #: From when.
    expires_date: IsoDate | UnsetType = UNSET  #: Until when, exclusive; open when left out.
    loan_id: Identifier | UnsetType = UNSET  #: The loan in technical arrears; left out: all.
    score_points: ScorePoints | UnsetType = UNSET  #: Added to the score, for kind SCORE: -15 to 15.
    flag: Literal["FRAUD_RED_FLAG", "EXIT_LIST", "FORBORNE"] | UnsetType = (
        UNSET  #: For kinds FLAG and UNFLAG; FORBORNE only to lift a presumed concession.
    )
    trigger: UtpTrigger | UnsetType = UNSET  #: Why payment is unlikely, for kind UTP.
