"""The request models of webhook endpoints and the delivery log."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from services.alerts.decisions.entrypoints.request_models import Cursor, Identifier, PageLimit
from services.alerts.delivery.adapters.channels.registry import PayloadFormat
from services.alerts.delivery.application.read_models import DeliveryFilters
from services.alerts.delivery.domain.endpoint import EndpointSettings
from services.alerts.primitives import limits
from services.alerts.primitives.vocabulary import AlertEventKind, Severity
from services.kit.http.request_model import Moment, RequestModel
from services.wording.messages import Language

FilterValues = Annotated[tuple[Identifier, ...], Field(max_length=limits.ENDPOINT_FILTER_VALUES)]
_HOUR = timedelta(hours=1)


class EndpointRequest(RequestModel):
    """Where events go, which ones, and in which format; an empty list matches every event.

    `language` is that of chat messages; the standard format has the texts in all languages.
    What the person `owner_id` may not see is not sent. `notice_endpoint_id` is notified when this
    endpoint fails or is disabled.
    """

    url: Annotated[str, Field(min_length=1, max_length=limits.ENDPOINT_URL_CHARACTERS)]
    description: Annotated[str, Field(max_length=limits.ENDPOINT_DESCRIPTION_CHARACTERS)] = ""
    format: PayloadFormat = PayloadFormat.STANDARD
    language: Language = Language.ENGLISH
    event_types: tuple[AlertEventKind, ...] = Field(
        default=(), max_length=limits.ENDPOINT_EVENT_TYPES
    )
    minimum_severity: Severity = Severity.LOW
    branch_ids: FilterValues = ()
    segments: FilterValues = ()
    officer_ids: FilterValues = ()
    is_ordered: bool = True
    owner_id: Identifier | None = None
    notice_endpoint_id: Identifier | None = None
    max_per_minute: Annotated[int, Field(ge=1, le=limits.ENDPOINT_MESSAGES_A_MINUTE)] | None = None
    max_concurrent: Annotated[int, Field(ge=1, le=limits.ENDPOINT_CONCURRENT)] | None = None

    def settings(self) -> EndpointSettings:
        """Returns the settings for the use case."""
        return EndpointSettings(**self.model_dump())


class DisableRequest(RequestModel):
    """Why an endpoint is disabled."""

    reason: Annotated[str, Field(min_length=1, max_length=limits.DISABLE_REASON_CHARACTERS)]


class RotateSecretRequest(RequestModel):
    """How long messages carry the former signature too."""

    keep_old_hours: Annotated[int, Field(ge=0, le=limits.LONGEST_SECRET_OVERLAP // _HOUR)] = (
        limits.DEFAULT_SECRET_OVERLAP // _HOUR
    )

    def overlap(self) -> timedelta:
        """Returns how long both secrets are valid."""
        return self.keep_old_hours * _HOUR


class ResendRequest(RequestModel):
    """Which deliveries to send again; the interval is half-open."""

    endpoint_id: Identifier | None = None
    alert_id: Identifier | None = None
    status: Annotated[str, Field(pattern="^(PENDING|DELIVERED|EXHAUSTED)$")] | None = None
    created_from: Moment | None = None
    created_before: Moment | None = None

    def filters(self) -> DeliveryFilters:
        """Returns the filters for the use case."""
        return DeliveryFilters(**self.model_dump(exclude={"cursor", "limit"}))


class DeliveryQuery(ResendRequest):
    """A page of the delivery log."""

    cursor: Cursor | None = None
    limit: PageLimit = limits.DEFAULT_PAGE_ITEMS
