"""A webhook endpoint: where alert events are sent, which ones, and in which format.

An empty filter matches every event; an event must match all filters.
"""

from dataclasses import dataclass
from datetime import datetime

from services.alerts.primitives.vocabulary import AlertEventKind, Severity


@dataclass(frozen=True, kw_only=True)
class EndpointKey:
    """The id of an endpoint and the version that is its ETag."""

    endpoint_id: str
    version: int


@dataclass(frozen=True, kw_only=True)
class EndpointSettings:
    """What an operator sets when registering or replacing an endpoint.

    `format` names a channel of the registry in the adapters. `language` is that of a chat message;
    the standard format has all languages.

    Attributes:
        owner_id: The person whose rights at the moment of sending decide what is sent.
        notice_endpoint_id: The endpoint that is notified when this one fails or is disabled.
        max_per_minute: Messages a minute, of all processes together; None: without a limit.
        max_concurrent: Attempts at the same time, of all processes together.
    """

    url: str
    description: str
    format: str
    language: str
    event_types: tuple[AlertEventKind, ...]
    minimum_severity: Severity
    branch_ids: tuple[str, ...]
    segments: tuple[str, ...]
    officer_ids: tuple[str, ...]
    is_ordered: bool
    owner_id: str | None
    notice_endpoint_id: str | None
    max_per_minute: int | None
    max_concurrent: int | None


@dataclass(frozen=True, kw_only=True)
class Endpoint(EndpointSettings, EndpointKey):
    """A registered endpoint, without its secrets."""

    # Answers list the fields in the order of the bases: key, settings, state.

    is_enabled: bool
    disabled_reason: str | None
    failing_since: datetime | None
    created_at: datetime
    created_by: str
    old_secret_expires_at: datetime | None
