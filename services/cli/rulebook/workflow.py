"""`tocsin rulebook draft|propose|approve|activate|list`: puts a rulebook into force by two people.

Calls scoring over HTTP with the caller's own key, so the service enforces the four eyes for this
command as for everybody. A PD model takes the same way: it is part of a rulebook.
"""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.cli.api import PEOPLE, Document, ServiceApi
from services.cli.errors import CommandError
from services.cli.options import SCORING_URL, AsJson, OwnKey, ScoringUrl

PATH = "/v1/rulebooks"
SCORING = ServiceApi(
    "scoring",
    {
        **PEOPLE,
        403: "Drafting needs RISK, approving APPROVER, and nobody approves their own draft.",
        404: "See `tocsin rulebook list`.",
        409: "See `tocsin rulebook list` for its status.",
        422: "`tocsin rulebook check FILE` lists every problem with its position.",
    },
)

Name = Annotated[str, typer.Argument(help="The rulebook's name.")]
Version = Annotated[str, typer.Argument(help="Its version.")]


def draft(
    file: Annotated[Path, typer.Argument(help="The YAML file, with its name and version.")],
    url: ScoringUrl = SCORING_URL,
    key: OwnKey = "",
    as_json: AsJson = False,
) -> None:
    """Hand in a draft under your name (role RISK).

    Examples:

        tocsin rulebook draft mine.yaml
    """
    try:
        document = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {error}", remedy="Give a YAML file.") from error
    _show(SCORING.call(url, key, "POST", PATH, body={"document": document}), as_json)


def propose(
    name: Name,
    version: Version,
    url: ScoringUrl = SCORING_URL,
    key: OwnKey = "",
    as_json: AsJson = False,
) -> None:
    """Request approval of your own draft (role RISK).

    Examples:

        tocsin rulebook propose mine 2
    """
    _show(_step("propose", name, version, url, key), as_json)


def approve(
    name: Name,
    version: Version,
    sha256: Annotated[
        str, typer.Option(help="The SHA-256 of what you read; asks no question.")
    ] = "",
    url: ScoringUrl = SCORING_URL,
    key: OwnKey = "",
    as_json: AsJson = False,
) -> None:
    """Approve another person's proposal (role APPROVER); you confirm the document's SHA-256.

    Examples:

        tocsin rulebook approve mine 2
    """
    rulebook = SCORING.call(url, key, "GET", f"{PATH}/{name}/{version}")
    if sha256:
        bound = sha256
    elif typer.confirm(
        f"Do you approve {name} {version} of {rulebook['author']}, SHA-256 {rulebook['sha256']}?",
        err=True,
    ):
        bound = rulebook["sha256"]
    else:
        raise CommandError("Nothing was decided.", remedy="Give --sha256 to confirm beforehand.")
    path = f"{PATH}/{name}/{version}/approve"
    _show(SCORING.call(url, key, "POST", path, body={"sha256": bound}), as_json)


def activate(
    name: Name,
    version: Version,
    url: ScoringUrl = SCORING_URL,
    key: OwnKey = "",
    as_json: AsJson = False,
) -> None:
    """Put an approved rulebook into force with the next day close (role RISK).

    To go back, activate an earlier version again.

    Examples:

        tocsin rulebook activate mine 2
    """
    _show(_step("activate", name, version, url, key), as_json)


def list_rulebooks(
    limit: Annotated[int, typer.Option(min=1, max=200, help="The most to list.")] = 50,
    url: ScoringUrl = SCORING_URL,
    key: OwnKey = "",
    as_json: AsJson = False,
) -> None:
    """List the rulebooks with their status, the newest first.

    Examples:

        tocsin rulebook list
    """
    page = SCORING.call(url, key, "GET", PATH, params={"limit": limit})
    if as_json:
        print(json.dumps(page))
        return
    table = Table("rulebook", "version", "status", "author", "approver", "activated")
    for item in page["items"]:
        activated_at = item["activated_at"]
        table.add_row(
            *(item[name] for name in ("name", "version", "status", "author")),
            item["approver"] or "-",
            f"{activated_at[:19]} ({item['activations']}x)" if activated_at else "-",
        )
    Console().print(table)


def _step(step: str, name: str, version: str, url: str, key: str) -> Document:
    return SCORING.call(url, key, "POST", f"{PATH}/{name}/{version}/{step}")


def _show(rulebook: Document, as_json: bool) -> None:
    if as_json:
        print(json.dumps({name: rulebook[name] for name in rulebook if name != "document"}))
        return
    people = [f"drafted by {rulebook['author']}"]
    if rulebook["approver"]:
        people.append(f"approved by {rulebook['approver']}")
    if rulebook["activator"]:
        people.append(f"activated by {rulebook['activator']}: in force with the next day close")
    status = rulebook["status"]
    print(f"{rulebook['name']} {rulebook['version']} is {status}: {', '.join(people)}")
