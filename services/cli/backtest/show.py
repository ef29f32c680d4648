"""What a backtest found, as tables for a person and as one JSON object."""

from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from services.cli.backtest.figures import GroupWorth, StateWorth
from services.cli.evaluate.show import days, percent


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything found on one history: for all, by group of the labels and by segment."""

    rulebook: str
    horizon_days: int
    approves_exits: bool
    everybody: GroupWorth
    groups: list[GroupWorth]
    segments: list[GroupWorth]

    def as_json(self) -> dict[str, object]:
        """Return the findings with names for scripts."""
        return {
            "rulebook": self.rulebook,
            "horizon_days": self.horizon_days,
            "approves_exits": self.approves_exits,
            "all": asdict(self.everybody),
            "groups": {one.name: asdict(one) for one in self.groups},
            "segments": {one.name: asdict(one) for one in self.segments},
        }


def show(found: Findings, console: Console) -> None:
    """Print the tables."""
    everybody = found.everybody
    console.print(
        f"{found.rulebook}: {everybody.borrowers:,} borrowers over {everybody.months:,.0f} "
        f"borrower-months; {everybody.events:,} with an event, {everybody.in_trouble:,} in trouble "
        f"without one, {everybody.healthy:,} healthy",
        highlight=False,
    )
    console.print(_overall(everybody))
    if len(found.groups) > 1:
        console.print(_by_group("by group of the labels", found.groups))
    console.print(_by_group("by segment", found.segments))


def _overall(one: GroupWorth) -> Table:
    table = Table("this state or worse", *(state.state for state in one.states))
    rows = {
        "events warned": [_of(state.warned, one.events) for state in one.states],
        "lead before the event, quartiles": [days(state.leads) for state in one.states],
        "in trouble without event, seen": [
            _of(state.in_trouble_warned, one.in_trouble) for state in one.states
        ],
        "entries that were right": [
            _of(state.entries_right, state.entries) for state in one.states
        ],
        "entries a month and 100 borrowers": [_burden(state) for state in one.states],
        "healthy borrowers ever in it": [percent(state.healthy_ever) for state in one.states],
        "healthy borrowers' time in it": [percent(state.healthy_time) for state in one.states],
    }
    for name, cells in rows.items():
        table.add_row(name, *cells)
    return table


def _by_group(title: str, groups: list[GroupWorth]) -> Table:
    table = Table(title=title)
    table.add_column("")
    for name in (
        "borrowers",
        "warned A / W / H",
        "lead ATTENTION",
        "lead WATCH",
        "entries A / W",
        "ever A / W",
        "healthy time A / W",
    ):
        table.add_column(name, justify="right")
    for one in groups:
        table.add_row(one.name, *_cells(one))
    return table


def _cells(one: GroupWorth) -> tuple[str, ...]:
    attention, watch, high_risk = one.states
    known = one.events + one.in_trouble
    seen = [state.warned + state.in_trouble_warned for state in (attention, watch, high_risk)]
    return (
        f"{one.borrowers:,}",
        f"{' / '.join(str(count) for count in seen)} of {known}" if known else "–",
        days(attention.leads),
        days(watch.leads),
        f"{_burden(attention)} / {_burden(watch)}",
        f"{percent(attention.healthy_ever)} / {percent(watch.healthy_ever)}",
        f"{percent(attention.healthy_time)} / {percent(watch.healthy_time)}",
    )


def _of(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} ({percent(part / whole)})" if whole else "–"


def _burden(state: StateWorth) -> str:
    burden = state.entries_per_100_months
    return "–" if burden is None else f"{burden:.2f}"
