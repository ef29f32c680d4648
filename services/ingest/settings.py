"""Settings of ingest, read from `TOCSIN_INGEST_*`."""

from collections.abc import Mapping
from datetime import tzinfo
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.ingest.adapters.source_dates import CalendarName, SourceDates, calendar_of
from services.ingest.domain.time_guard import BusinessCalendar, TimeGuard, TimeTolerance

SHIPPED_MAPPINGS = Path(__file__).resolve().parent / "mappings"


class IngestSettings(BaseSettings):
    """The settings of ingest."""

    model_config = SettingsConfigDict(env_prefix="TOCSIN_INGEST_", frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", description="address on which HTTP is served")
    port: int = Field(default=8081, description="port on which HTTP is served")
    mappings: Path = Field(
        default=SHIPPED_MAPPINGS,
        description="folder of mapping documents; an empty one means HTTP only",
    )
    raw_topic_prefix: str = Field(
        default="",
        pattern=r"^[a-zA-Z0-9._-]*$",
        description="put before the topics that the mappings name",
    )
    max_event_bytes: int = Field(default=262_144, ge=1_024, le=500_000, description="largest event")
    max_body_bytes: int = Field(default=4_194_304, ge=1_024, description="largest HTTP request")
    max_items: int = Field(default=5_000, ge=1, description="most events in one HTTP request")
    max_requests_in_flight: int = Field(
        default=512, ge=1, description="requests at the same time; one more is answered 503"
    )
    max_quarantined_bytes: int = Field(
        default=1_073_741_824,
        ge=1_024,
        description="most bytes of open and parked inputs of one key or raw topic, each with its "
        "headers and 1,000 for its row; one more request is answered 429, a raw topic stops",
    )
    produce_timeout_seconds: float = Field(
        default=10.0, gt=0.0, le=20.0, description="longest wait for the broker's acknowledgement"
    )
    retry_after_seconds: int = Field(default=5, ge=1, description="Retry-After of an answer 503")
    release_interval_seconds: float = Field(
        default=0.5, gt=0.0, description="interval between searches for accounts that became known"
    )
    seconds_ahead: int = Field(
        default=300, ge=0, le=86_400, description="how much later than now an event may be booked"
    )
    business_days_ahead: int = Field(
        default=2, ge=0, le=30, description="business days after today that a booking may name"
    )
    days_back: int = Field(
        default=3_660,
        ge=1,
        le=73_000,
        description="days before today that a booking may name outside a load of history",
    )
    calendar: CalendarName | None = Field(
        default=None,
        description="business days of a source that names none, such as DE or DE-BY; "
        "Monday to Friday where it is left out",
    )
    time_tolerances: dict[str, SourceDates] = Field(
        default_factory=dict,
        description="the three and the calendar of a source that has no mapping, as JSON: "
        '{"core/markets*": {"business_days_ahead": 5, "calendar": "DE"}}; the first pattern that '
        "matches counts",
    )
    refused_in_a_row: int = Field(
        default=100,
        ge=1,
        description="refused records in a row after which a partition of a raw topic stops",
    )
    raw_batch_records: int = Field(
        default=500, ge=1, le=5_000, description="most records of a raw topic in one batch"
    )
    instance_id: str | None = Field(
        default=None, description="static group membership: a name that survives a restart"
    )
    session_timeout_seconds: float = Field(
        default=10.0,
        ge=6.0,
        le=60.0,
        description="silence after which Kafka gives the partitions to another process",
    )
    no_progress_seconds: float = Field(
        default=60.0, ge=5.0, description="time without progress after which a process ends"
    )

    def time_guard(self, zone: tzinfo, *, mapped: Mapping[str, SourceDates]) -> TimeGuard:
        """Returns the time guard of a bank in this time zone.

        Args:
            mapped: What the mappings say of their sources; it counts before the settings.
        """
        usual = TimeTolerance(
            seconds_ahead=self.seconds_ahead,
            business_days_ahead=self.business_days_ahead,
            days_back=self.days_back,
            calendar=calendar_of(self.calendar) if self.calendar else BusinessCalendar(),
        )
        sources = {
            **mapped,
            **{name: each for name, each in self.time_tolerances.items() if name not in mapped},
        }
        named = {source: each.tolerance(usual) for source, each in sources.items()}
        return TimeGuard(zone=zone, usual=usual, tolerances=named)
