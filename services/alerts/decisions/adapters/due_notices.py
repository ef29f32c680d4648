"""Applies notices of maturities and inspections: to the open alert, else to the digest.

A notice is stored once, so one that is read again changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from services.alerts.decisions.adapters.borrower_rows import BorrowerRow
from services.alerts.decisions.adapters.decision_rows import DecisionRow
from services.alerts.decisions.domain.alert import AlertChange
from services.alerts.decisions.domain.due_notice import DueNotice, on_open_alert
from services.alerts.primitives.vocabulary import DecisionCode, DecisionStep
from services.kit.database import Connection

COLUMNS: Final = tuple(DueNotice.__slots__)
KEY: Final = ("borrower_id", "kind", "reference", "due_on")
WRITE: Final = f"""
INSERT INTO alerts.due_notice ({", ".join(COLUMNS)})
SELECT {", ".join(COLUMNS)} FROM json_populate_recordset(null::alerts.due_notice, $1)
ON CONFLICT DO NOTHING RETURNING {", ".join(KEY)}
"""


@dataclass(slots=True)
class AppliedNotices:
    """What the notices of a batch changed."""

    changes: list[AlertChange] = field(default_factory=list)
    decisions: list[DecisionRow] = field(default_factory=list)


async def apply(
    connection: Connection, notices: Sequence[DueNotice], rows: Mapping[str, BorrowerRow]
) -> AppliedNotices:
    """Stores the notices that are new, and applies each to the open alert of its borrower."""
    applied = AppliedNotices()
    if not notices:
        return applied
    documents = msgspec.json.encode(notices).decode("utf-8")
    stored = {tuple(row) for row in await connection.fetch(WRITE, documents)}
    for notice in notices:
        key = tuple(getattr(notice, name) for name in KEY)
        if key not in stored:
            continue
        stored.discard(key)
        row = rows[notice.borrower_id]
        change = None
        if row.before.open_alert is not None:
            change = on_open_alert(row.before.open_alert, notice)
            row.change_alert(change.alert)
            applied.changes.append(change)
        applied.decisions.append(_decision(notice, row, change))
    return applied


def _decision(notice: DueNotice, row: BorrowerRow, change: AlertChange | None) -> DecisionRow:
    where = "no alert is open, so it is in the digest" if change is None else "on the open alert"
    return DecisionRow(
        borrower_id=notice.borrower_id,
        sequence=None,
        at=notice.at,
        as_of=notice.as_of,
        state=row.before.state,
        step=DecisionStep.INHIBIT if change is None else DecisionStep.NOTIFY,
        code=DecisionCode.IN_DIGEST if change is None else DecisionCode.FELL_DUE,
        reason=f"{notice.kind} {notice.reference}, {notice.due_on}: {where}",
        alert_id=None if change is None else change.alert.alert_id,
    )
