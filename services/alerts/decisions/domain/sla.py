"""How fast people have to answer, by severity, in working time.

The next level hears of an alert that nobody acknowledged when half of the time is over for
hard ones, and when all of it is over for the others; it goes from officer to senior to the
head of risk.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.alerts.decisions.domain.alert import Deadlines
from services.alerts.directory.domain.working_time import WorkingCalendar
from services.alerts.primitives.vocabulary import Severity

ESCALATION_CHAIN = ("officer", "senior", "risk", "committee")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Working time until somebody acknowledges and acts, and the share until escalation.

    Hours and days add up; a working day is as long as the calendar says.
    """

    acknowledge_hours: int = 0
    acknowledge_days: int = 0
    act_days: int
    escalate_at_ratio: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.escalate_at_ratio <= 1:
            raise ValueError(f"escalate_at_ratio {self.escalate_at_ratio} must be in (0, 1]")
        if self.acknowledge_hours + self.acknowledge_days <= 0 or self.act_days <= 0:
            raise ValueError("terms must leave some time to acknowledge and to act")


DEFAULT_TERMS: Mapping[Severity, Terms] = {
    Severity.HARD: Terms(acknowledge_hours=4, act_days=1, escalate_at_ratio=0.5),
    Severity.HIGH: Terms(acknowledge_days=1, act_days=3),
    Severity.MEDIUM: Terms(acknowledge_days=3, act_days=10),
    Severity.LOW: Terms(acknowledge_days=10, act_days=20),
}


def deadlines_for(
    severity: Severity,
    *,
    opened_at: datetime,
    calendar: WorkingCalendar,
    terms: Mapping[Severity, Terms] = DEFAULT_TERMS,
) -> Deadlines:
    """Return the deadlines of an alert of this severity that opens at a moment."""
    term = terms[severity]
    day = calendar.day_length
    to_acknowledge = timedelta(hours=term.acknowledge_hours) + term.acknowledge_days * day
    return Deadlines(
        acknowledge_by=calendar.add_working_time(opened_at, to_acknowledge),
        act_by=calendar.add_working_time(opened_at, term.act_days * day),
        escalate_at=calendar.add_working_time(opened_at, to_acknowledge * term.escalate_at_ratio),
    )


def stricter(one: Deadlines, other: Deadlines) -> Deadlines:
    """Return the earlier of each deadline: worse news never gives more time."""
    return Deadlines(
        acknowledge_by=min(one.acknowledge_by, other.acknowledge_by),
        act_by=min(one.act_by, other.act_by),
        escalate_at=min(one.escalate_at, other.escalate_at),
    )
