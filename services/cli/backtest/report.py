"""Shows a backtest, as tables for a person and as one JSON object."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from services.cli.backtest.alert_book import AlertFigures
from services.cli.figures import NOTHING, Row, burden, count_of, days, percent, rate, state_table
from services.scoring.domain.portfolio.outcomes import GroupFigures

GROUP_HEADINGS = (
    "borrowers",
    "warned A / W / H",
    "lead ATTENTION",
    "lead WATCH",
    "WATCH to the first miss",
    "entries A / W",
    "ever A / W",
    "healthy time A / W",
    "alerts a year and 100",
)


@dataclass(frozen=True, slots=True)
class MeasuredGroup:
    """The states and the alerts of one set of borrowers."""

    figures: GroupFigures
    alerts: AlertFigures

    def as_json(self) -> dict[str, object]:
        """Return the figures with names for scripts."""
        return {**asdict(self.figures), "alerts": asdict(self.alerts)}


@dataclass(frozen=True, slots=True)
class Backtest:
    """The figures of one history: of all borrowers, by group of the labels and by segment."""

    rulebook: str
    horizon_days: int
    approves_exits: bool
    borrowers_per_officer: int
    total: MeasuredGroup
    groups: list[MeasuredGroup]
    segments: list[MeasuredGroup]

    @property
    def alerts_per_officer_week(self) -> float | None:
        """Return the alerts that an officer gets a week."""
        rate = self.total.alerts.per_borrower_week
        return None if rate is None else rate * self.borrowers_per_officer

    def as_json(self) -> dict[str, object]:
        """Return the figures with names for scripts."""
        return {
            "rulebook": self.rulebook,
            "horizon_days": self.horizon_days,
            "approves_exits": self.approves_exits,
            "borrowers_per_officer": self.borrowers_per_officer,
            "alerts_per_officer_week": self.alerts_per_officer_week,
            "all": self.total.as_json(),
            "groups": {group.figures.name: group.as_json() for group in self.groups},
            "segments": {group.figures.name: group.as_json() for group in self.segments},
        }


def show(result: Backtest, console: Console) -> None:
    """Print the tables."""
    total = result.total.figures
    console.print(
        f"{result.rulebook}: {total.borrowers:,} borrowers over {total.months:,.0f} "
        f"borrower-months; {total.events:,} with an event, {total.in_trouble:,} in trouble "
        f"without one, {total.healthy:,} healthy",
        highlight=False,
    )
    console.print(_total_table(total))
    console.print(_alert_table(result))
    if len(result.groups) > 1:
        console.print(_group_table("by group of the labels", result.groups))
    console.print(_group_table("by segment", result.segments))


def _total_table(group: GroupFigures) -> Table:
    rows: list[Row] = [
        ("events warned", lambda state: count_of(state.warned, group.events)),
        (
            "in trouble without event, warned",
            lambda state: count_of(state.in_trouble_warned, group.in_trouble),
        ),
        ("lead before the first missed instalment", lambda state: days(state.miss_leads)),
        (
            "warned before it",
            lambda state: count_of(state.warned_before_miss, group.missed),
        ),
        ("entries that were right", lambda state: count_of(state.entries_right, state.entries)),
    ]
    return state_table(group, rows)


def _alert_table(result: Backtest) -> Table:
    alerts, each = result.total.alerts, result.borrowers_per_officer
    table = Table("alerts, if nobody acts on them", "", title="alerts")
    for name, figure in (
        ("opened", f"{alerts.opened:,}"),
        (f"per officer ({each} borrowers) and week", rate(result.alerts_per_officer_week)),
        ("per 100 borrowers and year", rate(alerts.per_100_years)),
        ("per healthy borrower and year", rate(alerts.per_healthy_year)),
        ("ended by themselves", count_of(alerts.ended_by_themselves, alerts.opened)),
        ("where no money is at risk", count_of(alerts.without_money_at_risk, alerts.opened)),
        ("events with an alert before", count_of(alerts.caught, alerts.events)),
        ("lead of the first alert, quartiles", days(alerts.leads)),
    ):
        table.add_row(name, figure)
    return table


def _group_table(title: str, groups: Sequence[MeasuredGroup]) -> Table:
    table = Table(title=title)
    table.add_column("")
    for name in GROUP_HEADINGS:
        table.add_column(name, justify="right")
    for group in groups:
        table.add_row(group.figures.name, *_cells(group.figures), rate(group.alerts.per_100_years))
    return table


def _cells(group: GroupFigures) -> tuple[str, ...]:
    attention, watch, _ = group.states
    total = group.events + group.in_trouble
    warned = [str(state.warned + state.in_trouble_warned) for state in group.states]
    return (
        f"{group.borrowers:,}",
        f"{' / '.join(warned)} of {total}" if total else NOTHING,
        days(attention.leads),
        days(watch.leads),
        days(watch.miss_leads),
        f"{burden(attention)} / {burden(watch)}",
        f"{percent(attention.healthy_ever)} / {percent(watch.healthy_ever)}",
        f"{percent(attention.healthy_time)} / {percent(watch.healthy_time)}",
    )
