"""The daily digest: who gets one, when, and what stands in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.alerts.delivery.adapters.channels.mail import render
from services.alerts.delivery.adapters.digest_rows import headlines
from services.alerts.delivery.application.channel import Address, ChannelMessage
from services.alerts.delivery.application.digests import (
    EVENT_TYPE,
    DailyDigests,
    PlannedDigest,
    day_of_digest,
    since_last,
)
from services.alerts.delivery.domain.mailbox import MailAddress
from services.alerts.directory.domain.member import Absence, Member
from services.alerts.directory.domain.organisation import BANK_CALENDAR, Organisation
from services.alerts.directory.domain.person import Person
from services.alerts.directory.domain.scope import EVERYTHING, Scope
from services.alerts.directory.domain.working_calendar import WorkingCalendar
from services.alerts.primitives.vocabulary import RiskState, Severity
from tests.fakes.clock import ManualClock

# Monday 2 March 2026, 09:00 in Berlin.
OPENING = datetime(2026, 3, 2, 8, tzinfo=UTC)
MONDAY = date(2026, 3, 2)
BERLIN = WorkingCalendar(timezone=ZoneInfo("Europe/Berlin"))


def member(person_id: str, *roles: str, **wanted: object) -> Member:
    return Member(
        person_id=person_id,
        display_name=person_id,
        roles=frozenset(roles),
        calendar=BANK_CALENDAR,
        **wanted,  # type: ignore[arg-type]
    )


ANNA = member("anna", "OFFICER", officer_id="o-7", email="anna@bank.com")
AWAY = (Absence(begins=MONDAY, ends=MONDAY),)
OTHERS = (
    member("bert", "OFFICER", email="bert@bank.com", absences=AWAY),
    member("carl", "OFFICER"),
    member("olga", "OPERATOR", email="olga@bank.com"),
)


@dataclass
class Desk:
    """The ports of the planner; `seen` is what each person may read."""

    open_alerts: int = 2
    waiting: Sequence[str] = ("b-1", "b-2")
    endpoints: Sequence[tuple[str, str]] = (("e-1", "directory:responsible"),)
    added: list[PlannedDigest] = field(default_factory=list)
    seen: list[Person] = field(default_factory=list)

    async def list(self) -> Sequence[Any]:
        return [
            SimpleNamespace(endpoint_id=name, url=url, is_enabled=True)
            for name, url in self.endpoints
        ]

    async def add(self, digest: PlannedDigest) -> bool:
        self.added.append(digest)
        return True

    async def count_open(self, *, person: Person) -> Mapping[Severity, int]:
        self.seen.append(person)
        return {Severity.HARD: 1, Severity.LOW: self.open_alerts - 1} if self.open_alerts else {}

    async def digest(self, *, person: Person, since: datetime, limit: int) -> Sequence[Any]:
        assert since == datetime(2026, 2, 27, 8, tzinfo=UTC)
        return [SimpleNamespace(borrower_id=b, state=RiskState.ATTENTION) for b in self.waiting]

    async def current(self) -> Organisation:
        return Organisation(
            version=1,
            members={each.person_id: each for each in (ANNA, *OTHERS)},
            queues={},
            branches={},
            teams={},
            calendars={BANK_CALENDAR: BERLIN},
            default_calendar=BANK_CALENDAR,
        )

    async def scope(self, member: Member) -> Scope:
        return Scope(officer_ids=frozenset({member.owner_id}))


def planner(desk: Desk, clock: ManualClock) -> DailyDigests:
    return DailyDigests(
        endpoints=desk,
        rows=desk,
        reading=desk,
        organisations=desk,
        scopes=desk,
        headlines=headlines,
        clock=clock,
        on_added=lambda: None,
    )


async def test_a_present_person_with_an_address_gets_one_a_day_of_the_own_borrowers() -> None:
    desk, clock = Desk(), ManualClock(OPENING)
    plans = planner(desk, clock)
    assert await plans.plan() == 1
    assert await plans.plan() == 0
    [digest] = desk.added
    assert (digest.recipient_id, digest.day) == ("anna", MONDAY)
    assert [person.scope for person in desk.seen] == [Scope(officer_ids=frozenset({"o-7"}))]
    assert digest.document["headline"] == (
        "2 March 2026: open alerts: 2, of which hard: 1; "
        "borrowers with signals or tasks that opened no alert: 2"
    )
    assert digest.document["borrowers"][0] == {"borrower_id": "b-1", "state": "ATTENTION"}


async def test_a_shared_mailbox_gets_counts_only() -> None:
    desk = Desk(endpoints=(("e-2", "mailto:desk@bank.com"),))
    await planner(desk, ManualClock(OPENING)).plan()
    [digest] = desk.added
    assert digest.recipient_id is None
    assert digest.document["borrowers"] == []
    assert "b-1" not in str(digest.document)
    assert [person.scope for person in desk.seen] == [EVERYTHING]


async def test_a_webhook_gets_none() -> None:
    desk = Desk(endpoints=(("e-3", "https://hooks.bank.com/x"),))
    assert await planner(desk, ManualClock(OPENING)).plan() == 0


async def test_a_day_without_anything_has_none() -> None:
    desk = Desk(open_alerts=0, waiting=())
    assert await planner(desk, ManualClock(OPENING)).plan() == 0
    assert desk.added == []


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (OPENING, MONDAY),
        (datetime(2026, 3, 2, 7, 59, tzinfo=UTC), None),
        (datetime(2026, 3, 1, 12, tzinfo=UTC), None),
        # On 30 March summer time has begun: 09:00 in Berlin is 07:00 UTC.
        (datetime(2026, 3, 30, 7, tzinfo=UTC), date(2026, 3, 30)),
        (datetime(2026, 3, 30, 6, 59, tzinfo=UTC), None),
    ],
)
def test_it_is_due_when_the_working_day_begins(now: datetime, day: date | None) -> None:
    assert day_of_digest(BERLIN, now) == day


def test_it_begins_where_the_one_of_the_working_day_before_ended() -> None:
    assert since_last(BERLIN, MONDAY, OPENING) == datetime(2026, 2, 27, 8, tzinfo=UTC)
    holiday = replace(BERLIN, holidays=frozenset({date(2026, 2, 27)}))
    assert since_last(holiday, MONDAY, OPENING) == datetime(2026, 2, 26, 8, tzinfo=UTC)


async def test_it_is_a_mail_in_the_language_of_its_reader() -> None:
    desk = Desk()
    await planner(desk, ManualClock(OPENING)).plan()
    message = ChannelMessage(
        message_id="msg_digest-e-1-2026-03-02_7",
        event_type=EVENT_TYPE,
        at=OPENING,
        document=desk.added[0].document,
        link="https://tocsin.bank.com",
        address=Address(format="email", language="en", target="x", secrets=()),
    )
    mailbox = MailAddress(address="anna@bank.com", language="en")
    text = render(message, mailbox=mailbox, from_address="tocsin@bank.com").decode()
    assert "Subject: 2 March 2026: open alerts: 2, of which hard: 1;" in text
    assert "- b-1 is in state attention" in text
    assert "[digest]" in text.replace("\r\n ", " ")
