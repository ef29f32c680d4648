"""Who hears of an alert until it is closed: every expected line is worked out by hand.

The clock begins on Monday 2 March 2026, 10:00 in Berlin; the bank works from 9 to 17. Clocks go
forward on Sunday 29 March, so 28 days later the same moment is 11:00. The officer is ana, absent
ones are replaced by ben; sam is their senior, rita the head of risk, cy and dee the committee.

Time to acknowledge and to act: ATTENTION 10 and 20 working days, WATCH 3 and 10, HIGH_RISK 1 and 3,
a hard alert 4 hours and 1 day. A reminder follows at half and at all of it, the first level with
the end (of a hard alert with the half), each further level one interval later.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from services.alerts.decisions.application.handling import LifecycleStep
from services.alerts.decisions.domain import lifecycle
from services.alerts.decisions.domain.alert import Alert
from services.alerts.decisions.domain.lifecycle import StepNotAllowed
from services.alerts.decisions.domain.policy import deadlines_for
from services.alerts.decisions.domain.undo import HandledState, UndoableStep, undo
from services.alerts.directory.domain.member import Absence, Delegation, Member
from services.alerts.primitives.vocabulary import Level, OutcomeCode, OwnerKind, RiskState
from tests.fakes.assessments import MONDAY, contributor
from tests.fakes.office import (
    POLICY,
    Notice,
    Office,
    OfficeStep,
    acknowledged,
    assessed,
    assigned,
    resolved,
    runs_until,
)
from tests.fakes.people import BERLIN, bank, member

AMBER = contributor("A-03", Level.AMBER, 10.0)
RED = contributor("R-01", Level.RED, 30.0)
OTHER_RED = contributor("F-05", Level.RED, 20.0)
HARD = contributor("R-02", Level.HARD, 40.0)
HOUR = 1 / 24
WATCH, HIGH, DEFAULT = RiskState.WATCH, RiskState.HIGH_RISK, RiskState.DEFAULT


@dataclass(slots=True)
class HandlingOffice(Office):
    """An office that also knows closed alerts, and what each person did last."""

    known: dict[str, Alert] = field(default_factory=dict)
    done: dict[str, UndoableStep] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    def take(self, borrower_id: str, step: LifecycleStep, *, by: str) -> None:
        """Let a person take a step on the newest alert of a borrower, if it is allowed."""
        alert = self.borrowers[borrower_id].open_alert or self.known[borrower_id]
        change = step(alert, actor=by, at=self.now)
        if isinstance(change, StepNotAllowed):
            self.refused.append(change.why)
            return
        self.done[by] = UndoableStep(
            command_id="c",
            alert_id=alert.alert_id,
            person=by,
            at=self.now,
            kind=change.kind,
            version=change.alert.version,
            before=HandledState.of(alert),
        )
        self.known[borrower_id] = change.alert
        self._keep(borrower_id, change.alert)


def office(*people: Member, **changes: Any) -> Callable[[], Office]:
    """An office of the bank with changes of its people."""

    def build() -> Office:
        organisation = bank(*people, **changes)
        return HandlingOffice(
            organisation=organisation, policy=replace(POLICY, organisation=organisation)
        )

    return build


def away(name: str, begins: str, ends: str, **changes: Any) -> Member:
    absence = Absence(begins=date.fromisoformat(begins), ends=date.fromisoformat(ends))
    return replace(bank().members[name], absences=(absence,), **changes)


def opens(state: RiskState = WATCH, cause: Any = RED, day: float = 0, **changes: Any) -> OfficeStep:
    """The alert of ana's borrower opens."""
    return assessed(day, state, cause, **{"officer_id": "o-ana", **changes})


def worse(day: float, *causes: Any, state: RiskState = WATCH) -> OfficeStep:
    return assessed(day, state, *causes, officer_id="o-ana")


def taken(day: float, step: LifecycleStep, by: str = "ana", borrower: str = "b-1") -> OfficeStep:
    def take(current: Office) -> None:
        current.advance(MONDAY + timedelta(days=day))
        current.take(borrower, step, by=by)

    return take


def started(day: float, **whose: str) -> OfficeStep:
    return taken(day, lifecycle.start, **whose)


def commented(day: float) -> OfficeStep:
    def comment(alert: Alert, *, actor: str, at: datetime) -> lifecycle.Taken:
        return lifecycle.comment(alert, text="called", actor=actor, at=at)

    return taken(day, comment)


def snoozed(day: float, until: float, **whose: str) -> OfficeStep:
    def snooze(alert: Alert, *, actor: str, at: datetime) -> lifecycle.Taken:
        moment = MONDAY + timedelta(days=until)
        return lifecycle.snooze(alert, until=moment, reason="pays", actor=actor, at=at)

    return taken(day, snooze, **whose)


def woken(day: float, **whose: str) -> OfficeStep:
    def end(alert: Alert, *, actor: str, at: datetime) -> lifecycle.Taken:
        return lifecycle.end_snooze(alert, calendar=BERLIN, actor=actor, at=at)

    return taken(day, end, **whose)


def reopened(day: float, **whose: str) -> OfficeStep:
    def reopen(alert: Alert, *, actor: str, at: datetime) -> lifecycle.Taken:
        deadlines = deadlines_for(alert.severity, opened_at=at, calendar=BERLIN)
        return lifecycle.reopen(alert, reason="unpaid", deadlines=deadlines, actor=actor, at=at)

    return taken(day, reopen, **whose)


def undone(day: float, by: str = "ana") -> OfficeStep:
    def undo_last(current: Office) -> None:
        assert isinstance(current, HandlingOffice)
        command = current.done[by]

        def step(alert: Alert, *, actor: str, at: datetime) -> lifecycle.Taken:
            return undo(alert, command=command, actor=actor, at=at)

        taken(day, step, by)(current)

    return undo_last


ACK, CLOSE = acknowledged, resolved
DONE = OutcomeCode.MITIGATED
SECOND = 1 / 86_400
Row = tuple[str, Sequence[OfficeStep], Sequence[str]]

ROWS: tuple[Row, ...] = (
    # Nobody acts.
    ("WATCH until the committee", [opens(), runs_until(14)], [
        "Mon 02 Mar 10:00 ana opened", "Tue 03 Mar 14:00 ana reminded",
        "Thu 05 Mar 10:00 ana escalated", "Thu 05 Mar 10:00 sam escalated",
        "Tue 10 Mar 10:00 rita escalated", "Fri 13 Mar 10:00 cy escalated",
        "Fri 13 Mar 10:00 dee escalated"]),
    ("after the committee nothing follows", [opens(HIGH), runs_until(40)], [
        "Mon 02 Mar 10:00 ana opened", "Mon 02 Mar 14:00 ana reminded",
        "Tue 03 Mar 10:00 ana escalated", "Tue 03 Mar 10:00 sam escalated",
        "Wed 04 Mar 10:00 rita escalated", "Thu 05 Mar 10:00 cy escalated",
        "Thu 05 Mar 10:00 dee escalated"]),
    ("a default within a day", [opens(DEFAULT, HARD), runs_until(1)], [
        "Mon 02 Mar 10:00 ana opened", "Mon 02 Mar 10:00 wei opened",
        "Mon 02 Mar 12:00 ana escalated", "Mon 02 Mar 12:00 wei escalated",
        "Mon 02 Mar 12:00 sam escalated", "Mon 02 Mar 14:00 ana escalated",
        "Mon 02 Mar 14:00 wei escalated", "Mon 02 Mar 14:00 rita escalated",
        "Mon 02 Mar 16:00 cy escalated", "Mon 02 Mar 16:00 dee escalated"]),
    ("ATTENTION over the change of the clocks", [
        opens(RiskState.ATTENTION, AMBER), runs_until(29)], [
        "Mon 02 Mar 10:00 ana opened", "Mon 09 Mar 10:00 ana reminded",
        "Mon 16 Mar 10:00 ana escalated", "Mon 16 Mar 10:00 sam escalated",
        "Mon 30 Mar 10:00 rita escalated"]),
    ("an alert of Friday evening counts from Monday", [opens(HIGH, day=4.3), runs_until(8)], [
        "Fri 06 Mar 17:12 ana opened", "Mon 09 Mar 13:00 ana reminded",
        "Mon 09 Mar 17:00 ana escalated", "Mon 09 Mar 17:00 sam escalated"]),
    ("an alert of a Sunday counts from Monday", [opens(DEFAULT, HARD, day=6), runs_until(7.1)], [
        "Sun 08 Mar 10:00 ana opened", "Sun 08 Mar 10:00 wei opened",
        "Mon 09 Mar 11:00 ana escalated", "Mon 09 Mar 11:00 wei escalated",
        "Mon 09 Mar 11:00 sam escalated"]),
    # Acknowledged.
    ("acknowledged, then resolved", [opens(), ACK(HOUR, by="ana"), CLOSE(1, DONE), runs_until(40)],
     ["Mon 02 Mar 10:00 ana opened"]),
    ("acknowledged, and nothing done until the deadline to act", [
        opens(), ACK(HOUR), runs_until(15)], [
        "Mon 02 Mar 10:00 ana opened", "Mon 09 Mar 10:00 ana reminded",
        "Mon 16 Mar 10:00 ana escalated", "Mon 16 Mar 10:00 sam escalated"]),
    ("acknowledged the second before it escalates", [opens(), ACK(3 - SECOND), runs_until(6)], [
        "Mon 02 Mar 10:00 ana opened", "Tue 03 Mar 14:00 ana reminded"]),
    ("acknowledged after it escalated", [opens(), ACK(3.1), runs_until(8)], [
        "Mon 02 Mar 10:00 ana opened", "Tue 03 Mar 14:00 ana reminded",
        "Thu 05 Mar 10:00 ana escalated", "Thu 05 Mar 10:00 sam escalated",
        "Mon 09 Mar 10:00 ana reminded"]),
    ("acknowledged after the half of the time to act", [opens(), ACK(7.5), runs_until(13)], [
        "Mon 02 Mar 10:00 ana opened", "Tue 03 Mar 14:00 ana reminded",
        "Thu 05 Mar 10:00 ana escalated", "Thu 05 Mar 10:00 sam escalated"]),
    ("work started counts as acknowledged", [opens(), started(HOUR), runs_until(8)], [
        "Mon 02 Mar 10:00 ana opened", "Mon 09 Mar 10:00 ana reminded"]),
    ("a comment acknowledges nothing", [opens(), commented(HOUR), runs_until(2)], [
        "Mon 02 Mar 10:00 ana opened", "Tue 03 Mar 14:00 ana reminded"]),
    ("resolved at once", [opens(DEFAULT, HARD), CLOSE(HOUR, DONE), runs_until(9)], [
        "Mon 02 Mar 10:00 ana opened", "Mon 02 Mar 10:00 wei opened"]),
    # Worse after somebody acted.
    ("worse after the acknowledgement", [
        opens(WATCH, AMBER), ACK(HOUR), worse(2, AMBER, RED), runs_until(6)], [
        "Mon 02 Mar 10:00 ana opened", "Wed 04 Mar 10:00 ana rearmed",
        "Thu 05 Mar 14:00 ana reminded"]),
    ("worse after the acknowledgement, and nobody acts again", [
        opens(WATCH, AMBER), ACK(HOUR), worse(2, AMBER, RED), runs_until(7.5)], [
        "Mon 02 Mar 10:00 ana opened", "Wed 04 Mar 10:00 ana rearmed",
        "Thu 05 Mar 14:00 ana reminded", "Mon 09 Mar 10:00 ana escalated",
        "Mon 09 Mar 10:00 sam escalated"]),
    ("worse, acknowledged again, worse again", [
        opens(WATCH, AMBER), ACK(HOUR), worse(1, AMBER, RED), ACK(1.1),
        worse(9, AMBER, RED, OTHER_RED), runs_until(9.1)], [
        "Mon 02 Mar 10:00 ana opened", "Tue 03 Mar 10:00 ana rearmed",
        # The time to act is that of Monday, 2 March; the round began on Tuesday.
        "Mon 09 Mar 14:00 ana reminded", "Wed 11 Mar 10:00 ana rearmed"]),
    ("a hard trigger after the acknowledgement", [
        opens(), ACK(HOUR), worse(1, RED, HARD), runs_until(1.1)], [
        "Mon 02 Mar 10:00 ana opened", "Tue 03 Mar 10:00 ana rearmed",
        "Tue 03 Mar 12:00 ana escalated", "Tue 03 Mar 12:00 sam escalated"]),
    ("red news while work is under way is an update", [
        opens(WATCH, AMBER), started(HOUR), worse(2, AMBER, RED), runs_until(2.1)], [
        "Mon 02 Mar 10:00 ana opened", "Wed 04 Mar 10:00 ana updated"]),
    ("a hard trigger while work is under way", [
        opens(), started(HOUR), worse(1, RED, HARD), runs_until(1.05)], [
        "Mon 02 Mar 10:00 ana opened", "Tue 03 Mar 10:00 ana rearmed"]),
    ("amber after the acknowledgement changes no status", [
        opens(WATCH, RED), ACK(HOUR), worse(14, RED, AMBER), runs_until(14.1)], [
        "Mon 02 Mar 10:00 ana opened", "Mon 09 Mar 10:00 ana reminded",
        "Mon 16 Mar 10:00 ana escalated", "Mon 16 Mar 10:00 sam escalated",
        "Mon 16 Mar 10:00 ana updated"]),
    ("worse while nobody acted is an update", [
        opens(WATCH, AMBER), worse(1, AMBER, RED), runs_until(2)], [
        "Mon 02 Mar 10:00 ana opened", "Tue 03 Mar 10:00 ana updated",
        "Tue 03 Mar 14:00 ana reminded"]),
    ("a hard trigger at night while nobody acted: the shorter time begins in the morning", [
        opens(WATCH, AMBER), worse(0.7, AMBER, HARD), runs_until(1.1)], [
        "Mon 02 Mar 10:00 ana opened", "Tue 03 Mar 02:48 ana updated",
        "Tue 03 Mar 11:00 ana escalated", "Tue 03 Mar 11:00 sam escalated"]),
    ("worse when the time to act was over, acknowledged again and nothing done", [
        opens(HIGH), ACK(HOUR), worse(8.1, RED, OTHER_RED, state=HIGH), ACK(8.2),
        runs_until(9.2)], [
        "Mon 02 Mar 10:00 ana opened", "Tue 03 Mar 14:00 ana reminded",
        "Thu 05 Mar 10:00 ana escalated", "Thu 05 Mar 10:00 sam escalated",
        "Tue 10 Mar 10:00 rita escalated", "Tue 10 Mar 12:24 ana rearmed",
        # Eight working hours to acknowledge, and the time to act ends with them.
        "Tue 10 Mar 16:24 ana reminded", "Wed 11 Mar 12:24 ana escalated",
        "Wed 11 Mar 12:24 sam escalated"]),
    ("a worse state after the acknowledgement is another alert", [
        opens(), ACK(HOUR), worse(1, RED, state=HIGH), runs_until(1.2)], [
        "Mon 02 Mar 10:00 ana opened", "Tue 03 Mar 10:00 ana resolved:SUPERSEDED",
        "Tue 03 Mar 10:00 ana opened", "Tue 03 Mar 14:00 ana reminded"]),
    ("better after the acknowledgement changes no status", [
        opens(), ACK(HOUR), worse(1, state=RiskState.ATTENTION), runs_until(8)], [
        "Mon 02 Mar 10:00 ana opened", "Tue 03 Mar 10:00 ana updated",
        "Mon 09 Mar 10:00 ana reminded"]),
    # Snoozed.
    ("a snooze stops the time until it is over", [opens(), snoozed(HOUR, 7), runs_until(9)], [
        # One hour of Monday had passed; half the time is 11 hours after Monday, 10:00.
        "Mon 02 Mar 10:00 ana opened", "Mon 09 Mar 10:00 ana snooze-ended",
        "Tue 10 Mar 13:00 ana reminded"]),
    ("a snooze of an acknowledged alert", [opens(), ACK(0), snoozed(1, 8), runs_until(15)], [
        # A week later than Monday, 9 March.
        "Mon 02 Mar 10:00 ana opened", "Tue 10 Mar 10:00 ana snooze-ended",
        "Mon 16 Mar 10:00 ana reminded"]),
    ("a snooze that a person ends", [opens(), snoozed(0, 7), woken(1), runs_until(3)], [
        "Mon 02 Mar 10:00 ana opened", "Wed 04 Mar 14:00 ana reminded"]),
    ("a snooze over the weekend alone moves nothing", [
        opens(HIGH, day=4), snoozed(4.3, 6.5), runs_until(7.1)], [
        "Fri 06 Mar 10:00 ana opened", "Fri 06 Mar 14:00 ana reminded",
        "Sun 08 Mar 22:00 ana snooze-ended", "Mon 09 Mar 10:00 ana escalated",
        "Mon 09 Mar 10:00 sam escalated"]),
    ("worse news ends a snooze", [
        opens(WATCH, AMBER), snoozed(HOUR, 7), worse(1, AMBER, RED), runs_until(2.5)], [
        "Mon 02 Mar 10:00 ana opened", "Tue 03 Mar 10:00 ana rearmed",
        "Wed 04 Mar 14:00 ana reminded"]),
    ("a hard trigger ends a snooze", [
        opens(), snoozed(HOUR, 7), worse(1, RED, HARD), runs_until(1.1)], [
        "Mon 02 Mar 10:00 ana opened", "Tue 03 Mar 10:00 ana rearmed",
        "Tue 03 Mar 12:00 ana escalated", "Tue 03 Mar 12:00 sam escalated"]),
    ("amber news leaves a snooze", [
        opens(WATCH, AMBER), snoozed(HOUR, 14), worse(1, AMBER, RED), snoozed(1.1, 15.1),
        worse(15, AMBER, RED, contributor("A-09", Level.AMBER, 8.0)), runs_until(15.05)], [
        "Mon 02 Mar 10:00 ana opened", "Tue 03 Mar 10:00 ana rearmed",
        "Tue 17 Mar 10:00 ana updated"]),
    ("a hard alert is not snoozed", [opens(DEFAULT, HARD), snoozed(0, 1), runs_until(2.1 * HOUR)], [
        "Mon 02 Mar 10:00 ana opened", "Mon 02 Mar 10:00 wei opened",
        "Mon 02 Mar 12:00 ana escalated", "Mon 02 Mar 12:00 wei escalated",
        "Mon 02 Mar 12:00 sam escalated"]),
    ("acknowledged while snoozed", [opens(), snoozed(0, 7), ACK(3), runs_until(15)], [
        "Mon 02 Mar 10:00 ana opened", "Mon 09 Mar 10:00 ana snooze-ended",
        "Mon 16 Mar 10:00 ana reminded"]),
    ("resolved while snoozed", [opens(), snoozed(0, 7), CLOSE(3, DONE), runs_until(15)], [
        "Mon 02 Mar 10:00 ana opened"]),
    ("snoozed after it was overdue, it stays as overdue as it was", [
        opens(), snoozed(3.1, 10.1), runs_until(15)], [
        "Mon 02 Mar 10:00 ana opened", "Tue 03 Mar 14:00 ana reminded",
        "Thu 05 Mar 10:00 ana escalated", "Thu 05 Mar 10:00 sam escalated",
        # A week later than Tuesday, 10 March.
        "Thu 12 Mar 12:24 ana snooze-ended", "Tue 17 Mar 10:00 rita escalated"]),
    # Reopened.
    ("reopened, the time begins again", [
        opens(), CLOSE(HOUR, DONE), reopened(7), runs_until(9)], [
        "Mon 02 Mar 10:00 ana opened", "Tue 10 Mar 14:00 ana reminded"]),
    ("reopened and worse", [
        opens(WATCH, AMBER), CLOSE(HOUR, DONE), reopened(7), worse(8, AMBER, RED), runs_until(8.1)],
     ["Mon 02 Mar 10:00 ana opened", "Tue 10 Mar 10:00 ana updated"]),
    ("not reopened after 31 days", [opens(), CLOSE(HOUR, DONE), reopened(31.1), runs_until(40)], [
        "Mon 02 Mar 10:00 ana opened"]),
    ("reopened and corrected to normal stays open, because people acted", [
        opens(), CLOSE(HOUR, DONE), reopened(1),
        assessed(1.1, RiskState.NORMAL, is_corrected=True, officer_id="o-ana"), runs_until(1.2)], [
        "Mon 02 Mar 10:00 ana opened", "Tue 03 Mar 12:24 ana updated"]),
    # Undone.
    ("an undone acknowledgement runs on as before", [
        opens(), ACK(HOUR, by="ana"), undone(HOUR + 30 * SECOND), runs_until(2)], [
        "Mon 02 Mar 10:00 ana opened", "Tue 03 Mar 14:00 ana reminded"]),
    ("an undo after 61 seconds changes nothing", [
        opens(), ACK(HOUR, by="ana"), undone(HOUR + 61 * SECOND), runs_until(2)], [
        "Mon 02 Mar 10:00 ana opened"]),
    ("an undone snooze", [opens(), snoozed(0, 7), undone(30 * SECOND), runs_until(2)], [
        "Mon 02 Mar 10:00 ana opened", "Tue 03 Mar 14:00 ana reminded"]),
    ("an undone resolution", [
        opens(), CLOSE(HOUR, DONE, by="ana"), undone(HOUR + 30 * SECOND), runs_until(2)], [
        "Mon 02 Mar 10:00 ana opened", "Tue 03 Mar 14:00 ana reminded"]),
    ("an undo after the borrower got worse changes nothing", [
        opens(WATCH, AMBER), ACK(HOUR, by="ana"), worse(HOUR + 20 * SECOND, AMBER, RED),
        undone(HOUR + 30 * SECOND), runs_until(1)], [
        "Mon 02 Mar 10:00 ana opened", "Mon 02 Mar 11:00 ana rearmed"]),
    # Another owner.
    ("handed over while overdue, ben is responsible from then on", [
        opens(), assigned(4, to="o-ben", by="sam"), runs_until(8.1)], [
        "Mon 02 Mar 10:00 ana opened", "Tue 03 Mar 14:00 ana reminded",
        "Thu 05 Mar 10:00 ana escalated", "Thu 05 Mar 10:00 sam escalated",
        "Tue 10 Mar 10:00 rita escalated"]),
    ("handed over before the reminder", [
        opens(), assigned(HOUR, to="o-ben", by="ana"), runs_until(3)], [
        "Mon 02 Mar 10:00 ana opened", "Tue 03 Mar 14:00 ben reminded",
        "Thu 05 Mar 10:00 ben escalated", "Thu 05 Mar 10:00 sam escalated"]),
    ("two borrowers do not delay each other", [
        opens(), opens(day=HOUR, borrower="b-2"), ACK(2 * HOUR), runs_until(2)], [
        "Mon 02 Mar 10:00 ana opened", "Mon 02 Mar 11:00 ana opened b-2",
        "Tue 03 Mar 15:00 ana reminded b-2"]),
)  # fmt: skip

PEOPLE: tuple[tuple[str, Callable[[], Office], Sequence[OfficeStep], Sequence[str]], ...] = (
    ("an absent owner is replaced in the reminder", office(away("ana", "2026-03-03", "2026-03-03")),
     [opens(), runs_until(3)], [
        "Mon 02 Mar 10:00 ana opened", "Tue 03 Mar 14:00 ben reminded",
        "Thu 05 Mar 10:00 ana escalated", "Thu 05 Mar 10:00 sam escalated"]),
    ("a delegate goes before the substitute", office(away("ana", "2026-03-03", "2026-03-06",
        delegates=(Delegation(person_id="lea", begins=date(2026, 3, 3), ends=date(2026, 3, 6)),))),
     [opens(), runs_until(2)], ["Mon 02 Mar 10:00 ana opened", "Tue 03 Mar 14:00 lea reminded"]),
    ("an absent senior is replaced by the head of risk", office(
        away("sam", "2026-03-05", "2026-03-06")), [opens(), runs_until(8.1)], [
        "Mon 02 Mar 10:00 ana opened", "Tue 03 Mar 14:00 ana reminded",
        "Thu 05 Mar 10:00 ana escalated", "Thu 05 Mar 10:00 rita escalated",
        "Tue 10 Mar 10:00 rita escalated"]),
    ("without a head of risk the committee is next", office(risk_head=None),
     [opens(HIGH), runs_until(2.1)], [
        "Mon 02 Mar 10:00 ana opened", "Mon 02 Mar 14:00 ana reminded",
        "Tue 03 Mar 10:00 ana escalated", "Tue 03 Mar 10:00 sam escalated",
        "Wed 04 Mar 10:00 cy escalated", "Wed 04 Mar 10:00 dee escalated"]),
    ("without superior and lead the head of risk is first", office(member("ana")),
     [opens(HIGH), runs_until(1.1)], [
        "Mon 02 Mar 10:00 ana opened", "Mon 02 Mar 14:00 ana reminded",
        "Tue 03 Mar 10:00 ana escalated", "Tue 03 Mar 10:00 rita escalated"]),
    ("who left in the meantime is replaced by the substitute",
     office(replace(bank().members["ana"], left_on=date(2026, 3, 3))), [opens(), runs_until(2)], [
        "Mon 02 Mar 10:00 ana opened", "Tue 03 Mar 14:00 ben reminded"]),
    ("a holiday of the bank moves everything by a day", office(calendars={
        "bank": replace(BERLIN, holidays=frozenset({date(2026, 3, 3)})),
        "madrid": bank().calendars["madrid"]}), [opens(), runs_until(4.1)], [
        "Mon 02 Mar 10:00 ana opened", "Wed 04 Mar 14:00 ana reminded",
        "Fri 06 Mar 10:00 ana escalated", "Fri 06 Mar 10:00 sam escalated"]),
    ("the queue of the workout is reminded as its members", office(), [
        opens(DEFAULT, HARD), taken(HOUR, lambda alert, *, actor, at: lifecycle.assign(
            alert, owner_kind=OwnerKind.QUEUE, owner_id="workout", actor=actor, at=at)),
        runs_until(2.1 * HOUR)], [
        "Mon 02 Mar 10:00 ana opened", "Mon 02 Mar 10:00 wei opened",
        "Mon 02 Mar 12:00 wei escalated", "Mon 02 Mar 12:00 sam escalated"]),
)  # fmt: skip


def named(notice: Notice) -> str:
    """Return a notice as the tables have it: the borrower only where it is not b-1."""
    return str(notice).removesuffix(" b-1")


@pytest.mark.parametrize(("story", "steps", "expected"), ROWS, ids=[row[0] for row in ROWS])
def test_until_it_is_closed(
    story: str, steps: Sequence[OfficeStep], expected: Sequence[str]
) -> None:
    current = office()()
    for step in steps:
        step(current)
    assert [named(notice) for notice in current.notices] == list(expected), story


@pytest.mark.parametrize(
    ("story", "build", "steps", "expected"), PEOPLE, ids=[row[0] for row in PEOPLE]
)
def test_who_is_there(
    story: str, build: Callable[[], Office], steps: Sequence[OfficeStep], expected: Sequence[str]
) -> None:
    current = build()
    for step in steps:
        step(current)
    assert [named(notice) for notice in current.notices] == list(expected), story


def test_there_are_at_least_fifty() -> None:
    assert len(ROWS) + len(PEOPLE) >= 50
