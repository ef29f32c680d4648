"""Prepares the board: open alerts, the most urgent first, and the filters above them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import Query

from services.alerts.decisions.application.read_models import (
    AlertBudget,
    AlertFilters,
    AlertSummary,
    OwnerWeek,
)
from services.alerts.directory.domain.person import Person
from services.alerts.entrypoints.pages import words
from services.alerts.primitives import limits
from services.alerts.primitives.paging import CursorPage
from services.alerts.primitives.vocabulary import AlertStatus, RiskState, Severity

PER_PAGE = 100
MOST_OWNERS = 12
OPEN_STATUSES = (AlertStatus.OPEN, AlertStatus.ACKNOWLEDGED, AlertStatus.IN_PROGRESS)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardFilters:
    """The filters in the address of the page."""

    severity: Severity | None = None
    state: RiskState | Literal[""] | None = None
    borrower: Annotated[str, Query(max_length=limits.IDENTIFIER_CHARACTERS)] = ""
    mine: bool = False
    resolved: bool = False
    cursor: Annotated[str | None, Query(max_length=limits.CURSOR_CHARACTERS)] = None

    @property
    def borrower_id(self) -> str:
        """Returns the id that the person typed; empty for all borrowers."""
        return self.borrower.strip()

    def filters(self, person: Person) -> AlertFilters:
        """Returns the filters for the use case."""
        return AlertFilters(
            statuses=(AlertStatus.RESOLVED,) if self.resolved else OPEN_STATUSES,
            severities=(self.severity,) if self.severity else (),
            states=(self.state,) if self.state else (),
            borrower_id=self.borrower_id or None,
            owner_id=person.officer_id if self.mine else None,
        )

    def address(self, **changes: str | None) -> str:
        """Returns the address of the board with some of the filters changed."""
        fields: dict[str, str | None] = {
            "severity": self.severity,
            "state": self.state,
            "borrower": self.borrower_id,
            "mine": "1" if self.mine else None,
            "resolved": "1" if self.resolved else None,
            **changes,
        }
        query = urlencode({name: value for name, value in fields.items() if value})
        return f"/?{query}" if query else "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterLink:
    """A link that sets or removes a filter."""

    text: str
    address: str
    is_on: bool
    count: int | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """One alert on the board."""

    alert: AlertSummary
    why: str
    deadline: str
    deadline_wait: str
    is_overdue: bool
    age: str


def rows(page: CursorPage[AlertSummary], *, now: datetime, timezone: str) -> list[BoardRow]:
    """Returns a page of alerts, the most severe and most pressing first."""
    urgent = sorted(page.items, key=lambda alert: (-alert.severity.rank, _due(alert)))
    return [row(alert, now=now, timezone=timezone) for alert in urgent]


def row(alert: AlertSummary, *, now: datetime, timezone: str) -> BoardRow:
    """Returns one alert with its deadline and age in words."""
    due = _due(alert)
    verb = "Act by" if alert.acknowledged_at else "Acknowledge by"
    if alert.resolved_at is not None:
        verb, due = "Resolved", alert.resolved_at
    is_overdue = alert.resolved_at is None and due < now
    wait = f"{'overdue' if is_overdue else 'in'} {words.wait(due - now)}"
    return BoardRow(
        alert=alert,
        why=words.why(alert.headline),
        deadline=f"{verb} {words.moment(due, timezone=timezone)}",
        deadline_wait=wait if alert.resolved_at is None else "",
        is_overdue=is_overdue,
        age=words.wait(now - alert.opened_at),
    )


def newest_week(budget: AlertBudget) -> list[OwnerWeek]:
    """Returns the owners of the newest week with the most alerts, the most first."""
    weeks = budget.items
    return [each for each in weeks if each.week == weeks[0].week][:MOST_OWNERS]


def filter_links(
    filters: BoardFilters, counts: Mapping[Severity, int], *, person: Person
) -> list[FilterLink]:
    """Returns the filters: by severity with their counts, the resolved, and the person's own."""
    links = [
        FilterLink(
            text="All open",
            count=sum(counts.values()),
            address=filters.address(severity=None, resolved=None),
            is_on=filters.severity is None and not filters.resolved,
        )
    ]
    links += [
        FilterLink(
            text=severity.capitalize(),
            count=counts[severity],
            address=filters.address(severity=severity, resolved=None),
            is_on=filters.severity is severity,
            kind=severity,
        )
        for severity in reversed(Severity)
    ]
    links.append(
        FilterLink(
            text="Resolved",
            address=filters.address(resolved="1", severity=None),
            is_on=filters.resolved,
        )
    )
    if person.officer_id:
        address = filters.address(mine=None if filters.mine else "1")
        links.append(FilterLink(text="Mine", address=address, is_on=filters.mine))
    return links


def _due(alert: AlertSummary) -> datetime:
    return alert.act_by if alert.acknowledged_at else alert.acknowledge_by
