"""`tocsin audit verify`: checks that nobody changed the rows that auditors rely on.

Reads with the administrator's database URL, in one snapshot, and writes nothing.
"""

import json
from dataclasses import asdict

import asyncpg
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.cli.database import with_connection
from services.cli.options import AsJson, group
from services.kit.audit import AuditChain, check_chains
from services.kit.schemas import SCHEMAS

SHOWN_CHARACTERS = 300
app = group("Check the rows that auditors rely on.")
_console = Console()


@app.callback()
def _group() -> None:
    """Keep `verify` a command of a group."""


@app.command()
def verify(as_json: AsJson = False) -> None:
    """Check the hash chain of every audited table and name the first broken row.

    A chain breaks where a row was changed, removed or put in. Note the last hashes outside of the
    database: whoever can rewrite all later rows cannot give a table the hash that you noted. Exit
    status 1 means that a chain is broken.

    Examples:

        tocsin audit verify
    """
    chains = with_connection(_chains)
    verified = all(chain.broken is None for chain in chains)
    table = Table("table", "rows", "last hash", "chain")
    for chain in chains:
        broken = escape(chain.broken[:SHOWN_CHARACTERS]) if chain.broken else "whole"
        table.add_row(chain.table, str(chain.rows), chain.hash, broken)
    _console.print(table)
    if as_json:
        print(json.dumps({"chains": [asdict(chain) for chain in chains], "verified": verified}))
    if not verified:
        raise typer.Exit(1)


async def _chains(connection: asyncpg.Connection) -> list[AuditChain]:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("SET LOCAL timezone = 'UTC'")
        return [chain for schema in SCHEMAS for chain in await check_chains(connection, schema)]
