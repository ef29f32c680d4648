"""Options that mean the same in every command, so that they read the same."""

from datetime import datetime
from typing import Annotated

import typer
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.kit.settings import PlatformSettings

DEFAULT_ZONE: str = PlatformSettings.model_fields["bank_timezone"].default


def group(summary: str) -> typer.Typer:
    """Return a group of commands with this line of help."""
    return typer.Typer(help=summary, no_args_is_help=True, rich_markup_mode="markdown")


def ordinal_of(day: datetime | None) -> int | None:
    """Return the ordinal of a date that was given, or None."""
    return None if day is None else day.toordinal()


AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]
TimeZone = Annotated[str, typer.Option(envvar="TOCSIN_BANK_TIMEZONE", help="The bank's time zone.")]
EventFile = Annotated[
    str, typer.Argument(help="Canonical events, one a line; .gz; - for standard input.")
]
RulebookName = Annotated[
    str, typer.Option(help="A shipped rulebook (default, reference) or a YAML file.")
]
Part = Annotated[
    str, typer.Option(help="Only one part of the borrowers, by a hash of the id: 1/2 or 2/2.")
]
Horizon = Annotated[
    int, typer.Option(min=1, help="A warning is right if the event follows within this many days.")
]
Cause = Annotated[
    str, typer.Option(help="Only assessments made by such events: statement.received.")
]
SkipFirst = Annotated[
    int, typer.Option(min=0, help="Leave out this many first assessments of each borrower.")
]
IngestUrl = Annotated[str, typer.Option(envvar="TOCSIN_INGEST_URL", help="Where ingest listens.")]
ScoringUrl = Annotated[
    str, typer.Option(envvar="TOCSIN_SCORING_URL", help="Where scoring listens.")
]
ServiceUrl = Annotated[
    str, typer.Option(help="Where the service listens; otherwise TOCSIN_INGEST_URL and so on.")
]
OperatorKey = Annotated[
    str, typer.Option(envvar="TOCSIN_API_KEY", help="A key with the role OPERATOR.")
]
OwnKey = Annotated[str, typer.Option(envvar="TOCSIN_API_KEY", help="Your own key.")]
INGEST_URL = "http://127.0.0.1:8081"
SCORING_URL = "http://127.0.0.1:8082"


class ServiceUrls(BaseSettings):
    """The addresses of the services, read from `TOCSIN_*_URL`."""

    model_config = SettingsConfigDict(env_prefix="TOCSIN_", frozen=True, extra="ignore")

    ingest_url: str = INGEST_URL
    scoring_url: str = SCORING_URL
    alerts_url: str = "http://127.0.0.1:8083"
