"""`tocsin approvals`: proposes, lists and decides what needs two people, in any service.

Calls the service over HTTP with the caller's own key, so the service compares the two persons for
this command as for everybody.
"""

import json
import sys
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.cli.api import PEOPLE, Document, ServiceApi
from services.cli.errors import CommandError
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
Digest = Annotated[
    str, typer.Option(help="The digest that you were shown, or how it begins; asks no question.")
]
LEAST_DIGEST = 8
Reason = Annotated[str, typer.Option(help="Why, for the audit.")]


@app.command("list")
def list_proposals(
    service: ServiceName,
    show_all: Annotated[bool, typer.Option("--all", help="Decided ones too.")] = False,
    key: OwnKey = "",
    url: ServiceUrl = "",
    as_json: AsJson = False,
) -> None:
    """List the open proposals, the newest first; alerts lists those of all services.

    Examples:

        tocsin approvals list ingest
        tocsin approvals list scoring --all
    """
    params = {"only_open": "false" if show_all else "true"}
    page = _api(service).call(url, key, "GET", PATH, params=params)
    if as_json:
        print(json.dumps(page))
        return
    table = Table(
        "number", "service", "kind", "subject", "proposed by", "expires", "outcome", "reason"
    )
    for item in page["items"]:
        decided = f"{item['outcome']} by {item['decided_by']}" if item["outcome"] else "open"
        table.add_row(
            str(item["id"]),
            item["service"],
            item["kind"],
            item["subject"],
            item["proposed_by"],
            item["expires_at"][:16],
            decided,
            item["reason"],
        )
    Console().print(table)


@app.command()
def show(
    service: ServiceName,
    number: Number,
    key: OwnKey = "",
    url: ServiceUrl = "",
    as_json: AsJson = False,
) -> None:
    """Show a proposal: before, after, effect, digest, votes, and whether you may decide.

    Examples:

        tocsin approvals show ingest 1
    """
    proposal = _api(service).call(url, key, "GET", f"{PATH}/{number}")
    if not as_json:
        _show_change(proposal)
    _show(proposal, as_json)


@app.command()
def propose(
    service: ServiceName,
    kind: Annotated[
        str,
        typer.Argument(
            help="account-handover, control-event (ingest); missed-days, rulebook (scoring); "
            "day-close-withdrawal (both); directory, relaxation, tightening, unlikely-to-pay and "
            "other overrides (alerts)."
        ),
    ],
    subject: Annotated[
        str,
        typer.Argument(
            help="What it is about: number of the input, date, rulebook, borrower, or "
            "'ACCOUNT SOURCE NEXT-SOURCE', with * for all accounts."
        ),
    ],
    reason: Reason,
    term: Annotated[
        list[str], typer.Option(help="NAME=VALUE that the kind needs; once for each.")
    ] = [],  # noqa: B006 - typer copies it
    key: OwnKey = "",
    url: ServiceUrl = "",
    as_json: AsJson = False,
) -> None:
    """Propose something that another person must approve.

    Examples:

        tocsin approvals propose ingest control-event 2 --reason "ten days of outage"
    """
    body = {"kind": kind, "subject": subject, "reason": reason, "terms": _terms(term)}
    _show(_api(service).call(url, key, "POST", PATH, body=body), as_json)


@app.command()
def approve(
    service: ServiceName,
    number: Number,
    reason: Reason,
    digest: Digest = "",
    emergency: Annotated[
        bool,
        typer.Option("--emergency", help="You are on call; two together approve any amount."),
    ] = False,
    key: OwnKey = "",
    url: ServiceUrl = "",
    as_json: AsJson = False,
) -> None:
    """Approve another person's proposal; with the last vote that is needed it takes effect.

    You are shown what changes and confirm it; in a script, name the digest that you were shown.

    Examples:

        tocsin approvals approve ingest 1 --reason "compared with the calendar"
    """
    api = _api(service)
    confirmed = _confirmed(api.call(url, key, "GET", f"{PATH}/{number}"), "approve", digest)
    body = {"reason": reason, "digest": confirmed, "emergency": emergency}
    _show(api.call(url, key, "POST", f"{PATH}/{number}/approve", body=body), as_json)


@app.command()
def reject(
    service: ServiceName,
    number: Number,
    reason: Reason,
    digest: Digest = "",
    key: OwnKey = "",
    url: ServiceUrl = "",
    as_json: AsJson = False,
) -> None:
    """Reject another person's proposal.

    Examples:

        tocsin approvals reject ingest 2 --reason "the date is wrong"
    """
    api = _api(service)
    confirmed = _confirmed(api.call(url, key, "GET", f"{PATH}/{number}"), "reject", digest)
    body = {"reason": reason, "digest": confirmed}
    _show(api.call(url, key, "POST", f"{PATH}/{number}/reject", body=body), as_json)


@app.command()
def conflict(
    service: ServiceName,
    number: Number,
    reason: Reason,
    key: OwnKey = "",
    url: ServiceUrl = "",
    as_json: AsJson = False,
) -> None:
    """Declare a conflict of interest: you decide nothing about the proposal or its borrower then.

    Examples:

        tocsin approvals conflict ingest 2 --reason "my own department"
    """
    path, body = f"{PATH}/{number}/conflict", {"reason": reason}
    _show(_api(service).call(url, key, "POST", path, body=body), as_json)


def _api(service: Service) -> ServiceApi:
    return ServiceApi(service.value, REMEDIES)


def _terms(given: list[str]) -> dict[str, str]:
    """Return terms that are written NAME=VALUE.

    Raises:
        CommandError: If one is not.
    """
    terms = dict(term.partition("=")[::2] for term in given)
    if any("=" not in term for term in given):
        raise CommandError(
            f"{' '.join(given)} is no list of terms.", remedy="Write --term NAME=VALUE for each."
        )
    return terms


def _confirmed(proposal: Document, step: str, digest: str) -> str:
    """Return the digest of the proposal once the person has named it, or seen what it binds.

    Raises:
        CommandError: If it is another, or the person does not confirm.
    """
    bound: str = proposal["digest"]
    if digest:
        if len(digest) < LEAST_DIGEST or not bound.startswith(digest):
            raise CommandError(
                f"Proposal {proposal['id']} has the digest {bound}, not {digest}.",
                remedy="Read it again: tocsin approvals show SERVICE NUMBER.",
            )
        return bound
    _show_change(proposal)
    if not typer.confirm(f"Do you {step} it?", err=True):
        raise CommandError("Nothing was decided.", remedy="Give --digest to confirm beforehand.")
    return bound


def _show_change(proposal: Document) -> None:
    """Print before and after side by side, and what the approval does."""
    table = Table("", "before", "after", title=proposal["effect"], title_justify="left")
    before, after = proposal["before"], proposal["after"]
    for name in [*before, *(name for name in after if name not in before)]:
        table.add_row(name, _cell(before.get(name)), _cell(after.get(name)))
    Console(stderr=True).print(table)
    print(f"Digest {proposal['digest']}", file=sys.stderr)


def _cell(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


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
    for vote in proposal["votes"]:
        print(f"{vote['person_id']} {'approves' if vote['approves'] else 'rejects'}")
    if proposal["why_not"] and not proposal["outcome"]:
        print(f"You do not decide it. {proposal['why_not']}")
