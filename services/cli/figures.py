"""Writes the figures of warnings as a person reads them; a dash where there is none."""

from collections.abc import Callable, Iterable

from rich.table import Table

from services.scoring.domain.portfolio.outcomes import GroupFigures, Quartiles, StateFigures

NOTHING = "–"
Row = tuple[str, Callable[[StateFigures], str]]


def percent(share: float | None) -> str:
    """Return a share in percent."""
    return NOTHING if share is None else f"{100 * share:.1f} %"


def days(quartiles: Quartiles) -> str:
    """Return three quartiles in days."""
    return NOTHING if quartiles is None else " / ".join(f"{day:.0f}" for day in quartiles) + " d"


def rate(figure: float | None) -> str:
    """Return a rate with two decimals."""
    return NOTHING if figure is None else f"{figure:.2f}"


def burden(state: StateFigures) -> str:
    """Return the entries into a state a month and 100 borrowers."""
    return rate(state.entries_per_100_months)


def count_of(part: int, whole: int) -> str:
    """Return a count of a total, with its share."""
    return f"{part:,} of {whole:,} ({percent(part / whole)})" if whole else NOTHING


def state_table(group: GroupFigures, rows: Iterable[Row], title: str | None = None) -> Table:
    """Return a table of a group's states, with these rows and those that every report has."""
    table = Table("this state or worse", title=title)
    for state in group.states:
        table.add_column(state.state, justify="right")
    shared: tuple[Row, ...] = (
        ("lead before the event, quartiles", lambda state: days(state.leads)),
        ("entries a month and 100 borrowers", burden),
        ("healthy borrowers ever in it", lambda state: percent(state.healthy_ever)),
        ("healthy borrowers' time in it", lambda state: percent(state.healthy_time)),
    )
    for name, shown in (*rows, *shared):
        table.add_row(name, *map(shown, group.states))
    return table
