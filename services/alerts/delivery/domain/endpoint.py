"""A webhook endpoint: where alert events are sent, which ones, in which words.

An empty filter lets everything through; several filters must all hold.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.alerts.primitives.vocabulary import AlertEventKind, Severity


class PayloadFormat(StrEnum):
    """In whose words the event is written."""

    STANDARD = "standard"
    SLACK = "slack"
    TEAMS = "teams"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointDraft:
    """What somebody who registers an endpoint says about it."""

    endpoint_id: str
    url: str
    description: str = ""
    format: PayloadFormat = PayloadFormat.STANDARD
    event_types: tuple[AlertEventKind, ...] = ()
    minimum_severity: Severity = Severity.LOW
    branch_ids: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    officer_ids: tuple[str, ...] = ()
    is_ordered: bool = True
    created_at: datetime
    created_by: str

    def __post_init__(self) -> None:
        if len(self.url) > 2000:
            raise ValueError(f"url has {len(self.url)} characters; at most 2000 are allowed")
        if len(self.description) > 200:
            raise ValueError("description is longer than 200 characters")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A registered endpoint, as far as people change it."""

    endpoint_id: str
    version: int
    url: str
    description: str
    format: PayloadFormat
    event_types: tuple[AlertEventKind, ...]
    minimum_severity: Severity
    branch_ids: tuple[str, ...]
    segments: tuple[str, ...]
    officer_ids: tuple[str, ...]
    is_ordered: bool
    is_enabled: bool
    disabled_reason: str | None
