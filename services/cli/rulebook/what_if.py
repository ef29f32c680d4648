"""`tocsin rulebook what-if`: scores a history under a draft and under the rulebook in force.

For the risk modeller before proposing, and for the second person before approving. The same pure
fold scores the history twice; nothing is activated. Alerts are those that the alerts service would
open if nobody acted on them.
"""

import json
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated, Final
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from services.cli.backtest.alert_book import AlertBook
from services.cli.errors import CommandError
from services.cli.event_files import in_time_order, opened, with_progress
from services.cli.options import DEFAULT_ZONE, AsJson, Horizon, TimeZone, ordinal_of
from services.cli.outcome_files import read_outcomes
from services.cli.rulebook.history_run import HistoryRun, show, summary
from services.cli.rulebook.ledger_history import ledger_file
from services.cli.rulebook_files import usable_rulebook
from services.kit.settings import PlatformSettings
from services.scoring.adapters.offline import OfflineScorer, OfflineSettings, for_file
from services.scoring.domain.rulebook.diff import differences
from services.scoring.domain.rulebook.rulebook import Rulebook

UNASSIGNED: Final = "nobody"
DAYS_A_WEEK: Final = 7


def what_if(
    draft: Annotated[str, typer.Option("--draft", help="The rulebook to try.")],
    file: Annotated[
        str | None, typer.Argument(help="History: canonical events, one a line; .gz; -.")
    ] = None,
    ledger: Annotated[
        bool, typer.Option("--ledger", help="Score the ledger of TOCSIN_DATABASE_URL instead.")
    ] = False,
    against: Annotated[
        str, typer.Option("--against", help="The rulebook to compare with.")
    ] = "default",
    labels: Annotated[
        Path | None, typer.Option(help="Outcomes, borrower_id,event_date: precision and lead.")
    ] = None,
    horizon: Horizon = 365,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Count from this date; earlier events warm up."),
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last date to count.")
    ] = None,
    timezone: TimeZone = DEFAULT_ZONE,
    as_json: AsJson = False,
) -> None:
    """Score a history under a draft and under another rulebook, and show what would differ.

    Shows changed states, alerts per officer and week and, with `--labels`, precision, recall and
    lead time of each state. A close that was withdrawn counts nowhere. Nothing is activated.

    Examples:

        tocsin rulebook what-if events.ndjson --draft mine.yaml --labels labels.csv
        tocsin rulebook what-if events.ndjson --draft mine.yaml --until 2024-03-31
        tocsin rulebook what-if --ledger --draft mine.yaml --since 2024-02-01
    """
    rulebooks = usable_rulebook(against), usable_rulebook(draft)
    outcomes = read_outcomes(labels) if labels is not None else None
    settings = OfflineSettings(
        zone=ZoneInfo(timezone),
        leaves_out_withdrawn=True,
        as_of=ordinal_of(until),
        is_log=ledger,
    )
    with history_of(file, ledger=ledger) as source:
        settings = for_file(settings, source)
        runs = [_run(rules, source, settings, ordinal_of(since) or 0) for rules in rulebooks]
    if not runs[0].final:
        raise CommandError(
            "No borrower in the history.", remedy="Give canonical events, one a line."
        )
    if outcomes is not None:
        for run in runs:
            run.measure(outcomes, horizon)
    result = summary(*runs)
    show(result, [change.sentence for change in differences(*rulebooks)], Console(stderr=True))
    if as_json:
        print(json.dumps(result))


def history_of(file: str | None, *, ledger: bool) -> AbstractContextManager[IO[bytes]]:
    """Return the history to score: a file, or the ledger."""
    if ledger == (file is not None):
        raise CommandError(
            "One history is needed.", remedy="Give a file of events, or --ledger; not both."
        )
    return ledger_file(PlatformSettings()) if file is None else opened(file)


def _run(
    rules: Rulebook, source: IO[bytes], settings: OfflineSettings, first_day: int
) -> HistoryRun:
    source.seek(0)
    assert isinstance(settings.zone, ZoneInfo)
    book = AlertBook(zone=settings.zone, watches_deposit_customers=False)
    run = HistoryRun(f"{rules.name} {rules.version}", book)
    # What the history activates is ignored: it is scored under this rulebook throughout.
    scorer = OfflineScorer(rules, settings, find=lambda _: rules)
    with in_time_order():
        for scored in scorer.fold_lines(with_progress(source)):
            run.add(scored, first_day)
    run.unreadable = len(scorer.counts.undecodable)
    return run
