"""Settings of ingest, read from `TOCSIN_INGEST_*`."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

MAPPINGS_BESIDE_THE_CODE = Path(__file__).resolve().parent / "mappings"


class IngestSettings(BaseSettings):
    """What an operator can set for ingest."""

    model_config = SettingsConfigDict(env_prefix="TOCSIN_INGEST_", frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = 8081
    mappings: Path = Field(
        default=MAPPINGS_BESIDE_THE_CODE,
        description="folder of mapping documents; an empty one means HTTP only",
    )
    raw_topic_prefix: str = Field(
        default="",
        pattern=r"^[a-zA-Z0-9._-]*$",
        description="put before the topics that the mappings name",
    )
    max_event_bytes: int = Field(default=262_144, ge=1_024, le=500_000)
    max_body_bytes: int = Field(default=4_194_304, ge=1_024)
    max_items: int = Field(default=5_000, ge=1, description="events in one HTTP request")
    max_requests_in_flight: int = Field(default=512, ge=1)
    produce_timeout_seconds: float = Field(default=10.0, gt=0.0, le=20.0)
    retry_after_seconds: int = Field(default=5, ge=1)
    release_look_seconds: float = Field(default=0.5, gt=0.0)
    refused_in_a_row: int = Field(
        default=100, ge=1, description="records in a row after which a raw topic stands still"
    )
    raw_batch_records: int = Field(default=500, ge=1, le=5_000)
    instance_id: str | None = Field(
        default=None, description="static group membership: a name that survives a restart"
    )
    session_timeout_seconds: float = Field(default=10.0, ge=6.0, le=60.0)
    no_progress_seconds: float = Field(default=60.0, ge=5.0)
