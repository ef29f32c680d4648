"""The alert policy of a bank: its calendar, its routing and how fast people must respond.

Response times count in working time. The next level is notified of an alert that nobody
acknowledged when half of the time is over for hard ones, and when all of it is over for the others;
it goes from officer to senior to the head of risk.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.alerts.decisions.domain.alert import Deadlines
from services.alerts.decisions.domain.routing import RoutingPlan
from services.alerts.directory.domain.working_calendar import WorkingCalendar
from services.alerts.primitives.vocabulary import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLevel:
    """Working time until an alert is acknowledged and acted on, and the share until escalation.

    Hours and days add up; the calendar sets the length of a working day.
    """

    acknowledge_hours: int = 0
    acknowledge_days: int = 0
    act_days: int
    escalate_at_ratio: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.escalate_at_ratio <= 1:
            raise ValueError(f"escalate_at_ratio {self.escalate_at_ratio} must be in (0, 1]")
        if self.acknowledge_hours + self.acknowledge_days <= 0 or self.act_days <= 0:
            raise ValueError("a service level must leave time to acknowledge and to act")


DEFAULT_SERVICE_LEVELS: Mapping[Severity, ServiceLevel] = {
    Severity.HARD: ServiceLevel(acknowledge_hours=4, act_days=1, escalate_at_ratio=0.5),
    Severity.HIGH: ServiceLevel(acknowledge_days=1, act_days=3),
    Severity.MEDIUM: ServiceLevel(acknowledge_days=3, act_days=10),
    Severity.LOW: ServiceLevel(acknowledge_days=10, act_days=20),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPolicy:
    """The rules of the bank for alerts."""

    calendar: WorkingCalendar
    routing: RoutingPlan
    service_levels: Mapping[Severity, ServiceLevel] = field(
        default_factory=lambda: DEFAULT_SERVICE_LEVELS
    )


def deadlines_for(
    severity: Severity,
    *,
    opened_at: datetime,
    calendar: WorkingCalendar,
    service_levels: Mapping[Severity, ServiceLevel] = DEFAULT_SERVICE_LEVELS,
) -> Deadlines:
    """Returns the deadlines of an alert of this severity that opens at a moment."""
    level = service_levels[severity]
    day = calendar.day_length
    to_acknowledge = timedelta(hours=level.acknowledge_hours) + level.acknowledge_days * day
    return Deadlines(
        acknowledge_by=calendar.add_working_time(opened_at, to_acknowledge),
        act_by=calendar.add_working_time(opened_at, level.act_days * day),
        escalate_at=calendar.add_working_time(opened_at, to_acknowledge * level.escalate_at_ratio),
    )


def stricter(current: Deadlines, updated: Deadlines) -> Deadlines:
    """Returns the earlier of each deadline: worse news never gives more time."""
    return Deadlines(
        acknowledge_by=min(current.acknowledge_by, updated.acknowledge_by),
        act_by=min(current.act_by, updated.act_by),
        escalate_at=min(current.escalate_at, updated.escalate_at),
    )
