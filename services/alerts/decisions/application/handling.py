"""What people do with an alert: acknowledge, assign, comment, resolve.

Each step names the version that the person looked at; when it has moved on, nothing happens
and `VersionConflict` says so. Each is one transaction with its history row, deliveries and
outbox event.
"""

from collections.abc import Callable

from services.alerts.decisions.application.ports import AlertBook
from services.alerts.decisions.domain import lifecycle
from services.alerts.decisions.domain.alert import Alert, Change
from services.alerts.decisions.domain.lifecycle import StepNotAllowed
from services.alerts.directory.domain.person import Person
from services.alerts.primitives.errors import NotFound, StepRefused, VersionConflict
from services.alerts.primitives.vocabulary import OutcomeCode, OwnerKind
from services.kit.clock import Clock

Step = Callable[[Alert], Change | StepNotAllowed]


class AlertHandling:
    """The steps of people, checked against the alert's status and version."""

    def __init__(self, *, book: AlertBook, clock: Clock) -> None:
        self._book = book
        self._clock = clock

    async def acknowledge(self, alert_id: str, *, expected_version: int, person: Person) -> int:
        """Say that somebody has seen it; return the new version."""
        at = self._clock.now()
        return await self._take(
            alert_id,
            expected_version,
            person,
            lambda alert: lifecycle.acknowledge(alert, actor=person.name, at=at),
        )

    async def assign(
        self,
        alert_id: str,
        *,
        owner_kind: OwnerKind,
        owner_id: str,
        expected_version: int,
        person: Person,
    ) -> int:
        """Give the alert to another owner; return the new version."""
        at = self._clock.now()
        return await self._take(
            alert_id,
            expected_version,
            person,
            lambda alert: lifecycle.assign(
                alert, owner_kind=owner_kind, owner_id=owner_id, actor=person.name, at=at
            ),
        )

    async def comment(
        self, alert_id: str, *, text: str, expected_version: int, person: Person
    ) -> int:
        """Write something down on the alert; return the new version."""
        at = self._clock.now()
        return await self._take(
            alert_id,
            expected_version,
            person,
            lambda alert: lifecycle.comment(alert, text=text, actor=person.name, at=at),
        )

    async def resolve(
        self,
        alert_id: str,
        *,
        outcome_code: OutcomeCode,
        note: str,
        expected_version: int,
        person: Person,
    ) -> int:
        """Close the alert with what came of it; return the new version."""
        at = self._clock.now()
        return await self._take(
            alert_id,
            expected_version,
            person,
            lambda alert: lifecycle.resolve(
                alert, outcome_code=outcome_code, note=note, actor=person.name, at=at
            ),
        )

    async def _take(self, alert_id: str, expected_version: int, person: Person, step: Step) -> int:
        async with self._book.hold(alert_id, officer_id=person.scope_officer_id) as held:
            if held is None:
                raise NotFound(f"there is no alert {alert_id}")
            if held.alert.version != expected_version:
                raise VersionConflict(expected=expected_version, found=held.alert.version)
            taken = step(held.alert)
            if isinstance(taken, StepNotAllowed):
                raise StepRefused(taken.why)
            await held.record(taken)
            return taken.alert.version
