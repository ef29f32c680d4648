"""Settings of scoring, read from `TOCSIN_SCORING_*`."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class ScoringSettings(BaseSettings):
    """What an operator can set for scoring."""

    model_config = SettingsConfigDict(env_prefix="TOCSIN_SCORING_", frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = 8082
