"""Settings of ingest, read from `TOCSIN_INGEST_*`."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class IngestSettings(BaseSettings):
    """What an operator can set for ingest."""

    model_config = SettingsConfigDict(env_prefix="TOCSIN_INGEST_", frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = 8081
