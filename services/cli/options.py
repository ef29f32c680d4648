"""Options that mean the same in every command, so that they read the same."""

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]
TimeZone = Annotated[str, typer.Option(envvar="TOCSIN_BANK_TIMEZONE", help="The bank's time zone.")]
