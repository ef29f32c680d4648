"""To whom in the bank a step is mailed, and when: by hand, on a calendar of Berlin."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from services.alerts.delivery.domain.recipients import Recipient, recipients
from services.alerts.directory.domain.member import Absence, Member, Queue
from services.alerts.directory.domain.organisation import BANK_CALENDAR, Organisation
from services.alerts.directory.domain.working_calendar import WorkingCalendar

# Monday 2 March 2026, 10:00 in Berlin; the bank is open from 9 to 17.
AT_WORK = datetime(2026, 3, 2, 9, tzinfo=UTC)
AT_NIGHT = datetime(2026, 3, 2, 22, tzinfo=UTC)
ON_FRIDAY_EVENING = datetime(2026, 3, 6, 16, tzinfo=UTC)


def member(person_id: str, **wanted: object) -> Member:
    return Member(
        person_id=person_id,
        display_name=person_id,
        roles=frozenset({"OFFICER"}),
        calendar=BANK_CALENDAR,
        **wanted,  # type: ignore[arg-type]
    )


HOLIDAY = (Absence(begins=AT_WORK.date(), ends=AT_WORK.date()),)
MEMBERS = (
    member("anna", officer_id="o-7"),
    member("bert", officer_id="o-8", absences=HOLIDAY, substitutes=("carl",)),
    member("carl"),
)
BANK = Organisation(
    version=1,
    members={each.person_id: each for each in MEMBERS},
    queues={"desk": Queue(queue_id="desk", members=("anna", "carl"), calendar=BANK_CALENDAR)},
    branches={},
    teams={},
    calendars={BANK_CALENDAR: WorkingCalendar(timezone=ZoneInfo("Europe/Berlin"))},
    default_calendar=BANK_CALENDAR,
)


def mailed(
    owner: tuple[str, str],
    *,
    at: datetime = AT_WORK,
    is_urgent: bool = False,
    **document: object,
) -> list[Recipient]:
    kind, owner_id = owner
    step = {"owner": {"kind": kind, "id": owner_id}, "actor": "tocsin", **document}
    return list(recipients(step, organisation=BANK, at=at, is_urgent=is_urgent))


def people(found: list[Recipient]) -> list[str]:
    return [recipient.person_id for recipient in found]


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        (("OFFICER", "o-7"), ["anna"]),
        (("OFFICER", "o-8"), ["carl"]),
        (("QUEUE", "desk"), ["anna", "carl"]),
        (("OFFICER", "o-typo"), []),
    ],
)
def test_it_goes_to_who_is_responsible_on_that_day(
    owner: tuple[str, str], expected: list[str]
) -> None:
    assert people(mailed(owner)) == expected


def test_both_owners_are_mailed_and_nobody_twice() -> None:
    second = {"kind": "QUEUE", "id": "desk"}
    assert people(mailed(("OFFICER", "o-7"), second_owner=second)) == ["anna", "carl"]


def test_nobody_is_mailed_about_the_own_step() -> None:
    assert people(mailed(("QUEUE", "desk"), actor="anna")) == ["carl"]


def test_a_step_that_names_its_recipients_goes_to_them_alone() -> None:
    assert people(mailed(("OFFICER", "o-7"), recipients=["bert", "carl"])) == ["bert", "carl"]


@pytest.mark.parametrize(
    ("at", "opening"),
    [
        (AT_WORK, None),
        (AT_NIGHT, datetime(2026, 3, 3, 8, tzinfo=UTC)),
        (ON_FRIDAY_EVENING, datetime(2026, 3, 9, 8, tzinfo=UTC)),
    ],
    ids=["open", "night", "weekend"],
)
def test_a_mail_waits_for_the_opening(at: datetime, opening: datetime | None) -> None:
    [recipient] = mailed(("OFFICER", "o-7"), at=at)
    assert recipient.not_before == opening


def test_a_hard_trigger_waits_for_nothing() -> None:
    [recipient] = mailed(("OFFICER", "o-7"), at=AT_NIGHT, is_urgent=True)
    assert recipient.not_before is None
