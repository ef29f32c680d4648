"""`tocsin approvals`: proposes, lists and decides what needs two people, in any service.

Calls the service over HTTP with the caller's own key, so the service compares the two persons for
this command as for everybody.
"""

import json
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.cli.api import PEOPLE, Document, ServiceApi
from services.cli.options import AsJson, OwnKey, ServiceUrl, group

PATH = "/v1/approvals"
REMEDIES = {
    **PEOPLE,
    403: "Proposing and deciding need different persons, each with a role of the kind.",
    404: "See `tocsin approvals list SERVICE --all`.",
    409: "See `tocsin approvals list SERVICE --all` for its outcome.",
}


class Service(StrEnum):
    """The services that have something to approve."""

    ALERTS = "alerts"
    INGEST = "ingest"
    SCORING = "scoring"


app = group("Propose and decide what needs two people.")
ServiceName = Annotated[Service, typer.Argument(help="The service whose effect it is.")]
Number = Annotated[int, typer.Argument(min=1, help="The proposal's number, as listed.")]
Reason = Annotated[str, typer.Option(help="Why, for the audit.")]


@app.command("list")
def list_proposals(
    service: ServiceName,
    show_all: Annotated[bool, typer.Option("--all", help="Decided ones too.")] = False,
    key: OwnKey = "",
    url: ServiceUrl = "",
    as_json: AsJson = False,
) -> None:
    """List the open proposals, the newest first.

    Examples:

        tocsin approvals list ingest
        tocsin approvals list scoring --all
        tocsin approvals list alerts
    """
    params = {"only_open": "false" if show_all else "true"}
    page = _api(service).call(url, key, "GET", PATH, params=params)
    if as_json:
        print(json.dumps(page))
        return
    table = Table("number", "kind", "subject", "proposed by", "expires", "outcome", "reason")
    for item in page["items"]:
        decided = f"{item['outcome']} by {item['decided_by']}" if item["outcome"] else "open"
        table.add_row(
            str(item["id"]),
            item["kind"],
            item["subject"],
            item["proposed_by"],
            item["expires_at"][:16],
            decided,
            item["reason"],
        )
    Console().print(table)


@app.command()
def propose(
    service: ServiceName,
    kind: Annotated[
        str,
        typer.Argument(
            help="account-handover, control-event (ingest); missed-days, rulebook (scoring); "
            "day-close-withdrawal (both)."
        ),
    ],
    subject: Annotated[
        str,
        typer.Argument(
            help="What it is about: the number of the input, the date, the rulebook, or "
            "'ACCOUNT SOURCE NEXT-SOURCE', with * for all accounts."
        ),
    ],
    reason: Reason,
    key: OwnKey = "",
    url: ServiceUrl = "",
    as_json: AsJson = False,
) -> None:
    """Propose something that another person must approve.

    Examples:

        tocsin approvals propose ingest control-event 2 --reason "ten days of outage"
    """
    body = {"kind": kind, "subject": subject, "reason": reason}
    _show(_api(service).call(url, key, "POST", PATH, body=body), as_json)


@app.command()
def approve(
    service: ServiceName,
    number: Number,
    reason: Reason,
    key: OwnKey = "",
    url: ServiceUrl = "",
    as_json: AsJson = False,
) -> None:
    """Approve another person's proposal; it takes effect at once.

    Examples:

        tocsin approvals approve ingest 1 --reason "compared with the calendar"
    """
    path, body = f"{PATH}/{number}/approve", {"reason": reason}
    _show(_api(service).call(url, key, "POST", path, body=body), as_json)


@app.command()
def reject(
    service: ServiceName,
    number: Number,
    reason: Reason,
    key: OwnKey = "",
    url: ServiceUrl = "",
    as_json: AsJson = False,
) -> None:
    """Reject another person's proposal.

    Examples:

        tocsin approvals reject ingest 2 --reason "the date is wrong"
    """
    path, body = f"{PATH}/{number}/reject", {"reason": reason}
    _show(_api(service).call(url, key, "POST", path, body=body), as_json)


def _api(service: Service) -> ServiceApi:
    return ServiceApi(service.value, REMEDIES)


def _show(proposal: Document, as_json: bool) -> None:
    if as_json:
        print(json.dumps(proposal))
        return
    status = (
        f"{proposal['outcome']} by {proposal['decided_by']}"
        if proposal["outcome"]
        else f"open until {proposal['expires_at'][:16]}"
    )
    print(
        f"Proposal {proposal['id']}, {proposal['kind']} {proposal['subject']}: {status} "
        f"(proposed by {proposal['proposed_by']})"
    )
