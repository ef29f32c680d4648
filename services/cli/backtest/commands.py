"""The command `tocsin backtest`.

It does in one pass what `tocsin score --every day` and `tocsin evaluate` do in two with a file of
assessments between them: for portfolios of thousands over years.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from services.cli.backtest.report import Backtest, show
from services.cli.errors import CommandError
from services.cli.event_files import in_time_order, opened, with_progress
from services.cli.options import (
    DEFAULT_ZONE,
    AsJson,
    EventFile,
    Horizon,
    Part,
    RulebookName,
    TimeZone,
)
from services.cli.outcome_files import Outcomes, is_in_part, part_from, read_outcomes
from services.cli.rulebook_files import usable_rulebook
from services.scoring.adapters.offline import (
    OfflineScorer,
    OfflineSettings,
    ScoredBorrower,
    for_file,
)
from services.scoring.domain.borrower.risk import STATE_NAMES
from services.scoring.domain.portfolio.outcomes import (
    EVERYBODY,
    SEVERITY,
    GroupFigures,
    StateHistory,
    group_figures,
    grouped,
)
from services.scoring.domain.primitives.vocabulary import SEGMENTS
from services.scoring.domain.rulebook.rulebook import Rulebook

LOG_WIDTH: Final = 130


def backtest(
    file: EventFile,
    labels: Annotated[
        Path,
        typer.Argument(help="borrower_id,event_date and, if known, scenario,distress_start."),
    ],
    rulebook: RulebookName = "default",
    horizon: Horizon = 365,
    warm_up: Annotated[
        int, typer.Option(min=0, help="Leave out this many first days of each borrower.")
    ] = 0,
    approve_exits: Annotated[
        bool,
        typer.Option(
            "--approve-exits/--nobody-approves",
            help="Two people approve every relaxation on the day it is proposed.",
        ),
    ] = True,
    part: Part = "1/1",
    timezone: TimeZone = DEFAULT_ZONE,
    as_json: AsJson = False,
) -> None:
    """Score a history day by day and compare each state with the outcomes.

    Shows recall, precision, lead time and alert burden for all borrowers, for each group of the
    labels and for each segment. What the history activates is ignored: it is scored under
    `--rulebook` throughout.

    Examples:

        tocsin backtest events.ndjson labels.csv
        tocsin backtest events.ndjson labels.csv --rulebook reference --part 2/2
    """
    chosen = part_from(part)
    outcomes = {
        name: outcome for name, outcome in read_outcomes(labels).items() if is_in_part(name, chosen)
    }
    rules = usable_rulebook(rulebook)
    with opened(file) as source:
        settings = OfflineSettings(
            zone=ZoneInfo(timezone), leaves_out_withdrawn=True, approves_exits=approve_exits
        )
        settings = for_file(settings, source)
        histories = _histories(rules, settings, with_progress(source), outcomes, warm_up)
    if not histories:
        raise CommandError(
            f"No borrower of {labels} was observed before its event.",
            remedy="Check that the borrower ids agree, and --warm-up and --part.",
        )
    result = _measured(f"{rules.name} {rules.version}", histories, horizon, approve_exits)
    show(result, Console(stderr=True, width=None if sys.stderr.isatty() else LOG_WIDTH))
    if as_json:
        print(json.dumps(result.as_json()))


def _measured(
    rulebook: str, histories: list[StateHistory], horizon: int, approves_exits: bool
) -> Backtest:
    def by(key: str) -> list[GroupFigures]:
        groups = grouped(histories, key)
        return [group_figures(name, members, horizon) for name, members in groups.items()]

    return Backtest(
        rulebook=rulebook,
        horizon_days=horizon,
        approves_exits=approves_exits,
        total=group_figures(EVERYBODY, histories, horizon),
        groups=by("group"),
        segments=by("segment"),
    )


def _histories(
    rules: Rulebook,
    settings: OfflineSettings,
    lines: Iterator[bytes],
    outcomes: Outcomes,
    warm_up_days: int,
) -> list[StateHistory]:
    """Score the lines; return each borrower's states at its day closes before its event."""
    scorer = OfflineScorer(rules, settings, find=lambda _: rules)
    histories: dict[str, StateHistory] = {}
    first_days: dict[str, int] = {}
    with in_time_order():
        for scored in scorer.fold_lines(lines):
            borrower_id = scored.borrower.borrower_id
            if not scored.is_day_close or borrower_id not in outcomes:
                continue
            first_day = first_days.setdefault(borrower_id, scored.as_of)
            if scored.as_of - first_day >= warm_up_days:
                _add(histories, scored, outcomes)
    return list(histories.values())


def _add(histories: dict[str, StateHistory], scored: ScoredBorrower, outcomes: Outcomes) -> None:
    borrower = scored.borrower
    outcome = outcomes[borrower.borrower_id]
    if outcome.event is not None and scored.as_of >= outcome.event:
        return
    segment = SEGMENTS[borrower.profile.segment]
    history = histories.setdefault(borrower.borrower_id, StateHistory(outcome, segment))
    history.days.append(scored.as_of)
    history.severities.append(SEVERITY[STATE_NAMES[borrower.risk.state]])
