"""`tocsin model`: train a PD as a second opinion, and see whether its population has moved."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.cli.errors import CommandError
from services.cli.evaluate.commands import part_from, source_of
from services.cli.evaluate.ranking import Ranking, Scored, rank
from services.cli.evaluate.reading import Selection, read_labels, read_rows
from services.cli.evaluate.show import percent
from services.cli.model.cases import Assessed, Cases, cases_of
from services.cli.model.judging import by_segment, calibration, cross_validated, drift, model_of
from services.cli.model.scorecard import fit
from services.scoring.adapters.pd_model import ModelUnusable, model_document, read_model
from services.scoring.domain.pd import PdModel

app = typer.Typer(
    no_args_is_help=True,
    help="A PD as a second opinion beside the rules: train it, watch its drift.",
)
MODERATE_DRIFT, LARGE_DRIFT = 0.10, 0.25

Assessments = Annotated[str, typer.Argument(help="What `tocsin score` wrote; .gz; - for stdin.")]
LabelsFile = Annotated[Path, typer.Argument(help="borrower_id,event_date; no date for none.")]
Horizon = Annotated[int, typer.Option(min=1, help="The PD is for so many days ahead.")]
Cause = Annotated[str, typer.Option(help="Only assessments made by such events.")]
SkipFirst = Annotated[int, typer.Option(min=0, help="Leave out each borrower's first ones.")]
Part = Annotated[str, typer.Option(help="Only a part of the borrowers, by a hash: 1/2.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]


@app.command()
def train(
    assessments: Assessments,
    labels: LabelsFile,
    out: Annotated[Path, typer.Option("--out", help="The model to write, JSON.")],
    name: Annotated[str, typer.Option(help="What the model is called.")] = "pd",
    version: Annotated[str, typer.Option(help="Its version; give every training its own.")] = "1",
    horizon: Horizon = 365,
    cause: Cause = "",
    skip_first: SkipFirst = 0,
    part: Part = "1/1",
    folds: Annotated[int, typer.Option(min=2, help="Parts for the cross-validation.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Train a scorecard on assessments with known outcomes.

    Weights of evidence by bins of each indicator's intensity, then a logistic regression whose
    coefficients may only add risk. What is not measured has no points. The AUC shown is from
    cross-validation by borrower: no borrower is judged by a model that has seen it.
    """
    chosen = Selection(cause=cause, skip_first=skip_first, part=part_from(part))
    cases = _cases(assessments, labels, horizon, chosen)
    failing = sum(case.failed for case in cases.rows)
    if not failing or failing == len(cases.rows):
        raise CommandError(
            f"{failing} of {len(cases.rows)} assessments have the event within {horizon} days.",
            remedy="A model needs some with it and some without.",
        )
    scored = cross_validated(cases.rows, folds)
    model = model_of(
        fit(cases.rows),
        cases.rows,
        name=name,
        version=version,
        rulebook=cases.rulebook,
        rulebook_version=cases.rulebook_version,
        horizon_days=horizon,
    )
    summary = _summary(cases, failing, folds, scored, model)
    out.write_bytes(model_document(model, summary))
    _show(model, summary, out)
    if as_json:
        print(json.dumps({"model": str(out), **summary}))


@app.command("drift")
def show_drift(
    model: Annotated[Path, typer.Argument(help="The model.")],
    assessments: Assessments,
    as_json: AsJson = False,
) -> None:
    """Compare today's assessments with those that the model was trained on (PSI).

    Below 0.10 little has moved, above 0.25 much. The figure is a convention: it cries wolf on small
    samples and sleeps on large ones.
    """
    try:
        known = read_model(model)
    except ModelUnusable as error:
        raise CommandError(f"{error}.", remedy="Train one with `tocsin model train`.") from error
    with source_of(assessments) as source:
        rows = list(read_rows(source, Assessed, assessments, _Everybody(), Selection()))
    found = drift(known, cases_of(rows, _Everybody(), known.horizon_days).rows)
    table = Table("figure", "PSI", "says")
    for name, index in found.items():
        table.add_row(name, "–" if index is None else f"{index:.3f}", _says(index))
    Console(stderr=True).print(table)
    if as_json:
        print(json.dumps({"model": known.name, "version": known.version, "psi": found}))


class _Everybody(dict[str, int | None]):
    """Labels that know every borrower and no event; drift needs no outcome."""

    def __contains__(self, borrower_id: object) -> bool:
        return True

    def __missing__(self, borrower_id: str) -> None:
        return None


def _cases(assessments: str, labels: Path, horizon: int, chosen: Selection) -> Cases:
    outcomes = read_labels(labels)
    with source_of(assessments) as source:
        rows = read_rows(source, Assessed, assessments, outcomes, chosen)
        return cases_of(rows, outcomes, horizon)


def _summary(
    cases: Cases, failing: int, folds: int, scored: list[Scored], model: PdModel
) -> dict[str, object]:
    mean, share = calibration(model, cases.rows)
    rules = [Scored(case.borrower_id, case.score, case.failed) for case in cases.rows]
    return {
        "rows": len(cases.rows),
        "failing_rows": failing,
        "last_day": cases.last_day,
        "folds": folds,
        "cross_validated": _figures(rank(scored)),
        "rules_on_the_same_rows": _figures(rank(rules)),
        "by_segment": {
            name: _figures(found) for name, found in by_segment(cases.rows, scored).items()
        },
        "mean_pd": round(mean, 6),
        "share_failing": round(share, 6),
    }


def _figures(found: Ranking) -> dict[str, object]:
    return {
        "rows": found.rows,
        "auc": found.auc,
        "low": found.low,
        "high": found.high,
        "recall_at": {f"{share:g}": recall for share, recall in found.recall_at.items()},
    }


def _show(model: PdModel, summary: dict[str, object], out: Path) -> None:
    console = Console(stderr=True)
    table = Table("indicator", "bins from", "points")
    for feature in model.features:
        table.add_row(
            feature.indicator,
            " ".join(f"{edge:.2f}" for edge in feature.edges),
            " ".join(f"{points:+.2f}" for points in feature.points),
        )
    console.print(table)
    for words, key in (
        ("PD, cross-validated", "cross_validated"),
        ("rules", "rules_on_the_same_rows"),
    ):
        console.print(f"{words}: {_in_words(summary[key])}", highlight=False)
    console.print(f"{model.name} {model.version} in {out}", highlight=False)


def _in_words(figures: object) -> str:
    if not isinstance(figures, dict) or figures["auc"] is None:
        return "no AUC: not both kinds of rows"
    recalls = ", ".join(
        f"recall {percent(recall)} at {float(share):.0%}"
        for share, recall in figures["recall_at"].items()
    )
    return f"AUC {figures['auc']:.3f} ({figures['low']:.3f} to {figures['high']:.3f}), {recalls}"


def _says(index: float | None) -> str:
    if index is None:
        return "not measured"
    if index < MODERATE_DRIFT:
        return "little has moved"
    return "moved" if index < LARGE_DRIFT else "moved much: train again"
