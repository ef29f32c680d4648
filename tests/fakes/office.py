"""A bank's office on a virtual clock: assessments, timers and people over the pure domain.

Nothing here decides: the office passes assessments to the pipeline, lets timers elapse and writes
down who was notified. A scenario is a list of steps and the notices that must come of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.alerts.decisions.adapters import policy_files
from services.alerts.decisions.application.handling import LifecycleStep
from services.alerts.decisions.domain import lifecycle, timers
from services.alerts.decisions.domain.alert import Alert, AlertChange
from services.alerts.decisions.domain.assessment import ContributorSummary
from services.alerts.decisions.domain.decision import NO_PRIOR_STATE, decide, state_after
from services.alerts.decisions.domain.lifecycle import StepNotAllowed
from services.alerts.decisions.domain.pending_notice import HoldConditions, PriorState, StepEntry
from services.alerts.decisions.domain.policy import AlertPolicy
from services.alerts.decisions.domain.silence import Matchers, Silence
from services.alerts.decisions.domain.storm import Storm
from services.alerts.directory.domain.organisation import Organisation, without_directory
from services.alerts.directory.domain.working_calendar import WorkingCalendar
from services.alerts.primitives.vocabulary import OutcomeCode, OwnerKind, RiskState
from tests.fakes.assessments import MONDAY, assessment

BERLIN = ZoneInfo("Europe/Berlin")
CALENDAR = WorkingCalendar(timezone=BERLIN)
POLICY = AlertPolicy(calendar=CALENDAR, routing=policy_files.read_routing())
OfficeStep = Callable[["Office"], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message to one recipient; as text it is what the tables of scenarios have."""

    at: datetime
    recipient: str
    kind: str
    borrower_id: str

    def __str__(self) -> str:
        local = self.at.astimezone(BERLIN)
        return f"{local:%a %d %b %H:%M} {self.recipient} {self.kind} {self.borrower_id}"


@dataclass(slots=True)
class Office:
    """The office: who knows what about each borrower, and who was notified when."""

    organisation: Organisation = field(default_factory=lambda: without_directory(CALENDAR))
    policy: AlertPolicy = POLICY
    now: datetime = MONDAY
    silences: list[Silence] = field(default_factory=list)
    storms: list[Storm] = field(default_factory=list)
    borrowers: dict[str, PriorState] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    entries: dict[str, Sequence[StepEntry]] = field(default_factory=dict)

    def assess(
        self,
        state: RiskState,
        *causes: ContributorSummary,
        borrower_id: str = "b-1",
        **changes: Any,
    ) -> None:
        """Pass an assessment of this moment through the pipeline."""
        self.sequences[borrower_id] = self.sequences.get(borrower_id, 0) + 1
        summary = assessment(
            state,
            *causes,
            borrower_id=borrower_id,
            sequence=self.sequences[borrower_id],
            days_later=(self.now - MONDAY) / timedelta(days=1),
            **changes,
        )
        before = self.borrowers.get(borrower_id, NO_PRIOR_STATE)
        matching = [each for each in self.storms if each.includes(summary.segment, summary.as_of)]
        conditions = HoldConditions(
            silences=tuple(self.silences), storm=matching[0] if matching else None
        )
        decision = decide(summary, before=before, policy=self.policy, conditions=conditions)
        self.borrowers[borrower_id] = state_after(before, summary, decision)
        self.entries[borrower_id] = decision.entries
        for change in decision.changes:
            self._notify_owners(change)

    def advance(self, to: datetime) -> None:
        """Let the clock run, and take each reminder and escalation when it is due."""
        while True:
            due = [
                (alert.timer.due_at, borrower_id, alert)
                for borrower_id, alert in self._open_alerts()
                if alert.timer.due_at is not None and alert.timer.due_at <= to
            ]
            if not due:
                break
            due_at, borrower_id, alert = min(due, key=lambda each: each[:2])
            self.now = max(self.now, due_at)
            elapsed = timers.elapse(
                alert, at=self.now, organisation=self.organisation, routing=self.policy.routing
            )
            self._keep(borrower_id, elapsed.alert)
            if elapsed.change is not None:
                recipients = elapsed.change.details["recipients"]
                assert isinstance(recipients, tuple)
                self._write_down(elapsed.change, recipients)
        self.now = to

    def take(self, borrower_id: str, step: LifecycleStep, *, by: str) -> None:
        """Let a person take a step on the open alert of a borrower."""
        alert = self.borrowers[borrower_id].open_alert
        assert alert is not None, f"{borrower_id} has no open alert"
        change = step(alert, actor=by, at=self.now)
        assert not isinstance(change, StepNotAllowed), change
        self._keep(borrower_id, change.alert)

    def _open_alerts(self) -> list[tuple[str, Alert]]:
        return [
            (borrower_id, known.open_alert)
            for borrower_id, known in self.borrowers.items()
            if known.open_alert is not None
        ]

    def _keep(self, borrower_id: str, alert: Alert) -> None:
        known = self.borrowers[borrower_id]
        self.borrowers[borrower_id] = replace(known, open_alert=alert if alert.is_open else None)

    def _notify_owners(self, change: AlertChange) -> None:
        day = self.now.astimezone(BERLIN).date()
        recipients: list[str] = []
        for owner in (change.alert.owner, change.alert.second_owner):
            if owner is None:
                continue
            responsible = self.organisation.responsible(owner.kind, owner.id, on=day)
            recipients += (owner.id,) if self.organisation.is_empty else responsible.person_ids
        self._write_down(change, dict.fromkeys(recipients))

    def _write_down(self, change: AlertChange, recipients: Any) -> None:
        kind = change.kind.value.removeprefix("alert.").removesuffix(".v1")
        if change.alert.outcome_code is not None:
            kind = f"{kind}:{change.alert.outcome_code}"
        for recipient in recipients:
            self.notices.append(
                Notice(
                    at=self.now,
                    recipient=recipient,
                    kind=kind,
                    borrower_id=change.alert.borrower_id,
                )
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A story of the office.

    Attributes:
        steps: What happens, in the order of time.
        notices: Every message that must come of it, in order, and no other.
        reasons: Where given, the steps and codes of the last decision about `borrower_id`.
    """

    story: str
    steps: Sequence[OfficeStep]
    notices: Sequence[str]
    reasons: Sequence[str] | None = None
    borrower_id: str = "b-1"
    office: Callable[[], Office] = Office


def assessed(
    day: float, state: RiskState, *causes: ContributorSummary, borrower: str = "b-1", **changes: Any
) -> OfficeStep:
    """A borrower is assessed `day` days after the first Monday, 10:00 in Berlin."""

    def step(office: Office) -> None:
        office.advance(MONDAY + timedelta(days=day))
        office.assess(state, *causes, borrower_id=borrower, **changes)

    return step


def silenced(day: float, *, until: float, **matchers: Any) -> OfficeStep:
    """A person silences until a day; names are the fields of `Matchers`."""

    def step(office: Office) -> None:
        office.advance(MONDAY + timedelta(days=day))
        office.silences.append(
            Silence(
                silence_id=f"s-{len(office.silences) + 1}",
                begins_at=office.now,
                ends_at=MONDAY + timedelta(days=until),
                reason="known and in work",
                author="rita",
                matchers=Matchers(**{name: frozenset(each) for name, each in matchers.items()}),
            )
        )

    return step


def storm_begins(day: float, segment: str = "SME") -> OfficeStep:
    """So many borrowers of a segment change their state that its storm begins."""

    def step(office: Office) -> None:
        office.advance(MONDAY + timedelta(days=day))
        today = office.now.date()
        ends_on = CALENDAR.next_working_day(today)
        office.storms.append(Storm(segment=segment, day=today, ends_on=ends_on))

    return step


def runs_until(day: float) -> OfficeStep:
    """Nobody does anything until then."""
    return lambda office: office.advance(MONDAY + timedelta(days=day))


def acknowledged(day: float, *, by: str = "anna", borrower: str = "b-1") -> OfficeStep:
    """A person acknowledges the open alert."""
    return _taken(day, lifecycle.acknowledge, by, borrower)


def assigned(day: float, *, to: str, by: str = "anna", borrower: str = "b-1") -> OfficeStep:
    """A person assigns the open alert to another officer."""

    def assign(alert: Alert, *, actor: str, at: datetime) -> AlertChange | StepNotAllowed:
        return lifecycle.assign(
            alert, owner_kind=OwnerKind.OFFICER, owner_id=to, actor=actor, at=at
        )

    return _taken(day, assign, by, borrower)


def resolved(
    day: float, outcome: OutcomeCode, *, by: str = "anna", borrower: str = "b-1"
) -> OfficeStep:
    """A person closes the open alert."""

    def resolve(alert: Alert, *, actor: str, at: datetime) -> AlertChange | StepNotAllowed:
        return lifecycle.resolve(alert, outcome_code=outcome, note="", actor=actor, at=at)

    return _taken(day, resolve, by, borrower)


def _taken(day: float, person_step: LifecycleStep, by: str, borrower: str) -> OfficeStep:
    def step(office: Office) -> None:
        office.advance(MONDAY + timedelta(days=day))
        office.take(borrower, person_step, by=by)

    return step


def check(scenario: Scenario) -> None:
    """Play a scenario and compare who was notified of what, and why."""
    office = scenario.office()
    for step in scenario.steps:
        step(office)
    assert [str(notice) for notice in office.notices] == list(scenario.notices)
    if scenario.reasons is not None:
        entries = office.entries[scenario.borrower_id]
        assert [f"{entry.step} {entry.code}" for entry in entries] == list(scenario.reasons)
