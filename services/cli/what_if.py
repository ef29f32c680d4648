"""`tocsin rulebook what-if FILE.ndjson --draft B`: what would a draft have done on this history?

For the risk modeller before proposing, and for the second person before approving. The file is
folded twice by the same pure core, once under each rulebook; nothing is activated. An alert is a
change of a borrower to a worse state: that is what opens one on an officer's list.
"""

import json
import sys
from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from services.cli.errors import CommandError
from services.cli.evaluate.early import StateFigures, by_state
from services.cli.evaluate.histories import History
from services.cli.evaluate.reading import RANKS, Labels, read_labels
from services.cli.ledger_history import ledger_file
from services.cli.options import AsJson, TimeZone
from services.cli.score import (
    DEFAULT_ZONE,
    opened,
    sorted_by_time,
    usable_rulebook,
    with_bar,
)
from services.kit.settings import PlatformSettings
from services.scoring.adapters.offline import (
    OfflineScorer,
    OfflineSettings,
    ScoredBorrower,
    closes_its_days,
)
from services.scoring.domain.borrower.risk import STATE_NAMES
from services.scoring.domain.primitives.vocabulary import SEGMENTS
from services.scoring.domain.rulebook.diff import differences
from services.scoring.domain.rulebook.rulebook import Rulebook

NOBODY: Final = "nobody"
DAYS_A_WEEK: Final = 7
MOST_BORROWERS_SHOWN: Final = 15
# Entering these is an alert, the mildest first.
ALERTING: Final = ("ATTENTION", "WATCH", "HIGH_RISK", "DEFAULT")


@dataclass(slots=True)
class Course:
    """What one rulebook made of the history.

    ``states`` holds each borrower's state at every close that counts, ``alerts`` the (state,
    officer) of each change for the worse in that time.
    """

    rulebook: str
    days: dict[str, list[int]] = field(default_factory=dict)
    states: dict[str, list[int]] = field(default_factory=dict)
    segments: dict[str, str] = field(default_factory=dict)
    final: dict[str, str] = field(default_factory=dict)
    officers: set[str] = field(default_factory=set)
    alerts: Counter[tuple[str, str]] = field(default_factory=Counter)
    unreadable: int = 0

    def take(self, scored: ScoredBorrower, first_day: int) -> None:
        """Note a borrower after an event or a close."""
        borrower = scored.borrower
        name, officer = borrower.borrower_id, borrower.profile.officer_id or NOBODY
        state = STATE_NAMES[borrower.risk.state]
        before = self.final.get(name, STATE_NAMES[0])
        self.final[name] = state
        self.segments[name] = SEGMENTS[borrower.profile.segment]
        self.officers.add(officer)
        if scored.as_of < first_day:
            return
        if RANKS[state] > RANKS[before]:
            self.alerts[state, officer] += 1
        if scored.is_day_close:
            self.days.setdefault(name, []).append(scored.as_of)
            self.states.setdefault(name, []).append(borrower.risk.state)

    @property
    def weeks(self) -> float:
        """Return how long the time that counts was."""
        closed = [days for days in self.days.values() if days]
        if not closed:
            return 0.0
        last, first = max(days[-1] for days in closed), min(days[0] for days in closed)
        return (last - first + 1) / DAYS_A_WEEK

    def histories(self, labels: Labels) -> list[History]:
        """Return what was known before each outcome, of the borrowers that the labels name."""
        found = []
        for name, event in labels.items():
            if name not in self.days:
                continue
            days = [day for day in self.days[name] if event is None or day < event]
            if days:
                ranks = [RANKS[STATE_NAMES[one]] for one in self.states[name][: len(days)]]
                found.append(History(name, self.segments[name], event, days, ranks))
        return found


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Both courses side by side, with outcomes where there are labels."""

    against: Course
    draft: Course
    outcomes: tuple[list[StateFigures], list[StateFigures]] | None

    @property
    def moved(self) -> dict[str, tuple[str, str]]:
        """Return the borrowers who end in another state: (against, draft)."""
        return {
            name: (before, self.draft.final[name])
            for name, before in self.against.final.items()
            if before != self.draft.final[name]
        }

    @property
    def ever_different(self) -> int:
        """Return how many borrowers were in another state at any close."""
        return sum(
            states != self.draft.states.get(name) for name, states in self.against.states.items()
        )


def what_if(
    draft: Annotated[str, typer.Option("--draft", help="The rulebook to try.")],
    file: Annotated[
        str | None, typer.Argument(help="History: canonical events, one a line; .gz; -.")
    ] = None,
    ledger: Annotated[
        bool, typer.Option("--ledger", help="Replay the ledger of TOCSIN_DATABASE_URL instead.")
    ] = False,
    against: Annotated[str, typer.Option("--against", help="What it is held against.")] = "default",
    labels: Annotated[
        Path | None, typer.Option(help="Outcomes, borrower_id,event_date: precision and lead.")
    ] = None,
    horizon: Annotated[
        int, typer.Option(min=1, help="An alert is right when the event follows in so many days.")
    ] = 365,
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
    """Fold a history under a draft and under what runs now, and show what would be different.

    Changed states, alerts per officer and week and, with --labels, precision, recall and lead time
    of each state. Nothing is activated.

    Examples: tocsin rulebook what-if history.ndjson --draft mine.yaml --labels labels.csv
    tocsin rulebook what-if --ledger --draft mine.yaml --since 2026-01-01 --until 2026-06-30
    """
    books = [usable_rulebook(against), usable_rulebook(draft)]
    known = read_labels(labels) if labels is not None else None
    with history_of(file, ledger=ledger) as source:
        settings = OfflineSettings(
            zone=ZoneInfo(timezone),
            closes_days=not closes_its_days(source),
            as_of=until.toordinal() if until is not None else None,
            is_log=ledger,
        )
        first_day = since.toordinal() if since is not None else 0
        courses = [_course(book, source, settings, first_day) for book in books]
    if not courses[0].final:
        raise CommandError(
            "No borrower in the history.", remedy="Give canonical events, one a line."
        )
    outcomes = _outcomes(courses, known, horizon) if known is not None else None
    found = Verdicts(courses[0], courses[1], outcomes)
    _show(found, [one.sentence for one in differences(*books)], Console(stderr=True))
    if as_json:
        print(json.dumps(_summary(found)))


def history_of(file: str | None, *, ledger: bool) -> AbstractContextManager[IO[bytes]]:
    """Return the history to fold: a file, or the ledger."""
    if ledger == (file is not None):
        raise CommandError(
            "One history is needed.", remedy="Give a file of events, or --ledger; not both."
        )
    return ledger_file(PlatformSettings()) if file is None else opened(file)


def _outcomes(
    courses: list[Course], known: Labels, horizon: int
) -> tuple[list[StateFigures], list[StateFigures]]:
    histories = [one.histories(known) for one in courses]
    if not histories[0]:
        raise CommandError(
            "No borrower of the labels was watched before its outcome.",
            remedy="Check that the borrower ids agree, and --since and --until.",
        )
    before, after = (by_state(one, horizon) for one in histories)
    return before, after


def _course(book: Rulebook, source: IO[bytes], settings: OfflineSettings, first_day: int) -> Course:
    source.seek(0)
    course = Course(f"{book.name} {book.version}")
    # What the file activates is passed over: the question is what this rulebook would have done.
    run = OfflineScorer(book, settings, find=lambda _: book)
    with sorted_by_time():
        for scored in run.fold_lines(with_bar(source, hidden=False)):
            course.take(scored, first_day)
    course.unreadable = len(run.counts.undecodable)
    return course


def _burden(course: Course) -> dict[str, Any]:
    by_officer: Counter[str] = Counter()
    by_state: Counter[str] = Counter()
    for (state, officer), count in course.alerts.items():
        by_officer[officer] += count
        by_state[state] += count
    total, weeks, officers = sum(by_state.values()), course.weeks, len(course.officers)
    busiest = min(by_officer, key=lambda one: (-by_officer[one], one), default=None)
    return {
        "rulebook": course.rulebook,
        "alerts": total,
        "alerts_by_state": {state: by_state[state] for state in ALERTING},
        "officers": officers,
        "weeks": round(weeks, 2),
        "alerts_per_officer_week": round(total / officers / weeks, 4) if weeks else None,
        "busiest_officer": busiest,
        "busiest_officer_per_week": (
            round(by_officer[busiest] / weeks, 4) if busiest is not None and weeks else None
        ),
        "unreadable": course.unreadable,
    }


def _summary(found: Verdicts) -> dict[str, Any]:
    moved = found.moved
    steps = Counter(moved.values())
    summary: dict[str, Any] = {
        "borrowers": len(found.against.final),
        "ended_in_another_state": len(moved),
        "ever_in_another_state": found.ever_different,
        "moves": [
            {"against": before, "draft": after, "borrowers": count}
            for (before, after), count in sorted(steps.items())
        ],
        "changed": {
            name: {"against": before, "draft": after} for name, (before, after) in moved.items()
        },
        "against": _burden(found.against),
        "draft": _burden(found.draft),
    }
    if found.outcomes is not None:
        for side, figures in zip(("against", "draft"), found.outcomes, strict=True):
            summary[side]["outcomes"] = {one.state: _outcome(one) for one in figures}
    return summary


def _outcome(one: StateFigures) -> dict[str, Any]:
    quartiles = one.lead_quartiles
    return {
        "precision": one.precision_by_lead[0],
        "recall": one.recall_by_lead[0],
        "lead_days": None if quartiles is None else list(quartiles),
        "alerts": one.alerts,
        "healthy_ever": one.healthy_ever,
    }


def _show(found: Verdicts, sentences: list[str], console: Console) -> None:
    for sentence in sentences:
        console.print(sentence, markup=False, highlight=False)
    moved = found.moved
    console.print(
        f"{len(moved):,} of {len(found.against.final):,} borrowers end in another state; "
        f"{found.ever_different:,} were in another one at some time."
    )
    for name, (before, after) in list(moved.items())[:MOST_BORROWERS_SHOWN]:
        console.print(f"  {name}: {before} -> {after}", markup=False, highlight=False)
    if len(moved) > MOST_BORROWERS_SHOWN:
        console.print(f"  … and {len(moved) - MOST_BORROWERS_SHOWN:,} more; --json has them all")
    table = Table("", found.against.rulebook, f"{found.draft.rulebook} (draft)")
    burdens = _burden(found.against), _burden(found.draft)
    for state in ALERTING:
        figures = (one["alerts_by_state"][state] for one in burdens)
        table.add_row(f"alerts: {state}", *(f"{count:,}" for count in figures))
    for name, key in (
        ("alerts per officer and week", "alerts_per_officer_week"),
        ("busiest officer, a week", "busiest_officer_per_week"),
    ):
        table.add_row(name, *(_number(one[key]) for one in burdens))
    for one, other in zip(*found.outcomes, strict=True) if found.outcomes else ():
        shown = (_outcome(one), _outcome(other))
        table.add_row(f"{one.state}: precision", *(_share(each["precision"]) for each in shown))
        table.add_row(f"{one.state}: recall", *(_share(each["recall"]) for each in shown))
        table.add_row(f"{one.state}: median lead, days", *(_median(each) for each in shown))
    console.print(table)
    if found.draft.unreadable:
        print(f"{found.draft.unreadable} lines cannot be read", file=sys.stderr)


def _number(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.2f}"


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def _median(outcome: dict[str, Any]) -> str:
    return "-" if outcome["lead_days"] is None else f"{outcome['lead_days'][1]:.0f}"
