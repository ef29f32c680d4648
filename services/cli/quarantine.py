"""`tocsin quarantine`: inspects, retries and discards input that could not become events.

Calls ingest over HTTP with an operator's key, so it does what the service does and needs no access
to the database.
"""

import json
from collections.abc import Mapping
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.cli.api import Document, ServiceApi
from services.cli.errors import CommandError
from services.cli.options import INGEST_URL, AsJson, IngestUrl, group

MOST_SHOWN_CHARACTERS = 4_000
PATH = "/v1/quarantine"
STATUSES = ("open", "parked", "released", "discarded")
INGEST = ServiceApi(
    "ingest",
    "TOCSIN_INGEST_URL",
    {
        401: "Give a key with --key or TOCSIN_API_KEY: tocsin keys create --role OPERATOR --name …",
        403: "The key needs the role OPERATOR: tocsin keys create --role OPERATOR --name …",
        404: "See `tocsin quarantine list`.",
        409: "It was settled before; `tocsin quarantine show` names the person.",
        503: "Wait until `/readyz` of ingest answers 200, then try again.",
    },
)

app = group("Inspect, retry or discard quarantined input.")
Key = Annotated[str, typer.Option(envvar="TOCSIN_API_KEY", help="A key with the role OPERATOR.")]
Number = Annotated[int, typer.Argument(min=1, help="The input's number, as listed.")]

_console = Console()


@app.command("list")
def list_entries(
    status: Annotated[str, typer.Option(help="open, parked, released, discarded or all.")] = "open",
    reason: Annotated[str | None, typer.Option(help="Only this reason code.")] = None,
    topic: Annotated[str | None, typer.Option(help="Only this raw topic.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="The most to list.")] = 50,
    url: IngestUrl = INGEST_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """List quarantined input, oldest first, and count it by status.

    Examples:

        tocsin quarantine list
        tocsin quarantine list --status all --reason unknown_account
    """
    chosen = {"status": None if status == "all" else status, "reason": reason, "topic": topic}
    page = INGEST.call(url, key, "GET", PATH, params={**_given(chosen), "limit": limit})
    counts = INGEST.call(url, key, "GET", f"{PATH}/counts")
    totals = {name: counts[name] for name in STATUSES}
    if as_json:
        print(json.dumps({**page, "totals": totals}))
        return
    _console.print(_table(page["items"]))
    if page["after"] is not None:
        _console.print(f"There are more; the first {limit} are shown (--limit).")
    _console.print(", ".join(f"{count} {name}" for name, count in totals.items()))


@app.command()
def show(
    number: Number, url: IngestUrl = INGEST_URL, key: Key = "", as_json: AsJson = False
) -> None:
    """Show one input: its origin, the reason, the remedy, and its bytes.

    Examples:

        tocsin quarantine show 1
    """
    entry = INGEST.call(url, key, "GET", f"{PATH}/{number}")
    if as_json:
        print(json.dumps(entry))
        return
    _show(entry)


@app.command()
def retry(
    number: Annotated[int | None, typer.Argument(min=1, help="The number of one input.")] = None,
    reason: Annotated[str | None, typer.Option(help="All open input with this reason.")] = None,
    topic: Annotated[str | None, typer.Option(help="All open input of this raw topic.")] = None,
    source: Annotated[str | None, typer.Option(help="All open input of this source.")] = None,
    url: IngestUrl = INGEST_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Retry input after its mapping or its source was corrected.

    Ingest reads its mappings when it starts: restart it after changing one. Exit status 0 means
    that everything retried is an event now.

    Examples:

        tocsin quarantine retry 1
        tocsin quarantine retry --reason invalid_field
    """
    choice = _given({"reason": reason, "topic": topic, "source": source})
    if (number is None) == (not choice):
        raise CommandError(
            "Name one input by its number, or many by --reason, --topic or --source.",
            remedy="`tocsin quarantine list` shows what there is.",
        )
    result = _retried(url, key, number, choice)
    if as_json:
        print(json.dumps(result))
    else:
        _console.print(
            f"Retried {result['tried']}: {result['released']} sent on, "
            f"{result['still_kept']} still in quarantine."
        )
        if number is not None and result["still_kept"]:
            _console.print(f"{result['reason']}: {escape(result['detail'])}")
    if result["still_kept"]:
        raise typer.Exit(1)


@app.command()
def discard(
    number: Number,
    reason: Annotated[str, typer.Option(help="Why it will never be an event; recorded with it.")],
    url: IngestUrl = INGEST_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Discard one input for good, with a reason; its bytes remain for the auditors.

    Examples:

        tocsin quarantine discard 1 --reason "a test message of the network team"
    """
    entry = INGEST.call(url, key, "POST", f"{PATH}/{number}/discard", body={"reason": reason})
    if as_json:
        print(json.dumps(entry))
        return
    _console.print(f"Input {number} is discarded: {escape(str(entry['note']))}")


def _retried(url: str, key: str, number: int | None, choice: Mapping[str, str]) -> Document:
    if number is not None:
        entry = INGEST.call(url, key, "POST", f"{PATH}/{number}/retry")
        released = int(entry["status"] == "released")
        return {**entry, "tried": 1, "released": released, "still_kept": 1 - released}
    total = {"tried": 0, "released": 0, "still_kept": 0}
    more = True
    while more:
        part = INGEST.call(url, key, "POST", f"{PATH}/retry", body=choice)
        for name in total:
            total[name] += part[name]
        # What remains in quarantine would be in every further answer, for ever.
        more = part["more"] and not part["still_kept"]
    return total


def _given(choice: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in choice.items() if value is not None}


def _table(entries: list[Document]) -> Table:
    table = Table("no", "status", "since", "from", "where", "seen")
    # The reason is what one searches by: it is never cut off.
    table.add_column("reason", no_wrap=True)
    for entry in entries:
        table.add_row(
            str(entry["id"]),
            entry["status"],
            str(entry["received_at"])[:19],
            escape(_origin(entry)),
            escape(entry["pointer"] or "/"),
            str(entry["times_seen"]),
            entry["reason"],
        )
    return table


def _origin(entry: Document) -> str:
    position = entry["position"]
    if position is None:
        return f"HTTP, {entry['source'] or 'source unknown'}"
    return f"{position['topic']}[{position['partition']}]@{position['offset']}"


def _show(entry: Document) -> None:
    facts = {
        "input": f"{entry['id']} ({entry['status']}), {_origin(entry)}",
        "since": entry["received_at"],
        "event": f"{entry['event_type'] or '?'}, id {entry['event_id'] or '?'}",
        "reason": entry["reason"],
        "where": entry["pointer"] or "/ (the whole)",
        "detail": entry["detail"],
        "remedy": entry["remedy"],
        "seen": f"{entry['times_seen']} time(s), retried {entry['attempts']} time(s)",
    }
    if entry["settled_at"]:
        facts["settled"] = f"{entry['settled_at']} by {entry['settled_by']}: {entry['note'] or '-'}"
    grid = Table.grid(padding=(0, 2))
    for name, value in facts.items():
        grid.add_row(f"[bold]{name}[/]", escape(str(value)))
    _console.print(grid)
    text = entry["raw_text"]
    _console.print("\nAs received:" if text is not None else "\nAs received, in base64:")
    raw = text if text is not None else entry["raw_base64"]
    _console.print(raw[:MOST_SHOWN_CHARACTERS], markup=False, highlight=False, soft_wrap=True)
