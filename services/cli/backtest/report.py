"""Shows a backtest, as tables for a person and as one JSON object."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from services.cli.figures import NOTHING, Row, burden, count_of, days, percent, state_table
from services.scoring.domain.portfolio.outcomes import GroupFigures

GROUP_HEADINGS = (
    "borrowers",
    "warned A / W / H",
    "lead ATTENTION",
    "lead WATCH",
    "entries A / W",
    "ever A / W",
    "healthy time A / W",
)


@dataclass(frozen=True, slots=True)
class Backtest:
    """The figures of one history: of all borrowers, by group of the labels and by segment."""

    rulebook: str
    horizon_days: int
    approves_exits: bool
    total: GroupFigures
    groups: list[GroupFigures]
    segments: list[GroupFigures]

    def as_json(self) -> dict[str, object]:
        """Return the figures with names for scripts."""
        return {
            "rulebook": self.rulebook,
            "horizon_days": self.horizon_days,
            "approves_exits": self.approves_exits,
            "all": asdict(self.total),
            "groups": {group.name: asdict(group) for group in self.groups},
            "segments": {group.name: asdict(group) for group in self.segments},
        }


def show(result: Backtest, console: Console) -> None:
    """Print the tables."""
    total = result.total
    console.print(
        f"{result.rulebook}: {total.borrowers:,} borrowers over {total.months:,.0f} "
        f"borrower-months; {total.events:,} with an event, {total.in_trouble:,} in trouble "
        f"without one, {total.healthy:,} healthy",
        highlight=False,
    )
    console.print(_total_table(total))
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
        ("entries that were right", lambda state: count_of(state.entries_right, state.entries)),
    ]
    return state_table(group, rows)


def _group_table(title: str, groups: Sequence[GroupFigures]) -> Table:
    table = Table(title=title)
    table.add_column("")
    for name in GROUP_HEADINGS:
        table.add_column(name, justify="right")
    for group in groups:
        table.add_row(group.name, *_cells(group))
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
        f"{burden(attention)} / {burden(watch)}",
        f"{percent(attention.healthy_ever)} / {percent(watch.healthy_ever)}",
        f"{percent(attention.healthy_time)} / {percent(watch.healthy_time)}",
    )
