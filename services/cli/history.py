"""`tocsin history`: opens and closes loads of history.

Calls ingest over HTTP with an operator's key, like `tocsin quarantine`.
"""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.cli.api import OPERATORS, Document, ServiceApi
from services.cli.options import INGEST_URL, AsJson, IngestUrl, OperatorKey, group

PATH = "/v1/history-loads"
INGEST = ServiceApi(
    "ingest",
    {
        **OPERATORS,
        404: "See `tocsin history list`.",
    },
)

app = group("Open or close a load of history.")

_console = Console()


@app.command("list")
def list_loads(url: IngestUrl = INGEST_URL, key: OperatorKey = "", as_json: AsJson = False) -> None:
    """List the newest loads of history, open and closed.

    Examples:

        tocsin history list
    """
    page = INGEST.call(url, key, "GET", PATH)
    if as_json:
        print(json.dumps(page))
        return
    table = Table("load", "sources", "opened", "by", "reason", "closed")
    for load in page["items"]:
        table.add_row(*map(escape, _row(load)))
    _console.print(table)


@app.command("open")
def open_load(
    source: Annotated[list[str], typer.Option(help="A source; `core/*` is a prefix. Repeatable.")],
    reason: Annotated[str, typer.Option(help="Why, for the record.")],
    url: IngestUrl = INGEST_URL,
    key: OperatorKey = "",
    as_json: AsJson = False,
) -> None:
    """Open a load of history for some sources.

    Until it is closed, their events may be as old as they are, and none may be more than three days
    after the latest day that was closed in the load.

    Examples:

        tocsin history open --source "core/*" --reason "ten years of the old core system"
    """
    body: dict[str, str | list[str]] = {"sources": source, "reason": reason}
    load = INGEST.call(url, key, "POST", PATH, body=body)
    print(json.dumps(load) if as_json else f"History load {load['id']} is open.")


@app.command("close")
def close_load(
    number: Annotated[int, typer.Argument(min=1, help="The load's number, as listed.")],
    url: IngestUrl = INGEST_URL,
    key: OperatorKey = "",
    as_json: AsJson = False,
) -> None:
    """Close a load of history: its sources are live again.

    Examples:

        tocsin history close 1
    """
    load = INGEST.call(url, key, "POST", f"{PATH}/{number}/close")
    print(json.dumps(load) if as_json else f"History load {load['id']} is closed.")


def _row(load: Document) -> tuple[str, ...]:
    sources = ", ".join(load["sources"])
    closed = load["closed_at"] or "open"
    return str(load["id"]), sources, load["opened_at"], load["opened_by"], load["reason"], closed
