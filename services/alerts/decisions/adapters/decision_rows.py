"""Stores what each step decided about a borrower and why, also where no notice follows.

Rows are added in the transaction of what they explain and never changed: they answer why a person
was notified of a borrower, or was not. An assessment has a row for each step that decided
something; what falls due without an assessment has a row without a sequence number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

import msgspec

from services.alerts.decisions.domain.alert import AlertChange
from services.alerts.decisions.domain.assessment import AssessmentSummary
from services.alerts.decisions.domain.pending_notice import AlertDecision
from services.alerts.primitives.vocabulary import DecisionCode, DecisionStep, Level, RiskState
from services.kit.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """What one step decided; `rule_id` is the route, silence or storm that decided."""

    borrower_id: str
    sequence: int | None
    at: datetime
    as_of: date
    state: RiskState
    step: DecisionStep
    code: DecisionCode
    reason: str
    rule_id: str | None = None
    alert_id: str | None = None
    signals: Mapping[str, Level] = field(default_factory=dict)


COLUMNS: Final = tuple(DecisionRow.__slots__)
WRITE: Final = f"""
INSERT INTO alerts.decision ({", ".join(COLUMNS)})
SELECT {", ".join(COLUMNS)} FROM json_populate_recordset(null::alerts.decision, $1)
"""


def of_assessment(assessment: AssessmentSummary, decision: AlertDecision) -> list[DecisionRow]:
    """Returns the rows of an assessment; the last one has its signals and the alert."""
    alert_id = decision.changes[-1].alert.alert_id if decision.changes else None
    signals = {item.indicator: item.level for item in assessment.contributors}
    last = len(decision.entries) - 1
    return [
        DecisionRow(
            borrower_id=assessment.borrower_id,
            sequence=assessment.sequence,
            at=assessment.at,
            as_of=assessment.as_of,
            state=assessment.state,
            step=entry.step,
            code=entry.code,
            reason=entry.reason,
            rule_id=entry.rule_id,
            alert_id=alert_id if number == last else None,
            signals=signals if number == last else {},
        )
        for number, entry in enumerate(decision.entries)
    ]


def without_assessment(
    change: AlertChange, *, step: DecisionStep, code: DecisionCode
) -> DecisionRow:
    """Returns the row of a change that no assessment caused."""
    alert = change.alert
    return DecisionRow(
        borrower_id=alert.borrower_id,
        sequence=None,
        at=change.at,
        as_of=alert.as_of,
        state=alert.state,
        step=step,
        code=code,
        reason=change.why,
        alert_id=alert.alert_id,
    )


async def write(connection: Connection, rows: Sequence[DecisionRow]) -> None:
    """Adds rows in one statement."""
    if rows:
        await connection.execute(WRITE, msgspec.json.encode(rows).decode("utf-8"))
