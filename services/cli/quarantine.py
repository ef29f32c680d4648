"""`tocsin quarantine`: look at inputs that are no events yet, try them again, or let them go.

Talks to ingest over HTTP with an operator's key, so it does what the service would do and needs no
access to the database.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import httpx2
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.cli.errors import CommandError
from services.cli.options import AsJson

TIMEOUT_SECONDS = 60.0
MOST_SHOWN_CHARACTERS = 4_000
LIST_PATH = "/v1/quarantine"
REMEDIES = {
    401: "Give a key with --key or TOCSIN_API_KEY: tocsin keys create --role OPERATOR --name …",
    403: "The key needs the role OPERATOR: tocsin keys create --role OPERATOR --name …",
    404: "See `tocsin quarantine list`.",
    409: "It was settled before; `tocsin quarantine show` says by whom.",
    503: "Wait until `/readyz` of ingest answers 200, then try again.",
}

app = typer.Typer(no_args_is_help=True, help="Look after inputs that could not become events.")
Url = Annotated[str, typer.Option(envvar="TOCSIN_INGEST_URL", help="Where ingest listens.")]
Key = Annotated[str, typer.Option(envvar="TOCSIN_API_KEY", help="A key with the role OPERATOR.")]
Number = Annotated[int, typer.Argument(min=1, help="The input's number, as listed.")]
Answer = dict[str, Any]

DEFAULT_URL = "http://127.0.0.1:8081"
_console = Console()


@app.command("list")
def list_entries(
    status: Annotated[str, typer.Option(help="open, parked, released, discarded or all.")] = "open",
    reason: Annotated[str | None, typer.Option(help="Only this reason code.")] = None,
    topic: Annotated[str | None, typer.Option(help="Only this raw topic.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="At most so many.")] = 50,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """List kept inputs, oldest first, and how many there are of each kind."""
    chosen = {"status": None if status == "all" else status, "reason": reason, "topic": topic}
    with _client(url, key) as client:
        page = _asked(client, "GET", LIST_PATH, params={**_given(chosen), "limit": limit})
        counts = _asked(client, "GET", f"{LIST_PATH}/counts")
    if as_json:
        _print_json({**page, "totals": _totals(counts)})
        return
    _console.print(_table(page["items"]))
    if page["after"] is not None:
        _console.print(f"There are more; the first {limit} are shown (--limit).")
    _console.print(", ".join(f"{count} {name}" for name, count in _totals(counts).items()))


@app.command()
def show(number: Number, url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """Show one input: where it came from, why it is kept, what to do, and its bytes."""
    with _client(url, key) as client:
        entry = _asked(client, "GET", f"{LIST_PATH}/{number}")
    if as_json:
        _print_json(entry)
        return
    _show(entry)


@app.command()
def retry(
    number: Annotated[int | None, typer.Argument(min=1, help="One input's number.")] = None,
    reason: Annotated[str | None, typer.Option(help="All open inputs with this reason.")] = None,
    topic: Annotated[str | None, typer.Option(help="All open inputs of this raw topic.")] = None,
    source: Annotated[str | None, typer.Option(help="All open inputs of this source.")] = None,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Try inputs again, after a mapping or a source was corrected.

    Ingest reads its mappings when it starts: restart it after changing one. Exit status 0 means
    that everything that was tried is an event now.
    """
    choice = _given({"reason": reason, "topic": topic, "source": source})
    if (number is None) == (not choice):
        raise CommandError(
            "Name one input by its number, or many by --reason, --topic or --source.",
            remedy="`tocsin quarantine list` shows what there is.",
        )
    with _client(url, key) as client:
        result = _retried(client, number, choice)
    if as_json:
        _print_json(result)
    else:
        _console.print(
            f"Tried {result['tried']}: {result['released']} sent on, "
            f"{result['still_kept']} still kept."
        )
        if number is not None and result["still_kept"]:
            _console.print(f"{result['reason']}: {escape(result['detail'])}")
    if result["still_kept"]:
        raise typer.Exit(1)


@app.command()
def discard(
    number: Number,
    reason: Annotated[str, typer.Option(help="Why it will never be an event; kept with it.")],
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Let one input go for good, with the reason; its bytes stay for the auditors."""
    with _client(url, key) as client:
        entry = _asked(client, "POST", f"{LIST_PATH}/{number}/discard", body={"reason": reason})
    if as_json:
        _print_json(entry)
        return
    _console.print(f"Input {number} is discarded: {escape(str(entry['note']))}")


def _retried(client: httpx2.Client, number: int | None, choice: Mapping[str, str]) -> Answer:
    if number is not None:
        entry = _asked(client, "POST", f"{LIST_PATH}/{number}/retry")
        released = int(entry["status"] == "released")
        return {**entry, "tried": 1, "released": released, "still_kept": 1 - released}
    total = {"tried": 0, "released": 0, "still_kept": 0}
    more = True
    while more:
        part = _asked(client, "POST", f"{LIST_PATH}/retry", body=dict(choice))
        for name in total:
            total[name] += part[name]
        # What stays kept would come again at the next asking, for ever.
        more = part["more"] and not part["still_kept"]
    return total


def _client(url: str, key: str) -> httpx2.Client:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx2.Client(base_url=url, headers=headers, timeout=TIMEOUT_SECONDS)


def _asked(
    client: httpx2.Client,
    method: str,
    path: str,
    *,
    params: Mapping[str, str | int] | None = None,
    body: Mapping[str, str] | None = None,
) -> Answer:
    try:
        answer = client.request(method, path, params=params, json=body)
    except httpx2.TransportError as error:
        raise CommandError(
            f"ingest does not answer at {client.base_url}: {error or type(error).__name__}",
            remedy="Start it, or give its address with --url or TOCSIN_INGEST_URL.",
        ) from error
    try:
        document: Answer = answer.json()
    except ValueError as error:
        raise CommandError(
            f"{client.base_url} answers {answer.status_code} and no JSON; is this ingest?",
            remedy="Give its address with --url or TOCSIN_INGEST_URL.",
        ) from error
    if answer.is_success:
        return document
    raise CommandError(
        f"ingest answers {answer.status_code}: {document.get('detail', answer.text[:400])}",
        remedy=REMEDIES.get(answer.status_code, "See the answer above."),
    )


def _given(choice: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in choice.items() if value is not None}


def _totals(counts: Answer) -> dict[str, int]:
    return {name: counts[name] for name in ("open", "parked", "released", "discarded")}


def _table(entries: list[Answer]) -> Table:
    table = Table("no", "status", "since", "from", "where", "seen")
    # The reason is what one searches by: never cut it off.
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


def _origin(entry: Answer) -> str:
    position = entry["position"]
    if position is None:
        return f"HTTP, {entry['source'] or 'source unknown'}"
    return f"{position['topic']}[{position['partition']}]@{position['offset']}"


def _show(entry: Answer) -> None:
    grid = Table.grid(padding=(0, 2))
    facts = {
        "input": f"{entry['id']} ({entry['status']}), {_origin(entry)}",
        "since": entry["received_at"],
        "event": f"{entry['event_type'] or '?'}, id {entry['event_id'] or '?'}",
        "reason": entry["reason"],
        "where": entry["pointer"] or "/ (the whole)",
        "detail": entry["detail"],
        "remedy": entry["remedy"],
        "seen": f"{entry['times_seen']} time(s), tried again {entry['attempts']} time(s)",
    }
    if entry["settled_at"]:
        facts["settled"] = f"{entry['settled_at']} by {entry['settled_by']}: {entry['note'] or '-'}"
    for name, value in facts.items():
        grid.add_row(f"[bold]{name}[/]", escape(str(value)))
    _console.print(grid)
    text = entry["raw_text"]
    _console.print("\nAs it came:" if text is not None else "\nAs it came, in base64:")
    raw = text if text is not None else entry["raw_base64"]
    _console.print(raw[:MOST_SHOWN_CHARACTERS], markup=False, highlight=False, soft_wrap=True)


def _print_json(document: Mapping[str, Any]) -> None:
    print(json.dumps(document))
