"""The list that a person works off: tabs, urgency and everything a row shows, in one read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from services.alerts.decisions.application.read_models import AlertSummary
from services.alerts.directory.application.organisations import Organisations
from services.alerts.directory.domain.organisation import Organisation
from services.alerts.directory.domain.person import Person
from services.alerts.directory.domain.scope import Scope
from services.alerts.directory.domain.working_calendar import WorkingCalendar
from services.alerts.primitives import paging
from services.alerts.primitives.vocabulary import OwnerKind
from services.kit.clock import Now


class WorkTab(StrEnum):
    """The tabs; an alert is in the first one that fits, from the last to the first."""

    NOW = "now"
    LATER = "later"
    WAITING = "waiting"
    SNOOZED = "snoozed"
    DONE = "done"


class WorkScope(StrEnum):
    """Whose alerts: own and delegated ones and those of own queues, the branch's, or all."""

    MINE = "mine"
    BRANCH = "branch"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class NextInstalment:
    """The next instalment."""

    date: date
    amount: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BorrowerPosition:
    """What the borrower owes, as of a day; null where it is not known."""

    as_of: date
    currency: str
    exposure: str
    past_due: str
    next_due: NextInstalment | None
    undrawn: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """A row of the list.

    Attributes:
        name: The name of the borrower; null while the bank has no register of parties.
        sentence: The alert in a sentence, in the language of the reader.
        news: The newest news in that language.
        deadline: By when the alert is to be acknowledged, or acted on once it is; null if resolved.
    """

    alert: AlertSummary
    name: str | None
    sentence: str
    news: Sequence[str]
    deadline: datetime | None
    is_overdue: bool
    position: BorrowerPosition
    allowed_actions: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkList:
    """A page of a tab: the overdue first, then by severity, then by exposure.

    `now` is the moment that deadlines compare with, `last_close` the newest day that is shown, and
    `stream_position` where the live stream goes on after this read.
    """

    items: Sequence[WorkItem]
    next_cursor: str | None
    counts: Mapping[WorkTab, int]
    now: datetime
    last_close: date | None
    stream_position: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayEnds:
    """Until when the working day of each owner lasts; `default` for those not named."""

    default: datetime
    own: Mapping[tuple[OwnerKind, str], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkQuery:
    """Which rows of the list."""

    tab: WorkTab
    language: str
    limit: int
    after: str | None


class WorkListReads(Protocol):
    """Reads the list."""

    async def work_list(
        self, query: WorkQuery, *, scope: Scope, now: datetime, day_ends: DayEnds
    ) -> WorkList: ...


class WorkListReading:
    """Reads the list narrowed to what the person may see and asked for."""

    def __init__(self, reads: WorkListReads, *, organisations: Organisations, now: Now) -> None:
        self._reads = reads
        self._organisations = organisations
        self._now = now

    async def read(
        self,
        tab: WorkTab,
        *,
        whose: WorkScope,
        person: Person,
        language: str,
        cursor: str | None,
        limit: int,
    ) -> WorkList:
        """Returns a page of a tab; further pages compare with the moment of the first."""
        first_read_at, last_id = paging.read_moment_cursor(cursor)
        now = first_read_at or await self._now()
        organisation = await self._organisations.current()
        return await self._reads.work_list(
            WorkQuery(tab=tab, language=language, limit=limit, after=last_id),
            scope=_scope(person, whose, organisation),
            now=now,
            day_ends=day_ends(organisation, now),
        )


def day_ends(organisation: Organisation, now: datetime) -> DayEnds:
    """Returns until when the present or next working day of each owner lasts."""
    default = organisation.calendars[organisation.default_calendar]
    officers = [
        (OwnerKind.OFFICER, each.owner_id, each.calendar) for each in organisation.members.values()
    ]
    queues = [(OwnerKind.QUEUE, name, each.calendar) for name, each in organisation.queues.items()]
    ends = {name: _day_end(calendar, now) for name, calendar in organisation.calendars.items()}
    return DayEnds(
        default=_day_end(default, now),
        own={
            (kind, owner_id): ends[calendar]
            for kind, owner_id, calendar in (*officers, *queues)
            if calendar != organisation.default_calendar
        },
    )


def _day_end(calendar: WorkingCalendar, now: datetime) -> datetime:
    today = now.astimezone(calendar.timezone).date()
    if calendar.is_working_day(today) and now <= calendar.closing_time(today):
        return calendar.closing_time(today)
    return calendar.closing_time(calendar.next_working_day(today))


def _scope(person: Person, whose: WorkScope, organisation: Organisation) -> Scope:
    """Returns the part of what the person may see that was asked for."""
    scope, none = person.scope, frozenset[str]()
    if whose is WorkScope.MINE:
        own = frozenset({person.officer_id or person.id})
        officers = own if scope.everything else scope.officer_ids
        return replace(scope, everything=False, officer_ids=officers, branch_ids=none)
    if whose is WorkScope.BRANCH:
        member = organisation.member(person.id)
        branch = frozenset({member.branch_id} - {None}) if member else none
        branches = branch if scope.everything else scope.branch_ids
        return Scope(branch_ids=frozenset(str(name) for name in branches))
    return scope
