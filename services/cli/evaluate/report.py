"""Shows an evaluation, as tables for a person and as one JSON object."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from rich.console import Console
from rich.table import Table

from services.cli.figures import days, percent, state_table
from services.scoring.domain.portfolio.outcomes import (
    LEADS,
    BudgetFigures,
    GroupFigures,
    Ranking,
    StateFigures,
)

FEW_EVENTS = 10


@dataclass(slots=True)
class Evaluation:
    """The figures of one file of assessments."""

    figure: str
    horizon_days: int
    total: GroupFigures
    ranking: Ranking
    segments: list[GroupFigures]
    budgets: list[BudgetFigures] = field(default_factory=list)
    indicators: list[tuple[str, int, float | None]] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """Return the figures with names for scripts."""
        recall_at = {f"{share:g}": recall for share, recall in self.ranking.recall_at.items()}
        return {
            "figure": self.figure,
            "horizon_days": self.horizon_days,
            "borrowers": self.total.borrowers,
            "events": self.total.events,
            "ranking": {**asdict(self.ranking), "recall_at": recall_at},
            "states": {group.name: _states_json(group) for group in self.segments},
            "budgets": [asdict(figures) for figures in self.budgets],
            "indicators": {name: {"rows": rows, "auc": auc} for name, rows, auc in self.indicators},
        }


def _states_json(group: GroupFigures) -> list[dict[str, object]]:
    return [
        {
            "state": figures.state,
            "healthy": group.healthy,
            "healthy_ever": figures.healthy_ever,
            "healthy_rows": figures.healthy_time,
            "recall_by_lead": figures.recall_by_lead,
            "precision_by_lead": figures.precision_by_lead,
            "lead_quartiles": figures.leads,
            "alerts": figures.entries,
            "alerts_per_100_months": figures.entries_per_100_months,
        }
        for figures in group.states
    ]


def show(evaluation: Evaluation, console: Console) -> None:
    """Print the tables that have rows."""
    events = evaluation.total.events
    console.print(
        f"{evaluation.total.borrowers:,} borrowers with an outcome, {events:,} with an event; "
        f"horizon {evaluation.horizon_days} days",
        highlight=False,
    )
    if events < FEW_EVENTS:
        console.print(f"Only {events} events: every share is uncertain.", style="yellow")
    _show_ranking(evaluation, console)
    for group in evaluation.segments:
        console.print(_states_table(group))
    if evaluation.budgets:
        console.print(_budgets_table(evaluation))
    if evaluation.indicators:
        console.print(_indicators_table(evaluation))


def _show_ranking(evaluation: Evaluation, console: Console) -> None:
    ranking = evaluation.ranking
    if ranking.auc is None or ranking.low is None or ranking.high is None:
        console.print("Ranking: needs assessments both before an event and without one.")
        return
    recalls = ", ".join(
        f"{percent(recall)} at {share:.0%} false alarms"
        for share, recall in ranking.recall_at.items()
    )
    console.print(
        f"Ranking by {evaluation.figure}: AUC {ranking.auc:.3f} "
        f"(95 %: {ranking.low:.3f} to {ranking.high:.3f}), recall {recalls}; "
        f"{ranking.rows:,} assessments, {ranking.failing_rows:,} with the event within the horizon",
        highlight=False,
    )


def _states_table(group: GroupFigures) -> Table:
    rows = [(f"events warned of {lead} d before", _recall_at(lead)) for lead in LEADS]
    rows += [(f"entries right, {lead} d ahead", _precision_at(lead)) for lead in LEADS]
    title = f"{group.name}: {group.healthy:,} borrowers without an event"
    return state_table(group, rows, title)


def _recall_at(lead: int) -> Callable[[StateFigures], str]:
    return lambda state: percent(state.recall_by_lead[lead])


def _precision_at(lead: int) -> Callable[[StateFigures], str]:
    return lambda state: percent(state.precision_by_lead[lead])


def _budgets_table(evaluation: Evaluation) -> Table:
    headings = ("alerts a healthy year", "cut", "caught", "lead quartiles")
    table = Table(*headings, title=f"Alerts by {evaluation.figure}")
    for figures in evaluation.budgets:
        table.add_row(
            f"{figures.alerts_per_healthy_year:.3f} of {figures.budget:g}",
            f"{figures.cut:g}",
            f"{figures.caught} of {figures.events}",
            days(figures.lead_quartiles),
        )
    return table


def _indicators_table(evaluation: Evaluation) -> Table:
    table = Table("indicator", "measured", "AUC alone", title="Each indicator's intensity alone")
    for name, rows, auc in evaluation.indicators:
        table.add_row(name, f"{rows:,}", "–" if auc is None else f"{auc:.3f}")
    return table
