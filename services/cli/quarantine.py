"""`tocsin quarantine`: inspects, retries, releases and discards what a service set aside.

Calls the service over HTTP with an operator's key, so it does what the service does and needs no
access to the database. A source's key lists its own.
"""

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.cli.api import OPERATORS, Document, ServiceApi
from services.cli.errors import CommandError
from services.cli.options import AsJson, OperatorKey, ServiceUrl, group

MOST_SHOWN_CHARACTERS = 4_000
PATH = "/v1/quarantine"
STATUSES = ("open", "parked", "released", "discarded")
REMEDIES = {
    **OPERATORS,
    404: "See `tocsin quarantine list`.",
    409: "It was settled before, or still cannot be read; see `tocsin quarantine show`.",
}


class OwningService(StrEnum):
    """The services that set records aside."""

    INGEST = "ingest"
    SCORING = "scoring"
    ALERTS = "alerts"


app = group("Inspect, retry, release or discard what a service set aside.")
ServiceName = Annotated[OwningService, typer.Option(help="The service that set it aside.")]
Number = Annotated[int, typer.Argument(min=1, help="The number, as listed.")]

_console = Console()


@app.command("list")
def list_entries(
    status: Annotated[str, typer.Option(help="open, parked, released, discarded or all.")] = "open",
    reason: Annotated[str | None, typer.Option(help="Only this reason code.")] = None,
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    topic: Annotated[str | None, typer.Option(help="Only this raw topic, of ingest.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="The most to list.")] = 50,
    service: ServiceName = OwningService.INGEST,
    url: ServiceUrl = "",
    key: OperatorKey = "",
    as_json: AsJson = False,
) -> None:
    """List what is quarantined, oldest first, and count it by status.

    Examples:

        tocsin quarantine list
        tocsin quarantine list --status all --reason unknown_account
        tocsin quarantine list --service scoring
    """
    call = _caller(service, url, key)
    chosen = {"reason": reason, "source": source, "topic": topic}
    chosen["status"] = None if status == "all" else status
    page = call("GET", PATH, params={**_given(chosen), "limit": limit})
    counts = call("GET", f"{PATH}/counts")
    totals = {name: counts[name] for name in STATUSES if name in counts}
    if as_json:
        print(json.dumps({**page, "totals": totals}))
        return
    _console.print(_table(page["items"]))
    if page["after"] is not None:
        _console.print(f"There are more; the first {limit} are shown (--limit).")
    _console.print(", ".join(f"{count} {name}" for name, count in totals.items()))


@app.command()
def show(
    number: Number,
    service: ServiceName = OwningService.INGEST,
    url: ServiceUrl = "",
    key: OperatorKey = "",
    as_json: AsJson = False,
) -> None:
    """Show one entry: its origin, the reason, the remedy, and its bytes.

    Examples:

        tocsin quarantine show 1
    """
    entry = _caller(service, url, key)("GET", f"{PATH}/{number}")
    if as_json:
        print(json.dumps(entry))
        return
    _show(entry)


@app.command()
def retry(
    number: Annotated[int | None, typer.Argument(min=1, help="The number of one entry.")] = None,
    reason: Annotated[str | None, typer.Option(help="All open ones with this reason.")] = None,
    source: Annotated[str | None, typer.Option(help="All open ones of this source.")] = None,
    topic: Annotated[str | None, typer.Option(help="All open ones of this raw topic.")] = None,
    service: ServiceName = OwningService.INGEST,
    url: ServiceUrl = "",
    key: OperatorKey = "",
    as_json: AsJson = False,
) -> None:
    """Retry entries after a mapping, a source or the service was corrected.

    What can be read now is sent to the end of the log. Ingest reads its mappings when it starts:
    restart it after changing one. Exit status 0 means that everything retried was sent.

    Examples:

        tocsin quarantine retry 1
        tocsin quarantine retry --reason invalid_field
    """
    choice = _given({"reason": reason, "source": source, "topic": topic})
    if (number is None) == (not choice):
        raise CommandError(
            "Name one entry by its number, or many by --reason, --source or --topic.",
            remedy="`tocsin quarantine list` shows what there is.",
        )
    result = _retried(_caller(service, url, key), number, choice)
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
def release(
    number: Number,
    service: ServiceName = OwningService.SCORING,
    url: ServiceUrl = "",
    key: OperatorKey = "",
    as_json: AsJson = False,
) -> None:
    """Send a record that scoring or alerts set aside to the end of its log, as it is.

    There it is read like any other; if it still cannot be applied, it comes back to the quarantine
    under another number. Input of ingest is released by `retry`.

    Examples:

        tocsin quarantine release 1 --service scoring
    """
    entry = _caller(service, url, key)("POST", f"{PATH}/{number}/release")
    if as_json:
        print(json.dumps(entry))
        return
    _console.print(f"Record {number} was sent to the end of {entry['position']['topic']}.")


@app.command()
def discard(
    number: Number,
    reason: Annotated[str, typer.Option(help="Why it will never be used; recorded with it.")],
    service: ServiceName = OwningService.INGEST,
    url: ServiceUrl = "",
    key: OperatorKey = "",
    as_json: AsJson = False,
) -> None:
    """Discard one entry for good, with a reason; its bytes remain for the auditors.

    Examples:

        tocsin quarantine discard 1 --reason "a test message of the network team"
    """
    call = _caller(service, url, key)
    entry = call("POST", f"{PATH}/{number}/discard", body={"reason": reason})
    if as_json:
        print(json.dumps(entry))
        return
    _console.print(f"Entry {number} is discarded: {escape(str(entry['note']))}")


def _caller(service: OwningService, url: str, key: str) -> Callable[..., Document]:
    return partial(ServiceApi(service.value, REMEDIES).call, url, key)


def _retried(
    call: Callable[..., Document], number: int | None, choice: Mapping[str, str]
) -> Document:
    if number is not None:
        entry = call("POST", f"{PATH}/{number}/retry")
        released = int(entry["status"] == "released")
        return {**entry, "tried": 1, "released": released, "still_kept": 1 - released}
    total = {"tried": 0, "released": 0, "still_kept": 0}
    more = True
    while more:
        part = call("POST", f"{PATH}/retry", body=choice)
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
            escape(entry.get("pointer") or "/"),
            str(entry.get("times_seen", 1)),
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
        "entry": f"{entry['id']} ({entry['status']}), {_origin(entry)}",
        "since": entry["received_at"],
        "event": f"{entry.get('event_type') or '?'}, id {entry['event_id'] or '?'}",
        "reason": entry["reason"],
        "detail": entry["detail"],
    }
    if "remedy" in entry:
        facts |= {
            "where": entry["pointer"] or "/ (the whole)",
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
