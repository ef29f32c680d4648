"""The document of a directory: the only description of the YAML file and of the body of REST.

JSON Schema and reference page are made from it (`python -m tests.reference`).
"""

import re
from datetime import date, time
from functools import lru_cache
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from services.alerts.primitives import limits
from services.kit import bank_holidays
from services.kit.access.keys import PEOPLE, Role
from services.kit.access.persons import MAX_NAME_CHARACTERS

MOST_PEOPLE = 20_000
WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
MEMBER_ROLES = frozenset({*PEOPLE, Role.AUDITOR, Role.OPERATOR})


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("it is no time zone; write one such as Europe/Berlin") from error
    return name


def _member_role(role: Role) -> Role:
    if role not in MEMBER_ROLES:
        raise ValueError(f"it is no person's role; write one of {', '.join(sorted(MEMBER_ROLES))}")
    return role


def _some_role(roles: tuple[Role, ...]) -> tuple[Role, ...]:
    if not roles:
        raise ValueError("write at least one role")
    return roles


PersonId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
EntryId = Annotated[str, Field(pattern=limits.OWNER_ID_PATTERN)]
Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARACTERS)]
Email = Annotated[str, Field(pattern=r"^[^@\s]{1,64}@[^@\s]{1,190}$", max_length=254)]
Amount = Annotated[str, Field(pattern=r"^[0-9]{1,15}(\.[0-9]{1,4})?$")]
TimeZone = Annotated[str, AfterValidator(_timezone)]
MemberRole = Annotated[Role, AfterValidator(_member_role)]
Weekday = Literal["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]


class DirectorySection(BaseModel):
    """A part of the document; an unknown field is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CalendarSection(DirectorySection):
    """Working time: time zone, hours, and the days off of a country and of the bank."""

    timezone: TimeZone = Field(description="IANA name, such as Europe/Berlin")
    opens: time = Field(default=time(9), description="when a working day begins, local time")
    closes: time = Field(default=time(17), description="when a working day ends, local time")
    country: str | None = Field(
        default=None, description="ISO 3166 code whose public holidays are days off, such as DE"
    )
    subdivision: str | None = Field(
        default=None, description="state or region of the country, such as BY"
    )
    free_weekdays: tuple[Weekday, ...] | None = Field(
        default=None,
        max_length=6,
        description="free days of every week; by default the weekend of the country, else Saturday "
        "and Sunday",
    )
    days_off: tuple[date, ...] = Field(default=(), description="further days off of the bank")

    @model_validator(mode="after")
    def _is_usable(self) -> Self:
        if self.opens.tzinfo or self.closes.tzinfo or self.opens >= self.closes:
            raise ValueError("opens must be before closes, both as local time such as 09:00")
        if self.country is None and self.subdivision is not None:
            raise ValueError("subdivision needs the country that it belongs to")
        try:
            holidays_of(self.country, self.subdivision)
        except bank_holidays.UnknownCalendar as error:
            raise ValueError(str(error)) from error
        return self


class BranchSection(DirectorySection):
    """A branch of the bank."""

    name: Name = Field(description="name of the branch")
    calendar: EntryId | None = Field(
        default=None, description="calendar of its people and queues; by default that of the bank"
    )


class TeamSection(DirectorySection):
    """A team."""

    lead: PersonId | None = Field(
        default=None, description="takes over after delegates and substitutes"
    )
    branch: EntryId | None = Field(default=None, description="branch to which the team belongs")


class QueueSection(DirectorySection):
    """A queue to which routing sends alerts."""

    members: tuple[PersonId, ...] = Field(description="people who work it off")
    lead: PersonId | None = Field(
        default=None, description="responsible when no member is present; notified first"
    )
    branch: EntryId | None = Field(default=None, description="branch to which the queue belongs")
    calendar: EntryId | None = Field(
        default=None, description="calendar of its deadlines; by default that of its branch"
    )


class ApprovalLimitSection(DirectorySection):
    """The largest amount that a person may approve."""

    amount: Amount = Field(description="decimal text, such as 250000.00")
    currency: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code")


class DelegationSection(DirectorySection):
    """Days on which another person may act for this one."""

    person: PersonId = Field(description="who may act")
    begins: date = Field(description="first day")
    ends: date = Field(description="last day")


class AbsenceSection(DirectorySection):
    """Days on which a person does not work."""

    begins: date = Field(description="first day")
    ends: date = Field(description="last day")


class PersonSection(DirectorySection):
    """A person, by the id that `tocsin persons create` gave."""

    name: Name = Field(description="name as other people see it")
    roles: Annotated[tuple[MemberRole, ...], AfterValidator(_some_role)] = Field(
        description="roles of the access keys"
    )
    officer_id: EntryId | None = Field(
        default=None,
        description="id by which the core systems name the person as an officer; without one the "
        "person owns alerts under the person id",
    )
    branch: EntryId | None = Field(default=None, description="branch where the person works")
    team: EntryId | None = Field(default=None, description="team of the person")
    superior: PersonId | None = Field(default=None, description="whom the person reports to")
    language: Literal["en", "es", "zh"] = Field(default="en", description="language of messages")
    email: Email | None = Field(default=None, description="address for messages")
    calendar: EntryId | None = Field(
        default=None, description="calendar of deadlines; by default that of the branch"
    )
    approval_limit: ApprovalLimitSection | None = Field(
        default=None, description="largest amount that the person may approve"
    )
    delegates: tuple[DelegationSection, ...] = Field(
        default=(), description="who may act for the person, and when"
    )
    absences: tuple[AbsenceSection, ...] = Field(
        default=(), description="days on which the person does not work"
    )
    substitutes: tuple[PersonId, ...] = Field(
        default=(), description="who takes over the work of the absent person, in order"
    )
    left_on: date | None = Field(
        default=None, description="first day on which the person no longer works here"
    )


class DirectoryDocument(DirectorySection):
    """The people of a bank and their duties."""

    calendar: EntryId = Field(description="calendar of the bank, one of `calendars`")
    calendars: dict[EntryId, CalendarSection] = Field(min_length=1, description="by name")
    people: dict[PersonId, PersonSection] = Field(
        min_length=1, max_length=MOST_PEOPLE, description="by person id"
    )
    queues: dict[EntryId, QueueSection] = Field(default={}, description="by the id in routing")
    teams: dict[EntryId, TeamSection] = Field(default={}, description="by name")
    branches: dict[EntryId, BranchSection] = Field(
        default={}, description="by the id in the events of the core systems"
    )
    risk_head: PersonId | None = Field(
        default=None, description="notified when the superior does not act either"
    )
    committee: tuple[PersonId, ...] = Field(
        default=(), description="notified when the head of risk does not act either"
    )
    on_call: tuple[PersonId, ...] = Field(
        default=(), description="two of them approve together in an emergency"
    )
    returns_work: bool = Field(
        default=True, description="whether work returns to a person who is present again"
    )


@lru_cache(maxsize=64)
def holidays_of(country: str | None, subdivision: str | None) -> frozenset[date]:
    """Returns the public holidays of a country; none without a country.

    Raises:
        UnknownCalendar: If the country or its part is unknown.
    """
    return bank_holidays.bank_holidays(country, subdivision) if country else frozenset()


def yaml_path(location: tuple[str | int, ...]) -> str:
    """Returns the path of a value in the document, such as `people.ana.absences[0].ends`."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return re.sub(r"\.\[key\]$", "", path).removeprefix(".")
