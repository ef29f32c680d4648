"""Prepares the board: open alerts, the most urgent first, and the filters above them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, get_args
from urllib.parse import urlencode

from fastapi import Query

from services.alerts.decisions.application.read_models import (
    AlertBudget,
    AlertFilters,
    AlertSummary,
    DigestItem,
    OwnerWeek,
)
from services.alerts.directory.domain.person import Person
from services.alerts.entrypoints.pages.words import PageWords
from services.alerts.primitives import limits
from services.alerts.primitives.paging import CursorPage
from services.alerts.primitives.vocabulary import AlertStatus, RiskState, Severity
from services.contracts.assessment import Factor, TriggerClass

PER_PAGE = 100
MOST_OWNERS = 12
# What lists are filtered and counted by.
GROUPS = {"factor": get_args(Factor), "trigger": get_args(TriggerClass)}
OPEN_STATUSES = (AlertStatus.OPEN, AlertStatus.ACKNOWLEDGED, AlertStatus.IN_PROGRESS)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardFilters:
    """The filters in the address of the page."""

    severity: Severity | None = None
    state: RiskState | Literal[""] | None = None
    borrower: Annotated[str, Query(max_length=limits.IDENTIFIER_CHARACTERS)] = ""
    factor: Factor | Literal[""] | None = None
    trigger: TriggerClass | Literal[""] | None = None
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
            factors=(self.factor,) if self.factor else (),
            triggers=(self.trigger,) if self.trigger else (),
            owner_id=person.officer_id if self.mine else None,
        )

    def address(self, **changes: str | None) -> str:
        """Returns the address of the board with some of the filters changed."""
        fields: dict[str, str | None] = {
            "severity": self.severity,
            "state": self.state,
            "borrower": self.borrower_id,
            "factor": self.factor,
            "trigger": self.trigger,
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


def rows(page: CursorPage[AlertSummary], words: PageWords, *, now: datetime) -> list[BoardRow]:
    """Returns a page of alerts, the most severe and most pressing first."""
    urgent = sorted(page.items, key=lambda alert: (-alert.severity.rank, _due(alert)))
    return [row(alert, words, now=now) for alert in urgent]


def row(alert: AlertSummary, words: PageWords, *, now: datetime) -> BoardRow:
    """Returns one alert with its deadline and age in words."""
    due = _due(alert)
    verb = "act_by" if alert.acknowledged_at else "acknowledge_by"
    if alert.resolved_at is not None:
        verb, due = "resolved_on", alert.resolved_at
    is_overdue = alert.resolved_at is None and due < now
    wait = words.text("overdue_wait" if is_overdue else "in_wait", wait=words.wait(due - now))
    return BoardRow(
        alert=alert,
        why=words.why(alert.headlines, alert.headline),
        deadline=words.text(verb, moment=words.moment(due)),
        deadline_wait=wait if alert.resolved_at is None else "",
        is_overdue=is_overdue,
        age=words.wait(now - alert.opened_at),
    )


def digest_counts(items: Sequence[DigestItem], words: PageWords) -> list[tuple[str, int]]:
    """Returns how many borrowers have signals of each factor and trigger class."""
    counts: list[tuple[str, int]] = []
    for group, codes in GROUPS.items():
        for code in codes:
            count = sum(
                any(getattr(each, group) == code for each in item.signals) for item in items
            )
            if count:
                counts.append((words.label(group, code), count))
    return counts


def newest_week(budget: AlertBudget) -> list[OwnerWeek]:
    """Returns the owners of the newest week with the most alerts, the most first."""
    weeks = budget.items
    return [each for each in weeks if each.week == weeks[0].week][:MOST_OWNERS]


def filter_links(
    filters: BoardFilters, counts: Mapping[Severity, int], words: PageWords, *, person: Person
) -> list[FilterLink]:
    """Returns the filters: by severity with their counts, the resolved, and the person's own."""
    links = [
        FilterLink(
            text=words.text("all_open"),
            count=sum(counts.values()),
            address=filters.address(severity=None, resolved=None),
            is_on=filters.severity is None and not filters.resolved,
        )
    ]
    links += [
        FilterLink(
            text=words.label("severity", severity),
            count=counts[severity],
            address=filters.address(severity=severity, resolved=None),
            is_on=filters.severity is severity,
            kind=severity,
        )
        for severity in reversed(Severity)
    ]
    links.append(
        FilterLink(
            text=words.text("resolved"),
            address=filters.address(resolved="1", severity=None),
            is_on=filters.resolved,
        )
    )
    if person.officer_id:
        address = filters.address(mine=None if filters.mine else "1")
        links.append(FilterLink(text=words.text("mine"), address=address, is_on=filters.mine))
    return links


def _due(alert: AlertSummary) -> datetime:
    return alert.act_by if alert.acknowledged_at else alert.acknowledge_by
