"""`tocsin borrowers`: lists and resumes isolated borrowers, and resends events.

Calls scoring over HTTP with an operator's key, so it does what the service does. Only what finds
out what is missing reads the database and the topics, as `tocsin verify` does.
"""

import asyncio
import json
from typing import Annotated
from urllib.parse import quote

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.cli.api import OPERATORS, Document, ServiceApi
from services.cli.errors import CommandError
from services.cli.options import SCORING_URL, AsJson, OperatorKey, ScoringUrl, group
from services.cli.verify.commands import counted, verification
from services.cli.verify.stored import snapshot
from services.kit.settings import PlatformSettings
from services.scoring.application.event_resend import ResendSpan
from services.scoring.settings import ScoringSettings

WAIT_SECONDS = 30.0
PATH = "/v1/isolated-borrowers"
SCORING = ServiceApi(
    "scoring",
    {
        **OPERATORS,
        404: "`tocsin borrowers isolated` and `tocsin verify` name borrowers and numbers.",
    },
)

app = group("List and resume isolated borrowers, and resend events.")


@app.command()
def isolated(
    limit: Annotated[int, typer.Option(min=1, max=500, help="The most to list.")] = 100,
    url: ScoringUrl = SCORING_URL,
    key: OperatorKey = "",
    as_json: AsJson = False,
) -> None:
    """List the borrowers whose data break the fold, and how many of their events wait.

    Examples:

        tocsin borrowers isolated
    """
    page = SCORING.call(url, key, "GET", PATH, params={"limit": limit})
    if as_json:
        print(json.dumps(page))
        return
    console = Console()
    console.print(_table(page))
    if page["next_cursor"] is not None:
        console.print(f"There are more; the first {limit} are shown (--limit).")


@app.command()
def resume(
    borrower_ids: Annotated[list[str] | None, typer.Argument(help="Isolated borrowers.")] = None,
    reason: Annotated[str, typer.Option(help="The defect, and what repaired it.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Every isolated borrower.")] = False,
    url: ScoringUrl = SCORING_URL,
    key: OperatorKey = "",
    as_json: AsJson = False,
) -> None:
    """Let isolated borrowers resume, after the defect was repaired and deployed.

    The worker that owns the partition folds what waits, each day close in its own context. A
    borrower whose data break the fold again stays isolated, further on or where it was.

    Examples:

        tocsin borrowers resume B-1001 --reason "DEF-12, repaired in 1.4.2"
        tocsin borrowers resume --all --reason "DEF-12, repaired in 1.4.2"
    """
    if bool(borrower_ids) == every:
        raise CommandError(
            "Name borrowers, or give --all.", remedy="`tocsin borrowers isolated` lists them."
        )
    if not reason.strip():
        raise CommandError("--reason is empty.", remedy="Give the defect and what repaired it.")
    chosen = _all_isolated(url, key) if every else borrower_ids or []
    for borrower_id in chosen:
        path = f"{PATH}/{quote(borrower_id, safe='')}/resume"
        SCORING.call(url, key, "POST", path, body={"reason": reason.strip()})
    if as_json:
        print(json.dumps({"requested": len(chosen)}))
    else:
        print(f"{len(chosen)} borrowers may resume; see `tocsin borrowers isolated` in a minute.")


@app.command()
def resend(
    borrower_ids: Annotated[list[str] | None, typer.Argument(help="Borrowers.")] = None,
    from_sequence: Annotated[
        int, typer.Option(min=1, help="The first assessment that is missing.")
    ] = 1,
    missing: Annotated[
        bool, typer.Option("--missing", help="What `tocsin verify` misses, of every borrower.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="Everything of every borrower.")] = False,
    reason: Annotated[str, typer.Option(help="What lost them.")] = "",
    url: ScoringUrl = SCORING_URL,
    key: OperatorKey = "",
    as_json: AsJson = False,
) -> None:
    """Send events again that `tocsin verify` misses: assessments, linked events and reminders.

    Assessments and reminders go to the risk topic, events for linked borrowers to the events topic.
    They leave through the outbox in the order of their numbers, up to the newest. A consumer drops
    those that it has. With --missing or --all it reads what `tocsin verify` reads.

    Examples:

        tocsin borrowers resend B-1001 --from-sequence 7 --reason "INC-12: the risk topic lost it"
        tocsin borrowers resend --missing --reason "INC-12: both topics lost their tails"
    """
    if bool(borrower_ids) + missing + every != 1:
        raise CommandError(
            "Name borrowers, or give --missing or --all.", remedy="`tocsin verify` names them."
        )
    if not reason.strip():
        raise CommandError("--reason is empty.", remedy="Give what lost the events.")
    if missing:
        spans = asyncio.run(_missing(PlatformSettings(), ScoringSettings().rulebook))
    else:
        whole = ResendSpan(sequence=from_sequence, number=1)
        names = asyncio.run(_everybody(PlatformSettings())) if every else borrower_ids or []
        spans = dict.fromkeys(names, whole)
    resent = sum(
        _resend(url, key, borrower_id, span, reason.strip()) for borrower_id, span in spans.items()
    )
    if as_json:
        print(json.dumps({"borrowers": len(spans), "resent": resent}))
    else:
        print(
            f"{resent} events of {counted(len(spans), 'borrower')} leave within seconds; then run "
            "`tocsin verify`."
        )


def _resend(url: str, key: str, borrower_id: str, span: ResendSpan, reason: str) -> int:
    """Send a borrower's events of a span again, page by page; return their number."""
    path, resent = f"/v1/borrowers/{quote(borrower_id, safe='')}/resend", 0
    sequence, number = span.sequence, span.number
    while sequence is not None or number is not None:
        body = {"from_sequence": sequence, "from_number": number, "reason": reason}
        page = SCORING.call(url, key, "POST", path, body=body)
        resent += page["resent"]
        sequence, number = page["next_sequence"], page["next_number"]
    return resent


async def _missing(platform: PlatformSettings, rulebook: str) -> dict[str, ResendSpan]:
    run = await verification(platform, rulebook, wait_seconds=WAIT_SECONDS)
    if run.findings.waiting:
        raise CommandError(
            "What is missing may still be under way: " + "; ".join(run.findings.under_way),
            remedy="Wait until `tocsin verify` says that no work is left.",
        )
    return run.missing()


async def _everybody(platform: PlatformSettings) -> list[str]:
    async with snapshot(platform.dsn) as stored:
        return await stored.borrowers()


def _all_isolated(url: str, key: str) -> list[str]:
    names: list[str] = []
    params: dict[str, str | int] = {"limit": 500}
    while True:
        page = SCORING.call(url, key, "GET", PATH, params=params)
        names += [item["borrower_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            return names
        params["cursor"] = page["next_cursor"]


def _table(page: Document) -> Table:
    table = Table("borrower", "part", "folded to", "since", "waiting", "resume")
    table.add_column("reason", overflow="fold")
    for item in page["items"]:
        table.add_row(
            escape(item["borrower_id"]),
            str(item["partition"]),
            str(item["folded_to"]),
            item["isolated_at"][:19],
            str(item["waiting"]),
            "requested" if item["resume_requested"] else "-",
            escape(item["reason"]),
        )
    return table
