"""Settings of scoring, read from `TOCSIN_SCORING_*`."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ScoringSettings(BaseSettings):
    """What an operator can set for scoring."""

    model_config = SettingsConfigDict(env_prefix="TOCSIN_SCORING_", frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = 8082
    rulebook: str = Field(default="default", description="a shipped rulebook or a YAML file")
    day_close: Literal["clock", "events"] = Field(
        default="events", description="who closes a day: our clock, or the core system's event"
    )
    instance_id: str | None = Field(
        default=None, description="static group membership: a name that survives a restart"
    )
    session_timeout_seconds: float = Field(default=10.0, ge=6.0, le=60.0)
    most_records: int = Field(default=2_000, ge=1, le=20_000)
    most_cached_borrowers: int = Field(
        default=10_000, ge=0, description="kept in memory by a worker; one takes 40 to 50 KB"
    )
    sweep_size: int = Field(default=250, ge=1, le=5_000)
    poison_in_a_row: int = Field(default=100, ge=1)
    no_progress_seconds: float = Field(default=60.0, ge=5.0)
    sector_currency: str = Field(
        default="EUR", pattern="^[A-Z]{3}$", description="in which sectors are added up"
    )
    clock_look_seconds: float = Field(default=15.0, gt=0.0)


class FaultSettings(BaseSettings):
    """Only for tests that kill the process at a named point; never set in production."""

    model_config = SettingsConfigDict(env_prefix="TOCSIN_", frozen=True, extra="ignore")

    fault_point: str = ""
