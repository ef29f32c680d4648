"""What the board shows: open alerts, the most urgent first, and the filters above them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from services.alerts.decisions.application.read_models import AlertFilters, AlertSummary
from services.alerts.directory.domain.person import Person
from services.alerts.entrypoints.pages import words
from services.alerts.primitives.paging import Page
from services.alerts.primitives.vocabulary import AlertStatus, RiskState, Severity

PER_PAGE = 100
OPEN_STATUSES = (AlertStatus.OPEN, AlertStatus.ACKNOWLEDGED, AlertStatus.IN_PROGRESS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person wants to see, from the address of the page."""

    severity: Severity | None = None
    state: RiskState | None = None
    borrower_id: str | None = None
    is_mine: bool = False
    is_resolved: bool = False
    cursor: str | None = None

    def filters(self, person: Person) -> AlertFilters:
        """Return what the use case understands."""
        return AlertFilters(
            statuses=(AlertStatus.RESOLVED,) if self.is_resolved else OPEN_STATUSES,
            severities=(self.severity,) if self.severity else (),
            states=(self.state,) if self.state else (),
            borrower_id=self.borrower_id,
            owner_id=person.officer_id if self.is_mine else None,
        )

    def address(self, **changes: str | None) -> str:
        """Return the address of the board with some of the wish changed."""
        fields: dict[str, str | None] = {
            "severity": self.severity,
            "state": self.state,
            "borrower": self.borrower_id,
            "mine": "1" if self.is_mine else None,
            "resolved": "1" if self.is_resolved else None,
            **changes,
        }
        query = urlencode({name: value for name, value in fields.items() if value})
        return f"/?{query}" if query else "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A filter that is one touch away."""

    text: str
    count: int | None
    address: str
    is_on: bool
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One alert on the board."""

    alert: AlertSummary
    why: str
    deadline: str
    deadline_wait: str
    is_overdue: bool
    age: str


def rows(page: Page[AlertSummary], *, now: datetime, timezone: str) -> list[Row]:
    """Return a page of alerts, the most severe and most pressing first."""
    urgent = sorted(page.items, key=lambda alert: (-alert.severity.rank, _due(alert)))
    return [row(alert, now=now, timezone=timezone) for alert in urgent]


def chips(wish: Wish, counts: Mapping[Severity, int], *, person: Person) -> list[Chip]:
    """Return the filters: by severity with their counts, and one's own."""
    shown = [
        Chip(
            text="All open",
            count=sum(counts.values()),
            address=wish.address(severity=None, resolved=None),
            is_on=wish.severity is None and not wish.is_resolved,
        )
    ]
    shown += [
        Chip(
            text=severity.capitalize(),
            count=counts[severity],
            address=wish.address(severity=severity, resolved=None),
            is_on=wish.severity is severity,
            kind=severity,
        )
        for severity in _worst_first(Severity)
    ]
    shown.append(
        Chip(
            text="Resolved",
            count=None,
            address=wish.address(resolved="1", severity=None),
            is_on=wish.is_resolved,
        )
    )
    if person.officer_id:
        mine = None if wish.is_mine else "1"
        shown.append(
            Chip(text="Mine", count=None, address=wish.address(mine=mine), is_on=wish.is_mine)
        )
    return shown


def _worst_first(severities: type[Severity]) -> Sequence[Severity]:
    return sorted(severities, key=lambda severity: -severity.rank)


def _due(alert: AlertSummary) -> datetime:
    return alert.act_by if alert.acknowledged_at else alert.acknowledge_by


def row(alert: AlertSummary, *, now: datetime, timezone: str) -> Row:
    """Return one alert with its deadline and age put in words."""
    due = _due(alert)
    verb = "Act by" if alert.acknowledged_at else "Acknowledge by"
    if alert.resolved_at is not None:
        verb, due = "Resolved", alert.resolved_at
    is_overdue = alert.resolved_at is None and due < now
    wait = words.wait(due - now)
    return Row(
        alert=alert,
        why=words.why(alert.headline),
        deadline=f"{verb} {words.moment(due, timezone=timezone)}",
        deadline_wait=_in_words(wait, is_overdue=is_overdue, is_done=alert.resolved_at is not None),
        is_overdue=is_overdue,
        age=words.wait(now - alert.opened_at),
    )


def _in_words(wait: str, *, is_overdue: bool, is_done: bool) -> str:
    if is_done:
        return ""
    return f"overdue {wait}" if is_overdue else f"in {wait}"
