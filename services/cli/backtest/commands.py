"""The command `tocsin backtest`.

It does in one pass what `tocsin score --every day` and `tocsin evaluate` do in two with a file of
assessments between them: for portfolios of thousands over years.
"""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from services.cli.backtest.alert_book import AlertBook, alert_figures
from services.cli.backtest.report import Backtest, MeasuredGroup, show
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
    BorrowerOutcome,
    StateHistory,
    group_figures,
    grouped,
)
from services.scoring.domain.primitives.vocabulary import SEGMENTS
from services.scoring.domain.rulebook.rulebook import Rulebook

LOG_WIDTH: Final = 170


Labels = Annotated[
    Path,
    typer.Argument(
        help="borrower_id,event_date and, if known, scenario,distress_start,first_missed."
    ),
]
WarmUp = Annotated[
    int, typer.Option(min=0, help="Leave out this many first days of each borrower.")
]
ApproveExits = Annotated[
    bool,
    typer.Option(
        "--approve-exits/--nobody-approves",
        help="Two people approve every relaxation on the day it is proposed.",
    ),
]
BorrowersPerOfficer = Annotated[
    int, typer.Option(min=1, help="How many borrowers an officer has, for alerts a week.")
]
WatchesDepositCustomers = Annotated[
    bool,
    typer.Option("--watches-deposit-customers", help="Open alerts also where no money is at risk."),
]


def backtest(
    file: EventFile,
    labels: Labels,
    rulebook: RulebookName = "default",
    horizon: Horizon = 365,
    warm_up: WarmUp = 0,
    approve_exits: ApproveExits = True,
    borrowers_per_officer: BorrowersPerOfficer = 150,
    watches_deposit_customers: WatchesDepositCustomers = False,
    part: Part = "1/1",
    timezone: TimeZone = DEFAULT_ZONE,
    as_json: AsJson = False,
) -> None:
    """Score a history day by day and compare each state with the outcomes.

    Shows recall, precision, lead time and alert burden for all borrowers, for each group of the
    labels and for each segment. The alerts are those that the alerts service would open if nobody
    acted on them. What the history activates is ignored: it is scored under `--rulebook`
    throughout.

    Examples:

        tocsin backtest events.ndjson labels.csv
        tocsin backtest events.ndjson labels.csv --rulebook reference --part 2/2
    """
    chosen = part_from(part)
    outcomes = {
        name: outcome for name, outcome in read_outcomes(labels).items() if is_in_part(name, chosen)
    }
    rules = usable_rulebook(rulebook)
    settings = OfflineSettings(
        zone=ZoneInfo(timezone), leaves_out_withdrawn=True, approves_exits=approve_exits
    )
    book = AlertBook(zone=ZoneInfo(timezone), watches_deposit_customers=watches_deposit_customers)
    run = _Run(outcomes, horizon, warm_up, book)
    run.score(file, rules, settings)
    result = Backtest(
        rulebook=f"{rules.name} {rules.version}",
        horizon_days=horizon,
        approves_exits=approve_exits,
        borrowers_per_officer=borrowers_per_officer,
        total=run.measured(EVERYBODY, list(run.histories.values())),
        groups=run.measured_by("group"),
        segments=run.measured_by("segment"),
    )
    show(result, Console(stderr=True, width=None if sys.stderr.isatty() else LOG_WIDTH))
    if as_json:
        print(json.dumps(result.as_json()))


@dataclass(slots=True)
class _Run:
    """One pass over the history: each borrower's states before its event, and all its alerts."""

    outcomes: Outcomes
    horizon_days: int
    warm_up_days: int
    alerts: AlertBook
    histories: dict[str, StateHistory] = field(default_factory=dict)
    first_days: dict[str, int] = field(default_factory=dict)

    def score(self, file: str, rules: Rulebook, settings: OfflineSettings) -> None:
        """Score the file under the rulebook.

        Raises:
            CommandError: If no borrower of the labels was observed before its event.
        """
        with opened(file) as source, in_time_order():
            scorer = OfflineScorer(rules, for_file(settings, source), find=lambda _: rules)
            for scored in scorer.fold_lines(with_progress(source)):
                self.add(scored)
        if not self.histories:
            raise CommandError(
                "No borrower of the labels was observed before its event.",
                remedy="Check that the borrower ids agree, and --warm-up and --part.",
            )

    def add(self, scored: ScoredBorrower) -> None:
        """Add a borrower of the labels after an event or a day close."""
        outcome = self.outcomes.get(scored.borrower.borrower_id)
        if outcome is None:
            return
        if scored.is_day_close:
            first_day = self.first_days.setdefault(outcome.borrower_id, scored.as_of)
            if scored.as_of - first_day >= self.warm_up_days:
                self._add_close(scored, outcome)
        if scored.assessment is not None:
            self.alerts.add(scored.assessment)

    def _add_close(self, scored: ScoredBorrower, outcome: BorrowerOutcome) -> None:
        self.alerts.observe(outcome, scored.as_of)
        if outcome.event is not None and scored.as_of >= outcome.event:
            return
        segment = SEGMENTS[scored.borrower.profile.segment]
        history = self.histories.setdefault(outcome.borrower_id, StateHistory(outcome, segment))
        history.days.append(scored.as_of)
        history.severities.append(SEVERITY[STATE_NAMES[scored.borrower.risk.state]])

    def measured_by(self, key: str) -> list[MeasuredGroup]:
        """Return the figures by ``segment`` or by the labels' ``group``."""
        groups = grouped(self.histories.values(), key)
        return [self.measured(name, members) for name, members in groups.items()]

    def measured(self, name: str, members: list[StateHistory]) -> MeasuredGroup:
        """Return the figures of these borrowers."""
        alerts = [self.alerts.borrowers[history.outcome.borrower_id] for history in members]
        return MeasuredGroup(
            group_figures(name, members, self.horizon_days),
            alert_figures(alerts, self.horizon_days),
        )
