"""`tocsin rulebook`: check a rulebook, compare two, and set the cuts from an alert budget.

For the risk modeller: nothing here changes what runs; a draft is a file to be looked at.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from services.cli.errors import CommandError
from services.cli.evaluate.commands import part_from
from services.cli.evaluate.reading import is_in_part
from services.cli.options import AsJson, TimeZone
from services.cli.rulebook_desk import add_to
from services.cli.score import (
    DEFAULT_ZONE,
    opened,
    sorted_by_time,
    usable_rulebook,
    with_bar,
)
from services.cli.what_if import what_if
from services.scoring.adapters.calibration import (
    WARM_UP_DAYS,
    Calibrated,
    History,
    calibrate,
    collect,
    in_words,
    with_cuts,
)
from services.scoring.adapters.offline import OfflineScorer, OfflineSettings, closes_its_days
from services.scoring.adapters.overlay_packs import with_overlays
from services.scoring.adapters.rulebook_fields import RulebookError
from services.scoring.adapters.rulebook_text import with_version
from services.scoring.adapters.rulebook_yaml import load_rulebook, path_of
from services.scoring.domain.assess.explain import shown_micro
from services.scoring.domain.rulebook.alert_budget import Budget, Floors
from services.scoring.domain.rulebook.diff import differences
from services.scoring.domain.rulebook.rulebook import Rulebook

app = typer.Typer(
    help="Check a rulebook; compare two; set the cuts from an alert budget.", no_args_is_help=True
)
app.command("what-if")(what_if)
add_to(app)


@app.command()
def check(
    rulebook: Annotated[str, typer.Argument(help="A shipped name or a YAML file.")],
    as_json: AsJson = False,
) -> None:
    """Read a rulebook and say what is wrong with it, every problem with its place."""
    usable = usable_rulebook(rulebook)
    switched_on = sum(rule.enabled for rule in usable.indicators.values())
    print(
        f"{usable.name} {usable.version} is usable: {switched_on} of {len(usable.indicators)} "
        f"indicators switched on, {len(usable.overlays)} overlays, "
        f"cuts for {', '.join(usable.cuts)}"
    )
    if as_json:
        summary = {
            "rulebook": usable.name,
            "version": usable.version,
            "indicators": len(usable.indicators),
            "enabled": switched_on,
            "overlays": len(usable.overlays),
            "usable": True,
        }
        print(json.dumps(summary))


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="A shipped name or a YAML file.")],
    new: Annotated[str, typer.Argument(help="The one that would take over.")],
    as_json: AsJson = False,
) -> None:
    """Say in words what changes from one rulebook to another; nothing where both decide alike."""
    before, after = usable_rulebook(old), usable_rulebook(new)
    found = differences(before, after)
    names = [f"{one.name} {one.version}" for one in (before, after)]
    if found:
        print(f"From {names[0]} to {names[1]}, {len(found)} differences:")
        print("\n".join(f"  {one.sentence}" for one in found))
    else:
        print(f"{names[0]} and {names[1]} decide alike.")
    if as_json:
        told = [asdict(one) | {"sentence": one.sentence} for one in found]
        print(json.dumps({"from": names[0], "to": names[1], "differences": told}))


@app.command()
def include(
    rulebook: Annotated[str, typer.Argument(help="A shipped name or a YAML file.")],
    overlays: Annotated[list[str], typer.Argument(help="Shipped overlays, or YAML files of some.")],
    out: Annotated[Path, typer.Option("--out", help="The draft rulebook to write.")],
) -> None:
    """Write overlays into a copy of a rulebook; the copy is checked, nothing is activated."""
    usable_rulebook(rulebook)
    try:
        text = with_overlays(path_of(rulebook).read_text(encoding="utf-8"), overlays)
    except RulebookError as error:
        raise CommandError(str(error), remedy="Name shipped overlays or files.") from error
    out.write_text(text, encoding="utf-8")
    usable = usable_rulebook(str(out))
    print(
        f"{out} is usable: {len(usable.overlays)} overlays. Give it a name and version of its own."
    )


@app.command("calibrate")
def set_cuts_from_budget(
    file: Annotated[str, typer.Argument(help="History: canonical events, one a line.")],
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
        typer.Option(help="ATTENTION, WATCH and HIGH_RISK cuts never go below these points."),
    ] = (25.0, 40.0, 70.0),
    warm_up: Annotated[
        int,
        typer.Option(min=0, help="Days of each borrower left out; 0 for single statements."),
    ] = WARM_UP_DAYS,
    population: Annotated[
        str, typer.Option(help="What the history is; written beside the cuts.")
    ] = "",
    version: Annotated[str, typer.Option(help="The draft's version; as it was if not given.")] = "",
    part: Annotated[
        str, typer.Option(help="Only a part of the borrowers, by a hash of the id: 1/2.")
    ] = "1/1",
    keep_higher: Annotated[
        bool,
        typer.Option("--keep-higher", help="Never below the cuts that --rulebook has already."),
    ] = False,
    timezone: TimeZone = DEFAULT_ZONE,
    as_json: AsJson = False,
) -> None:
    """Set the score cuts per segment so that no more healthy borrowers alarm than the budget says.

    Needs no labels: healthy is who was never more than 30 days past due in the file. Writes the
    cuts with budget, population and date into a draft; nothing is activated. For several histories,
    one after the other with --keep-higher; to try the cuts on others, set them on --part 1/2.
    """
    usable = usable_rulebook(rulebook)
    budget = Budget(*(round(share * 10_000) for share in (attention, watch, high_risk)))
    histories, last_day = _histories(usable, file, ZoneInfo(timezone), warm_up, part, as_json)
    if not any(history.is_healthy for history in histories.values()):
        raise CommandError(
            "No healthy borrower in the history.", remedy="Give a longer or larger history."
        )
    floors = Floors(*(round(points * 10_000) for points in floor))
    found = calibrate(histories, budget, floors, usable.cuts["*"].family_days)
    text = with_version(path_of(rulebook).read_text(encoding="utf-8"), version or usable.version)
    said = in_words(budget, floors), population or Path(file).name
    draft = with_cuts(text, found, *said, last_day, usable.cuts if keep_higher else None)
    out.write_text(draft, encoding="utf-8")
    _show(found, load_rulebook(str(out)), out)
    if as_json:
        print(json.dumps(_summary(found, out)))


def _histories(
    usable: Rulebook, file: str, zone: ZoneInfo, warm_up: int, part: str, hidden: bool
) -> tuple[dict[str, History], int]:
    """Fold the file; return the histories of the part of the borrowers, and the last day."""
    chosen = part_from(part)
    with opened(file) as source:
        settings = OfflineSettings(zone=zone, closes_days=not closes_its_days(source))
        # Whatever the file activates, the cuts are for this rulebook.
        run = OfflineScorer(usable, settings, find=lambda _: usable)
        with sorted_by_time():
            histories = collect(
                run,
                with_bar(source, hidden=hidden),
                warm_up,
                lambda borrower_id: is_in_part(borrower_id, chosen),
            )
    return histories, max((scored.as_of for scored in run.latest()), default=0)


def _show(found: list[Calibrated], usable: Rulebook, out: Path) -> None:
    table = Table("segment", "healthy", "ATTENTION", "WATCH", "HIGH_RISK", "family", "other rules")
    for one in found:
        cuts = one.cuts
        table.add_row(
            one.segment,
            f"{one.borrowers:,}",
            *(shown_micro(cut * 100) for cut in (cuts.attention, cuts.watch, cuts.high_risk)),
            shown_micro(cuts.family),
            f"{one.attention_anyway / 10_000:.1f} % / {one.watch_anyway / 10_000:.1f} %",
        )
    console = Console(file=sys.stderr)
    console.print(f"Cuts for {usable.name} {usable.version}, in score points:")
    console.print(table)
    console.print(
        "other rules: share of healthy borrowers' time in ATTENTION and WATCH whatever the cuts"
    )
    console.print(f"Draft: {out}", highlight=False)


def _summary(found: list[Calibrated], out: Path) -> dict[str, object]:
    return {
        "draft": str(out),
        "segments": {
            one.segment: {
                "borrowers": one.borrowers,
                "attention": one.cuts.attention / 10_000,
                "watch": one.cuts.watch / 10_000,
                "high_risk": one.cuts.high_risk / 10_000,
                "family": one.cuts.family / 1_000_000,
            }
            for one in found
        },
    }
