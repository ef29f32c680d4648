"""`tocsin backtest HISTORY LABELS`: recall, precision, lead and alert burden, group by group.

What `tocsin score --every day` and `tocsin evaluate` do in two steps with a file of assessments
between them, in one pass and without it: for portfolios of thousands over years.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Annotated, Final
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from services.cli.backtest.figures import Watched, worth
from services.cli.backtest.outcomes import Outcome, read_outcomes
from services.cli.backtest.show import Findings, show
from services.cli.errors import CommandError
from services.cli.evaluate.commands import part_from
from services.cli.evaluate.histories import History
from services.cli.evaluate.reading import RANKS, is_in_part
from services.cli.options import AsJson, TimeZone
from services.cli.score import (
    BYTES_WORTH_A_BAR,
    DEFAULT_ZONE,
    opened,
    sorted_by_time,
    usable_rulebook,
    with_bar,
)
from services.scoring.adapters.offline import (
    OfflineScorer,
    OfflineSettings,
    ScoredBorrower,
    closes_its_days,
)
from services.scoring.domain.borrower.risk import STATE_NAMES
from services.scoring.domain.primitives.vocabulary import SEGMENTS
from services.scoring.domain.rulebook.rulebook import Rulebook

STEPS_TOLD: Final = 20
WIDE: Final = 130
RANK_OF: Final = [RANKS[name] for name in STATE_NAMES]


def backtest(
    file: Annotated[str, typer.Argument(help="History: canonical events, one a line; .gz; -.")],
    labels: Annotated[
        Path,
        typer.Argument(help="borrower_id,event_date and, if known, scenario,distress_start."),
    ],
    rulebook: Annotated[
        str, typer.Option(help="A shipped rulebook (default, reference) or a YAML file.")
    ] = "default",
    horizon: Annotated[
        int, typer.Option(min=1, help="A warning is right when the event follows in so many days.")
    ] = 365,
    warm_up: Annotated[
        int, typer.Option(min=0, help="Days of each borrower that are not counted.")
    ] = 0,
    approve_exits: Annotated[
        bool,
        typer.Option(
            "--approve-exits/--nobody-approves",
            help="Two people approve every relaxation on the day it is proposed.",
        ),
    ] = True,
    part: Annotated[
        str, typer.Option(help="Only a part of the borrowers, by a hash of the id: 2/2.")
    ] = "1/1",
    timezone: TimeZone = DEFAULT_ZONE,
    as_json: AsJson = False,
) -> None:
    """Fold a history day by day and hold each state against what happened.

    Example: tocsin simulate --borrowers 2000 --days 730 --out bank.ndjson, and then
    tocsin backtest bank.ndjson bank.labels.csv
    """
    outcomes = {
        name: outcome
        for name, outcome in read_outcomes(labels).items()
        if is_in_part(name, part_from(part))
    }
    with opened(file) as source:
        settings = OfflineSettings(
            zone=ZoneInfo(timezone),
            closes_days=not closes_its_days(source),
            approves_exits=approve_exits,
        )
        rules = usable_rulebook(rulebook)
        watched = watch(rules, settings, telling(source), outcomes, warm_up)
    if not watched:
        raise CommandError(
            f"No borrower of {labels} was watched before its event.",
            remedy="Check that the borrower ids agree, and --warm-up and --part.",
        )
    found = findings(f"{rules.name} {rules.version}", watched, horizon, approves=approve_exits)
    show(found, Console(stderr=True, width=None if sys.stderr.isatty() else WIDE))
    if as_json:
        print(json.dumps(found.as_json()))


def watch(
    rules: Rulebook,
    settings: OfflineSettings,
    lines: Iterator[bytes],
    outcomes: dict[str, Outcome],
    warm_up_days: int,
) -> list[Watched]:
    """Fold the lines; return each borrower's states at its closes before its event."""
    # What the file activates is passed over: the question is what this rulebook is worth.
    run = OfflineScorer(rules, settings, find=lambda _: rules)
    histories: dict[str, History] = {}
    first_days: dict[str, int] = {}
    with sorted_by_time():
        for scored in run.fold_lines(lines):
            if scored.is_day_close:
                _note(scored, outcomes, histories, first_days, warm_up_days)
    return [Watched(outcomes[name], history) for name, history in histories.items()]


def _note(
    scored: ScoredBorrower,
    outcomes: dict[str, Outcome],
    histories: dict[str, History],
    first_days: dict[str, int],
    warm_up_days: int,
) -> None:
    borrower, day = scored.borrower, scored.as_of
    name = borrower.borrower_id
    outcome = outcomes.get(name)
    if outcome is None or (outcome.event is not None and day >= outcome.event):
        return
    if day - first_days.setdefault(name, day) < warm_up_days:
        return
    history = histories.get(name)
    if history is None:
        segment = SEGMENTS[borrower.profile.segment]
        history = histories[name] = History(name, segment, outcome.event)
    history.days.append(day)
    history.ranks.append(RANK_OF[borrower.risk.state])


def findings(
    rulebook: str, watched: list[Watched], horizon_days: int, *, approves: bool
) -> Findings:
    """Return the figures of all, of each group of the labels and of each segment."""
    by_group: dict[str, list[Watched]] = {}
    by_segment: dict[str, list[Watched]] = {}
    for one in watched:
        by_group.setdefault(one.outcome.group, []).append(one)
        by_segment.setdefault(one.history.segment, []).append(one)
    return Findings(
        rulebook=rulebook,
        horizon_days=horizon_days,
        approves_exits=approves,
        everybody=worth("all", watched, horizon_days),
        groups=[worth(name, by_group[name], horizon_days) for name in sorted(by_group)],
        segments=[worth(name, by_segment[name], horizon_days) for name in sorted(by_segment)],
    )


def telling(source: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines; show how far a long file is, with a bar or, in a log, line by line."""
    if sys.stderr.isatty():
        yield from with_bar(source, hidden=False)
        return
    lines = sum(1 for _ in source)
    size = source.tell()
    source.seek(0)
    step = lines // STEPS_TOLD if size >= BYTES_WORTH_A_BAR else 0
    for number, line in enumerate(source, start=1):
        if step and number % step == 0:
            print(f"{number:,} of {lines:,} lines", file=sys.stderr, flush=True)
        yield line
