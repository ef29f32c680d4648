"""Settings of alerts, read from `TOCSIN_ALERTS_*`."""

from datetime import time, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.alerts.delivery.domain.address_policy import LOOPBACK, AddressPolicy, Network
from services.alerts.delivery.domain.mailbox import is_address
from services.alerts.delivery.domain.smtp_server import SmtpSecurity, SmtpServer


class AlertsSettings(BaseSettings):
    """What an operator can set for alerts."""

    model_config = SettingsConfigDict(env_prefix="TOCSIN_ALERTS_", frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", description="address on which HTTP is served")
    port: int = Field(default=8083, description="port on which HTTP is served")
    public_url: str = Field(
        default="http://127.0.0.1:8083",
        pattern=r"^https?://[^\s/]+(/[^\s]*)?$",
        description="where people reach this service; links in alerts begin with it",
    )
    secret_key: SecretStr = Field(
        description="Base64 of 32 bytes; seals the webhook secrets in the database"
    )
    old_secret_keys: SecretStr = Field(
        default=SecretStr(""), description="former sealing keys, comma-separated, still opened"
    )
    secure_cookies: bool = Field(
        default=True, description="false only where people use plain HTTP, such as the demo"
    )
    shows_log_time: bool = Field(
        default=False,
        description="for played history: ages and deadlines are shown against the newest "
        "assessment instead of the wall clock",
    )
    instance_id: str | None = Field(
        default=None, description="static group membership; unique for each running process"
    )
    session_timeout_seconds: float = Field(
        default=10.0,
        ge=1,
        le=300,
        description="silence after which Kafka gives the partitions to another process",
    )

    routing_file: Path | None = Field(default=None, description="YAML; empty: the shipped rules")
    watches_deposit_customers: bool = Field(
        default=False,
        description="true: alerts also open for borrowers without any exposure or liability",
    )
    recovery_days: int = Field(
        default=30,
        ge=1,
        le=365,
        description="days for which the reasons of an untouched ATTENTION alert are measured "
        "green before it ends",
    )
    weekly_budget: int = Field(
        default=25,
        ge=1,
        description="alerts that an owner can attend to in a week; the board shows who has more",
    )
    holiday_country: str = Field(default="DE", description="ISO 3166 code; empty: no holidays")
    holiday_subdivision: str | None = Field(
        default=None, description="state or region of the country, such as BY; empty: national"
    )
    opens: time = Field(default=time(9), description="when a working day begins; deadlines count")
    closes: time = Field(default=time(17), description="when a working day ends")

    webhook_allow_loopback: bool = Field(
        default=False, description="for a development machine: receivers on 127.0.0.1, any port"
    )
    webhook_allowed_networks: str = Field(
        default="",
        description="the bank's own networks with receivers, comma-separated CIDR",
    )
    webhook_denied_networks: str = Field(
        default="",
        description="networks that lead inside although they are public, comma-separated CIDR: "
        "the prefix of the network's NAT64, the bank's own public addresses",
    )
    webhook_ca_file: Path | None = Field(
        default=None, description="the bank's own certificate authorities, PEM"
    )
    webhook_deadline_seconds: float = Field(
        default=15.0, ge=1, le=30, description="longest duration of one attempt"
    )
    webhook_lease_seconds: float = Field(
        default=30.0, ge=3, le=300, description="time for which a process owns a delivery"
    )
    webhook_per_endpoint: int = Field(
        default=16, ge=1, le=256, description="attempts to one endpoint at the same time"
    )
    webhook_disable_after_hours: float = Field(
        default=120.0,
        gt=0,
        description="an endpoint is disabled after so long, if all attempts fail (10 at least)",
    )

    smtp_host: str = Field(
        default="", description="the bank's mail relay; empty: no endpoint of format email"
    )
    smtp_port: int = Field(default=587, ge=1, le=65_535, description="port of the relay")
    smtp_security: SmtpSecurity = Field(
        default=SmtpSecurity.STARTTLS,
        description="encryption of the connection to the relay; a login needs one",
    )
    smtp_user: str = Field(default="", description="login at the relay; empty: none")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="its password")
    smtp_sender: str = Field(
        default="", description="From of every mail; needed where there is a relay"
    )
    smtp_allowed_networks: str = Field(
        default="",
        description="networks of a relay that has no public address, comma-separated CIDR",
    )

    @model_validator(mode="after")
    def _can_send_mail(self) -> Self:
        if self.smtp_host and not is_address(self.smtp_sender):
            raise ValueError("TOCSIN_ALERTS_SMTP_SENDER must be an address such as a@bank.com")
        if self.smtp_user and self.smtp_security is SmtpSecurity.NONE:
            raise ValueError("TOCSIN_ALERTS_SMTP_SECURITY must be starttls or tls for a login")
        return self

    @field_validator("webhook_allowed_networks", "webhook_denied_networks", "smtp_allowed_networks")
    @classmethod
    def _are_networks(cls, value: str, info: ValidationInfo) -> str:
        for part in _parts(value):
            try:
                ip_network(part)
            except ValueError as error:
                raise ValueError(
                    f"TOCSIN_ALERTS_{str(info.field_name).upper()}: {part!r} is not a network such "
                    "as 10.20.0.0/16"
                ) from error
        return value

    def address_policy(self) -> AddressPolicy:
        """Returns where webhooks may go: the public internet, and what was named."""
        networks = _networks(self.webhook_allowed_networks)
        if self.webhook_allow_loopback:
            networks += LOOPBACK
        return AddressPolicy(
            allowed_networks=networks,
            denied_networks=_networks(self.webhook_denied_networks),
            allows_http=bool(networks),
            allows_any_port=bool(networks),
            allows_inside_names=bool(networks),
        )

    def smtp_address_policy(self) -> AddressPolicy:
        """Returns where the relay may be: the public internet, and the networks named for it."""
        return AddressPolicy(
            allowed_networks=_networks(self.smtp_allowed_networks),
            denied_networks=_networks(self.webhook_denied_networks),
        )

    def smtp_server(self) -> SmtpServer | None:
        """Returns the bank's relay; None if there is none."""
        if not self.smtp_host:
            return None
        return SmtpServer(
            host=self.smtp_host,
            port=self.smtp_port,
            security=self.smtp_security,
            user=self.smtp_user,
            password=self.smtp_password.get_secret_value(),
            sender=self.smtp_sender,
        )

    def sealing_keys(self) -> tuple[str, ...]:
        """Returns the sealing keys as text, the active one first."""
        old = _parts(self.old_secret_keys.get_secret_value())
        return (self.secret_key.get_secret_value(), *old)


class AlertsFaultSettings(BaseSettings):
    """Only for tests that kill the process or cannot wait for days; never set in production."""

    model_config = SettingsConfigDict(env_prefix="TOCSIN_", frozen=True, extra="ignore")

    fault_point: str = Field(default="", description="point at which the process kills itself")
    fault_webhook_steps: str = Field(
        default="", description="seconds before each attempt, instead of the plan over 75 hours"
    )

    def webhook_steps(self) -> tuple[timedelta, ...] | None:
        """Returns the plan of attempts that a test requested; None for the usual one."""
        seconds = _parts(self.fault_webhook_steps)
        return tuple(timedelta(seconds=float(each)) for each in seconds) or None


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ip_network(part) for part in _parts(text))
