"""`tocsin rulebook calibrate`: sets the score cuts of a draft from an alert budget."""

import json
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from services.cli.errors import CommandError
from services.cli.event_files import in_time_order, opened, with_progress
from services.cli.options import DEFAULT_ZONE, AsJson, EventFile, Part, TimeZone
from services.cli.outcome_files import is_in_part, part_from
from services.cli.rulebook_files import usable_rulebook
from services.scoring.adapters.calibration import (
    WARM_UP_DAYS,
    Calibrated,
    History,
    collect,
    in_words,
    with_cuts,
)
from services.scoring.adapters.calibration import calibrate as calibrated_cuts
from services.scoring.adapters.offline import OfflineScorer, OfflineSettings, for_file
from services.scoring.adapters.rulebook_edits import with_version
from services.scoring.adapters.rulebook_reader import load_rulebook, path_of
from services.scoring.domain.assess.explain import shown_micro
from services.scoring.domain.rulebook.alert_budget import Budget, Floors
from services.scoring.domain.rulebook.rulebook import Rulebook

TEN_THOUSANDTHS = 10_000
MICRO = 1_000_000


def calibrate(
    file: EventFile,
    out: Annotated[Path, typer.Option("--out", help="The draft rulebook to write.")],
    rulebook: Annotated[str, typer.Option(help="The rulebook to start from.")] = "default",
    attention: Annotated[
        float, typer.Option(min=0, max=100, help="Most healthy borrowers in ATTENTION+, %.")
    ] = 20.0,
    watch: Annotated[
        float, typer.Option(min=0, max=100, help="Most healthy borrowers in WATCH+, %.")
    ] = 5.0,
    high_risk: Annotated[
        float, typer.Option(min=0, max=100, help="Most healthy borrowers in HIGH_RISK, %.")
    ] = 1.0,
    floor: Annotated[
        tuple[float, float, float],
        typer.Option(help="The lowest ATTENTION, WATCH and HIGH_RISK cuts, in points."),
    ] = (25.0, 40.0, 70.0),
    warm_up: Annotated[
        int,
        typer.Option(min=0, help="Days of each borrower left out; 0 for single statements."),
    ] = WARM_UP_DAYS,
    population: Annotated[
        str, typer.Option(help="A description of the history; written with the cuts.")
    ] = "",
    version: Annotated[str, typer.Option(help="The draft's version; unchanged if left out.")] = "",
    part: Part = "1/1",
    keep_higher: Annotated[
        bool, typer.Option("--keep-higher", help="Never below the cuts of --rulebook.")
    ] = False,
    timezone: TimeZone = DEFAULT_ZONE,
    as_json: AsJson = False,
) -> None:
    """Set the score cuts of each segment from an alert budget, in a draft; nothing is activated.

    The cuts are the lowest at which no more healthy borrowers are in a state than the budget
    allows. Needs no labels: healthy is a borrower who was never more than 30 days past due in the
    file. Budget, population and date are written with the cuts. For several histories, run it on
    one after the other with `--keep-higher`; to test the cuts on other borrowers than they were set
    on, set them on `--part 1/2`.

    Examples:

        tocsin rulebook calibrate events.ndjson --out draft.yaml --watch 3
        tocsin rulebook calibrate events.ndjson --out draft.yaml --part 1/2
    """
    rules = usable_rulebook(rulebook)
    histories, last_day = _histories(rules, file, ZoneInfo(timezone), warm_up, part, as_json)
    budget = Budget(*(round(share * TEN_THOUSANDTHS) for share in (attention, watch, high_risk)))
    floors = Floors(*(round(points * TEN_THOUSANDTHS) for points in floor))
    segments = calibrated_cuts(histories, budget, floors, rules.cuts["*"].family_days)
    text = with_version(path_of(rulebook).read_text(encoding="utf-8"), version or rules.version)
    described = in_words(budget, floors), population or Path(file).name
    lowest = rules.cuts if keep_higher else None
    out.write_text(with_cuts(text, segments, *described, last_day, lowest), encoding="utf-8")
    _show(segments, load_rulebook(str(out)), out)
    if as_json:
        print(json.dumps(_summary(segments, out)))


def _histories(
    rules: Rulebook, file: str, zone: ZoneInfo, warm_up: int, part: str, hidden: bool
) -> tuple[dict[str, History], int]:
    """Score the file; return the histories of the part's borrowers, and the last day."""
    chosen = part_from(part)
    with opened(file) as source:
        settings = for_file(OfflineSettings(zone=zone, leaves_out_withdrawn=True), source)
        # What the file activates is ignored: the cuts are for this rulebook.
        scorer = OfflineScorer(rules, settings, find=lambda _: rules)
        with in_time_order():
            histories = collect(
                scorer,
                with_progress(source, hidden=hidden),
                warm_up,
                lambda borrower_id: is_in_part(borrower_id, chosen),
            )
    if not any(history.is_healthy for history in histories.values()):
        raise CommandError(
            "No healthy borrower in the history.", remedy="Give a longer or larger history."
        )
    return histories, max((scored.as_of for scored in scorer.latest()), default=0)


def _show(segments: list[Calibrated], rules: Rulebook, out: Path) -> None:
    table = Table("segment", "healthy", "ATTENTION", "WATCH", "HIGH_RISK", "family", "other rules")
    for segment in segments:
        cuts = segment.cuts
        other_rules = segment.attention_anyway, segment.watch_anyway
        table.add_row(
            segment.segment,
            f"{segment.borrowers:,}",
            *(shown_micro(cut * 100) for cut in (cuts.attention, cuts.watch, cuts.high_risk)),
            shown_micro(cuts.family),
            " / ".join(f"{share / TEN_THOUSANDTHS:.1f} %" for share in other_rules),
        )
    console = Console(stderr=True)
    console.print(f"Cuts for {rules.name} {rules.version}, in score points:")
    console.print(table)
    console.print(
        "other rules: share of healthy borrowers' time in ATTENTION and WATCH whatever the cuts"
    )
    console.print(f"Draft: {out}", highlight=False)


def _summary(segments: list[Calibrated], out: Path) -> dict[str, object]:
    return {
        "draft": str(out),
        "segments": {
            segment.segment: {
                "borrowers": segment.borrowers,
                "attention": segment.cuts.attention / TEN_THOUSANDTHS,
                "watch": segment.cuts.watch / TEN_THOUSANDTHS,
                "high_risk": segment.cuts.high_risk / TEN_THOUSANDTHS,
                "family": segment.cuts.family / MICRO,
            }
            for segment in segments
        },
    }
