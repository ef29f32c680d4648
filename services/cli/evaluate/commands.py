"""The command `tocsin evaluate`."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services.cli.assessment_files import Brief, Detailed, Selection, read_rows, source_of
from services.cli.errors import CommandError
from services.cli.evaluate.report import Evaluation, show
from services.cli.options import AsJson, Cause, Horizon, Part, SkipFirst
from services.cli.outcome_files import Outcomes, part_from, read_outcomes
from services.scoring.domain.portfolio.outcomes import (
    SEVERITY,
    Scored,
    StateHistory,
    at_budget,
    auc_of,
    group_figures,
    grouped,
    rank,
)

SCORE = "score"
PDS = ("pd", "pd_challenger")


@dataclass(frozen=True, slots=True)
class FigureReading:
    """How the figure of a row is read, higher being worse, and which fields that needs."""

    value_of: Callable[[Brief], float | None]
    row_type: type[Brief]
    with_indicators: bool


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
        list[float] | None, typer.Option(help="Alerts per healthy borrower and year; repeatable.")
    ] = None,
    silence: Annotated[
        int, typer.Option(min=0, help="Days without a second alert, for --budget.")
    ] = 30,
    cause: Cause = "",
    skip_first: SkipFirst = 0,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Leave out earlier assessments.")
    ] = None,
    last: Annotated[
        bool, typer.Option("--last", help="Only each borrower's last one before its event.")
    ] = False,
    part: Part = "1/1",
    indicators: Annotated[
        bool, typer.Option("--indicators", help="Also the AUC of each indicator alone.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Evaluate assessments against outcomes: ranking, lead time, precision and alert burden.

    An assessment is a hit if the borrower's event follows within the horizon. Assessments of the
    day of the event or later are left out, and so are borrowers without a line in the labels.

    Two things leak the outcome. A trend is missing exactly in a borrower's first statement, which
    never is the failing one: use `--cause statement.received --skip-first 1`. A threshold that is
    tested on the borrowers it was tuned on seems better than it is: tune it on `--part 1/2` and
    report `--part 2/2`.

    Examples:

        tocsin score events.ndjson --every day --json > assessments.ndjson
        tocsin evaluate assessments.ndjson labels.csv
        tocsin evaluate assessments.ndjson labels.csv --budget 0.5 --horizon 180
    """
    chosen = Selection(
        cause=cause,
        skip_first=skip_first,
        first_day=since.toordinal() if since is not None else 0,
        last_only=last,
        part=part_from(part),
    )
    series = _series(assessments, labels, horizon, chosen, reading_of(figure, indicators))
    evaluation = series.evaluated(figure, budget or [], silence)
    show(evaluation, Console(stderr=True))
    if as_json:
        print(json.dumps(evaluation.as_json()))


def _series(
    assessments: str, labels: Path, horizon: int, chosen: Selection, reading: FigureReading
) -> "_Series":
    """Read the assessments that count; end the command if there are none."""
    outcomes = read_outcomes(labels)
    series = _Series(outcomes, horizon, reading)
    with source_of(assessments) as source:
        series.read(read_rows(source, reading.row_type, assessments, outcomes, chosen))
    if not series.histories:
        raise CommandError(
            f"No assessment of {assessments} counts for a borrower of {labels}.",
            remedy="Check that the borrower ids agree, and --cause, --skip-first, --since, --part.",
        )
    return series


class _Series:
    """The assessments that count, by borrower, by row and by indicator."""

    def __init__(self, outcomes: Outcomes, horizon: int, reading: FigureReading) -> None:
        self.histories: dict[str, StateHistory] = {}
        self._outcomes = outcomes
        self._horizon = horizon
        self._reading = reading
        self._rows: list[Scored] = []
        self._by_indicator: dict[str, list[Scored]] = {}

    def read(self, rows: Iterable[Brief]) -> None:
        for row in rows:
            value = self._reading.value_of(row)
            outcome = self._outcomes[row.borrower_id]
            history = self.histories.setdefault(
                row.borrower_id, StateHistory(outcome, row.segment or "all")
            )
            day = row.as_of.toordinal()
            history.days.append(day)
            history.severities.append(SEVERITY[row.state])
            history.figures.append(float("-inf") if value is None else value)
            failed = outcome.event is not None and outcome.event - day <= self._horizon
            if value is not None:
                self._rows.append(Scored(row.borrower_id, value, failed))
            if self._reading.with_indicators and isinstance(row, Detailed):
                self._read_indicators(row, failed)

    def _read_indicators(self, row: Detailed, failed: bool) -> None:
        for name, shown in row.indicators.items():
            if shown.intensity is not None:
                scored = Scored(row.borrower_id, float(shown.intensity), failed)
                self._by_indicator.setdefault(name, []).append(scored)

    def evaluated(self, figure: str, budgets: list[float], silence: int) -> Evaluation:
        histories = list(self.histories.values())
        by_budget = [at_budget(histories, share, silence, self._horizon) for share in budgets]
        return Evaluation(
            figure=figure,
            horizon_days=self._horizon,
            total=group_figures("all", histories, self._horizon),
            ranking=rank(self._rows),
            segments=[
                group_figures(name, members, self._horizon)
                for name, members in grouped(histories, "segment").items()
            ],
            budgets=[figures for figures in by_budget if figures is not None],
            indicators=[
                (name, len(rows), auc_of(rows)) for name, rows in self._by_indicator.items()
            ],
        )


def reading_of(figure: str, with_indicators: bool) -> FigureReading:
    """Return how the figure of a row is read."""
    if figure == SCORE:
        row_type = Detailed if with_indicators else Brief
        return FigureReading(lambda row: float(row.score), row_type, with_indicators)
    if figure in PDS:
        return FigureReading(lambda row: _pd_value(getattr(row, figure)), Detailed, with_indicators)
    name, _, direction = figure.partition(":")
    if direction not in ("low", "high"):
        raise CommandError(
            f"--figure {figure} does not name the bad side.",
            remedy=(
                "Write score, pd, pd_challenger, or an indicator with its bad side: A-19:low, "
                "R-01:high."
            ),
        )
    sign = -1.0 if direction == "low" else 1.0

    def value_of(row: Brief) -> float | None:
        shown = row.indicators.get(name) if isinstance(row, Detailed) else None
        return None if shown is None or shown.value is None else sign * float(shown.value)

    return FigureReading(value_of, Detailed, with_indicators)


def _pd_value(shown: dict[str, object] | None) -> float | None:
    value = shown.get("value") if shown else None
    return None if value is None else float(str(value))
