"""`tocsin migrate`: migrates every service's PostgreSQL schema to its newest version.

Services never migrate their schemas; until this has run they are not ready.
"""

import json
from typing import Annotated

import typer
from rich.console import Console

from services.cli.errors import CommandError
from services.cli.options import AsJson
from services.kit.logins import WrongLogin
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

    Reads TOCSIN_DATABASE_URL, whose user must be allowed to create schemas and roles. The user of
    each TOCSIN_INGEST_DATABASE_URL, TOCSIN_SCORING_DATABASE_URL and TOCSIN_ALERTS_DATABASE_URL that
    is set becomes a login with that URL's password and the rights of the service.

    Examples:

        tocsin migrate
        tocsin migrate --only scoring
    """
    unknown = sorted(set(only or ()) - set(SCHEMAS))
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}: not one of {', '.join(SCHEMAS)}")
    platform = PlatformSettings()
    try:
        reached = migrate_now(
            platform.dsn, which=tuple(only or SCHEMAS), service_urls=platform.service_dsns()
        )
    except WrongLogin as error:
        raise CommandError(str(error), remedy="See the settings TOCSIN_*_DATABASE_URL.") from error
    console = Console(stderr=True)
    for name, revision in reached.items():
        console.print(f"{name}: {revision or 'no migrations yet'}")
    if as_json:
        print(json.dumps({"schemas": reached}))
