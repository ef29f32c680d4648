"""Decides who is reminded of an alert and to whom it escalates when nobody acts in time.

An alert that nobody acknowledged runs against its deadline to acknowledge; afterwards it runs
against its deadline to act. Its people are reminded when half of the time is over and when all of
it is. Then the next level is notified: senior, head of risk, committee, each one interval after
the one before. Time is working time on the calendar of the owner.

Nothing is planned ahead. The steps follow from the alert as it is, so whatever changes the alert
only says that it has to be scheduled, and an acknowledgement leaves no timer behind. `elapse` takes
all steps that are due as one notice: after an outage nobody is notified five times.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from services.alerts.decisions.domain.alert import (
    SYSTEM,
    Alert,
    AlertChange,
    Deadlines,
    Snooze,
    Timer,
)
from services.alerts.decisions.domain.policy import RoutingPlan
from services.alerts.directory.domain.organisation import Organisation
from services.alerts.directory.domain.working_calendar import WorkingCalendar
from services.alerts.primitives.vocabulary import AlertEventKind, AlertStatus


class TimerStep(StrEnum):
    """What happens when nobody acts, in this order."""

    HALF_TIME = "HALF_TIME"
    DEADLINE = "DEADLINE"
    SENIOR = "SENIOR"
    RISK_HEAD = "RISK_HEAD"
    COMMITTEE = "COMMITTEE"

    @property
    def level(self) -> int:
        """Returns the level that is notified; 0 is the owner."""
        return LEVELS.index(self) + 1 if self in LEVELS else 0


LEVELS = (TimerStep.SENIOR, TimerStep.RISK_HEAD, TimerStep.COMMITTEE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """A step and when it is due if nobody acts."""

    step: TimerStep
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Elapsed:
    """An alert after its timer was due: scheduled again, and the notice if one was due."""

    alert: Alert
    change: AlertChange | None


def begun(at: datetime, *, number: int = 1) -> Timer:
    """Returns the timer of a round that begins: of a new alert the first."""
    return Timer(round=number, began_at=at, handled_until=at, level=0, snoozes=0, due_at=at)


def to_be_scheduled(timer: Timer, *, at: datetime) -> Timer:
    """Returns the timer of an alert whose deadlines or owner changed."""
    return replace(timer, due_at=at)


def acknowledged(alert: Alert, *, at: datetime) -> Timer:
    """Returns the timer after somebody acknowledged: only what is due later can follow.

    For a snoozed alert no time has passed since the snooze began.
    """
    over = at if alert.snooze is None else alert.snooze.began_at
    return replace(alert.timer, handled_until=over, due_at=at)


def resumed(alert: Alert, *, at: datetime, calendar: WorkingCalendar) -> Alert:
    """Returns a snoozed alert that waits no longer: every deadline is later by the working time."""
    if alert.snooze is None:
        return alert
    paused = calendar.working_time_between(alert.snooze.began_at, at)

    def moved(moment: datetime) -> datetime:
        return calendar.add_working_time(moment, paused) if paused else moment

    limits, timer = alert.deadlines, alert.timer
    return replace(
        alert,
        snooze=None,
        deadlines=Deadlines(
            acknowledge_by=moved(limits.acknowledge_by),
            act_by=moved(limits.act_by),
            escalate_at=moved(limits.escalate_at),
        ),
        timer=replace(
            timer,
            began_at=moved(timer.began_at),
            handled_until=moved(timer.handled_until),
            due_at=at,
        ),
    )


def ended(timer: Timer) -> Timer:
    """Returns the timer of a resolved alert."""
    return replace(timer, due_at=None)


def planned_steps(alert: Alert, calendar: WorkingCalendar) -> tuple[PlannedStep, ...]:
    """Returns the steps that follow if nobody acts, in the order in which they are due."""
    if not alert.is_open:
        return ()
    begin, limits = alert.timer.began_at, alert.deadlines
    is_waiting = alert.status is AlertStatus.OPEN
    # Where the time to act was over before the round began, it ends with that to acknowledge.
    act_by = max(limits.act_by, limits.acknowledge_by)
    deadline = limits.acknowledge_by if is_waiting else act_by
    first_level_at = limits.escalate_at if is_waiting else act_by
    half = calendar.working_time_between(begin, deadline) / 2
    # A deadline before the first working hour leaves no time; the levels still follow one by one.
    interval = calendar.working_time_between(begin, first_level_at) or calendar.day_length
    moments = {
        TimerStep.HALF_TIME: calendar.add_working_time(begin, half),
        TimerStep.DEADLINE: deadline,
        TimerStep.SENIOR: first_level_at,
        TimerStep.RISK_HEAD: calendar.add_working_time(first_level_at, interval),
        TimerStep.COMMITTEE: calendar.add_working_time(first_level_at, 2 * interval),
    }
    steps = [PlannedStep(step=step, due_at=due_at) for step, due_at in moments.items()]
    return tuple(sorted(steps, key=lambda planned: planned.due_at))


def elapse(
    alert: Alert, *, at: datetime, organisation: Organisation, routing: RoutingPlan
) -> Elapsed:
    """Takes the steps of an alert that are due at a moment, and schedules the next one."""
    calendar = organisation.calendar_of(alert.owner.kind, alert.owner.id)
    if alert.snooze is not None:
        return _snoozed(alert, alert.snooze, organisation, at=at)
    following = [
        planned
        for planned in planned_steps(alert, calendar)
        if planned.due_at > alert.timer.handled_until
    ]
    due = [planned.step for planned in following if planned.due_at <= at]
    next_at = next((planned.due_at for planned in following if planned.due_at > at), None)
    scheduled = replace(alert, timer=replace(alert.timer, due_at=next_at))
    if not due:
        return Elapsed(alert=scheduled, change=None)
    recipients = _Recipients(alert, organisation, routing, _day(at, calendar)).of(due)
    change = _notice(scheduled, due, recipients, at=at)
    return Elapsed(alert=change.alert, change=change)


def _snoozed(alert: Alert, snooze: Snooze, organisation: Organisation, *, at: datetime) -> Elapsed:
    """Ends a snooze whose time is over; until then nothing is due."""
    if at < snooze.until:
        waiting = replace(alert, timer=replace(alert.timer, due_at=snooze.until))
        return Elapsed(alert=waiting, change=None)
    calendar = organisation.calendar_of(alert.owner.kind, alert.owner.id)
    after = resumed(alert, at=at, calendar=calendar)
    change = AlertChange(
        kind=AlertEventKind.SNOOZE_ENDED,
        alert=replace(after, version=alert.version + 1, updated_at=at),
        at=at,
        actor=SYSTEM,
        why=f"the snooze is over: {snooze.reason}",
        details={"recipients": _responsible(alert, organisation, on=_day(at, calendar))},
    )
    return Elapsed(alert=change.alert, change=change)


@dataclass(frozen=True, slots=True)
class _Recipients:
    """Resolves the recipients of steps on a day."""

    alert: Alert
    organisation: Organisation
    routing: RoutingPlan
    on: date

    def of(self, steps: Sequence[TimerStep]) -> tuple[str, ...]:
        """Returns the recipients of steps, each once, the owner's people first."""
        names = [name for step in steps for name in self._of_step(step)]
        return tuple(dict.fromkeys(names))

    def _of_step(self, step: TimerStep) -> tuple[str, ...]:
        if step.level == 0:
            return _responsible(self.alert, self.organisation, on=self.on)
        # A level without anybody is skipped: silence must not depend on a gap in the directory.
        levels = (self._of_level(level) for level in range(step.level, len(LEVELS) + 1))
        return next((people for people in levels if people), ())

    def _of_level(self, level: int) -> tuple[str, ...]:
        if self.organisation.is_empty:
            return self.routing.escalation[level - 1 : level]
        owner = self.alert.owner
        return self.organisation.escalation(owner.kind, owner.id, level, on=self.on)


def _responsible(alert: Alert, organisation: Organisation, *, on: date) -> tuple[str, ...]:
    owners = [owner for owner in (alert.owner, alert.second_owner) if owner is not None]
    if organisation.is_empty:
        return tuple(owner.id for owner in owners)
    names = (organisation.responsible(each.kind, each.id, on=on).person_ids for each in owners)
    return tuple(dict.fromkeys(name for people in names for name in people))


def _notice(
    alert: Alert, steps: Sequence[TimerStep], recipients: tuple[str, ...], *, at: datetime
) -> AlertChange:
    level = max(step.level for step in steps)
    timer = replace(alert.timer, handled_until=at, level=max(level, alert.timer.level))
    after = replace(alert, version=alert.version + 1, updated_at=at, timer=timer)
    return AlertChange(
        kind=AlertEventKind.ESCALATED if level else AlertEventKind.REMINDED,
        alert=after,
        at=at,
        actor=SYSTEM,
        why=_why(alert, steps, recipients),
        details={
            "recipients": recipients,
            "level": level,
            "round": timer.round,
            "steps": tuple(steps),
        },
    )


def _why(alert: Alert, steps: Sequence[TimerStep], recipients: Sequence[str]) -> str:
    is_waiting = alert.status is AlertStatus.OPEN
    deadline = alert.deadlines.acknowledge_by if is_waiting else alert.deadlines.act_by
    verb = "acknowledged" if is_waiting else "resolved"
    names = ", ".join(recipients) or "nobody: the directory names nobody at any level"
    level = max(step.level for step in steps)
    what = f"escalated to level {level}" if level else "reminded"
    return f"not {verb}, due by {deadline.isoformat(timespec='minutes')}; {what}: {names}"


def _day(at: datetime, calendar: WorkingCalendar) -> date:
    return at.astimezone(calendar.timezone).date()
