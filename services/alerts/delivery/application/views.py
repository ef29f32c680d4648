"""What the use cases of delivery return: plain values, ready to be turned into JSON.

All moments are aware and in UTC.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.alerts.primitives.vocabulary import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilters:
    """Filters of the delivery log; the interval is half-open."""

    endpoint_id: str | None = None
    alert_id: str | None = None
    status: str | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointView:
    """A webhook endpoint; its secret is shown once, when it is made, and never here."""

    endpoint_id: str
    version: int
    url: str
    description: str
    format: str
    event_types: Sequence[str]
    minimum_severity: Severity
    branch_ids: Sequence[str]
    segments: Sequence[str]
    officer_ids: Sequence[str]
    is_ordered: bool
    is_enabled: bool
    disabled_reason: str | None
    failing_since: datetime | None
    created_at: datetime
    created_by: str
    old_secret_expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointWithSecret:
    """An endpoint and its new secret: the only time that the secret leaves the service."""

    endpoint: EndpointView
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptView:
    """One try to deliver: what was answered, and how long it took."""

    attempt: int
    at: datetime
    duration_ms: int
    result: str
    status_code: int | None
    error: str | None
    response: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialView:
    """What came of a test message."""

    webhook_id: str
    result: str
    duration_ms: int
    status_code: int | None
    error: str | None
    response: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryView:
    """One event on its way to one endpoint. `status`: PENDING, DELIVERED or EXHAUSTED."""

    delivery_id: int
    webhook_id: str
    endpoint_id: str
    alert_id: str
    borrower_id: str
    event_type: str
    status: str
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None
    finished_at: datetime | None
    last_result: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryDetail:
    """A delivery with the log of its attempts."""

    delivery: DeliveryView
    log: Sequence[AttemptView]
