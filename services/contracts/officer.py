"""Officer family: what people found and decided, as events that move the risk state.

Written by the alerts service (and by core systems that hold inspections), read by scoring.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from services.contracts.fields import EventData, Identifier, IsoDate, Ratio, Text

RiskState = Literal["NORMAL", "ATTENTION", "WATCH", "HIGH_RISK", "DEFAULT", "PROBATION", "CLOSED"]


class InspectionRecorded(EventData):
    """An officer visited or reviewed the borrower."""

    TYPE: ClassVar[str] = "inspection.recorded.v1"

    inspection_id: Identifier  # The inspection.
    inspection_date: IsoDate  # When it took place.
    kind: Literal["SITE_VISIT", "DESK_REVIEW", "CALL", "COLLATERAL_CHECK"]  # What was done.
    outcome: Literal["SATISFACTORY", "CONCERNS", "SERIOUS"]  # What was found.
    officer_id: Identifier  # Who did it.
    next_due_date: IsoDate | None = None  # When the next one is due.
    note: Text | None = None  # A remark; keep personal data out.


class FindingRaised(EventData):
    """An officer raised a finding about the borrower, or settled one."""

    TYPE: ClassVar[str] = "finding.raised.v1"

    finding_id: Identifier  # The finding.
    code: Identifier  # What kind of finding, from the rulebook's list.
    severity: Literal["LOW", "MEDIUM", "HIGH"]  # How bad.
    raised_date: IsoDate  # When; the newest counts where it was raised again.
    officer_id: Identifier  # Who raised it.
    status: Literal["OPEN", "SETTLED"]  # Whether it still stands.
    alert_id: Identifier | None = None  # The alert on which it was found.
    note: Text | None = None  # A remark; keep personal data out.


class OverrideApproved(EventData):
    """Two people decided to set the state by hand; unlikeliness to pay is one kind of it."""

    TYPE: ClassVar[str] = "override.approved.v1"

    override_id: Identifier  # The decision.
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
    ]  # What was decided.
    state: RiskState | None = None  # The state that is set, where the kind sets one.
    reason: Text  # Why; shown on the warning card.
    proposed_by: Identifier  # Who proposed it; never the approver.
    approved_by: Annotated[list[Identifier], Field(min_length=1, max_length=10)]  # Who approved.
    effective_date: IsoDate  # From when.
    expires_date: IsoDate | None = None  # Until when, exclusive; open when left out.
    loan_id: Identifier | None = None  # The loan whose arrears are technical; all when left out.
    score_points: Ratio | None = None  # What is added to the score, for kind SCORE: -15 to 15.
    flag: Literal["FRAUD_RED_FLAG", "EXIT_LIST"] | None = None  # For kinds FLAG and UNFLAG.
    trigger: (
        Literal[
            "NON_ACCRUAL",
            "CREDIT_RISK_ADJUSTMENT",
            "SALE_AT_LOSS",
            "DISTRESSED_RESTRUCTURING",
            "BANKRUPTCY",
            "OTHER",
        ]
        | None
    ) = None  # Why payment is unlikely, for kind UTP.
