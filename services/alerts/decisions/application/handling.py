"""The steps of people on an alert: acknowledge, assign, comment, resolve.

Each step names the version that the person has read; if the alert has changed since, nothing is
recorded and `VersionConflict` is raised. Each is one transaction with its history row, deliveries
and outbox event.
"""

from datetime import datetime
from functools import partial
from typing import Protocol

from services.alerts.decisions.application.ports import AlertRepository
from services.alerts.decisions.domain import lifecycle
from services.alerts.decisions.domain.alert import Alert, AlertChange
from services.alerts.decisions.domain.lifecycle import StepNotAllowed
from services.alerts.directory.domain.person import Person
from services.alerts.primitives.errors import ResourceNotFound, StepRefused, VersionConflict
from services.alerts.primitives.vocabulary import OutcomeCode, OwnerKind
from services.kit.clock import Clock


class LifecycleStep(Protocol):
    """A step of the life-cycle that lacks only who takes it and when."""

    def __call__(
        self, alert: Alert, *, actor: str, at: datetime
    ) -> AlertChange | StepNotAllowed: ...


class AlertHandling:
    """Takes steps and returns the new version; each is checked against status and version."""

    def __init__(self, *, repository: AlertRepository, clock: Clock) -> None:
        self._repository = repository
        self._clock = clock

    async def acknowledge(self, alert_id: str, *, expected_version: int, person: Person) -> int:
        """Acknowledges the alert."""
        return await self._take(alert_id, lifecycle.acknowledge, expected_version, person)

    async def assign(
        self,
        alert_id: str,
        *,
        owner_kind: OwnerKind,
        owner_id: str,
        expected_version: int,
        person: Person,
    ) -> int:
        """Assigns the alert to another owner."""
        step = partial(lifecycle.assign, owner_kind=owner_kind, owner_id=owner_id)
        return await self._take(alert_id, step, expected_version, person)

    async def comment(
        self, alert_id: str, *, text: str, expected_version: int, person: Person
    ) -> int:
        """Comments on the alert."""
        step = partial(lifecycle.comment, text=text)
        return await self._take(alert_id, step, expected_version, person)

    async def resolve(
        self,
        alert_id: str,
        *,
        outcome_code: OutcomeCode,
        note: str,
        expected_version: int,
        person: Person,
    ) -> int:
        """Resolves the alert with an outcome code."""
        step = partial(lifecycle.resolve, outcome_code=outcome_code, note=note)
        return await self._take(alert_id, step, expected_version, person)

    async def _take(
        self, alert_id: str, step: LifecycleStep, expected_version: int, person: Person
    ) -> int:
        at = self._clock.now()
        async with self._repository.lock(alert_id, scope=person.scope) as locked:
            if locked is None:
                raise ResourceNotFound(f"there is no alert {alert_id}")
            if locked.alert.version != expected_version:
                raise VersionConflict(expected=expected_version, current=locked.alert.version)
            change = step(locked.alert, actor=person.id, at=at)
            if isinstance(change, StepNotAllowed):
                raise StepRefused(change.why)
            await locked.record(change)
            return change.alert.version
