"""`tocsin people`: checks, compares and activates the directory of people and duties."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from services.alerts.directory.adapters.directory_document import DirectoryDocument
from services.alerts.directory.adapters.directory_reader import (
    plain,
    read_directory,
)
from services.alerts.directory.domain.directory_changes import changes
from services.alerts.directory.domain.organisation_faults import InvalidDirectory
from services.cli.api import PEOPLE, ServiceApi
from services.cli.errors import CommandError
from services.cli.options import AsJson, OwnKey, ServiceUrl, group

PATH = "/v1/people"
ALERTS = ServiceApi(
    "alerts",
    {
        **PEOPLE,
        403: "Submitting needs your own key with the role SENIOR or RISK.",
        412: "Somebody changed the directory: see `tocsin people diff FILE`, and try again.",
        422: "Correct the file.",
    },
)
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
def diff(
    file: DirectoryFile,
    against: Annotated[
        Path | None, typer.Option(help="Another file; by default the directory in effect.")
    ] = None,
    key: OwnKey = "",
    url: ServiceUrl = "",
    as_json: AsJson = False,
) -> None:
    """List what a directory changes, and whether a second person must approve it.

    Examples:

        tocsin people diff people.yaml
        tocsin people diff next.yaml --against people.yaml
    """
    after = plain(usable_directory(file))
    if against is None:
        active = ALERTS.call(url, key, "GET", PATH)["directory"]
        before = plain(DirectoryDocument.model_validate(active)) if active else None
    else:
        before = plain(usable_directory(against))
    differences = [asdict(each) for each in changes(before, after)]
    _list(differences)
    if as_json:
        print(json.dumps({"differences": differences}))


@app.command()
def activate(
    file: DirectoryFile,
    reason: Annotated[str, typer.Option(help="Why, for the audit.")],
    key: OwnKey = "",
    url: ServiceUrl = "",
    as_json: AsJson = False,
) -> None:
    """Put a directory into effect, or propose it to a second person where one must approve.

    Examples:

        tocsin people activate people.yaml --reason "Ana is on leave until 4 January"
    """
    document = usable_directory(file)
    version = ALERTS.call(url, key, "GET", PATH)["version"]
    submitted = ALERTS.call(
        url,
        key,
        "PUT",
        PATH,
        body={"directory": dict(plain(document)), "reason": reason},
        headers={"If-Match": f'"{version}"'},
    )
    _list(submitted["changes"])
    if submitted["is_active"]:
        print(f"Version {submitted['version']} is in effect.")
    else:
        number = submitted["proposal_id"]
        print(
            f"Version {submitted['version']} waits for a second person: "
            f"tocsin approvals approve alerts {number} --reason …"
        )
    if as_json:
        print(json.dumps(submitted))


def _list(differences: Sequence[Mapping[str, Any]]) -> None:
    for each in differences:
        people = "two people" if each["needs_two_people"] else "one person"
        print(f"{each['path']}: {_shown(each['before'])} -> {_shown(each['after'])} ({people})")
    if not differences:
        print("The directories are the same.")


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
