"""One history scored under one rulebook, and two such runs side by side."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from services.alerts.primitives.vocabulary import AlertEventKind
from services.cli.backtest.alert_book import AlertBook
from services.cli.errors import CommandError
from services.cli.figures import NOTHING
from services.cli.outcome_files import Outcomes
from services.scoring.adapters.offline import ScoredBorrower
from services.scoring.domain.borrower.risk import STATE_NAMES
from services.scoring.domain.portfolio.outcomes import (
    EVERYBODY,
    SEVERITY,
    StateFigures,
    StateHistory,
    group_figures,
)
from services.scoring.domain.primitives.vocabulary import SEGMENTS

UNASSIGNED: Final = "nobody"
DAYS_A_WEEK: Final = 7
MOST_BORROWERS_SHOWN: Final = 15
# The states in which alerts open, the mildest first.
ALERTING: Final = ("ATTENTION", "WATCH", "HIGH_RISK", "DEFAULT")


@dataclass(slots=True)
class HistoryRun:
    """A history scored under one rulebook.

    ``states`` has each borrower's state at every close that counts, ``alerts`` the (state, officer)
    of each alert that would open in that time, ``outcomes`` the figures of each state with labels.
    """

    rulebook: str
    book: AlertBook
    days: dict[str, list[int]] = field(default_factory=dict)
    states: dict[str, list[int]] = field(default_factory=dict)
    segments: dict[str, str] = field(default_factory=dict)
    final: dict[str, str] = field(default_factory=dict)
    officers: set[str] = field(default_factory=set)
    alerts: Counter[tuple[str, str]] = field(default_factory=Counter)
    outcomes: list[StateFigures] | None = None
    unreadable: int = 0

    def add(self, scored: ScoredBorrower, first_day: int) -> None:
        """Add a borrower after an event or a close."""
        borrower = scored.borrower
        name, officer = borrower.borrower_id, borrower.profile.officer_id or UNASSIGNED
        state = STATE_NAMES[borrower.risk.state]
        self.final[name] = state
        self.segments[name] = SEGMENTS[borrower.profile.segment]
        self.officers.add(officer)
        changes = [] if scored.assessment is None else self.book.decided(scored.assessment)
        if scored.as_of < first_day:
            return
        for change in changes:
            if change.kind is AlertEventKind.OPENED:
                self.alerts[change.alert.state.value, officer] += 1
        if scored.is_day_close:
            self.days.setdefault(name, []).append(scored.as_of)
            self.states.setdefault(name, []).append(borrower.risk.state)

    def measure(self, outcomes: Outcomes, horizon: int) -> None:
        """Compare the states at the closes before each outcome with the outcomes.

        Raises:
            CommandError: If no borrower has such a close.
        """
        histories = []
        for name, outcome in outcomes.items():
            days = [
                day
                for day in self.days.get(name, ())
                if outcome.event is None or day < outcome.event
            ]
            if days:
                states = self.states[name][: len(days)]
                severities = [SEVERITY[STATE_NAMES[state]] for state in states]
                histories.append(StateHistory(outcome, self.segments[name], days, severities))
        if not histories:
            raise CommandError(
                "No borrower of the labels was observed before its outcome.",
                remedy="Check that the borrower ids agree, and --since and --until.",
            )
        self.outcomes = group_figures(EVERYBODY, histories, horizon).states

    def as_json(self) -> dict[str, Any]:
        """Return alerts by state, by officer and week, and the outcomes."""
        by_officer: Counter[str] = Counter()
        by_state: Counter[str] = Counter()
        for (state, officer), count in self.alerts.items():
            by_officer[officer] += count
            by_state[state] += count
        days = self.days.values()
        span = max(each[-1] for each in days) - min(each[0] for each in days) + 1 if days else 0
        weeks, total = span / DAYS_A_WEEK, by_state.total()
        busiest = min(by_officer, key=lambda name: (-by_officer[name], name), default=None)
        figures: dict[str, Any] = {
            "rulebook": self.rulebook,
            "alerts": total,
            "alerts_by_state": {state: by_state[state] for state in ALERTING},
            "officers": len(self.officers),
            "weeks": round(weeks, 2),
            "alerts_per_officer_week": _rate(total / len(self.officers), weeks),
            "busiest_officer": busiest,
            "busiest_officer_per_week": busiest and _rate(by_officer[busiest], weeks),
            "unreadable": self.unreadable,
        }
        if self.outcomes is not None:
            figures["outcomes"] = {state.state: _outcome_json(state) for state in self.outcomes}
        return figures


def _rate(count: float, weeks: float) -> float | None:
    return round(count / weeks, 4) if weeks else None


def _outcome_json(state: StateFigures) -> dict[str, Any]:
    return {
        "precision": state.precision_by_lead[0],
        "recall": state.recall_by_lead[0],
        "lead_days": state.leads and list(state.leads),
        "alerts": state.entries,
        "healthy_ever": state.healthy_ever,
    }


def summary(against: HistoryRun, draft: HistoryRun) -> dict[str, Any]:
    """Return both runs with the borrowers that end in another state, with names for scripts."""
    moved = {
        name: {"against": before, "draft": draft.final[name]}
        for name, before in against.final.items()
        if before != draft.final[name]
    }
    steps = Counter((each["against"], each["draft"]) for each in moved.values())
    return {
        "borrowers": len(against.final),
        "ended_in_another_state": len(moved),
        "ever_in_another_state": sum(
            states != draft.states.get(name) for name, states in against.states.items()
        ),
        "moves": [
            {"against": before, "draft": after, "borrowers": count}
            for (before, after), count in sorted(steps.items())
        ],
        "changed": moved,
        "against": against.as_json(),
        "draft": draft.as_json(),
    }


def show(result: dict[str, Any], sentences: Sequence[str], console: Console) -> None:
    """Print a summary: changes of the rulebook, borrowers that moved, and the figures."""
    moved, unreadable = result["changed"], result["draft"]["unreadable"]
    lines = [
        *sentences,
        f"{len(moved):,} of {result['borrowers']:,} borrowers end in another state; "
        f"{result['ever_in_another_state']:,} were in another one at some time.",
        *(
            f"  {name}: {step['against']} -> {step['draft']}"
            for name, step in list(moved.items())[:MOST_BORROWERS_SHOWN]
        ),
    ]
    if len(moved) > MOST_BORROWERS_SHOWN:
        lines.append(f"  … and {len(moved) - MOST_BORROWERS_SHOWN:,} more; --json has them all")
    console.print("\n".join(lines), markup=False, highlight=False)
    console.print(_table(result["against"], result["draft"]))
    if unreadable:
        console.print(f"{unreadable} lines cannot be read")


def _table(against: dict[str, Any], draft: dict[str, Any]) -> Table:
    table = Table("", against["rulebook"], f"{draft['rulebook']} (draft)")

    def add(name: str, form: str, *path: str | int) -> None:
        cells = []
        for run in (against, draft):
            figure: Any = run
            for key in path:
                figure = figure and figure[key]
            cells.append(NOTHING if figure is None else format(figure, form))
        table.add_row(name, *cells)

    for state in ALERTING:
        add(f"alerts: {state}", ",", "alerts_by_state", state)
    add("alerts per officer and week", ".2f", "alerts_per_officer_week")
    add("busiest officer, a week", ".2f", "busiest_officer_per_week")
    for state in against.get("outcomes", ()):
        for name in ("precision", "recall"):
            add(f"{state}: {name}", ".0%", "outcomes", state, name)
        add(f"{state}: median lead, days", ".0f", "outcomes", state, "lead_days", 1)
    return table
