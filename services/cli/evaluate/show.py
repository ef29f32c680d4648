"""What `tocsin evaluate` found, as tables for a person and as one JSON object."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from rich.console import Console
from rich.table import Table

from services.cli.evaluate.early import LEADS, BudgetFigures, Quartiles, StateFigures
from services.cli.evaluate.ranking import Ranking

FEW_EVENTS = 10


@dataclass(slots=True)
class Findings:
    """Everything found on one file of assessments."""

    figure: str
    horizon_days: int
    borrowers: int
    events: int
    ranking: Ranking
    states: dict[str, list[StateFigures]]
    budgets: list[BudgetFigures] = field(default_factory=list)
    indicators: list[tuple[str, int, float | None]] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """Return the findings with names for scripts."""
        return {
            "figure": self.figure,
            "horizon_days": self.horizon_days,
            "borrowers": self.borrowers,
            "events": self.events,
            "ranking": {
                **asdict(self.ranking),
                "recall_at": {f"{share:g}": got for share, got in self.ranking.recall_at.items()},
            },
            "states": {name: [asdict(one) for one in found] for name, found in self.states.items()},
            "budgets": [asdict(one) for one in self.budgets],
            "indicators": {name: {"rows": rows, "auc": auc} for name, rows, auc in self.indicators},
        }


def show(found: Findings, console: Console) -> None:
    """Print the tables that have something to say."""
    console.print(
        f"{found.borrowers:,} borrowers with an outcome on file, {found.events:,} with an event; "
        f"horizon {found.horizon_days} days",
        highlight=False,
    )
    if found.events < FEW_EVENTS:
        console.print(f"Only {found.events} events: read every share with care.", style="yellow")
    _ranking(found, console)
    for segment, states in found.states.items():
        _states(segment, states, console)
    if found.budgets:
        _budgets(found, console)
    if found.indicators:
        _indicators(found, console)


def _ranking(found: Findings, console: Console) -> None:
    ranking = found.ranking
    if ranking.auc is None or ranking.low is None or ranking.high is None:
        console.print("Ranking: needs assessments both before an event and without one.")
        return
    recalls = ", ".join(
        f"{percent(got)} at {share:.0%} false alarms" for share, got in ranking.recall_at.items()
    )
    console.print(
        f"Ranking by {found.figure}: AUC {ranking.auc:.3f} "
        f"(95 %: {ranking.low:.3f} to {ranking.high:.3f}), recall {recalls}; "
        f"{ranking.rows:,} assessments, {ranking.failing_rows:,} with the event within the horizon",
        highlight=False,
    )


def _states(segment: str, states: list[StateFigures], console: Console) -> None:
    table = Table(title=f"{segment}: {states[0].healthy:,} borrowers without an event")
    table.add_column("this state or worse")
    for one in states:
        table.add_column(one.state, justify="right")
    rows: list[tuple[str, Callable[[StateFigures], str]]] = [
        ("healthy borrowers ever in it", lambda one: percent(one.healthy_ever)),
        ("assessments of healthy ones in it", lambda one: percent(one.healthy_rows)),
    ]
    for lead in LEADS:
        rows.append((f"events warned of {lead} d before", _recalled(lead)))
    for lead in LEADS:
        rows.append((f"entries right, {lead} d ahead", _right(lead)))
    rows += [
        ("lead, quartiles", lambda one: days(one.lead_quartiles)),
        ("entries a month and 100 borrowers", _burden),
    ]
    for name, shown in rows:
        table.add_row(name, *(shown(one) for one in states))
    console.print(table)


def _recalled(lead: int) -> Callable[[StateFigures], str]:
    return lambda one: percent(one.recall_by_lead[lead])


def _right(lead: int) -> Callable[[StateFigures], str]:
    return lambda one: percent(one.precision_by_lead[lead])


def _burden(one: StateFigures) -> str:
    return "–" if one.alerts_per_100_months is None else f"{one.alerts_per_100_months:.2f}"


def _budgets(found: Findings, console: Console) -> None:
    headings = ("alerts a healthy year", "cut", "caught", "lead quartiles")
    table = Table(*headings, title=f"Alerts by {found.figure}")
    for one in found.budgets:
        table.add_row(
            f"{one.alerts_per_healthy_year:.3f} of {one.budget:g}",
            f"{one.cut:g}",
            f"{one.caught} of {one.events}",
            days(one.lead_quartiles),
        )
    console.print(table)


def _indicators(found: Findings, console: Console) -> None:
    table = Table("indicator", "measured", "AUC alone", title="Each indicator's intensity alone")
    for name, rows, auc in found.indicators:
        table.add_row(name, f"{rows:,}", "–" if auc is None else f"{auc:.3f}")
    console.print(table)


def percent(share: float | None) -> str:
    """Return a share as a person reads it; a dash where there is none."""
    return "–" if share is None else f"{100 * share:.1f} %"


def days(quartiles: Quartiles) -> str:
    """Return three quartiles in days."""
    return "–" if quartiles is None else " / ".join(f"{one:.0f}" for one in quartiles) + " d"
