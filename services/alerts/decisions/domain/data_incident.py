"""A data incident: a borrower's data cannot be processed, so its risk state is an old one.

Scoring isolated the borrower. Whoever is responsible for it has to know that no warning comes of it
until the incident ends: the owner of its open alert, otherwise the owner by routing. It is not an
alert. It has no deadline, because the repair is the task of operations.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from services.alerts.decisions.domain.alert import Alert, Owner
from services.alerts.decisions.domain.drafting import SEVERITY_OF_STATE
from services.alerts.decisions.domain.policy import AlertPolicy, RoutingSubject
from services.alerts.primitives.vocabulary import AlertEventKind, RiskState

INCIDENT_IDS: Final = UUID("0b8d2a52-2c55-5a1e-8f61-8f0f4b1f0c6d")


@dataclass(frozen=True, slots=True, kw_only=True)
class IsolatedState:
    """A borrower as it is known: risk state, open alert, and what routing reads."""

    borrower_id: str
    state: RiskState
    officer_id: str | None
    segment: str | None
    branch_id: str | None
    open_alert: Alert | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataIncident:
    """The begin or the end of an incident; `ended_at` is None at the begin.

    Attributes:
        owner: Who is responsible for the borrower.
        alert_id: Its open alert, if there is one.
    """

    borrower_id: str
    state: RiskState
    since: datetime
    ended_at: datetime | None
    owner: Owner
    officer_id: str | None
    segment: str | None
    branch_id: str | None
    alert_id: str | None

    @property
    def incident_id(self) -> str:
        """Returns the id of the incident, the same on every run."""
        return str(uuid5(INCIDENT_IDS, f"{self.borrower_id}\x00{self.since.isoformat()}"))

    @property
    def kind(self) -> AlertEventKind:
        """Returns the kind of the event."""
        return AlertEventKind.INCIDENT_ENDED if self.ended_at else AlertEventKind.INCIDENT_BEGAN

    @property
    def version(self) -> int:
        """Returns 1 at the begin and 2 at the end."""
        return 2 if self.ended_at else 1

    @property
    def event_id(self) -> str:
        """Returns the id of the event of this step; the same on every run."""
        return f"{self.incident_id}-{self.version}"

    @property
    def at(self) -> datetime:
        """Returns when it began, or ended."""
        return self.ended_at or self.since


def begun(borrower: IsolatedState, *, since: datetime, policy: AlertPolicy) -> DataIncident:
    """Returns the begin of an incident, with its owner."""
    alert = borrower.open_alert
    return DataIncident(
        borrower_id=borrower.borrower_id,
        state=borrower.state,
        since=since,
        ended_at=None,
        owner=alert.owner if alert is not None else _routed(borrower, policy, since),
        officer_id=borrower.officer_id,
        segment=borrower.segment,
        branch_id=borrower.branch_id,
        alert_id=alert.alert_id if alert is not None else None,
    )


def ended(
    borrower: IsolatedState, *, since: datetime, at: datetime, policy: AlertPolicy
) -> DataIncident:
    """Returns the end of an incident."""
    return replace(begun(borrower, since=since, policy=policy), ended_at=at)


def _routed(borrower: IsolatedState, policy: AlertPolicy, at: datetime) -> Owner:
    subject = RoutingSubject(
        severity=SEVERITY_OF_STATE[borrower.state],
        state=borrower.state,
        risk_types=frozenset(),
        segment=borrower.segment,
        branch_id=borrower.branch_id,
        officer_id=borrower.officer_id,
    )
    return policy.route(subject, at=at).owner
