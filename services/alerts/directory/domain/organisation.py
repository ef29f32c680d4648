"""The organisation of a bank at one version of its directory: who answers for what on a day.

An alert is owned by an officer, by the id that the core systems send, or by a queue. The
organisation resolves owners to people: whether somebody can be assigned, who is responsible on a
day, by which calendar, who is notified next when nobody acts, and who may not approve for whom.

The work of an absent person, or of one who has left, belongs to the first present of: delegates on
that day, substitutes in order, the lead of the team, the superior and the superior's superiors.

A bank without a directory has `EMPTY`: everything can be assigned, nobody is resolved.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from services.alerts.directory.domain.member import Branch, Member, Queue, Team
from services.alerts.directory.domain.working_calendar import WorkingCalendar
from services.alerts.primitives.vocabulary import OwnerKind

MOST_NEAR_MATCHES: Final = 3
BANK_CALENDAR: Final = "bank"


class Duty(StrEnum):
    """Why a person is responsible."""

    OWNER = "owner"
    DELEGATE = "delegate"
    SUBSTITUTE = "substitute"
    TEAM_LEAD = "team lead"
    SUPERIOR = "superior"
    QUEUE_MEMBER = "member"
    QUEUE_LEAD = "lead"
    NOBODY = "nobody"


class NotAssignableCode(StrEnum):
    """Why an owner cannot be assigned."""

    UNKNOWN = "UNKNOWN"
    LEFT = "LEFT"
    NO_ROLE = "NO_ROLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAssignable:
    """The reason why nothing can be assigned to an owner; `near` are ids that are spelt alike."""

    code: NotAssignableCode
    detail: str
    near: tuple[str, ...] = ()

    @property
    def advice(self) -> str:
        """Returns the reason, with the ids that may have been meant."""
        return f"{self.detail}; did you mean {', '.join(self.near)}?" if self.near else self.detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Responsible:
    """Who is responsible on a day, and why.

    Attributes:
        owner: The member who owns the work; None for a queue or an unknown owner.
        queue_id: The queue that owns the work.
        until: The last day of the owner's absence; None if the owner is present or has left.
    """

    person_ids: tuple[str, ...]
    duty: Duty
    owner: Member | None = None
    queue_id: str | None = None
    until: date | None = None

    @property
    def because(self) -> str:
        """Returns the reason in words."""
        if self.owner is None:
            if self.queue_id is None:
                return "no such owner in the directory"
            return f"{self.duty} of queue {self.queue_id}"
        if self.duty is Duty.OWNER:
            return str(self.duty)
        return f"{self.duty} of {self.owner.person_id}, {self._reason}"

    @property
    def _reason(self) -> str:
        if self.until is not None:
            return f"absent until {self.until}"
        return f"who left on {self.owner.left_on}" if self.owner else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A person, somebody who may not approve what that person proposed, and why."""

    person_id: str
    related_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """People, teams, branches, queues and calendars at one version of the directory.

    A version other than 0 has been checked by `organisation_faults.faults`.

    Attributes:
        version: The number of the version; 0 for a bank without a directory.
        default_calendar: The calendar of owners that the directory does not contain.
        risk_head: Who is notified after the superior.
        committee: Who is notified after the head of risk, and votes above every limit.
        on_call: Two of them approve together in an emergency.
        returns_work: Whether a person who is present again gets back the work that others took
            over.
    """

    version: int
    members: Mapping[str, Member]
    queues: Mapping[str, Queue]
    branches: Mapping[str, Branch]
    teams: Mapping[str, Team]
    calendars: Mapping[str, WorkingCalendar]
    default_calendar: str
    risk_head: str | None = None
    committee: tuple[str, ...] = ()
    on_call: tuple[str, ...] = ()
    returns_work: bool = True
    _by_owner_id: dict[str, Member] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_owner_id = {member.owner_id: member for member in self.members.values()}
        object.__setattr__(self, "_by_owner_id", by_owner_id)

    @property
    def is_empty(self) -> bool:
        """Returns whether the bank has no directory."""
        return self.version == 0

    def member(self, person_id: str) -> Member | None:
        """Returns the person with an id."""
        return self.members.get(person_id)

    def officer(self, owner_id: str) -> Member | None:
        """Returns the person who owns alerts under an id."""
        return self._by_owner_id.get(owner_id)

    def queue(self, queue_id: str) -> Queue | None:
        """Returns the queue with an id."""
        return self.queues.get(queue_id)

    def assignable(self, owner_kind: OwnerKind, owner_id: str, *, on: date) -> NotAssignable | None:
        """Returns why nothing can be assigned to an owner on a day; None if it can."""
        if self.is_empty:
            return None
        if owner_kind is OwnerKind.QUEUE:
            return None if owner_id in self.queues else self._unknown(owner_kind, owner_id)
        member = self.officer(owner_id)
        if member is None:
            return self._unknown(owner_kind, owner_id)
        if member.has_left(on):
            detail = f"officer {owner_id} left on {member.left_on}"
            return NotAssignable(code=NotAssignableCode.LEFT, detail=detail)
        if not member.handles_alerts:
            detail = f"officer {owner_id} has no role that handles alerts"
            return NotAssignable(code=NotAssignableCode.NO_ROLE, detail=detail)
        return None

    def responsible(self, owner_kind: OwnerKind, owner_id: str, *, on: date) -> Responsible:
        """Returns who is responsible for the work of an owner on a day."""
        if owner_kind is OwnerKind.QUEUE:
            queue = self.queue(owner_id)
            return (
                Responsible(person_ids=(), duty=Duty.NOBODY)
                if queue is None
                else (self._responsible_for_queue(queue, on))
            )
        member = self.officer(owner_id)
        if member is None:
            return Responsible(person_ids=(), duty=Duty.NOBODY)
        return self.on_duty(member, on=on)

    def on_duty(self, member: Member, *, on: date) -> Responsible:
        """Returns the member, or who takes over the member's work on a day."""
        if member.is_present(on):
            return Responsible(person_ids=(member.person_id,), duty=Duty.OWNER, owner=member)
        until = None if member.has_left(on) else member.absent_until(on)
        for duty, person_id in self._in_line(member, on):
            other = self.members[person_id]
            if other.handles_alerts and other.is_present(on):
                return Responsible(person_ids=(person_id,), duty=duty, owner=member, until=until)
        return Responsible(person_ids=(), duty=Duty.NOBODY, owner=member, until=until)

    def calendar_of(self, owner_kind: OwnerKind, owner_id: str) -> WorkingCalendar:
        """Returns the working calendar of an owner; that of the bank for an unknown one."""
        owner = self.queue(owner_id) if owner_kind is OwnerKind.QUEUE else self.officer(owner_id)
        return self.calendars[self.default_calendar if owner is None else owner.calendar]

    def local_day(self, owner_kind: OwnerKind, owner_id: str, at: datetime) -> date:
        """Returns the day of a moment by the calendar of an owner."""
        return at.astimezone(self.calendar_of(owner_kind, owner_id).timezone).date()

    def escalation(
        self, owner_kind: OwnerKind, owner_id: str, level: int, *, on: date
    ) -> tuple[str, ...]:
        """Returns who is notified at a level: 1 the superior, 2 the head of risk, 3 the committee.

        An absent person is replaced by whoever takes over; nobody is named twice.
        """
        named: tuple[str, ...] = {
            1: self._superiors_of_owner(owner_kind, owner_id),
            2: () if self.risk_head is None else (self.risk_head,),
            3: self.committee,
        }.get(level, ())
        on_duty = (
            person_id
            for name in named
            for person_id in self.on_duty(self.members[name], on=on).person_ids
        )
        return tuple(dict.fromkeys(on_duty))

    def related(self, person_id: str) -> frozenset[str]:
        """Returns the people who may not approve what a person proposed."""
        return frozenset(
            each.related_id for each in self.relations() if each.person_id == person_id
        )

    def relations(self) -> tuple[Relation, ...]:
        """Returns for each person the subordinates, substitutes and delegates.

        They depend on the person. A superior does not, and is who approves as a rule.
        """
        pairs: dict[tuple[str, str], str] = {}
        for member in self.members.values():
            name = member.person_id
            for superior in self.superiors(member):
                pairs.setdefault((superior, name), f"{name} is a subordinate of {superior}")
            for substitute in member.substitutes:
                pairs.setdefault((name, substitute), f"{substitute} is a substitute of {name}")
            for delegation in member.delegates:
                delegate = delegation.person_id
                pairs.setdefault((name, delegate), f"{delegate} is a delegate of {name}")
        return tuple(
            Relation(person_id=person_id, related_id=related_id, why=why)
            for (person_id, related_id), why in sorted(pairs.items())
        )

    def superiors(self, member: Member) -> Iterator[str]:
        """Yields the superior of a member, that person's superior, and so on."""
        passed = {member.person_id}
        superior = member.superior
        while superior is not None and superior not in passed:
            yield superior
            passed.add(superior)
            superior = self.members[superior].superior

    def _responsible_for_queue(self, queue: Queue, on: date) -> Responsible:
        present = tuple(name for name in queue.members if self.members[name].is_present(on))
        if present:
            return Responsible(person_ids=present, duty=Duty.QUEUE_MEMBER, queue_id=queue.queue_id)
        lead = () if queue.lead is None else (queue.lead,)
        on_duty = tuple(
            person_id
            for name in lead
            for person_id in self.on_duty(self.members[name], on=on).person_ids
        )
        duty = Duty.QUEUE_LEAD if on_duty else Duty.NOBODY
        return Responsible(person_ids=on_duty, duty=duty, queue_id=queue.queue_id)

    def _in_line(self, member: Member, on: date) -> Iterator[tuple[Duty, str]]:
        """Yields who may take over the work of a member, the first choice first."""
        for person_id in member.delegates_on(on):
            yield Duty.DELEGATE, person_id
        for person_id in member.substitutes:
            yield Duty.SUBSTITUTE, person_id
        lead = self._lead_of(member)
        if lead is not None:
            yield Duty.TEAM_LEAD, lead
        for person_id in self.superiors(member):
            yield Duty.SUPERIOR, person_id

    def _lead_of(self, member: Member) -> str | None:
        team = None if member.team is None else self.teams[member.team]
        return None if team is None or team.lead == member.person_id else team.lead

    def _superiors_of_owner(self, owner_kind: OwnerKind, owner_id: str) -> tuple[str, ...]:
        if owner_kind is OwnerKind.QUEUE:
            queue = self.queue(owner_id)
            if queue is None:
                return ()
            if queue.lead is not None:
                return (queue.lead,)
            members = [self.members[name] for name in queue.members]
        else:
            officer = self.officer(owner_id)
            members = [] if officer is None else [officer]
        named = (member.superior or self._lead_of(member) for member in members)
        return tuple(name for name in named if name is not None)

    def _unknown(self, owner_kind: OwnerKind, owner_id: str) -> NotAssignable:
        is_queue = owner_kind is OwnerKind.QUEUE
        ids = self.queues if is_queue else self._by_owner_id
        near = tuple(get_close_matches(owner_id, list(ids), n=MOST_NEAR_MATCHES))
        kind = "queue" if is_queue else "officer"
        return NotAssignable(
            code=NotAssignableCode.UNKNOWN,
            detail=f"the directory has no {kind} {owner_id}",
            near=near,
        )


def without_directory(calendar: WorkingCalendar) -> Organisation:
    """Returns the organisation of a bank that has no directory, with the calendar of the bank."""
    return Organisation(
        version=0,
        members={},
        queues={},
        branches={},
        teams={},
        calendars={BANK_CALENDAR: calendar},
        default_calendar=BANK_CALENDAR,
    )


EMPTY: Final = without_directory(WorkingCalendar(timezone=ZoneInfo("UTC")))
