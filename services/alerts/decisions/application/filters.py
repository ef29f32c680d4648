"""What a list of alerts can be narrowed to; an absent filter narrows nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.alerts.primitives.vocabulary import AlertStatus, AlertType, RiskState, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFilters:
    """Filters of the alerts list; every one given must hold."""

    statuses: Sequence[AlertStatus] = ()
    severities: Sequence[Severity] = ()
    states: Sequence[RiskState] = ()
    alert_types: Sequence[AlertType] = ()
    borrower_id: str | None = None
    owner_id: str | None = None
    segment: str | None = None
    branch_id: str | None = None
    opened_from: datetime | None = None
    opened_before: datetime | None = None
    is_digest: bool | None = None
