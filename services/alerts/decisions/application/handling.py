"""The steps of people on an alert: acknowledge, start, assign, snooze, comment, resolve, undo.

A step that changes what the alert is names the version that the person has read; if the alert has
changed since, nothing is recorded and `VersionConflict` is raised. Notices and remarks in between
do not matter. Each step is one transaction with its history row, deliveries and outbox event.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from services.alerts.decisions.application.ports import AlertRepository, LockedAlert
from services.alerts.decisions.domain import lifecycle
from services.alerts.decisions.domain.alert import Alert, AlertChange, Deadlines
from services.alerts.decisions.domain.lifecycle import StepNotAllowed
from services.alerts.decisions.domain.policy import AlertPolicy, deadlines_for
from services.alerts.decisions.domain.undo import REMARKS, HandledState, UndoableStep, undo
from services.alerts.directory.application.organisations import Organisations
from services.alerts.directory.domain.organisation import Organisation
from services.alerts.directory.domain.person import Person
from services.alerts.directory.domain.scope import EVERYTHING
from services.alerts.primitives import limits
from services.alerts.primitives.errors import (
    AlertsError,
    InvalidInput,
    ResourceNotFound,
    StepRefused,
    VersionConflict,
)
from services.alerts.primitives.vocabulary import OutcomeCode, OwnerKind
from services.kit.clock import Now


class LifecycleStep(Protocol):
    """A step of the life-cycle that lacks only who takes it and when."""

    def __call__(
        self, alert: Alert, *, actor: str, at: datetime
    ) -> AlertChange | StepNotAllowed: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HandledAlert:
    """An alert after a step of a person; `undo_until` is None if the step cannot be undone."""

    command_id: str
    alert: Alert
    isolated_since: datetime | None
    allowed_actions: tuple[str, ...]
    undo_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkResult:
    """What became of one alert of a bulk command: handled, or refused and why."""

    alert_id: str
    handled: HandledAlert | None
    error: AlertsError | None


class AlertHandling:
    """Takes steps and returns the alert after them; each is checked against status and version.

    Steps with the same `command_id` are those of one command and are undone together.
    """

    def __init__(
        self,
        *,
        repository: AlertRepository,
        organisations: Organisations,
        policy: AlertPolicy,
        now: Now,
        new_id: Callable[[], str],
    ) -> None:
        self._repository = repository
        self._organisations = organisations
        self._policy = policy
        self._now = now
        self._new_id = new_id

    async def acknowledge(
        self, alert_id: str, *, expected_version: int, person: Person, command_id: str | None = None
    ) -> HandledAlert:
        """Acknowledges the alert."""
        return await self._take(
            alert_id, lifecycle.acknowledge, expected_version, person, command_id
        )

    async def start(
        self, alert_id: str, *, expected_version: int, person: Person, command_id: str | None = None
    ) -> HandledAlert:
        """Starts work on the alert."""
        return await self._take(alert_id, lifecycle.start, expected_version, person, command_id)

    async def assign(
        self,
        alert_id: str,
        *,
        owner_kind: OwnerKind,
        owner_id: str,
        expected_version: int,
        person: Person,
        command_id: str | None = None,
    ) -> HandledAlert:
        """Assigns the alert to another owner."""
        organisation = await self._organisations.current()
        today = organisation.local_day(owner_kind, owner_id, await self._now())
        refused = organisation.assignable(owner_kind, owner_id, on=today)
        if refused is not None:
            raise InvalidInput(refused.advice, pointer="/owner_id")
        step = partial(lifecycle.assign, owner_kind=owner_kind, owner_id=owner_id)
        return await self._take(alert_id, step, expected_version, person, command_id)

    async def take(
        self, alert_id: str, *, expected_version: int, person: Person, command_id: str | None = None
    ) -> HandledAlert:
        """Assigns the alert to the person."""
        member = (await self._organisations.current()).member(person.id)
        return await self.assign(
            alert_id,
            owner_kind=OwnerKind.OFFICER,
            owner_id=member.owner_id if member else person.officer_id or person.id,
            expected_version=expected_version,
            person=person,
            command_id=command_id,
        )

    async def snooze(
        self,
        alert_id: str,
        *,
        until: datetime,
        reason: str,
        expected_version: int,
        person: Person,
        command_id: str | None = None,
    ) -> HandledAlert:
        """Lets the alert wait until a moment."""
        step = partial(lifecycle.snooze, until=until, reason=reason)
        return await self._take(alert_id, step, expected_version, person, command_id)

    async def end_snooze(
        self, alert_id: str, *, expected_version: int, person: Person, command_id: str | None = None
    ) -> HandledAlert:
        """Ends the waiting of the alert."""
        organisation = await self._organisations.current()

        def step(alert: Alert, *, actor: str, at: datetime) -> lifecycle.Taken:
            calendar = organisation.calendar_of(alert.owner.kind, alert.owner.id)
            return lifecycle.end_snooze(alert, calendar=calendar, actor=actor, at=at)

        return await self._take(alert_id, step, expected_version, person, command_id)

    async def comment(self, alert_id: str, *, text: str, person: Person) -> HandledAlert:
        """Comments on the alert, whatever its version."""
        return await self._take(alert_id, partial(lifecycle.comment, text=text), None, person)

    async def link(
        self, alert_id: str, *, url: str, sha256: str, title: str, person: Person
    ) -> HandledAlert:
        """Links a document to the alert, whatever its version."""
        step = partial(lifecycle.link, url=url, sha256=sha256, title=title)
        return await self._take(alert_id, step, None, person)

    async def resolve(
        self,
        alert_id: str,
        *,
        outcome_code: OutcomeCode,
        note: str,
        expected_version: int,
        person: Person,
        command_id: str | None = None,
    ) -> HandledAlert:
        """Resolves the alert with an outcome code."""
        step = partial(lifecycle.resolve, outcome_code=outcome_code, note=note)
        return await self._take(alert_id, step, expected_version, person, command_id)

    async def reopen(
        self,
        alert_id: str,
        *,
        reason: str,
        expected_version: int,
        person: Person,
        command_id: str | None = None,
    ) -> HandledAlert:
        """Opens a resolved alert again."""
        organisation = await self._organisations.current()

        def step(alert: Alert, *, actor: str, at: datetime) -> lifecycle.Taken:
            deadlines = self._deadlines(alert, organisation, at)
            return lifecycle.reopen(alert, reason=reason, deadlines=deadlines, actor=actor, at=at)

        return await self._take(alert_id, step, expected_version, person, command_id)

    async def bulk(
        self, name: str, versions: Mapping[str, int], values: Mapping[str, Any], *, person: Person
    ) -> Sequence[BulkResult]:
        """Takes one step on several alerts, each for itself; `values` are those of the step."""
        command_id = self._new_id()
        step = getattr(self, BULK_STEPS[name])

        def take(alert_id: str) -> Awaitable[HandledAlert]:
            handled: Awaitable[HandledAlert] = step(
                alert_id,
                **values,
                expected_version=versions[alert_id],
                person=person,
                command_id=command_id,
            )
            return handled

        return [await _result(alert_id, take(alert_id)) for alert_id in versions]

    async def undo(self, command_id: str, *, person: Person) -> Sequence[BulkResult]:
        """Undoes what a command did, alert by alert.

        The person saw each alert when the command was taken, also one that was assigned away.
        """
        commands = await self._repository.commands(command_id)
        own = [command for command in commands if command.person == person.id]
        if not own:
            raise ResourceNotFound(f"there is no command {command_id}, or it is too old")
        return [await _result(each.alert_id, self._undo(each, person)) for each in own]

    async def _undo(self, command: UndoableStep, person: Person) -> HandledAlert:
        async with self._repository.lock(command.alert_id, scope=EVERYTHING) as locked:
            if locked is None:
                raise ResourceNotFound(f"there is no alert {command.alert_id}")
            step = partial(undo, command=command)
            return await self._record(locked, step, person, self._new_id())

    async def _take(
        self,
        alert_id: str,
        step: LifecycleStep,
        expected_version: int | None,
        person: Person,
        command_id: str | None = None,
    ) -> HandledAlert:
        async with self._repository.lock(alert_id, scope=person.scope) as locked:
            if locked is None:
                raise ResourceNotFound(f"there is no alert {alert_id}")
            alert = locked.alert
            if expected_version is not None and not (
                alert.changed_version <= expected_version <= alert.version
            ):
                raise VersionConflict(expected=expected_version, current=alert.version)
            return await self._record(locked, step, person, command_id or self._new_id())

    async def _record(
        self, locked: LockedAlert, step: LifecycleStep, person: Person, command_id: str
    ) -> HandledAlert:
        # After the wait for the lock, so that steps are in the order of their moments.
        at, before = await self._now(), locked.alert
        change = step(before, actor=person.id, at=at)
        if isinstance(change, StepNotAllowed):
            raise StepRefused(change.why)
        command = UndoableStep(
            command_id=command_id,
            alert_id=before.alert_id,
            person=person.id,
            at=at,
            kind=change.kind,
            version=change.alert.version,
            before=HandledState.of(before),
        )
        is_final = change.kind in REMARKS
        await locked.record(change, command=None if is_final else command)
        return HandledAlert(
            command_id=command_id,
            alert=change.alert,
            isolated_since=locked.isolated_since,
            allowed_actions=lifecycle.allowed_actions(change.alert, at=at),
            undo_until=None if is_final else at + limits.UNDO_WITHIN,
        )

    def _deadlines(self, alert: Alert, organisation: Organisation, at: datetime) -> Deadlines:
        return deadlines_for(
            alert.severity,
            opened_at=at,
            calendar=organisation.calendar_of(alert.owner.kind, alert.owner.id),
            service_levels=self._policy.service_levels,
        )


# The steps of a bulk command by the names of their routes.
BULK_STEPS: Mapping[str, str] = {
    "acknowledge": "acknowledge",
    "start": "start",
    "assign": "assign",
    "take": "take",
    "snooze": "snooze",
    "end-snooze": "end_snooze",
    "resolve": "resolve",
    "reopen": "reopen",
}


async def _result(alert_id: str, handled: Awaitable[HandledAlert]) -> BulkResult:
    try:
        return BulkResult(alert_id=alert_id, handled=await handled, error=None)
    except AlertsError as error:
        return BulkResult(alert_id=alert_id, handled=None, error=error)
