"""Stores what was decided about each assessment and why, also where no alert follows.

Rows are added in the transaction of the batch and never changed: they answer why a person was
notified of a borrower, or was not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from services.alerts.decisions.domain.assessment import AssessmentSummary
from services.alerts.decisions.domain.decision import AlertDecision
from services.kit.database import Connection

COLUMNS: Final = (
    "borrower_id",
    "sequence",
    "at",
    "as_of",
    "state",
    "code",
    "reason",
    "alert_id",
    "signals",
)
WRITE: Final = f"""
INSERT INTO alerts.decision ({", ".join(COLUMNS)})
SELECT {", ".join(COLUMNS)} FROM json_populate_recordset(null::alerts.decision, $1)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedAssessment:
    """An assessment and what was decided about it."""

    assessment: AssessmentSummary
    decision: AlertDecision

    def row(self) -> dict[str, Any]:
        """Returns the column values."""
        assessment, decision = self.assessment, self.decision
        return {
            "borrower_id": assessment.borrower_id,
            "sequence": assessment.sequence,
            "at": assessment.at,
            "as_of": assessment.as_of,
            "state": assessment.state,
            "code": decision.code,
            "reason": decision.reason,
            "alert_id": decision.changes[-1].alert.alert_id if decision.changes else None,
            "signals": {item.indicator: item.level for item in assessment.contributors},
        }


async def write(connection: Connection, decided: Sequence[DecidedAssessment]) -> None:
    """Adds the decisions of a batch."""
    if decided:
        rows = [each.row() for each in decided]
        await connection.execute(WRITE, msgspec.json.encode(rows).decode("utf-8"))
