"""The settings of every process, such as the addresses of the broker and the database.

The entry point reads them once and passes them on as plain values. Each service has a `settings.py`
of its own for the rest. No other module reads the environment.
"""

import os
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Final, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.kit.access.keys import Role
from services.kit.http.limits import (
    BODY_SECONDS,
    MAX_BODY_BYTES,
    REQUESTS_PER_KEY,
    REQUESTS_PER_SECOND,
    RequestLimits,
)

SERVICES: Final = ("ingest", "scoring", "alerts")
_PREFIX: Final = "TOCSIN_"
# Two letters exchanged, one missing or one too many, in names of twelve letters and more.
_RESEMBLANCE: Final = 0.85


class StartRefused(Exception):
    """A process does not start, for a reason that a person can act on; the text has the remedy."""


class MissingSetting(StartRefused):
    """A setting that this process needs is not set."""


def service_variable(service: str) -> str:
    """Returns the variable with the database URL of a service."""
    return f"TOCSIN_{service.upper()}_DATABASE_URL"


def unknown_variables(
    environment: Iterable[str], *read: type[BaseSettings]
) -> list[tuple[str, str | None]]:
    """Returns the `TOCSIN_*` variables that look misspelled, each with the name that was meant.

    That is one that resembles a setting which the process reads, has the prefix of its service, or
    gives a setting of the platform the prefix of a service.
    """
    known = {_variable(settings, name) for settings in read for name in settings.model_fields}
    # Where commands reach a service; the service itself does not read it.
    known |= {f"{_PREFIX}{service.upper()}_URL" for service in SERVICES}
    own = {str(settings.model_config.get("env_prefix")) for settings in read} - {_PREFIX}
    prefixes = {f"{_PREFIX}{service.upper()}_" for service in SERVICES}
    foreign = tuple(prefixes - own)
    suspects: list[tuple[str, str | None]] = []
    for name in sorted(environment):
        if not name.startswith(_PREFIX) or name in known:
            continue
        of_platform = {_PREFIX + name.removeprefix(prefix) for prefix in prefixes} & known
        if of_platform:
            suspects.append((name, of_platform.pop()))
            continue
        if name.startswith(foreign):
            continue
        meant = next(iter(get_close_matches(name, known, n=1, cutoff=_RESEMBLANCE)), None)
        if meant is not None or name.startswith(tuple(own)):
            suspects.append((name, meant))
    return suspects


def refuse_unknown_variables(*read: type[BaseSettings]) -> None:
    """Refuses the start with a variable that looks misspelled: its setting would have its default.

    Raises:
        StartRefused: With each such variable and the name that was meant.
    """
    suspects = unknown_variables(os.environ, *read)  # noqa: TID251 - this is a settings.py
    if suspects:
        raise StartRefused(
            "; ".join(
                f"{name} is not a setting: " + (f"set {meant}" if meant else "remove it")
                for name, meant in suspects
            )
        )


def _variable(settings: type[BaseSettings], name: str) -> str:
    return f"{settings.model_config.get('env_prefix')}{name}".upper()


def _pairs(text: str) -> dict[str, list[str]]:
    """Returns what stands after the last `=` of each part, by what stands before it."""
    pairs: dict[str, list[str]] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = part.rpartition("=")
        pairs.setdefault(name.strip(), []).append(value.strip())
    return pairs


class PlatformSettings(BaseSettings):
    """The settings that all services and the command line share (`TOCSIN_*`)."""

    model_config = SettingsConfigDict(env_prefix="TOCSIN_", frozen=True, extra="ignore")

    kafka_bootstrap: str = Field(
        min_length=3, description="Kafka bootstrap servers, host:port[,host:port]"
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="the administrator's login, for commands; the services do not use it: "
        "postgresql://user:password@host:port/database",
    )
    ingest_database_url: SecretStr | None = Field(
        default=None, description="the login of ingest; `tocsin migrate` creates it"
    )
    scoring_database_url: SecretStr | None = Field(
        default=None, description="the login of scoring; `tocsin migrate` creates it"
    )
    alerts_database_url: SecretStr | None = Field(
        default=None, description="the login of alerts; `tocsin migrate` creates it"
    )
    topic_prefix: str = Field(
        default="tocsin.",
        pattern=r"^[a-zA-Z0-9._-]*$",
        max_length=100,
        description="begins the names of the topics events, intake, risk, alerts and clock",
    )
    partitions: int = Field(
        default=8, ge=1, le=64, description="partitions of each topic that `tocsin topics` creates"
    )
    bank_timezone: str = Field(
        default="Europe/Berlin", description="IANA time zone in which the bank's days begin and end"
    )
    day_close: Literal["clock", "events"] = Field(
        default="clock", description="who closes a day: our clock, or the end of day of one source"
    )
    day_close_source: str = Field(
        default="",
        max_length=200,
        description="the event source that closes days, where `events` do",
    )
    idle_in_transaction_seconds: float = Field(
        default=10.0,
        ge=1.0,
        description="after so long PostgreSQL ends the transaction of a process that is stuck",
    )
    http_host_names: str = Field(
        default="",
        description="names under which the services are reached, comma-separated; addresses and "
        "names without a dot need none",
    )
    http_requests_per_key: int = Field(
        default=REQUESTS_PER_KEY,
        ge=1,
        description="requests of one key at the same time; one more is answered 429",
    )
    http_requests_per_second: float = Field(
        default=REQUESTS_PER_SECOND,
        gt=0.0,
        description="requests of one key a second, in the long run; one more is answered 429. Keys "
        "of sources are not limited by it",
    )
    http_body_seconds: float = Field(
        default=BODY_SECONDS,
        gt=0.0,
        description="time in which a request body must have arrived; a later one is answered 408",
    )
    oidc_issuer: str = Field(
        default="",
        pattern=r"^(https://[^\s?#]+)?$",
        description="identity provider whose access tokens are accepted, as in their `iss`; empty: "
        "API keys only",
    )
    oidc_jwks_url: str = Field(
        default="",
        pattern=r"^(https://\S+)?$",
        description="where its keys are; empty: as its configuration says, on its own host",
    )
    oidc_ca_file: Path | None = Field(
        default=None, description="the certificate authorities of the identity provider, PEM"
    )
    oidc_roles: str = Field(
        default="",
        description="roles of groups, comma-separated: `loan-officers=OFFICER,risk=RISK`; a group "
        "may be named more than once",
    )
    oidc_groups_claim: str = Field(
        default="groups", description="claim of a token with the groups of the caller"
    )
    oidc_officer_claim: str = Field(
        default="", description="claim with the officer id of the caller; empty: the directory"
    )
    oidc_branches_claim: str = Field(
        default="", description="claim with the branches of a SENIOR; empty: the directory"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="the least severe log lines that are written"
    )
    log_hash_key: SecretStr = Field(
        default=SecretStr(""),
        description="keys the hash of borrower ids in the logs; the same in all services",
    )

    @field_validator(
        "database_url", "ingest_database_url", "scoring_database_url", "alerts_database_url"
    )
    @classmethod
    def _a_postgresql_url(cls, value: SecretStr | None) -> SecretStr | None:
        schemes = ("postgresql://", "postgres://")
        if value is not None and not value.get_secret_value().startswith(schemes):
            raise ValueError("a database URL must start with postgresql://")
        return value

    @field_validator("oidc_roles")
    @classmethod
    def _roles_that_people_have(cls, value: str) -> str:
        for group, roles in _pairs(value).items():
            for role in roles:
                if not group or role not in set(Role) - {Role.SOURCE}:
                    raise ValueError(
                        f"TOCSIN_OIDC_ROLES: {group}={role} must be a group, '=' and one of "
                        + ", ".join(sorted(set(Role) - {Role.SOURCE}))
                    )
        return value

    @field_validator("bank_timezone")
    @classmethod
    def _a_known_time_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(
                f"TOCSIN_BANK_TIMEZONE {value!r} is not an IANA time zone such as Europe/Berlin"
            ) from error
        return value

    @model_validator(mode="after")
    def _one_closer_of_days(self) -> Self:
        if (self.day_close == "events") != bool(self.day_close_source):
            raise ValueError(
                "TOCSIN_DAY_CLOSE=events needs TOCSIN_DAY_CLOSE_SOURCE, the source that closes "
                "days; with `clock` leave it empty"
            )
        return self

    @property
    def events_topic(self) -> str:
        """Returns the topic of canonical events."""
        return f"{self.topic_prefix}events"

    @property
    def intake_topic(self) -> str:
        """Returns the topic of what ingest accepted and has not published."""
        return f"{self.topic_prefix}intake"

    @property
    def risk_topic(self) -> str:
        """Returns the topic of assessment changes."""
        return f"{self.topic_prefix}risk"

    @property
    def alerts_topic(self) -> str:
        """Returns the topic of the alerts' life cycle."""
        return f"{self.topic_prefix}alerts"

    def roles_of_groups(self) -> dict[str, list[str]]:
        """Returns the roles of each group of the identity provider."""
        return _pairs(self.oidc_roles)

    def request_limits(self, *, max_body_bytes: int = MAX_BODY_BYTES) -> RequestLimits:
        """Returns the limits of a service's requests."""
        names = (name.strip().lower() for name in self.http_host_names.split(","))
        return RequestLimits(
            max_body_bytes=max_body_bytes,
            body_seconds=self.http_body_seconds,
            requests_per_key=self.http_requests_per_key,
            requests_per_second=self.http_requests_per_second,
            host_names=frozenset(name for name in names if name),
        )

    @property
    def clock_topic(self) -> str:
        """Returns the topic by which processes read the broker's time."""
        return f"{self.topic_prefix}clock"

    @property
    def dsn(self) -> str:
        """Returns the administrator's database URL in clear, for the driver only; never log it.

        Raises:
            MissingSetting: If it is not set.
        """
        return _in_clear(self.database_url, "TOCSIN_DATABASE_URL")

    def service_dsn(self, service: str) -> str:
        """Returns the database URL of a service in clear, for the driver only; never log it.

        Raises:
            MissingSetting: If it is not set.
        """
        return _in_clear(getattr(self, f"{service}_database_url"), service_variable(service))

    def service_dsns(self) -> dict[str, str]:
        """Returns the database URLs of the services that are set."""
        urls = {name: getattr(self, f"{name}_database_url") for name in SERVICES}
        return {name: url.get_secret_value() for name, url in urls.items() if url is not None}


def _in_clear(url: SecretStr | None, variable: str) -> str:
    if url is None:
        raise MissingSetting(
            f"{variable} is not set. Set it to a URL of PostgreSQL with user, password and host."
        )
    return url.get_secret_value()


def settings_problem(error: ValidationError) -> str:
    """Returns which variables of a settings class have no valid value, and why."""
    owner = error.title.removesuffix("Settings").upper()
    prefix = _PREFIX if owner == "PLATFORM" else f"{_PREFIX}{owner}_"
    lines = []
    for violation in error.errors(include_input=False, include_url=False):
        name = ".".join(map(str, violation["loc"]))
        is_missing = violation["type"] == "missing"
        message = "not set" if is_missing else violation["msg"].removeprefix("Value error, ")
        # A setting with a variable name of its own is reported under that name.
        variable = name if name.isupper() else f"{prefix}{name.upper()}"
        lines.append(f"{variable}: {message}" if name else message)
    return "; ".join(lines)


def effective(settings: BaseSettings) -> dict[str, str | int | float | bool | None]:
    """Returns all settings for the log line at start; secrets stay masked."""
    shown: dict[str, str | int | float | bool | None] = {}
    for name, value in settings.model_dump().items():
        shown[name] = value if isinstance(value, str | int | float | bool | None) else str(value)
    return shown
