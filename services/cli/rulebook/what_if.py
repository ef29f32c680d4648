"""`tocsin rulebook what-if`: scores a history under a draft and under the rulebook in force.

For the risk modeller before proposing, and for the second person before approving. The same pure
fold scores the history twice; nothing is activated. An alert is a change of a borrower to a worse
state: that is what opens one on an officer's list.
"""

import json
from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated, Final
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from services.cli.errors import CommandError
from services.cli.event_files import in_time_order, opened, with_progress
from services.cli.options import DEFAULT_ZONE, AsJson, Horizon, TimeZone
from services.cli.outcome_files import Outcomes, read_outcomes
from services.cli.rulebook.ledger_history import ledger_file
from services.cli.rulebook.what_if_report import Comparison, Side, show, summary
from services.cli.rulebook_files import usable_rulebook
from services.kit.settings import PlatformSettings
from services.scoring.adapters.offline import (
    OfflineScorer,
    OfflineSettings,
    ScoredBorrower,
    closes_its_days,
)
from services.scoring.domain.borrower.risk import NORMAL, STATE_NAMES
from services.scoring.domain.portfolio.outcomes import (
    EVERYBODY,
    SEVERITY,
    StateFigures,
    StateHistory,
    group_figures,
)
from services.scoring.domain.primitives.vocabulary import SEGMENTS
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
    lead time of each state. Nothing is activated.

    Examples:

        tocsin rulebook what-if events.ndjson --draft mine.yaml --labels labels.csv
        tocsin rulebook what-if events.ndjson --draft mine.yaml --until 2024-03-31
        tocsin rulebook what-if --ledger --draft mine.yaml --since 2024-02-01
    """
    rulebooks = usable_rulebook(against), usable_rulebook(draft)
    outcomes = read_outcomes(labels) if labels is not None else None
    with history_of(file, ledger=ledger) as source:
        settings = OfflineSettings(
            zone=ZoneInfo(timezone),
            closes_days=not closes_its_days(source),
            as_of=until.toordinal() if until is not None else None,
            is_log=ledger,
        )
        first_day = since.toordinal() if since is not None else 0
        runs = [_run(rules, source, settings, first_day) for rules in rulebooks]
    if not runs[0].final:
        raise CommandError(
            "No borrower in the history.", remedy="Give canonical events, one a line."
        )
    before, after = (run.side(outcomes, horizon) for run in runs)
    comparison = Comparison(before, after, runs[0].differing_at_a_close(runs[1]))
    sentences = [change.sentence for change in differences(*rulebooks)]
    show(comparison, sentences, Console(stderr=True))
    if as_json:
        print(json.dumps(summary(comparison)))


def history_of(file: str | None, *, ledger: bool) -> AbstractContextManager[IO[bytes]]:
    """Return the history to score: a file, or the ledger."""
    if ledger == (file is not None):
        raise CommandError(
            "One history is needed.", remedy="Give a file of events, or --ledger; not both."
        )
    return ledger_file(PlatformSettings()) if file is None else opened(file)


@dataclass(slots=True)
class HistoryRun:
    """A history scored under one rulebook.

    ``states`` has each borrower's state at every close that counts, ``alerts`` the (state, officer)
    of each change for the worse in that time.
    """

    rulebook: str
    days: dict[str, list[int]] = field(default_factory=dict)
    states: dict[str, list[int]] = field(default_factory=dict)
    segments: dict[str, str] = field(default_factory=dict)
    final: dict[str, int] = field(default_factory=dict)
    officers: set[str] = field(default_factory=set)
    alerts: Counter[tuple[str, str]] = field(default_factory=Counter)
    unreadable: int = 0

    def add(self, scored: ScoredBorrower, first_day: int) -> None:
        """Add a borrower after an event or a close."""
        borrower = scored.borrower
        name, officer = borrower.borrower_id, borrower.profile.officer_id or UNASSIGNED
        state, before = borrower.risk.state, self.final.get(borrower.borrower_id, NORMAL)
        self.final[name] = state
        self.segments[name] = SEGMENTS[borrower.profile.segment]
        self.officers.add(officer)
        if scored.as_of < first_day:
            return
        if SEVERITY[STATE_NAMES[state]] > SEVERITY[STATE_NAMES[before]]:
            self.alerts[STATE_NAMES[state], officer] += 1
        if scored.is_day_close:
            self.days.setdefault(name, []).append(scored.as_of)
            self.states.setdefault(name, []).append(state)

    def side(self, outcomes: Outcomes | None, horizon: int) -> Side:
        """Return what the comparison shows of this run."""
        days = self.days.values()
        counted_days = max(each[-1] for each in days) - min(each[0] for each in days) if days else 0
        return Side(
            rulebook=self.rulebook,
            final={name: STATE_NAMES[state] for name, state in self.final.items()},
            alerts=self.alerts,
            officers=len(self.officers),
            weeks=(counted_days + 1) / DAYS_A_WEEK if days else 0.0,
            unreadable=self.unreadable,
            outcomes=None if outcomes is None else self._figures(outcomes, horizon),
        )

    def _figures(self, outcomes: Outcomes, horizon: int) -> list[StateFigures]:
        histories = []
        for name, outcome in outcomes.items():
            days = [
                day
                for day in self.days.get(name, ())
                if outcome.event is None or day < outcome.event
            ]
            if days:
                states = self.states[name][: len(days)]
                severities = [SEVERITY[STATE_NAMES[state]] for state in states]
                histories.append(StateHistory(outcome, self.segments[name], days, severities))
        if not histories:
            raise CommandError(
                "No borrower of the labels was observed before its outcome.",
                remedy="Check that the borrower ids agree, and --since and --until.",
            )
        return group_figures(EVERYBODY, histories, horizon).states

    def differing_at_a_close(self, other: "HistoryRun") -> int:
        """Return how many borrowers were in another state at any close."""
        return sum(states != other.states.get(name) for name, states in self.states.items())


def _run(
    rules: Rulebook, source: IO[bytes], settings: OfflineSettings, first_day: int
) -> HistoryRun:
    source.seek(0)
    run = HistoryRun(f"{rules.name} {rules.version}")
    # What the history activates is ignored: it is scored under this rulebook throughout.
    scorer = OfflineScorer(rules, settings, find=lambda _: rules)
    with in_time_order():
        for scored in scorer.fold_lines(with_progress(source)):
            run.add(scored, first_day)
    run.unreadable = len(scorer.counts.undecodable)
    return run
