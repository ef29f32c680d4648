"""`tocsin migrate`: migrates every service's PostgreSQL schema to its newest version.

Services never migrate their schemas; until this has run they are not ready.
"""

import json
from typing import Annotated

import typer
from rich.console import Console

from services.cli.options import AsJson
from services.kit.migrations import migrate_now
from services.kit.schemas import SCHEMAS
from services.kit.settings import PlatformSettings


def migrate(
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", help=f"A schema to migrate ({', '.join(SCHEMAS)}); all if left out."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Migrate the database schemas to their newest version; safe to run again.

    Reads TOCSIN_DATABASE_URL, whose user must be allowed to create schemas and roles.

    Examples:

        tocsin migrate
        tocsin migrate --only scoring
    """
    unknown = sorted(set(only or ()) - set(SCHEMAS))
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}: not one of {', '.join(SCHEMAS)}")
    reached = migrate_now(PlatformSettings().dsn, which=tuple(only or SCHEMAS))
    console = Console(stderr=True)
    for name, revision in reached.items():
        console.print(f"{name}: {revision or 'no migrations yet'}")
    if as_json:
        print(json.dumps({"schemas": reached}))
