"""`tocsin score`: scores a file of events in one process, without broker and database.

The assessments go to standard output, one JSON object a line, or into a table; the progress, the
summary and the lines that cannot be read go to standard error.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer

from services.cli.errors import CommandError
from services.cli.event_files import in_time_order, opened, with_progress
from services.cli.options import DEFAULT_ZONE, EventFile, RulebookName, TimeZone, ordinal_of
from services.cli.rulebook_files import rulebooks_of, usable_rulebook, with_model
from services.cli.score_table import AssessmentTable
from services.scoring.adapters.narrative.narrative import (
    narrate,
    narrative_json,
    narrative_text,
)
from services.scoring.adapters.offline import (
    OfflineScorer,
    OfflineSettings,
    ScoredBorrower,
    for_file,
)
from services.scoring.adapters.score_json import score_line
from services.scoring.domain.borrower.risk import STATE_NAMES
from services.scoring.domain.fold import new_borrower
from services.scoring.domain.rulebook.timeline import UnknownRulebook
from services.wording.messages import Language

MOST_LINES_SHOWN = 20


class Every(StrEnum):
    """When an assessment is written."""

    EVENT = "event"
    DAY = "day"
    END = "end"


@dataclass(frozen=True, slots=True)
class Format:
    """How an assessment is written: a JSON line, sentences, or a JSON line with sentences."""

    language: Language | None
    as_json: bool


def score(
    file: EventFile,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Close days up to this date; leave out the rest."),
    ] = None,
    rulebook: RulebookName = "default",
    activated: Annotated[
        list[str] | None,
        typer.Option(help="The file of a rulebook that the events activate; repeatable."),
    ] = None,
    every: Annotated[
        Every, typer.Option(help="Write an assessment per event, per day, or one at the end.")
    ] = Every.END,
    timezone: TimeZone = DEFAULT_ZONE,
    model: Annotated[
        Path | None,
        typer.Option(help="A PD model: adds a second opinion; the rules still decide the state."),
    ] = None,
    explain: Annotated[
        Language | None,
        typer.Option(help="Whole sentences in this language; with --json as `story` in each line."),
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option(help="Write a Parquet table here instead, a typed column for each figure."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write the assessments only, without a summary.")
    ] = False,
) -> None:
    """Score every borrower of a file; writes one JSON assessment a line to standard output.

    Events must be in the order of their `time`. If the file contains no `day.closed`, days are
    closed as the dates of the events pass. A close that the file withdraws counts until then, as in
    the service. Duplicates are dropped and counted. Lines that cannot be read are listed on
    standard error, and the exit status is 1.

    Examples:

        tocsin score events.ndjson

        tocsin score events.ndjson --as-of 2024-06-30 --explain en

        tocsin score events.ndjson --every day --json > assessments.ndjson

        tocsin score events.ndjson --every day --table figures.parquet
    """
    rules = with_model(usable_rulebook(rulebook), model)
    settings = OfflineSettings(zone=ZoneInfo(timezone), as_of=ordinal_of(as_of))
    find = rulebooks_of([rulebook, *(activated or [])]).find
    with opened(file) as source:
        scorer = OfflineScorer(rules, for_file(settings, source), find=find)
        with _writer(scorer, Format(explain, as_json), table) as write:
            _write_assessments(scorer, with_progress(source, hidden=as_json), every, write)
    _report(scorer, quiet=as_json)
    if scorer.counts.undecodable:
        raise typer.Exit(1)


def _write_assessments(
    scorer: OfflineScorer,
    lines: Iterator[bytes],
    every: Every,
    write: Callable[[ScoredBorrower], object],
) -> None:
    try:
        with in_time_order():
            for scored in scorer.fold_lines(lines):
                if every is (Every.DAY if scored.is_day_close else Every.EVENT):
                    write(scored)
    except UnknownRulebook as error:
        raise CommandError(
            f"{error}.", remedy="Give its file, byte for byte as activated: --activated FILE"
        ) from error
    if every is Every.END:
        for scored in scorer.latest():
            write(scored)
    sys.stdout.buffer.flush()


@contextmanager
def _writer(
    scorer: OfflineScorer, form: Format, table: Path | None
) -> Iterator[Callable[[ScoredBorrower], object]]:
    """Yield what writes an assessment: to standard output, or into the table."""
    if table is None:
        yield lambda scored: sys.stdout.buffer.write(_written(scorer, scored, form))
        return
    if form.language is not None:
        raise CommandError("A table has no sentences.", remedy="Leave out --explain or --table.")
    with AssessmentTable(table, scorer.rules_for(new_borrower(""))).closed() as rows:
        yield lambda scored: rows.add(
            scorer.snapshot(scored), scored.borrower, scorer.rules_for(scored.borrower)
        )


def _written(scorer: OfflineScorer, scored: ScoredBorrower, form: Format) -> bytes:
    assessment, rules = scorer.snapshot(scored), scorer.rules_for(scored.borrower)
    line = score_line(assessment, scored.borrower, rules)
    if form.language is None:
        return line
    narrative = narrate(
        assessment, scored.borrower, rules, language=form.language, last_emitted=scored.last_emitted
    )
    if not form.as_json:
        return f"{narrative_text(narrative)}\n".encode()
    document = {**msgspec.json.decode(line), "story": narrative_json(narrative)}
    return msgspec.json.encode(document) + b"\n"


def _report(scorer: OfflineScorer, *, quiet: bool) -> None:
    counts = scorer.counts
    for number, reason in counts.undecodable[:MOST_LINES_SHOWN]:
        print(f"line {number}: {reason}", file=sys.stderr)
    if len(counts.undecodable) > MOST_LINES_SHOWN:
        more = len(counts.undecodable) - MOST_LINES_SHOWN
        print(f"… and {more} more lines that cannot be read", file=sys.stderr)
    if quiet:
        return
    states = Counter(scored.borrower.risk.state for scored in scorer.latest())
    print(
        f"{counts.offered:,} events: {counts.applied:,} applied, {counts.duplicates:,} duplicates, "
        f"{len(counts.undecodable):,} unreadable; {counts.days_closed:,} days closed",
        file=sys.stderr,
    )
    by_state = [f"{STATE_NAMES[state]} {count:,}" for state, count in sorted(states.items())]
    borrowers = f"{states.total():,} borrower{'s' if states.total() != 1 else ''}"
    print(": ".join(filter(None, [borrowers, ", ".join(by_state)])), file=sys.stderr)
