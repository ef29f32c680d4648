"""`tocsin accounts`: checks the account directory against the log, and rebuilds it.

Works with the administrator's database URL, since it reads the ledger of scoring and writes tables
of ingest.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated, TypeVar

import asyncpg
import typer
from rich.console import Console

from services.cli.account_log import AccountLog, RebuiltAccounts, differences
from services.cli.broker import connected
from services.cli.database import with_connection
from services.cli.errors import CommandError
from services.cli.options import AsJson, group
from services.kit.settings import PlatformSettings

MOST_SHOWN = 20
app = group("Check the account directory against the log, or rebuild it.")
_console = Console(stderr=True)
Result = TypeVar("Result")


@app.command()
def check(as_json: AsJson = False) -> None:
    """Compare the account directory with the ledger and the topics.

    Exit status 0 means that every account has the borrower that the log gives it. Reads
    TOCSIN_KAFKA_BOOTSTRAP, TOCSIN_DATABASE_URL and TOCSIN_TOPIC_PREFIX.

    Examples:

        tocsin accounts check
    """

    async def work(log: AccountLog) -> tuple[int, list[str]]:
        stored = await log.stored()
        return len(stored), differences(await log.expected(), stored)

    accounts, differing = _run(work)
    for each in differing[:MOST_SHOWN]:
        _console.print(each, markup=False, highlight=False)
    _console.print(f"{accounts} accounts, {len(differing)} differences")
    if as_json:
        shown = differing[:MOST_SHOWN]
        print(json.dumps({"accounts": accounts, "differing": len(differing), "differences": shown}))
    if differing:
        raise typer.Exit(1)


@app.command()
def rebuild(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    as_json: AsJson = False,
) -> None:
    """Rebuild the account directory from the log, with ingest stopped.

    Also stores the first borrower of each event that names an account, and parks inputs again that
    are missing in the quarantine: for a database that was restored from an older copy. Refuses to
    run while a process of ingest is connected to the database.

    Examples:

        tocsin accounts rebuild
    """
    question = "Replace the account directory by what the log gives? Ingest must be stopped."
    if not yes and not typer.confirm(question, err=True):
        raise CommandError("Nothing was changed.", remedy="Give --yes to confirm beforehand.")

    async def work(log: AccountLog) -> RebuiltAccounts:
        async with log.beside_no_ingest():
            return await log.rebuild()

    result = _run(work)
    _console.print(
        f"{result.accounts} accounts, {result.identities} events that lacked an identity, "
        f"{result.parked} inputs parked again"
    )
    if as_json:
        print(json.dumps(asdict(result)))


def _run(work: Callable[[AccountLog], Awaitable[Result]]) -> Result:
    settings = PlatformSettings()

    async def with_broker(connection: asyncpg.Connection) -> Result:
        async with connected(settings.kafka_bootstrap) as broker:
            return await work(AccountLog(connection, broker, settings))

    return with_connection(with_broker)
