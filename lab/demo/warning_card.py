"""Renders one risk warning card on the terminal, as an officer receives it.

Takes the JSON of `GET /v1/alerts/{id}`. Invariant: everything from outside is shown as text, never
interpreted as markup.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from services.wording.figures import Figures
from services.wording.messages import Language
from services.wording.reasons import ReasonSentences, micro

WIDTH = 100
FIGURES = Figures(Language.ENGLISH)
REASONS = ReasonSentences(FIGURES, names_parties=True)
BARS = "▁▂▃▄▅▆▇█"
SHOWN_SCORES = 45
SHOWN_CONTRIBUTORS = 6
SHOWN_ACTIONS = 8
COLOURS = {
    "NORMAL": "green",
    "ATTENTION": "yellow",
    "WATCH": "dark_orange",
    "HIGH_RISK": "red",
    "DEFAULT": "bright_red",
    "PROBATION": "magenta",
}
LEVEL_COLOURS = {"AMBER": "yellow", "RED": "red", "HARD": "bright_red"}


def render(answer: Mapping[str, Any]) -> RenderableType:
    """Return the card of an alert."""
    alert, card = answer["detail"]["alert"], answer["card"]
    assessment = card["assessment"]
    contributors = assessment.get("contributors", [])
    title = f"Risk warning · {escape(str(alert['borrower_id']))}"
    return Panel(
        Group(
            _head(alert, assessment),
            Text(),
            Text("Why", style="bold"),
            _contributors(contributors),
            Text(),
            Text("Evidence", style="bold"),
            _evidence_of(contributors),
            Text(),
            Text("What to do next", style="bold"),
            _actions(answer["detail"]["actions"]),
            Text(),
            _score(card["scores"], assessment),
            _foot(alert, assessment),
        ),
        title=title,
        border_style=COLOURS.get(alert["state"], "white"),
        padding=(1, 2),
        width=WIDTH,
    )


def _head(alert: Mapping[str, Any], assessment: Mapping[str, Any]) -> Text:
    state = alert["state"]
    text = Text()
    text.append(f"{alert['headline']}\n", style="bold")
    text.append(f"{alert.get('from_state') or 'NEW'} → ")
    text.append(state, style=f"bold {COLOURS.get(state, 'white')}")
    text.append(f" since {alert['state_since']}, {assessment.get('segment', '')}\n")
    text.append(
        f"exposure {_money(assessment.get('exposure'), assessment)}, "
        f"past due {_money(assessment.get('past_due'), assessment)}, "
        f"{assessment.get('dpd_operational', 0)} days past due "
        f"({assessment.get('dpd_regulatory', 0)} regulatory)\n"
    )
    due = assessment.get("next_due")
    if due:
        text.append(f"next due {_money(due['amount'], assessment)} on {due['date']}\n")
    undrawn = assessment.get("undrawn")
    if undrawn is not None:
        text.append(f"undrawn {_money(undrawn, assessment)}\n")
    text.append(f"owner {alert['owner']['id']}, severity {alert['severity']}, ")
    text.append(f"acknowledge by {_moment(alert['acknowledge_by'])}")
    return text


def _contributors(contributors: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column("signal", ratio=3)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("usual", justify="right")
    table.add_column("amber, red", justify="right")
    table.add_column("since", no_wrap=True)
    table.add_column("points", justify="right")
    for each in contributors[:SHOWN_CONTRIBUTORS]:
        unit = str(each.get("unit") or "")
        edges = [each[edge] for edge in ("amber", "red") if each.get(edge)]
        baseline = each.get("baseline")
        table.add_row(
            Text(f"{each['indicator']} {each['name']}", style=LEVEL_COLOURS.get(each["level"], "")),
            Text(FIGURES.value(micro(each["value"]), unit)),
            Text(FIGURES.value(micro(baseline), unit) if baseline is not None else ""),
            Text("; ".join(REASONS.limit(edge, unit) for edge in edges)),
            Text(str(each.get("since") or "")),
            Text(f"{float(each['share']):.1f}"),
        )
    return table


def _evidence_of(contributors: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, show_header=False, style="dim")
    for each in contributors[:SHOWN_CONTRIBUTORS]:
        table.add_row(Text(each["indicator"]), Text(_evidence(each)))
    return table


def _evidence(contributor: Mapping[str, Any]) -> str:
    refs = [str(ref) for ref in contributor.get("evidence_event_ids", [])]
    if not refs:
        return "none"
    more = f" and {len(refs) - 1} more" if len(refs) > 1 else ""
    return f"{refs[0]}{more}"


def _actions(actions: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, show_header=False)
    for each in actions[:SHOWN_ACTIONS]:
        table.add_row(
            Text(f"by {each['due_on']}"), Text(str(each["role"])), Text(str(each["text"]))
        )
    return table


def _score(scores: Sequence[Mapping[str, Any]], assessment: Mapping[str, Any]) -> Text:
    recent = [float(point["score"]) for point in scores][-SHOWN_SCORES:]
    text = Text(f"Score {float(assessment.get('score', 0)):.1f} of 100  ")
    text.append("".join(BARS[min(7, int(score / 12.5))] for score in recent), style="cyan")
    return text


def _foot(alert: Mapping[str, Any], assessment: Mapping[str, Any]) -> Text:
    parts = [f"completeness {float(assessment.get('completeness', 0)):.0%}"]
    distance = assessment.get("distance_to_next")
    if distance:
        parts.append(f"{distance['score_points']} points to {distance['state']}")
    rulebook = assessment.get("rulebook")
    if rulebook:
        parts.append(f"rulebook {rulebook['name']} {rulebook['version']}")
    parts.append(f"alert {alert['alert_id']}")
    return Text(" · ".join(parts), style="dim")


def _money(amount: object, assessment: Mapping[str, Any]) -> str:
    if amount is None:
        return "–"
    return f"{float(str(amount)):,.0f} {assessment.get('currency', '')}"


def _moment(stamp: str) -> str:
    return stamp[:16].replace("T", " ")
