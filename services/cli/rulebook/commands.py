"""`tocsin rulebook check|diff|include`: works on files; nothing here changes what runs."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from services.cli.errors import CommandError
from services.cli.options import AsJson, group
from services.cli.rulebook import workflow
from services.cli.rulebook.calibrate import calibrate
from services.cli.rulebook.threshold import threshold
from services.cli.rulebook.what_if import what_if
from services.cli.rulebook_files import usable_rulebook
from services.scoring.adapters.rulebook_edits import with_overlays
from services.scoring.adapters.rulebook_reader import RulebookError, path_of
from services.scoring.domain.rulebook.diff import differences

app = group("Check, compare and calibrate rulebooks, and put them into force.")
Source = Annotated[str, typer.Argument(help="A shipped name or a YAML file.")]


@app.command()
def check(rulebook: Source, as_json: AsJson = False) -> None:
    """Check a rulebook; lists every problem with its position in the document.

    Examples:

        tocsin rulebook check default
        tocsin rulebook check mine.yaml
    """
    rules = usable_rulebook(rulebook)
    enabled = sum(rule.enabled for rule in rules.indicators.values())
    print(
        f"{rules.name} {rules.version} is usable: {enabled} of {len(rules.indicators)} "
        f"indicators enabled, {len(rules.overlays)} overlays, cuts for {', '.join(rules.cuts)}"
    )
    if as_json:
        summary = {
            "rulebook": rules.name,
            "version": rules.version,
            "indicators": len(rules.indicators),
            "enabled": enabled,
            "overlays": len(rules.overlays),
            "usable": True,
        }
        print(json.dumps(summary))


@app.command()
def diff(
    old: Source,
    new: Annotated[str, typer.Argument(help="The rulebook that would replace it.")],
    as_json: AsJson = False,
) -> None:
    """Describe what changes from one rulebook to another, in sentences.

    Examples:

        tocsin rulebook diff reference default
    """
    rulebooks = usable_rulebook(old), usable_rulebook(new)
    changes = differences(*rulebooks)
    before, after = (f"{rules.name} {rules.version}" for rules in rulebooks)
    if changes:
        print(f"From {before} to {after}, {len(changes)} differences:")
        print("\n".join(f"  {change.sentence}" for change in changes))
    else:
        print(f"{before} and {after} decide alike.")
    if as_json:
        listed = [asdict(change) | {"sentence": change.sentence} for change in changes]
        print(json.dumps({"from": before, "to": after, "differences": listed}))


@app.command()
def include(
    rulebook: Source,
    overlays: Annotated[list[str], typer.Argument(help="Shipped overlays, or YAML files of them.")],
    out: Annotated[Path, typer.Option("--out", help="The draft rulebook to write.")],
) -> None:
    """Write overlays into a copy of a rulebook, and check the copy; nothing is activated.

    Examples:

        tocsin rulebook include reference farming tourism --out mine.yaml
    """
    usable_rulebook(rulebook)
    try:
        text = with_overlays(path_of(rulebook).read_text(encoding="utf-8"), overlays)
    except RulebookError as error:
        raise CommandError(str(error), remedy="Name shipped overlays or files.") from error
    out.write_text(text, encoding="utf-8")
    count = len(usable_rulebook(str(out)).overlays)
    print(f"{out} is usable: {count} overlays. Give it a name and version of its own.")


app.command()(calibrate)
app.command()(threshold)
app.command()(what_if)
app.command("list")(workflow.list_rulebooks)
for step in (workflow.draft, workflow.propose, workflow.approve, workflow.activate):
    app.command()(step)
