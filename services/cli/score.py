"""`tocsin score`: judge every borrower of a file of events, with no broker and no database.

The assessments go to standard output, one JSON object a line; the progress, the summary and what
could not be read go to standard error.
"""

import gzip
import io
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress

from services.cli.errors import CommandError
from services.cli.options import TimeZone
from services.kit.settings import PlatformSettings
from services.scoring.adapters.narrative.catalogues import Language
from services.scoring.adapters.narrative.forms import story_json, story_text
from services.scoring.adapters.narrative.story import story
from services.scoring.adapters.offline import (
    OfflineScorer,
    OfflineSettings,
    OutOfOrder,
    ScoredBorrower,
    closes_its_days,
)
from services.scoring.adapters.pd_model import (
    ModelUnusable,
    misfits,
    model_from,
    read_model_file,
)
from services.scoring.adapters.rulebook_fields import RulebookError
from services.scoring.adapters.rulebook_yaml import (
    load_rulebook,
    path_of,
    read_text,
    shipped_names,
)
from services.scoring.adapters.score_json import score_line
from services.scoring.application.shelf import RulebookText, Shelf
from services.scoring.domain.borrower.risk import STATE_NAMES
from services.scoring.domain.rulebook.rulebook import Rulebook
from services.scoring.domain.rulebook.timeline import UnknownRulebook

LINES_A_TICK = 2_000
BYTES_WORTH_A_BAR = 4_000_000
MOST_LINES_SHOWN = 20
DEFAULT_ZONE: str = PlatformSettings.model_fields["bank_timezone"].default


class Every(StrEnum):
    """When an assessment is written."""

    EVENT = "event"
    DAY = "day"
    END = "end"


@dataclass(frozen=True, slots=True)
class Form:
    """How an assessment is written: a JSON line, sentences, or a JSON line with sentences."""

    language: Language | None
    as_json: bool


def score(
    file: Annotated[str, typer.Argument(help="Canonical events, one a line; .gz; - for stdin.")],
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Close days up to this date; leave out the rest."),
    ] = None,
    rulebook: Annotated[
        str, typer.Option(help="A shipped rulebook (default, reference) or a YAML file.")
    ] = "default",
    activated: Annotated[
        list[str] | None,
        typer.Option(help="A rulebook that the file activates; may be given several times."),
    ] = None,
    every: Annotated[Every, typer.Option(help="An assessment per event, day or borrower.")] = (
        Every.END
    ),
    timezone: TimeZone = DEFAULT_ZONE,
    model: Annotated[
        Path | None, typer.Option(help="A PD model: adds a second opinion; the rules decide.")
    ] = None,
    explain: Annotated[
        Language | None,
        typer.Option(help="Whole sentences in this language; with --json as `story` in each line."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Nothing but the assessments, not even a summary.")
    ] = False,
) -> None:
    """Judge every borrower of a file; one JSON assessment a line on standard output.

    Events must be in the order of their `time`. Where the file holds no `day.closed`, days are
    closed as the dates of the events pass. Duplicates are dropped and counted; lines that cannot
    be read are reported on standard error and end the command with status 1.
    """
    rules = with_model(usable_rulebook(rulebook), model)
    form = Form(explain, as_json)
    with ExitStack() as stack:
        source = stack.enter_context(opened(file))
        run = OfflineScorer(
            rules,
            OfflineSettings(
                zone=ZoneInfo(timezone),
                closes_days=not closes_its_days(source),
                as_of=as_of.toordinal() if as_of is not None else None,
            ),
            find=shelf_of([rulebook, *(activated or [])]).find,
        )
        _write_assessments(run, with_bar(source, hidden=as_json), every, form)
    _report(run, quiet=as_json)
    if run.counts.undecodable:
        raise typer.Exit(1)


def usable_rulebook(name_or_path: str) -> Rulebook:
    """Return the compiled rulebook, or end the command with what is wrong with it."""
    try:
        return load_rulebook(name_or_path)
    except RulebookError as error:
        problems = "\n".join(f"  {problem}" for problem in error.problems)
        raise CommandError(
            f"Rulebook {error.origin} cannot be used:\n{problems}",
            remedy="`tocsin rulebook check FILE` shows this too.",
        ) from error


def shelf_of(names_or_paths: list[str]) -> Shelf:
    """Return the rulebooks that a file may activate: those given and those that ship."""
    shelf = Shelf(read_text)
    for origin in [*shipped_names(), *names_or_paths]:
        usable = usable_rulebook(origin)
        document = path_of(origin).read_bytes()
        shelf.add(RulebookText(usable.name, usable.version, document))
    return shelf


def with_model(rules: Rulebook, path: Path | None) -> Rulebook:
    """Return the rulebook with this champion; end the command if the model does not fit it."""
    if path is None:
        return rules
    try:
        model = model_from(read_model_file(path))
    except ModelUnusable as error:
        raise CommandError(
            f"The model cannot be used: {error}.", remedy="Train one with `tocsin model train`."
        ) from error
    found = misfits(model, rules.indicators, rules.overlays)
    if found:
        raise CommandError(
            f"{path} does not fit {rules.name} {rules.version}:\n  " + "\n  ".join(found),
            remedy="Score with the rulebook it was trained on, or train again.",
        )
    return replace(rules, models=(model,), resolved={})


@contextmanager
def opened(file: str) -> Iterator[IO[bytes]]:
    """Open a file to be read twice: the first pass looks for day closes. Standard input is kept."""
    with ExitStack() as stack:
        if file == "-":
            kept = stack.enter_context(tempfile.TemporaryFile())
            while piece := sys.stdin.buffer.read(1 << 20):
                kept.write(piece)
            kept.seek(0)
            source: IO[bytes] = kept
        else:
            source = stack.enter_context(_existing(file))
        start = source.read(2)
        source.seek(0)
        if start == b"\x1f\x8b":
            yield io.BufferedReader(stack.enter_context(gzip.GzipFile(fileobj=source)))
        else:
            yield source


def _existing(file: str) -> IO[bytes]:
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise CommandError(
            f"Cannot read {file}: {error.strerror}", remedy="Give a file of events, or -."
        ) from error


@contextmanager
def sorted_by_time() -> Iterator[None]:
    """Fold a file inside; end the command where the file goes back in time."""
    try:
        yield
    except OutOfOrder as error:
        raise CommandError(str(error), remedy="Sort the file by `time` and try again.") from error


def _write_assessments(
    run: OfflineScorer, source: Iterator[bytes], every: Every, form: Form
) -> None:
    write = sys.stdout.buffer.write
    try:
        with sorted_by_time():
            for scored in run.fold_lines(source):
                wanted = Every.DAY if scored.is_day_close else Every.EVENT
                if every is wanted:
                    write(_written(run, scored, form))
    except UnknownRulebook as error:
        raise CommandError(
            f"{error}.", remedy="Give its file, byte for byte as activated: --activated FILE"
        ) from error
    if every is Every.END:
        for scored in run.latest():
            write(_written(run, scored, form))
    sys.stdout.buffer.flush()


def _written(run: OfflineScorer, scored: ScoredBorrower, form: Form) -> bytes:
    found, rules = run.snapshot(scored), run.rules_for(scored.borrower)
    if form.language is None:
        return score_line(found, scored.borrower, rules)
    told = story(found, scored.borrower, rules, language=form.language, told=scored.last_emitted)
    if not form.as_json:
        return f"{story_text(told)}\n".encode()
    line = msgspec.json.decode(score_line(found, scored.borrower, rules))
    return msgspec.json.encode({**line, "story": story_json(told)}) + b"\n"


def with_bar(source: IO[bytes], *, hidden: bool) -> Iterator[bytes]:
    """Yield the lines, with a progress bar on a terminal when the file is long."""
    size = _size(source)
    if hidden or size < BYTES_WORTH_A_BAR or not sys.stderr.isatty():
        yield from source
        return
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("scoring", total=size)
        read = 0
        for number, line in enumerate(source):
            read += len(line)
            if number % LINES_A_TICK == 0:
                progress.update(task, completed=read)
            yield line


def _size(source: IO[bytes]) -> int:
    try:
        return os.fstat(source.fileno()).st_size
    except OSError:
        return 0


def _report(run: OfflineScorer, *, quiet: bool) -> None:
    tally = run.counts
    for number, reason in tally.undecodable[:MOST_LINES_SHOWN]:
        print(f"line {number}: {reason}", file=sys.stderr)
    if len(tally.undecodable) > MOST_LINES_SHOWN:
        more = len(tally.undecodable) - MOST_LINES_SHOWN
        print(f"… and {more} more lines that cannot be read", file=sys.stderr)
    if quiet:
        return
    states = Counter(assessed.borrower.risk.state for assessed in run.latest())
    print(
        f"{tally.offered:,} events: {tally.applied:,} applied, {tally.duplicates:,} duplicates, "
        f"{len(tally.undecodable):,} unreadable; {tally.days_closed:,} days closed",
        file=sys.stderr,
    )
    print(f"{len(run.borrowers):,} borrowers: {_named(states)}", file=sys.stderr)


def _named(states: Counter[int]) -> str:
    return ", ".join(f"{STATE_NAMES[state]} {count:,}" for state, count in sorted(states.items()))
