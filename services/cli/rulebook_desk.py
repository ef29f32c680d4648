"""`tocsin rulebook draft|propose|approve|activate|list`: into force, by two people.

Talks to scoring over HTTP with the caller's own key, so the four eyes are kept where they are kept
for everybody. A PD model goes the same way: it is part of a rulebook.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer
from rich.console import Console
from rich.table import Table

from services.cli.errors import CommandError
from services.cli.options import AsJson

TIMEOUT_SECONDS = 60.0
DEFAULT_URL = "http://127.0.0.1:8082"
PATH = "/v1/rulebooks"
REMEDIES = {
    401: "Give your key with --key or TOCSIN_API_KEY: tocsin keys create --role RISK --name …",
    403: "Drafting needs RISK, approving APPROVER, and nobody approves their own draft.",
    404: "See `tocsin rulebook list`.",
    409: "See `tocsin rulebook list` for how far it has come.",
    422: "`tocsin rulebook check FILE` shows every problem with its place.",
    503: "Wait until `/readyz` of scoring answers 200, then try again.",
}

Url = Annotated[str, typer.Option(envvar="TOCSIN_SCORING_URL", help="Where scoring listens.")]
Key = Annotated[str, typer.Option(envvar="TOCSIN_API_KEY", help="Your own key.")]
Name = Annotated[str, typer.Argument(help="The rulebook's name.")]
Version = Annotated[str, typer.Argument(help="Its version.")]
Answer = dict[str, Any]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `tocsin rulebook`."""
    app.command("list")(list_rulebooks)
    for command in (draft, propose, approve, activate):
        app.command()(command)


def draft(
    file: Annotated[Path, typer.Argument(help="The YAML file; name and version stand in it.")],
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Hand a draft in under your name (role RISK)."""
    try:
        document = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {error}", remedy="Give a YAML file.") from error
    _tell(_asked(url, key, "POST", PATH, body={"document": document}), as_json)


def propose(
    name: Name, version: Version, url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False
) -> None:
    """Ask for approval of your own draft."""
    _tell(_step("propose", name, version, url, key), as_json)


def approve(
    name: Name, version: Version, url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False
) -> None:
    """Approve somebody else's proposal (role APPROVER)."""
    _tell(_step("approve", name, version, url, key), as_json)


def activate(
    name: Name, version: Version, url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False
) -> None:
    """Put an approved rulebook into force with the next day close.

    Activating an earlier version again is the way back.
    """
    _tell(_step("activate", name, version, url, key), as_json)


def list_rulebooks(
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 50,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """List the rulebooks, the newest first, and how far each has come."""
    page = _asked(url, key, "GET", PATH, params={"limit": limit})
    if as_json:
        print(json.dumps(page))
        return
    table = Table("rulebook", "version", "status", "author", "approver", "activated")
    for one in page["items"]:
        table.add_row(
            one["name"],
            one["version"],
            one["status"],
            one["author"],
            one["approver"] or "-",
            f"{one['activated_at'][:19]} ({one['activations']}x)" if one["activated_at"] else "-",
        )
    Console().print(table)


def _step(step: str, name: str, version: str, url: str, key: str) -> Answer:
    return _asked(url, key, "POST", f"{PATH}/{name}/{version}/{step}")


def _tell(one: Answer, as_json: bool) -> None:
    if as_json:
        print(json.dumps({name: value for name, value in one.items() if name != "document"}))
        return
    people = [f"drafted by {one['author']}"]
    if one["approver"]:
        people.append(f"approved by {one['approver']}")
    if one["activator"]:
        people.append(f"activated by {one['activator']}: in force with the next day close")
    print(f"{one['name']} {one['version']} is {one['status']}: {', '.join(people)}")


def _client(url: str, key: str) -> httpx2.Client:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx2.Client(base_url=url, headers=headers, timeout=TIMEOUT_SECONDS)


def _asked(
    url: str,
    key: str,
    method: str,
    path: str,
    *,
    params: Mapping[str, int] | None = None,
    body: Mapping[str, str] | None = None,
) -> Answer:
    try:
        with _client(url, key) as client:
            answer = client.request(method, path, params=params, json=body)
        document: Answer = answer.json()
    except httpx2.TransportError as error:
        raise CommandError(
            f"scoring does not answer at {url}: {error or type(error).__name__}",
            remedy="Start it, or give its address with --url or TOCSIN_SCORING_URL.",
        ) from error
    except ValueError as error:
        raise CommandError(
            f"{url} answers no JSON; is this scoring?",
            remedy="Give its address with --url or TOCSIN_SCORING_URL.",
        ) from error
    if answer.is_success:
        return document
    faults = [f"\n  {one['detail']}" for one in document.get("errors", ()) if "detail" in one]
    raise CommandError(
        f"scoring answers {answer.status_code}: {document.get('detail', answer.text[:400])}"
        + "".join(faults),
        remedy=REMEDIES.get(answer.status_code, "See the answer above."),
    )
