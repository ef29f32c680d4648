"""Adds the daily digest of each mailbox when its working day begins.

A person's digest counts and lists what the person may see; that of a shared mailbox holds counts
only. Every process plans them; the rows of the deliveries decide that each day has one per mailbox.
A day on which there is nothing to tell has none.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol

import structlog

from services.alerts.decisions.application.reading import AlertReading
from services.alerts.delivery.application.ports import EndpointRepository
from services.alerts.delivery.domain.endpoint import Endpoint
from services.alerts.delivery.domain.mailbox import RESPONSIBLE, shared_address
from services.alerts.directory.application.organisations import Organisations
from services.alerts.directory.domain.member import Member
from services.alerts.directory.domain.organisation import Organisation
from services.alerts.directory.domain.person import Person
from services.alerts.directory.domain.scope import EVERYTHING, Scope
from services.alerts.directory.domain.working_calendar import WorkingCalendar
from services.alerts.primitives.vocabulary import Severity
from services.kit.clock import Clock
from services.kit.database import DatabaseUnavailable

log = structlog.get_logger(__name__)

EVENT_TYPE = "alert.digest.v1"
MOST_BORROWERS = 100
PLAN_SECONDS = 60.0
_MOST_FREE_DAYS = 31
_EVERYBODY = Person(id="digest", officer_id=None, scope=EVERYTHING)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDigest:
    """The digest of one mailbox and day."""

    endpoint_id: str
    recipient_id: str | None
    day: date
    document: Mapping[str, Any]


class DigestRows(Protocol):
    """The deliveries of digests."""

    async def add(self, digest: PlannedDigest) -> bool:
        """Adds a digest; returns False if that mailbox has one for that day."""
        ...


class MemberScopes(Protocol):
    """What people of the directory may see now."""

    async def scope(self, member: Member) -> Scope: ...


Headlines = Callable[[date, Mapping[Severity, int], int], Mapping[str, str]]


class DailyDigests:
    """Plans digests until it is stopped."""

    def __init__(  # noqa: PLR0913 - the collaborators, each named at the one call site
        self,
        *,
        endpoints: EndpointRepository,
        rows: DigestRows,
        reading: AlertReading,
        organisations: Organisations,
        scopes: MemberScopes,
        headlines: Headlines,
        clock: Clock,
        on_added: Callable[[], None],
    ) -> None:
        self._endpoints = endpoints
        self._rows = rows
        self._reading = reading
        self._organisations = organisations
        self._scopes = scopes
        self._headlines = headlines
        self._clock = clock
        self._on_added = on_added
        self._planned: dict[tuple[str, str | None], date] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Plans until `stop` is set."""
        while not stop.is_set():
            try:
                if await self.plan():
                    self._on_added()
            except DatabaseUnavailable as error:
                log.warning("digests.delayed", error=repr(error))
            try:
                async with asyncio.timeout(PLAN_SECONDS):
                    await stop.wait()
            except TimeoutError:
                continue

    async def plan(self) -> int:
        """Adds the digests that are due; returns how many."""
        now = self._clock.now()
        organisation = await self._organisations.current()
        added = 0
        for endpoint in await self._endpoints.list():
            for member in _readers(endpoint, organisation):
                name = organisation.default_calendar if member is None else member.calendar
                calendar = organisation.calendars[name]
                added += await self._plan_one(endpoint.endpoint_id, member, calendar, now)
        return added

    async def _plan_one(
        self, endpoint_id: str, member: Member | None, calendar: WorkingCalendar, now: datetime
    ) -> bool:
        day = day_of_digest(calendar, now)
        recipient_id = None if member is None else member.person_id
        mailbox = (endpoint_id, recipient_id)
        if day is None or self._planned.get(mailbox) == day:
            return False
        if member is not None and not member.is_present(day):
            return False
        document = await self._document(member, day, since=since_last(calendar, day, now))
        self._planned[mailbox] = day
        if document is None:
            return False
        return await self._rows.add(
            PlannedDigest(
                endpoint_id=endpoint_id, recipient_id=recipient_id, day=day, document=document
            )
        )

    async def _document(
        self, member: Member | None, day: date, *, since: datetime
    ) -> Mapping[str, Any] | None:
        """Returns the document of a digest, with the fields of an alert that channels read."""
        person = _EVERYBODY
        if member is not None:
            scope = await self._scopes.scope(member)
            person = Person(id=member.person_id, officer_id=member.officer_id, scope=scope)
        counts = await self._reading.count_open(person=person)
        waiting = await self._reading.digest(person=person, since=since, limit=MOST_BORROWERS)
        if not waiting and not any(counts.values()):
            return None
        headlines = self._headlines(day, counts, len(waiting))
        listed = () if member is None else waiting
        return {
            "headline": headlines["en"],
            "severity": None,
            "owner": None,
            "deadlines": None,
            "news": [],
            "texts": {
                language: {"headline": headline, "why": [], "reasons": [], "actions": []}
                for language, headline in headlines.items()
            },
            "reasons": [],
            "actions": [],
            "outcome_code": None,
            "borrowers": [
                {"borrower_id": item.borrower_id, "state": item.state.value} for item in listed
            ],
        }


def day_of_digest(calendar: WorkingCalendar, now: datetime) -> date | None:
    """Returns the working day that has begun; None outside of working days and before opening."""
    local = now.astimezone(calendar.timezone)
    has_begun = local.time() >= calendar.opens and calendar.is_working_day(local.date())
    return local.date() if has_begun else None


def since_last(calendar: WorkingCalendar, day: date, now: datetime) -> datetime:
    """Returns the moment of the working day before at which its digest was planned."""
    for days in range(1, _MOST_FREE_DAYS):
        if calendar.is_working_day(day - timedelta(days=days)):
            return now - timedelta(days=days)
    return now - timedelta(days=_MOST_FREE_DAYS)


def _readers(endpoint: Endpoint, organisation: Organisation) -> Iterator[Member | None]:
    """Yields whose digests go to an endpoint; None is its shared mailbox."""
    if not endpoint.is_enabled:
        return
    if endpoint.url == RESPONSIBLE:
        yield from (
            member
            for member in organisation.members.values()
            if member.email is not None and member.handles_alerts
        )
    elif shared_address(endpoint.url) is not None:
        yield None
