"""`tocsin people`: checks the directory of people and duties."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from services.alerts.directory.adapters.directory_document import DirectoryDocument
from services.alerts.directory.adapters.directory_reader import (
    InvalidDirectory,
    plain,
    read_directory,
)
from services.alerts.directory.domain.directory_changes import changes
from services.cli.errors import CommandError
from services.cli.options import AsJson, group

app = group("Check, compare and activate the directory of people and their duties.")
DirectoryFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="The directory, YAML as in docs/reference/people.md.")
]


@app.command()
def check(file: DirectoryFile, as_json: AsJson = False) -> None:
    """Check a directory without a server; lists every fault with its path and a remedy.

    Examples:

        tocsin people check people.yaml
    """
    document = usable_directory(file)
    counts = {
        name: len(getattr(document, name))
        for name in ("people", "queues", "teams", "branches", "calendars")
    }
    print(f"{file} is usable: " + ", ".join(f"{count} {name}" for name, count in counts.items()))
    if as_json:
        print(json.dumps({**counts, "usable": True}))


@app.command()
def diff(old: DirectoryFile, new: DirectoryFile, as_json: AsJson = False) -> None:
    """List what differs between two directories, and whether a second person must approve it.

    Examples:

        tocsin people diff people.yaml next.yaml
    """
    before, after = (plain(usable_directory(file)) for file in (old, new))
    differences = changes(before, after)
    for each in differences:
        people = "two people" if each.needs_two_people else "one person"
        print(f"{each.path}: {_shown(each.before)} -> {_shown(each.after)} ({people})")
    if not differences:
        print("The directories are the same.")
    if as_json:
        print(json.dumps({"differences": [asdict(each) for each in differences]}))


def _shown(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


def usable_directory(file: Path) -> DirectoryDocument:
    """Return the document in a file, or end the command with every fault of it."""
    try:
        return read_directory(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(
            f"{file} cannot be read: {error}", remedy="Give the path of a YAML file."
        ) from error
    except InvalidDirectory as error:
        listed = "\n".join(f"  {fault}" for fault in error.faults)
        raise CommandError(
            f"{file} has {len(error.faults)} faults:\n{listed}",
            remedy="Correct the file, then run `tocsin people check FILE`.",
        ) from error
