"""Settings of alerts, read from `TOCSIN_ALERTS_*`."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class AlertsSettings(BaseSettings):
    """What an operator can set for alerts."""

    model_config = SettingsConfigDict(env_prefix="TOCSIN_ALERTS_", frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = 8083
