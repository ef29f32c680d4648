"""`tocsin evaluate ASSESSMENTS.ndjson LABELS.csv`: would these warnings have been worth it?"""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated

import typer
from rich.console import Console

from services.cli.errors import CommandError
from services.cli.evaluate.early import at_budget, by_state
from services.cli.evaluate.histories import History
from services.cli.evaluate.ranking import Scored, auc_of, rank
from services.cli.evaluate.reading import (
    RANKS,
    Brief,
    Detailed,
    Figure,
    Labels,
    Selection,
    read_labels,
    read_rows,
)
from services.cli.evaluate.show import Findings, show
from services.cli.options import AsJson
from services.cli.score import opened

SCORE = "score"
PD = "pd"
PD_CHALLENGER = "pd_challenger"
Reading = Callable[[Brief], float | None]

Silence = Annotated[int, typer.Option(min=0, help="Days without a second alert, for --budget.")]
Cause = Annotated[
    str, typer.Option(help="Only assessments made by such events: statement.received.")
]
SkipFirst = Annotated[
    int, typer.Option(min=0, help="Leave out each borrower's first assessments, as they have.")
]
Last = Annotated[
    bool, typer.Option("--last", help="Only each borrower's last one before its event.")
]
Part = Annotated[str, typer.Option(help="Only a part of the borrowers, by a hash of the id: 2/2.")]
WithIndicators = Annotated[
    bool, typer.Option("--indicators", help="Also the AUC of each indicator alone.")
]
Horizon = Annotated[
    int, typer.Option(min=1, help="An event counts for assessments so many days before it.")
]


def evaluate(
    assessments: Annotated[
        str, typer.Argument(help="What `tocsin score` wrote, one a line; .gz; - for stdin.")
    ],
    labels: Annotated[
        Path, typer.Argument(help="borrower_id,event_date; the date empty where there was none.")
    ],
    horizon: Horizon = 365,
    figure: Annotated[
        str, typer.Option(help="What ranks: score, pd, pd_challenger, or a value: A-19:low.")
    ] = SCORE,
    budget: Annotated[
        list[float] | None,
        typer.Option(help="Alerts per healthy borrower and year; may be given more than once."),
    ] = None,
    silence: Silence = 30,
    cause: Cause = "",
    skip_first: SkipFirst = 0,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Leave out earlier assessments.")
    ] = None,
    last: Last = False,
    part: Part = "1/1",
    indicators: WithIndicators = False,
    as_json: AsJson = False,
) -> None:
    """Hold assessments against what happened: ranking, lead time, precision, alert burden.

    An assessment is a hit when the borrower's event follows within the horizon; those of the day of
    the event or later are left out, and so are borrowers that the labels do not name.

    What leaks the outcome, and how to keep it out: a trend is missing exactly in a borrower's first
    statement, which never is the failing one (--cause statement.received --skip-first 1); a
    threshold tuned on the borrowers that it is tested on looks better than it is (tune on --part
    1/2, report --part 2/2).

    Example: tocsin score history.ndjson --every day --json | tocsin evaluate - labels.csv
    """
    outcomes = read_labels(labels)
    chosen = Selection(
        cause=cause,
        skip_first=skip_first,
        first_day=since.toordinal() if since is not None else 0,
        last_only=last,
        part=part_from(part),
    )
    reading, row_type = reading_of(figure, with_indicators=indicators)
    run = _Run(outcomes, horizon, reading, with_indicators=indicators)
    with source_of(assessments) as source:
        run.take(read_rows(source, row_type, assessments, outcomes, chosen))
    if not run.histories:
        raise CommandError(
            f"No assessment of {assessments} counts for a borrower of {labels}.",
            remedy="Check that the borrower ids agree, and --cause, --skip-first, --since, --part.",
        )
    found = run.findings(figure, budget or [], silence)
    show(found, Console(stderr=True))
    if as_json:
        print(json.dumps(found.as_json()))


class _Run:
    """One pass over the assessments, and what came of it."""

    def __init__(
        self, labels: Labels, horizon: int, reading: Reading, *, with_indicators: bool
    ) -> None:
        self.histories: dict[str, History] = {}
        self._labels = labels
        self._horizon = horizon
        self._reading = reading
        self._with_indicators = with_indicators
        self._rows: list[Scored] = []
        self._alone: dict[str, list[Scored]] = {}

    def take(self, rows: Iterable[Brief]) -> None:
        for row in rows:
            value = self._reading(row)
            history = self.histories.get(row.borrower_id)
            event = self._labels[row.borrower_id]
            if history is None:
                history = History(row.borrower_id, row.segment or "all", event)
                self.histories[row.borrower_id] = history
            day = row.as_of.toordinal()
            history.days.append(day)
            history.ranks.append(RANKS[row.state])
            history.figures.append(float("-inf") if value is None else value)
            failed = event is not None and event - day <= self._horizon
            if value is not None:
                self._rows.append(Scored(row.borrower_id, value, failed))
            if self._with_indicators and isinstance(row, Detailed):
                self._take_indicators(row, failed)

    def _take_indicators(self, row: Detailed, failed: bool) -> None:
        for name, shown in row.indicators.items():
            if shown.intensity is not None:
                scored = Scored(row.borrower_id, float(shown.intensity), failed)
                self._alone.setdefault(name, []).append(scored)

    def findings(self, figure: str, budgets: list[float], silence: int) -> Findings:
        histories = list(self.histories.values())
        by_segment: dict[str, list[History]] = {}
        for history in histories:
            by_segment.setdefault(history.segment, []).append(history)
        kept = [at_budget(histories, one, silence, self._horizon) for one in budgets]
        return Findings(
            figure=figure,
            horizon_days=self._horizon,
            borrowers=len(histories),
            events=sum(one.event is not None for one in histories),
            ranking=rank(self._rows),
            states={name: by_state(ones, self._horizon) for name, ones in by_segment.items()},
            budgets=[one for one in kept if one is not None],
            indicators=[(name, len(rows), auc_of(rows)) for name, rows in self._alone.items()],
        )


def reading_of(figure: str, *, with_indicators: bool) -> tuple[Reading, type[Brief]]:
    """Return how to read the figure of a row, higher being worse, and which fields that needs."""
    if figure == SCORE:
        return _score, Detailed if with_indicators else Brief
    if figure in (PD, PD_CHALLENGER):
        return _pd if figure == PD else _challenger, Detailed
    name, _, direction = figure.partition(":")
    if direction not in ("low", "high"):
        raise CommandError(
            f"--figure {figure}: says not which side is bad.",
            remedy=(
                "Write score, pd, pd_challenger, or an indicator with its bad side: A-19:low, "
                "R-01:high."
            ),
        )
    sign = -1.0 if direction == "low" else 1.0

    def value_of(row: Brief) -> float | None:
        shown = row.indicators.get(name) if isinstance(row, Detailed) else None
        return _value(shown, sign)

    return value_of, Detailed


def _score(row: Brief) -> float | None:
    return float(row.score)


def _pd(row: Brief) -> float | None:
    return _opinion(row.pd if isinstance(row, Detailed) else None)


def _challenger(row: Brief) -> float | None:
    return _opinion(row.pd_challenger if isinstance(row, Detailed) else None)


def _opinion(shown: dict[str, object] | None) -> float | None:
    value = shown.get("value") if shown else None
    return None if value is None else float(str(value))


def _value(shown: Figure | None, sign: float) -> float | None:
    return None if shown is None or shown.value is None else sign * float(shown.value)


def part_from(text: str) -> tuple[int, int]:
    """Return (k, n) of "k/n"."""
    first, _, parts = text.partition("/")
    if first.isdigit() and parts.isdigit() and 1 <= int(first) <= int(parts):
        return int(first), int(parts)
    raise CommandError(f"--part {text}: is no part.", remedy="Write it as 1/2 or 2/2.")


@contextmanager
def source_of(file: str) -> Iterator[IO[bytes] | Iterable[bytes]]:
    """Open a file of assessments; standard input is read as it comes."""
    if file == "-":
        yield typer.get_binary_stream("stdin")
        return
    with opened(file) as source:
        yield source
