"""`tocsin keys`: creates, lists and revokes the API keys of people and systems.

Works with the administrator's database URL; the services themselves can only read keys.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.cli.database import with_connection
from services.cli.errors import CommandError
from services.cli.options import AsJson, group
from services.cli.persons import person_id
from services.contracts.registry import EVENT_TYPES, EventSender
from services.ingest.domain.sources import may_send
from services.kit.access import store
from services.kit.access.keys import Role, StoredKey
from services.kit.access.persons import NoSuchPerson
from services.kit.access.store import Grant
from services.kit.clock import SystemClock

app = group("Create, list and revoke API keys.")
_console = Console()


@app.command()
def create(
    name: Annotated[str, typer.Option(help="What the key is for, as lists show it.")],
    role: Annotated[list[Role], typer.Option(help="A role of the key; repeatable.")],
    source: Annotated[
        list[str] | None, typer.Option(help="An event source that a SOURCE may send; repeatable.")
    ] = None,
    event_type: Annotated[
        list[str] | None,
        typer.Option(
            help="An event type that a SOURCE may send, without version; repeatable. `*` allows "
            "all types about one borrower; name each control event in full. [default: *]",
            show_default=False,
        ),
    ] = None,
    person: Annotated[
        str | None, typer.Option(help="The person whose key it is; a machine's if left out.")
    ] = None,
    officer: Annotated[
        str | None, typer.Option(help="The officer id that the person has at borrowers.")
    ] = None,
    branch: Annotated[
        list[str] | None,
        typer.Option(help="A branch whose borrowers a SENIOR reads; repeatable. [default: all]"),
    ] = None,
    valid_days: Annotated[int, typer.Option(min=1, max=3650, help="Days until it expires.")] = 365,
    as_json: AsJson = False,
) -> None:
    """Create a key and show its secret, which is not stored and never shown again.

    A key of a role that decides or handles alerts belongs to a person (`tocsin persons create`).
    Reads TOCSIN_DATABASE_URL.

    Examples:

        tocsin keys create --name "core banking" --role SOURCE --source "core/*"
        tocsin keys create --name "end of day" --role SOURCE --source core --event-type day.closed
        tocsin keys create --person ada --name "Ada's laptop" --role OFFICER --officer officer-7
    """
    now = SystemClock().now()
    try:
        grant = Grant(
            name=name,
            roles=frozenset(role),
            sources=tuple(source or ()),
            may_send=_known_types(event_type) if event_type else ("*",),
            person_id=person_id(person) if person is not None else None,
            officer_id=officer,
            branch_ids=tuple(branch or ()),
            expires_at=now + timedelta(days=valid_days),
        )
    except ValueError as error:
        raise CommandError(str(error), remedy="See `tocsin keys create --help`.") from error
    stored, secret = _issued(grant, at=now)
    if as_json:
        _print_json({**_shown(stored), "key": secret})
        return
    _console.print(f"Key [bold]{stored.id}[/] for {name}. It is never shown again:\n")
    _console.print(secret, style="bold green", soft_wrap=True, highlight=False)
    _console.print("\nUse it as the header  Authorization: Bearer <key>")


def _issued(grant: Grant, *, at: datetime) -> tuple[StoredKey, str]:
    try:
        return with_connection(lambda connection: store.issue(connection, grant, at=at))
    except NoSuchPerson as error:
        raise CommandError(
            f"{error}.", remedy=f"Create them: tocsin persons create {grant.person_id} --name …"
        ) from error


@app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List all keys, the newest first, without their secrets.

    Examples:

        tocsin keys list
    """
    listed = with_connection(store.list_all)
    if as_json:
        _print_json({"keys": [_shown(key) for key in listed]})
        return
    now = SystemClock().now()
    columns = ("roles", "officer", "branches", "sources", "event types", "expires", "valid")
    table = Table("id", "name", "person", *columns)
    for key in listed:
        table.add_row(
            key.id,
            key.name,
            key.person_id or "a machine",
            " ".join(sorted(key.roles)),
            key.officer_id or "",
            " ".join(key.branch_ids),
            " ".join(key.sources),
            " ".join(key.may_send),
            f"{key.expires_at:%Y-%m-%d}" if key.expires_at else "never",
            key.refusal(at=now) or "yes",
        )
    _console.print(table)


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="The key's id, as listed.")], as_json: AsJson = False
) -> None:
    """Revoke a key; services stop accepting it within seconds.

    Examples:

        tocsin keys revoke KEY_ID
    """
    now = SystemClock().now()
    if not with_connection(lambda connection: store.revoke(connection, key_id, at=now)):
        raise CommandError(
            f"There is no key {key_id} that could be revoked.", remedy="See `tocsin keys list`."
        )
    if as_json:
        _print_json({"id": key_id, "revoked": True})
    else:
        _console.print(f"Key {key_id} is revoked; services refuse it within 5 seconds.")


def _known_types(patterns: Sequence[str]) -> tuple[str, ...]:
    """Returns the patterns, each of which must allow a type that sources send."""
    for pattern in patterns:
        if not any(
            may_send(each.name_without_version, (pattern,), is_control=each.to_every_partition)
            for each in EVENT_TYPES.values()
            if each.sender is EventSender.SOURCES
        ):
            raise ValueError(f"{pattern!r} allows no event type that a source sends")
    return tuple(patterns)


def _shown(key: StoredKey) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "roles": sorted(key.roles),
        "sources": list(key.sources),
        "may_send": list(key.may_send),
        "person_id": key.person_id,
        "officer_id": key.officer_id,
        "branch_ids": list(key.branch_ids),
        "created_at": key.created_at.isoformat(),
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
        "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
    }


def _print_json(value: dict[str, object]) -> None:
    print(json.dumps(value, separators=(",", ":"), sort_keys=True))
