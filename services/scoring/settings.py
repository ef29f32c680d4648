"""Settings of scoring, read from `TOCSIN_SCORING_*`."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ScoringSettings(BaseSettings):
    """What an operator can set for scoring."""

    model_config = SettingsConfigDict(env_prefix="TOCSIN_SCORING_", frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", description="address on which HTTP is served")
    port: int = Field(default=8082, description="port on which HTTP is served")
    clock_port: int = Field(
        default=8084, description="port on which the clock serves its probes and metrics"
    )
    rulebook: str = Field(default="default", description="a shipped rulebook or a YAML file")
    instance_id: str | None = Field(
        default=None, description="static group membership: a name that survives a restart"
    )
    session_timeout_seconds: float = Field(
        default=10.0,
        ge=6.0,
        le=60.0,
        description="silence after which Kafka gives the partitions to another process",
    )
    most_records: int = Field(
        default=2_000, ge=1, le=20_000, description="most events in one transaction"
    )
    most_cached_borrowers: int = Field(
        default=10_000,
        ge=0,
        description="borrowers in the memory of a worker; one takes 40 to 50 KB",
    )
    sweep_size: int = Field(
        default=250, ge=1, le=5_000, description="borrowers in one transaction of a sweep"
    )
    poison_in_a_row: int = Field(
        default=100, ge=1, description="undecodable events in a row after which a partition stops"
    )
    no_progress_seconds: float = Field(
        default=60.0, ge=5.0, description="time without progress after which a process exits"
    )
    sector_currency: str = Field(
        default="EUR",
        pattern="^[A-Z]{3}$",
        description="currency in which the exposure of sectors is added up",
    )
    clock_check_seconds: float = Field(
        default=15.0, gt=0.0, description="how often the clock checks whether a day has ended"
    )


class ScoringFaultSettings(BaseSettings):
    """Settings of tests that kill the process at a named point; never set in production."""

    model_config = SettingsConfigDict(env_prefix="TOCSIN_", frozen=True, extra="ignore")

    fault_point: str = Field(default="", description="point at which the process kills itself")
