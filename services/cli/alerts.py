"""`tocsin alerts`: explains why people were notified of a borrower, or were not."""

import json
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Annotated, Any
from urllib.parse import quote

import typer

from services.cli.api import PEOPLE, ServiceApi
from services.cli.options import AsJson, OwnKey, ServiceUrl, group

MOST_ROWS = 200
# The steps after which somebody was notified.
NOTICES = frozenset({"NOTIFY", "REMIND", "ESCALATE"})
ALERTS = ServiceApi(
    "alerts",
    {
        **PEOPLE,
        404: "Check the id; a borrower whom you may not see does not exist for you.",
        422: "Give --at as 2026-03-02T10:00:00Z.",
    },
)
Row = Mapping[str, Any]
app = group("Explain why people were notified of a borrower, or were not.")


@app.callback()
def alerts() -> None:
    """Explain why people were notified of a borrower, or were not."""


@app.command()
def explain(
    borrower: Annotated[str, typer.Argument(help="The id of the borrower.")],
    at: Annotated[str, typer.Option(help="The moment to explain; by default now.")] = "",
    key: OwnKey = "",
    url: ServiceUrl = "",
    as_json: AsJson = False,
) -> None:
    """Explain the last decision about a borrower up to a moment, step by step.

    Examples:

        tocsin alerts explain b-1
        tocsin alerts explain b-1 --at 2026-03-02T10:00:00Z
    """
    params: dict[str, str | int] = {"limit": MOST_ROWS, **({"at": at} if at else {})}
    path = f"/v1/borrowers/{quote(borrower, safe='')}/decisions"
    rows = ALERTS.call(url, key, "GET", path, params=params)["items"]
    for line in explanation(borrower, rows):
        print(line)
    if as_json:
        print(json.dumps({"borrower_id": borrower, "decisions": rows}))


def explanation(borrower: str, rows: Sequence[Row]) -> list[str]:
    """Returns the newest decision in sentences; `rows` are the newest first."""
    if not rows:
        return [f"Nothing was decided about {borrower} up to then."]
    newest = rows[0]
    decision = [row for row in takewhile(lambda row: _is_same(row, newest), rows)]
    cause = (
        "without an assessment"
        if newest["sequence"] is None
        else (f"on assessment {newest['sequence']}, state {newest['state']}")
    )
    lines = [f"{borrower}, {newest['at']}, {cause}:", _verdict(newest)]
    lines += [f"  {_step(row)}" for row in reversed(decision)]
    if newest["step"] not in NOTICES:
        earlier = next((row for row in rows if row["step"] in NOTICES), None)
        lines.append(
            "There was no notice before."
            if earlier is None
            else f"The last notice before: {earlier['at']}, {earlier['reason']}"
        )
    return lines


def _is_same(row: Row, newest: Row) -> bool:
    """Returns whether two rows belong to one decision."""
    if newest["sequence"] is None:
        return row is newest
    return bool(row["sequence"] == newest["sequence"])


def _verdict(row: Row) -> str:
    if row["step"] in NOTICES:
        return f"People were notified (alert {row['alert_id']}): {row['reason']}"
    return f"Nobody was notified: {row['reason']}"


def _step(row: Row) -> str:
    rule = f" [{row['rule_id']}]" if row["rule_id"] else ""
    return f"{row['step']} {row['code']}{rule}: {row['reason']}"
