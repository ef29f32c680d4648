"""What is undone, by whom, until when."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.alerts.decisions.domain.alert import Alert, AlertChange
from services.alerts.decisions.domain.lifecycle import StepNotAllowed
from services.alerts.decisions.domain.undo import HandledState, UndoableStep, undo
from services.alerts.primitives.vocabulary import AlertEventKind
from tests.fakes.assessments import MONDAY
from tests.unit.alerts import test_lifecycle as steps
from tests.unit.alerts.test_lifecycle import OPEN, RESOLVED, done

LATER = MONDAY + timedelta(seconds=60)


def command(before: Alert, change: AlertChange) -> UndoableStep:
    return UndoableStep(
        command_id="c-1",
        alert_id=before.alert_id,
        person="anna",
        at=MONDAY,
        kind=change.kind,
        version=change.alert.version,
        before=HandledState.of(before),
    )


@pytest.mark.parametrize(
    ("step", "before"),
    [
        (steps.acknowledge, OPEN),
        (steps.start, OPEN),
        (steps.assign, OPEN),
        (steps.snooze, OPEN),
        (steps.end_snooze, done(steps.snooze(OPEN))),
        (steps.resolve, OPEN),
        (steps.reopen, RESOLVED),
    ],
    ids=lambda value: getattr(value, "__name__", getattr(value, "status", str(value))),
)
def test_an_undone_step_leaves_the_alert_as_it_was(step, before) -> None:  # type: ignore[no-untyped-def]
    change = step(before)
    undone = undo(change.alert, command=command(before, change), actor="anna", at=LATER)
    assert isinstance(undone, AlertChange)
    assert undone.kind is AlertEventKind.UNDONE
    assert undone.alert.version == change.alert.version + 1
    state = HandledState.of(undone.alert)
    # The timer is scheduled again; nothing else differs.
    due_at = LATER if before.timer.due_at else None
    assert state == replace(HandledState.of(before), timer=replace(before.timer, due_at=due_at))


@pytest.mark.parametrize(
    ("actor", "at", "change_after", "why"),
    [
        ("anna", LATER + timedelta(seconds=1), None, "60 seconds"),
        ("ben", LATER, None, "only who took the step"),
        ("anna", LATER, steps.assign, "changed since"),
    ],
    ids=["too late", "another person", "somebody else acted"],
)
def test_what_cannot_be_undone(actor: str, at: datetime, change_after, why: str) -> None:  # type: ignore[no-untyped-def]
    change = steps.acknowledge(OPEN)
    assert isinstance(change, AlertChange)
    now = done(change_after(change.alert)) if change_after else change.alert
    refused = undo(now, command=command(OPEN, change), actor=actor, at=at)
    assert isinstance(refused, StepNotAllowed)
    assert why in refused.why


def test_a_comment_in_between_stays_and_prevents_nothing() -> None:
    change = steps.acknowledge(OPEN)
    assert isinstance(change, AlertChange)
    commented = done(steps.link(done(steps.comment(change.alert))))
    undone = undo(commented, command=command(OPEN, change), actor="anna", at=LATER)
    assert done(undone).links == commented.links
    assert done(undone).version == 5


def test_a_step_is_undone_once() -> None:
    change = steps.acknowledge(OPEN)
    assert isinstance(change, AlertChange)
    own = command(OPEN, change)
    after = done(undo(change.alert, command=own, actor="anna", at=LATER))
    assert isinstance(undo(after, command=own, actor="anna", at=LATER), StepNotAllowed)
