"""`tocsin rulebook calibrate`: sets the score cuts of a draft from an alert budget."""

import json
from collections.abc import Callable
from dataclasses import dataclass
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
    described,
    healthy_of,
    higher,
    in_words,
    with_cuts,
)
from services.scoring.adapters.calibration import calibrate as calibrated_cuts
from services.scoring.adapters.offline import OfflineScorer, OfflineSettings, for_file
from services.scoring.adapters.rulebook_edits import with_version
from services.scoring.adapters.rulebook_reader import load_rulebook, path_of
from services.scoring.domain.assess.explain import shown_micro
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.rulebook.alert_budget import Budget, Floors, Occupied
from services.scoring.domain.rulebook.data_profile import DATA_PROFILES
from services.scoring.domain.rulebook.rulebook import Cuts, Rulebook, Rules


def _known_profile(name: str) -> str:
    if name and name not in DATA_PROFILES:
        raise typer.BadParameter(f"unknown data profile; one of {', '.join(DATA_PROFILES)}")
    return name


Profile = Annotated[
    str,
    typer.Option(
        callback=_known_profile, help="Only the time in which borrowers have this data profile."
    ),
]
TEN_THOUSANDTHS = 10_000
MICRO = 1_000_000


def calibrate(
    file: EventFile,
    out: Annotated[Path, typer.Option("--out", help="The draft rulebook to write.")],
    rulebook: Annotated[str, typer.Option(help="The rulebook to start from.")] = "default",
    attention: Annotated[
        float, typer.Option(min=0, max=100, help="Most healthy time in ATTENTION or worse, %.")
    ] = 20.0,
    watch: Annotated[
        float, typer.Option(min=0, max=100, help="Most healthy time in WATCH or worse, %.")
    ] = 5.0,
    high_risk: Annotated[
        float, typer.Option(min=0, max=100, help="Most healthy time in HIGH_RISK, %.")
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
    profile: Profile = "",
    keep_higher: Annotated[
        bool, typer.Option("--keep-higher", help="Never below the cuts of --rulebook.")
    ] = False,
    timezone: TimeZone = DEFAULT_ZONE,
    as_json: AsJson = False,
) -> None:
    """Set the score cuts of each segment from an alert budget, in a draft; nothing is activated.

    The cuts are the lowest at which healthy borrowers spend no more of their time in a state than
    the budget allows. Needs no labels: healthy is a borrower who was never more than 30 days past
    due in the file. Budget, what is spent of it, population and date are written with the cuts.
    With `--profile` the cuts of other data profiles stay. For several histories, run it on one
    after the other with `--keep-higher`; to test the cuts on other borrowers than they were set
    on, set them on `--part 1/2`.

    Examples:

        tocsin rulebook calibrate events.ndjson --warm-up 30 --watch 3 --out draft.yaml
        tocsin rulebook calibrate events.ndjson --warm-up 30 --profile full --out draft.yaml
    """
    rules = usable_rulebook(rulebook)
    chosen = HistoryFilter(warm_up, part_from(part), profile, hidden=as_json)
    healthy, last_day = _of_somebody(healthy_histories(rules, file, ZoneInfo(timezone), chosen))
    budget = Budget(*(round(share * TEN_THOUSANDTHS) for share in (attention, watch, high_risk)))
    floors = Floors(*(round(points * TEN_THOUSANDTHS) for points in floor))
    calibrated = calibrated_cuts(healthy, budget, floors, rules.cuts["*"].family_days, profile)
    origin, words = population or Path(file).name, in_words(budget, floors)
    cuts = {each.key: described(each, words, origin, last_day) for each in calibrated}
    before = rules.cuts if profile or keep_higher else {}
    merged = _merged(before, cuts, keep_higher=keep_higher)
    text = with_version(path_of(rulebook).read_text(encoding="utf-8"), version or rules.version)
    out.write_text(with_cuts(text, merged), encoding="utf-8")
    _show(calibrated, load_rulebook(str(out)), out, as_json=as_json)


def _merged(
    before: dict[str, Cuts], cuts: dict[str, Cuts], *, keep_higher: bool
) -> dict[str, Cuts]:
    """Return the cuts with those of before that were not set, or that are higher."""
    if keep_higher:
        cuts = {key: higher(before[key], cuts[key]) if key in before else cuts[key] for key in cuts}
    return {**before, **cuts}


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Which borrowers and days count."""

    warm_up: int
    part: tuple[int, int]
    profile: str
    hidden: bool


def healthy_histories(
    rules: Rulebook,
    file: str,
    zone: ZoneInfo,
    chosen: HistoryFilter,
    figure_of: Callable[[Borrower, Rules], int | None] = lambda *_: None,
) -> tuple[list[History], int]:
    """Score the file; return the histories of the chosen healthy borrowers, and the last day."""
    with opened(file) as source:
        settings = for_file(OfflineSettings(zone=zone, leaves_out_withdrawn=True), source)
        # What the file activates is ignored: the result is for this rulebook.
        scorer = OfflineScorer(rules, settings, find=lambda _: rules)
        with in_time_order():
            histories = collect(
                scorer,
                with_progress(source, hidden=chosen.hidden),
                chosen.warm_up,
                lambda borrower_id: is_in_part(borrower_id, chosen.part),
                chosen.profile,
                figure_of,
            )
    return healthy_of(histories), max((scored.as_of for scored in scorer.latest()), default=0)


def _of_somebody(histories: tuple[list[History], int]) -> tuple[list[History], int]:
    if not histories[0]:
        raise CommandError(
            "No healthy borrower in the history.",
            remedy="Give a longer or larger history, or check --warm-up and --profile.",
        )
    return histories


def _show(calibrated: list[Calibrated], rules: Rulebook, out: Path, *, as_json: bool) -> None:
    table = Table("cuts of", "healthy", "cuts", "family", "time spent", "anyway")
    for each in calibrated:
        cuts = each.cuts
        points = (cuts.attention, cuts.watch, cuts.high_risk)
        table.add_row(
            each.key,
            f"{each.borrowers:,}",
            " / ".join(shown_micro(cut * 100) for cut in points),
            shown_micro(cuts.family),
            *(
                " / ".join(f"{share / TEN_THOUSANDTHS:.1f}" for share in _shares(occupied))
                for occupied in (each.spent, each.anyway)
            ),
        )
    console = Console(stderr=True)
    console.print(f"Cuts for {rules.name} {rules.version}, in score points:")
    console.print(table)
    console.print(
        "cuts and time spent: of ATTENTION, WATCH and HIGH_RISK, in % of healthy time; anyway: the "
        "part of it that rules other than the score spend whatever the cuts"
    )
    console.print(f"Draft: {out}", highlight=False)
    if as_json:
        print(json.dumps(_summary(calibrated, out)))


def _shares(occupied: Occupied) -> tuple[int, int, int]:
    return occupied.attention, occupied.watch, occupied.high_risk


def _summary(calibrated: list[Calibrated], out: Path) -> dict[str, object]:
    return {
        "draft": str(out),
        "cuts": {
            each.key: {
                "borrowers": each.borrowers,
                "attention": each.cuts.attention / TEN_THOUSANDTHS,
                "watch": each.cuts.watch / TEN_THOUSANDTHS,
                "high_risk": each.cuts.high_risk / TEN_THOUSANDTHS,
                "family": each.cuts.family / MICRO,
                "spent": [share / MICRO for share in _shares(each.spent)],
                "anyway": [share / MICRO for share in _shares(each.anyway)],
            }
            for each in calibrated
        },
    }
