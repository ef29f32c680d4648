"""The storm guard: when a large part of a segment changes its state in a day, check the data first.

A storm begins with the change of state by which at least 20 borrowers and 5 % of a segment have
changed on one business day. From then on the notices of the segment are held back, and one
portfolio alert asks for a check of the data. Hard triggers and defaults pass. The storm is over on
the next working day: what still stands then is news at the first assessment, and nothing is lost.

Changes are counted in the order in which they are applied. Whatever the batches and partitions, the
same number of borrowers passes before the storm, the same day is a storm, and it has one alert.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID, uuid5

from services.alerts.decisions.domain import timers
from services.alerts.decisions.domain.alert import (
    SYSTEM,
    Action,
    Alert,
    AlertChange,
    AlertText,
    Deadlines,
    Owner,
)
from services.alerts.decisions.domain.drafting import ENGLISH
from services.alerts.decisions.domain.policy import AlertPolicy, deadlines_for
from services.alerts.directory.domain.working_calendar import WorkingCalendar
from services.alerts.primitives.vocabulary import (
    AlertEventKind,
    AlertStatus,
    AlertType,
    OwnerKind,
    RiskState,
    Severity,
)

LEAST_BORROWERS: Final = 20
SHARE: Final = 20  # One in 20 is 5 %.
CHECK_DATA: Final = "CHECK_DATA"
# What a portfolio alert is about, in place of a borrower's id.
PORTFOLIO_PREFIX: Final = "portfolio:"
_ALERT_IDS: Final = UUID("0c0a3a61-5f0e-5c67-8f5c-0c5c0f1d7b42")


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """A storm of a segment: from a business date until before the next working day."""

    segment: str
    day: date
    ends_on: date

    @property
    def storm_id(self) -> str:
        """Returns the id, which is also the subject of the portfolio alert."""
        return f"{PORTFOLIO_PREFIX}{self.segment}:{self.day.isoformat()}"

    def includes(self, segment: str | None, as_of: date) -> bool:
        """Returns whether an assessment is one of the storm."""
        return segment == self.segment and self.day <= as_of < self.ends_on


def changes_of_a_storm(borrowers: int) -> int:
    """Returns how many changes of state in a day make a storm of a segment of this size."""
    return max(LEAST_BORROWERS, -(-borrowers // SHARE))


def portfolio_alert(
    storm: Storm,
    *,
    at: datetime,
    texts: Mapping[str, AlertText],
    policy: AlertPolicy,
) -> AlertChange:
    """Returns the opening of the one alert of a storm."""
    owner = Owner(kind=OwnerKind.QUEUE, id=policy.routing.fallback_queue, route="storm guard")
    calendar = policy.calendar_of(owner)
    deadlines = deadlines_for(
        Severity.HIGH,
        opened_at=at,
        calendar=calendar,
        service_levels=policy.service_levels,
    )
    text = texts[ENGLISH]
    alert = Alert(
        alert_id=str(uuid5(_ALERT_IDS, storm.storm_id)),
        version=1,
        borrower_id=storm.storm_id,
        alert_type=AlertType.PORTFOLIO,
        severity=Severity.HIGH,
        status=AlertStatus.OPEN,
        state=RiskState.NORMAL,
        from_state=None,
        state_since=storm.day,
        as_of=storm.day,
        score=0.0,
        headline=text.headline,
        owner=owner,
        second_owner=None,
        officer_id=None,
        segment=storm.segment,
        branch_id=None,
        factors=(),
        triggers=(),
        stages=(),
        is_digest=False,
        opened_at=at,
        updated_at=at,
        deadlines=deadlines,
        timer=timers.begun(at),
        reasons=(),
        actions=(_check_of_the_data(text, deadlines, calendar),),
        texts=texts,
        news=(),
    )
    return AlertChange(
        kind=AlertEventKind.OPENED, alert=alert, at=at, actor=SYSTEM, why=text.headline
    )


def _check_of_the_data(text: AlertText, deadlines: Deadlines, calendar: WorkingCalendar) -> Action:
    due_on = deadlines.acknowledge_by.astimezone(calendar.timezone).date()
    return Action(
        code=CHECK_DATA,
        text=text.actions[0],
        risk_type="INFORMATION",
        role="risk",
        due_on=due_on,
        due_at=calendar.closing_time(due_on),
    )
