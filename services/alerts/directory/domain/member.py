"""The entries of a bank's directory: people, teams, branches and the queues that teams work off."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

ONE_DAY: Final = timedelta(days=1)
# The roles that take steps on alerts, by the names of the access keys.
HANDLING_ROLES: Final = frozenset({"OFFICER", "SENIOR", "RISK", "WORKOUT"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """Days on which a person does not work; the first and the last one included."""

    begins: date
    ends: date

    def includes(self, day: date) -> bool:
        """Returns whether the person is absent on a day."""
        return self.begins <= day <= self.ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """Days on which another person may act for the principal; first and last included."""

    person_id: str
    begins: date
    ends: date

    def includes(self, day: date) -> bool:
        """Returns whether the delegation is in force on a day."""
        return self.begins <= day <= self.ends


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalLimit:
    """The largest amount that a person may approve."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person of the directory; `person_id` is the id of `access.person`.

    Attributes:
        officer_id: The id by which the core systems name the person as a borrower's officer.
        superior: The person to whom the member reports.
        substitutes: Who takes over the work of an absent member, in order.
        left_on: The first day on which the member no longer works here.
    """

    person_id: str
    display_name: str
    roles: frozenset[str]
    calendar: str
    officer_id: str | None = None
    branch_id: str | None = None
    team: str | None = None
    superior: str | None = None
    language: str = "en"
    email: str | None = None
    approval_limit: ApprovalLimit | None = None
    delegates: tuple[Delegation, ...] = ()
    absences: tuple[Absence, ...] = ()
    substitutes: tuple[str, ...] = ()
    left_on: date | None = None

    @property
    def owner_id(self) -> str:
        """Returns the id under which the member owns alerts."""
        return self.officer_id or self.person_id

    @property
    def handles_alerts(self) -> bool:
        """Returns whether the member has a role that takes steps on alerts."""
        return not HANDLING_ROLES.isdisjoint(self.roles)

    def has_left(self, on: date) -> bool:
        """Returns whether the member no longer works here on a day."""
        return self.left_on is not None and self.left_on <= on

    def is_present(self, on: date) -> bool:
        """Returns whether the member works here on a day and is not absent."""
        return not self.has_left(on) and self.absent_until(on) is None

    def absent_until(self, on: date) -> date | None:
        """Returns the last day of an absence that includes a day; None if there is none.

        Absences that overlap or follow each other without a day between count as one.
        """
        last = None
        day = on
        while (ends := max(self._ends(day), default=None)) is not None:
            last, day = ends, ends + ONE_DAY
        return last

    def delegates_on(self, day: date) -> tuple[str, ...]:
        """Returns who may act for the member on a day, in order."""
        return tuple(each.person_id for each in self.delegates if each.includes(day))

    def _ends(self, day: date) -> Iterator[date]:
        return (each.ends for each in self.absences if each.includes(day))


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A team and the person who leads it."""

    team_id: str
    lead: str | None = None
    branch_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A branch of the bank; its calendar is that of its people and queues without an own one."""

    branch_id: str
    name: str
    calendar: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A queue of alerts, the people who work it off, and who leads them."""

    queue_id: str
    members: tuple[str, ...]
    calendar: str
    branch_id: str | None = None
    lead: str | None = None
