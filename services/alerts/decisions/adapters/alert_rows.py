"""Converts alerts to rows of `alerts.alert` and back.

Rows are written as one JSON array (`json_populate_recordset`), so a batch is one statement
with one parameter however many columns there are.
"""

from dataclasses import astuple
from typing import Any

import msgspec

from services.alerts.adapters.statements import Row
from services.alerts.decisions.domain.alert import Alert, Owner, Snooze, Timer
from services.alerts.directory.adapters import scope_sql

# What the scope $1 has.
VISIBLE = scope_sql.visible("alert.borrower_id")
_OWNERS = ("owner", "second_owner")
# The columns of the parts that are not columns themselves.
_PARTS = {
    **{part: tuple(f"{part}_{name}" for name in Owner.__slots__) for part in _OWNERS},
    "deadlines": ("acknowledge_by", "act_by", "escalate_at"),
    "timer": tuple(f"timer_{name}" for name in Timer.__slots__),
    "snooze": tuple(f"snooze_{name}" for name in Snooze.__slots__),
}
COLUMNS = tuple(column for name in Alert.__slots__ for column in _PARTS.get(name, (name,)))


def columns(alias: str) -> str:
    """Returns the columns for a SELECT, each with its own name."""
    return ", ".join(f"{alias}.{name}" for name in COLUMNS)


# An alert as it is read: with the mark of its borrower.
READ_COLUMNS = f"""{columns("alert")},
       (SELECT isolated_since FROM alerts.borrower AS own
         WHERE own.borrower_id = alert.borrower_id) AS isolated_since"""
READ_ALERT = f"""
SELECT {READ_COLUMNS} FROM alerts.alert AS alert
 WHERE {VISIBLE} AND alert.alert_id = $2
"""


def to_row(alert: Alert) -> dict[str, Any]:
    """Returns the column values of an alert."""
    row = {name: getattr(alert, name) for name in Alert.__slots__ if name not in _PARTS}
    for part, part_columns in _PARTS.items():
        value = getattr(alert, part)
        values = (None,) * len(part_columns) if value is None else astuple(value)
        row |= dict(zip(part_columns, values, strict=True))
    return row


def from_row(row: Row) -> Alert:
    """Returns the alert in a row that has all `COLUMNS`."""
    nested = {
        "owner": _owner(row, "owner"),
        "second_owner": row["second_owner_id"] and _owner(row, "second_owner"),
        "deadlines": dict(row),
        "timer": {name: row[f"timer_{name}"] for name in Timer.__slots__},
        "snooze": row["snooze_until"]
        and {name: row[f"snooze_{name}"] for name in Snooze.__slots__},
        "links": msgspec.json.decode(row["links"]),
        "reasons": msgspec.json.decode(row["reasons"]),
        "actions": msgspec.json.decode(row["actions"]),
        "texts": msgspec.json.decode(row["texts"]),
        "news": msgspec.json.decode(row["news"]),
    }
    return msgspec.convert({**row, **nested}, type=Alert)


def _owner(row: Row, prefix: str) -> dict[str, str | None]:
    return {name: row[f"{prefix}_{name}"] for name in Owner.__slots__}
