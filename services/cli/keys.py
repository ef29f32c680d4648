"""`tocsin keys`: API keys for people and systems. The secret is shown once, at creation.

Works with the administrator's database URL; the services themselves can only read keys.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, TypeVar

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from services.cli.errors import CommandError
from services.cli.options import AsJson
from services.kit.access import store
from services.kit.access.keys import Role, StoredKey
from services.kit.access.store import Grant, Queries
from services.kit.clock import SystemClock
from services.kit.settings import PlatformSettings

app = typer.Typer(no_args_is_help=True, help="Create, list and revoke API keys.")
_console = Console()

Result = TypeVar("Result")


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Who or what the key is for.")],
    role: Annotated[list[Role], typer.Option(help="May be given several times.")],
    source: Annotated[list[str] | None, typer.Option(help="Event sources of a SOURCE.")] = None,
    officer: Annotated[str | None, typer.Option(help="The officer id that borrowers name.")] = None,
    valid_days: Annotated[int, typer.Option(min=1, max=3650)] = 365,
    as_json: AsJson = False,
) -> None:
    """Create a key and show its secret, once."""
    now = SystemClock().now()
    try:
        grant = Grant(
            name=name,
            roles=frozenset(role),
            sources=tuple(source or ()),
            officer_id=officer,
            expires_at=now + timedelta(days=valid_days),
        )
    except ValueError as error:
        raise CommandError(str(error), remedy="See `tocsin keys create --help`.") from error
    stored, text = _run(lambda queries: store.issue(queries, grant, at=now))
    if as_json:
        _print_json({**_shown(stored), "key": text})
        return
    _console.print(f"Key [bold]{stored.id}[/] for {name}. It is shown now and never again:\n")
    _console.print(text, style="bold green", soft_wrap=True, highlight=False)
    _console.print("\nUse it as the header  Authorization: Bearer <key>")


@app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List all keys, the newest first; no secret among them."""
    listed = _run(store.listed)
    if as_json:
        _print_json({"keys": [_shown(key) for key in listed]})
        return
    now = SystemClock().now()
    table = Table("id", "name", "roles", "officer", "sources", "expires", "good")
    for key in listed:
        table.add_row(
            key.id,
            key.name,
            " ".join(sorted(key.roles)),
            key.officer_id or "",
            " ".join(key.sources),
            f"{key.expires_at:%Y-%m-%d}" if key.expires_at else "never",
            key.refusal(at=now) or "yes",
        )
    _console.print(table)


@app.command()
def revoke(key_id: str, as_json: AsJson = False) -> None:
    """Revoke a key; services stop accepting it within seconds."""
    revoked = _run(lambda queries: store.revoke(queries, key_id, at=SystemClock().now()))
    if not revoked:
        raise CommandError(
            f"There is no key {key_id} that could be revoked.", remedy="See `tocsin keys list`."
        )
    if as_json:
        _print_json({"id": key_id, "revoked": True})
    else:
        _console.print(f"Key {key_id} is revoked; services refuse it within 5 seconds.")


def _shown(key: StoredKey) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "roles": sorted(key.roles),
        "sources": list(key.sources),
        "officer_id": key.officer_id,
        "created_at": key.created_at.isoformat(),
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
        "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
    }


def _print_json(value: dict[str, object]) -> None:
    print(json.dumps(value, separators=(",", ":"), sort_keys=True))


def _run(work: Callable[[Queries], Awaitable[Result]]) -> Result:
    settings = PlatformSettings()
    try:
        return asyncio.run(_connected(settings.dsn, work))
    except asyncpg.UndefinedTableError as error:
        raise CommandError(
            "The schema `access` is not there.", remedy="Run `tocsin migrate` first."
        ) from error


async def _connected(dsn: str, work: Callable[[Queries], Awaitable[Result]]) -> Result:
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        return await work(connection)
    finally:
        await connection.close()
