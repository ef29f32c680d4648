"""`tocsin model`: trains a PD as a second opinion, and checks its population for drift."""

import json
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lab.model_training.cases import Assessed, Cases, cases_of
from lab.model_training.scorecard import fit
from lab.model_training.validation import (
    by_segment,
    calibration,
    coefficients,
    cross_validated,
    drift,
    reference_rows,
)
from services.cli.assessment_files import Selection, read_rows, source_of
from services.cli.errors import CommandError
from services.cli.figures import percent
from services.cli.options import AsJson, Cause, Part, SkipFirst, group
from services.cli.outcome_files import part_from, read_outcomes
from services.cli.rulebook_files import usable_rulebook
from services.scoring.adapters.pd_model import (
    FORMAT,
    Json,
    ModelUnusable,
    model_from,
    model_text,
    read_model_file,
    rule_mark,
)
from services.scoring.adapters.rulebook_edits import CHALLENGER, CHAMPION, attached, with_models
from services.scoring.adapters.rulebook_reader import (
    RulebookError,
    path_of,
    read_document,
    read_text,
    shipped_names,
)
from services.scoring.domain.indicators.registry import BY_ID
from services.scoring.domain.portfolio.outcomes import BorrowerOutcome, Ranking, Scored, rank
from services.scoring.domain.primitives.measurement import MICRO
from services.scoring.domain.rulebook.diff import differences
from services.scoring.domain.rulebook.pd import PdModel
from services.scoring.domain.rulebook.rulebook import Rulebook

app = group("Train a PD model as a second opinion, attach it to a rulebook, and check its drift.")
MODERATE_DRIFT, LARGE_DRIFT = 0.10, 0.25

Assessments = Annotated[str, typer.Argument(help="What `tocsin score` wrote; .gz; - for stdin.")]
LabelsFile = Annotated[Path, typer.Argument(help="borrower_id,event_date; no date for none.")]
Horizon = Annotated[int, typer.Option(min=1, help="The PD is for this many days ahead.")]


@app.command()
def train(
    assessments: Assessments,
    labels: LabelsFile,
    out: Annotated[Path, typer.Option("--out", help="The model to write, JSON.")],
    name: Annotated[str, typer.Option(help="The name of the model.")] = "pd",
    version: Annotated[str, typer.Option(help="Its version; give every training its own.")] = "1",
    horizon: Horizon = 365,
    cause: Cause = "",
    skip_first: SkipFirst = 0,
    part: Part = "1/1",
    folds: Annotated[int, typer.Option(min=2, help="Parts for the cross-validation.")] = 5,
    rulebook: Annotated[
        str, typer.Option(help="The rulebook of the assessments, where it does not ship.")
    ] = "",
    outcomes_until: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="Outcomes are known until here: leave out rows whose horizon ends later.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train a scorecard on assessments with known outcomes.

    Weights of evidence by bins of each indicator's intensity, then a logistic regression whose
    coefficients may only add risk. What is not measured has no points. The AUC shown is from
    cross-validation by borrower: no borrower is ranked by a model that was trained on it.

    Examples:

        tocsin model train assessments.ndjson labels.csv --out model.json
        tocsin score events.ndjson --model model.json
    """
    chosen = Selection(cause=cause, skip_first=skip_first, part=part_from(part))
    until = None if outcomes_until is None else outcomes_until.toordinal()
    cases = _cases(assessments, labels, horizon, chosen, until)
    usable = rulebook_of(cases, rulebook)
    failing = _failing(cases, horizon)
    scored = cross_validated(cases.rows, folds)
    fitted = coefficients(fit(cases.rows), cases.rows)
    for feature in fitted["features"]:
        slot = BY_ID[feature["indicator"]].slot
        feature["rule"] = rule_mark(usable.indicators, usable.overlays, slot)
    document = {
        "format": FORMAT,
        "name": name,
        "version": version,
        "rulebook": cases.rulebook,
        "rulebook_version": cases.rulebook_version,
        "horizon_days": horizon,
        **fitted,
    }
    model = model_from(document)
    summary = _summary(cases, failing, folds, scored, model)
    out.write_text(model_text({**document, "training": summary}), encoding="utf-8")
    _show(model, summary, out)
    if as_json:
        print(json.dumps({"model": str(out), **summary}))


def _failing(cases: Cases, horizon: int) -> int:
    """Return the number of rows with the event; end the command if a kind is missing."""
    failing = sum(case.failed for case in cases.rows)
    if not failing or failing == len(cases.rows):
        raise CommandError(
            f"{failing} of {len(cases.rows)} assessments have the event within {horizon} days.",
            remedy="A model needs some with it and some without.",
        )
    return failing


def rulebook_of(cases: Cases, given: str) -> Rulebook:
    """Return the rulebook that made the assessments, or end the command."""
    title = f"{cases.rulebook} {cases.rulebook_version}"
    if not given and cases.rulebook not in shipped_names():
        raise CommandError(
            f"The assessments come from rulebook {title}, which does not ship.",
            remedy="Give its file: --rulebook FILE",
        )
    usable = usable_rulebook(given or cases.rulebook)
    if (usable.name, usable.version) != (cases.rulebook, cases.rulebook_version):
        raise CommandError(
            f"The assessments come from rulebook {title}, not from {usable.name} {usable.version}.",
            remedy="Give that one: --rulebook FILE",
        )
    return usable


@app.command("drift")
def show_drift(
    model: Annotated[Path, typer.Argument(help="The model.")],
    assessments: Assessments,
    as_json: AsJson = False,
) -> None:
    """Compare new assessments with those that the model was trained on (PSI).

    Below 0.10 the population has moved little, above 0.25 much. The limits are a convention: they
    give false alarms on small samples and miss drift on large ones.

    Examples:

        tocsin model drift model.json assessments.ndjson
    """
    trained = model_from(usable_document(model))
    with source_of(assessments) as source:
        rows = list(read_rows(source, Assessed, assessments, _NoEvents(), Selection()))
    cases, sample = reference_rows(cases_of(rows, _NoEvents(), trained.horizon_days).rows)
    indexes = drift(trained, cases)
    table = Table("figure", "PSI", "meaning")
    for name, index in indexes.items():
        table.add_row(name, f"{index:.3f}", _meaning(index))
    console = Console(stderr=True)
    console.print(
        f"{trained.name} {trained.version} on {len(cases):,} rows ({sample})", highlight=False
    )
    console.print(table)
    if as_json:
        summary = {"model": trained.name, "version": trained.version, "rows": len(cases)}
        print(json.dumps(summary | {"psi": indexes}))


class ModelRole(StrEnum):
    """The role of a model on the assessment."""

    CHAMPION = CHAMPION
    CHALLENGER = CHALLENGER


@app.command()
def attach(
    model: Annotated[Path, typer.Argument(help="The model.")],
    rulebook: Annotated[str, typer.Option(help="The rulebook that gets it: a name or a file.")],
    version: Annotated[str, typer.Option(help="The version of the draft; a new one.")],
    out: Annotated[Path, typer.Option("--out", help="The draft rulebook to write.")],
    role: Annotated[ModelRole, typer.Option("--as", help="Its role.")] = ModelRole.CHAMPION,
) -> None:
    """Write a draft rulebook that carries the model; nothing is activated.

    A model is part of a rulebook: propose the draft, let a second person approve it, activate it;
    activating an earlier version removes the model again.

    Examples:

        tocsin model attach model.json --rulebook default --version 2 --out draft.yaml
    """
    document = usable_document(model)
    before = usable_rulebook(rulebook)
    if version == before.version:
        raise CommandError(
            f"{before.name} {version} exists already.", remedy="Give the draft a new --version."
        )
    text = path_of(rulebook).read_text(encoding="utf-8")
    models = attached(read_document(rulebook), document, role.value)
    written = with_models(text, models, version)
    try:
        after = read_text(written, origin=str(out))
    except RulebookError as error:
        raise CommandError(
            f"{model} cannot be attached to {before.name} {before.version}:\n  "
            + "\n  ".join(error.problems),
            remedy="Train on the assessments of this rulebook, or attach to the one it came from.",
        ) from error
    out.write_text(written, encoding="utf-8")
    for change in differences(before, after):
        print(change.sentence)
    print(f"Draft {after.name} {after.version} in {out}; it is to be proposed and approved.")


def usable_document(path: Path) -> Json:
    """Return a model's JSON, or end the command with what is wrong with it."""
    try:
        return read_model_file(path)
    except ModelUnusable as error:
        raise CommandError(f"{error}.", remedy="Train one with `tocsin model train`.") from error


class _NoEvents(dict[str, BorrowerOutcome]):
    """Outcomes of every borrower, all without an event; drift needs no outcome."""

    def __contains__(self, borrower_id: object) -> bool:
        return True

    def __missing__(self, borrower_id: str) -> BorrowerOutcome:
        return BorrowerOutcome(borrower_id, None)


def _cases(
    assessments: str, labels: Path, horizon: int, chosen: Selection, until: int | None
) -> Cases:
    outcomes = read_outcomes(labels)
    with source_of(assessments) as source:
        rows = read_rows(source, Assessed, assessments, outcomes, chosen)
        return cases_of(rows, outcomes, horizon, until)


def _summary(
    cases: Cases, failing: int, folds: int, scored: list[Scored], model: PdModel
) -> dict[str, object]:
    mean, share = calibration(model, cases.rows)
    rules = [Scored(case.borrower_id, case.score, case.failed) for case in cases.rows]
    return {
        "rows": len(cases.rows),
        "failing_rows": failing,
        "last_day": cases.last_day,
        "reference": reference_rows(cases.rows)[1],
        "folds": folds,
        "cross_validated": _figures(rank(scored)),
        "rules_on_the_same_rows": _figures(rank(rules)),
        "by_segment": {
            name: _figures(ranking) for name, ranking in by_segment(cases.rows, scored).items()
        },
        "mean_pd": round(mean, 6),
        "share_failing": round(share, 6),
    }


def _figures(ranking: Ranking) -> dict[str, object]:
    return {
        "rows": ranking.rows,
        "auc": ranking.auc,
        "low": ranking.low,
        "high": ranking.high,
        "recall_at": {f"{share:g}": recall for share, recall in ranking.recall_at.items()},
    }


def _show(model: PdModel, summary: dict[str, object], out: Path) -> None:
    console = Console(stderr=True)
    table = Table("indicator", "bins from", "points")
    for feature in model.features:
        table.add_row(
            feature.indicator,
            " ".join(f"{edge / MICRO:.2f}" for edge in feature.edges),
            " ".join(f"{points / MICRO:+.2f}" for points in feature.points),
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


def _meaning(index: float) -> str:
    if index < MODERATE_DRIFT:
        return "little has moved"
    return "moved" if index < LARGE_DRIFT else "moved much: train again"
