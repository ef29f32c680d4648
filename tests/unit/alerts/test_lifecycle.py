"""Which step people may take on an alert in which status."""

from dataclasses import replace

import pytest

from services.alerts.decisions.domain import lifecycle
from services.alerts.decisions.domain.alert import Alert, AlertChange
from services.alerts.decisions.domain.lifecycle import StepNotAllowed
from services.alerts.primitives.errors import InvalidInput
from services.alerts.primitives.vocabulary import AlertStatus, OutcomeCode, OwnerKind, RiskState
from tests.fakes.assessments import MONDAY, assessment, contributor
from tests.unit.alerts.test_alerting import only_alert

OPEN = only_alert(assessment(RiskState.WATCH, contributor()))
ACKNOWLEDGED = replace(OPEN, status=AlertStatus.ACKNOWLEDGED)
IN_PROGRESS = replace(OPEN, status=AlertStatus.IN_PROGRESS)
RESOLVED = replace(OPEN, status=AlertStatus.RESOLVED, outcome_code=OutcomeCode.FALSE)
YES, NO = True, False


def acknowledge(alert: Alert) -> AlertChange | StepNotAllowed:
    return lifecycle.acknowledge(alert, actor="anna", at=MONDAY)


def assign(alert: Alert) -> AlertChange | StepNotAllowed:
    return lifecycle.assign(
        alert, owner_kind=OwnerKind.QUEUE, owner_id="workout", actor="anna", at=MONDAY
    )


def comment(alert: Alert) -> AlertChange | StepNotAllowed:
    return lifecycle.comment(alert, text="called", actor="anna", at=MONDAY)


def resolve(alert: Alert) -> AlertChange | StepNotAllowed:
    return lifecycle.resolve(
        alert, outcome_code=OutcomeCode.CONFIRMED, note="", actor="anna", at=MONDAY
    )


@pytest.mark.parametrize(
    ("step", "before", "after"),
    [
        (acknowledge, OPEN, AlertStatus.ACKNOWLEDGED),
        (acknowledge, ACKNOWLEDGED, None),
        (acknowledge, IN_PROGRESS, None),
        (acknowledge, RESOLVED, None),
        (assign, OPEN, AlertStatus.OPEN),
        (assign, ACKNOWLEDGED, AlertStatus.IN_PROGRESS),
        (assign, IN_PROGRESS, AlertStatus.IN_PROGRESS),
        (assign, RESOLVED, None),
        (comment, OPEN, AlertStatus.OPEN),
        (comment, ACKNOWLEDGED, AlertStatus.IN_PROGRESS),
        (comment, IN_PROGRESS, AlertStatus.IN_PROGRESS),
        (comment, RESOLVED, AlertStatus.RESOLVED),
        (resolve, OPEN, AlertStatus.RESOLVED),
        (resolve, ACKNOWLEDGED, AlertStatus.RESOLVED),
        (resolve, IN_PROGRESS, AlertStatus.RESOLVED),
        (resolve, RESOLVED, None),
    ],
    ids=lambda value: getattr(value, "__name__", getattr(value, "status", str(value))),
)
def test_a_step_moves_the_alert_on_or_is_refused(step, before, after) -> None:  # type: ignore[no-untyped-def]
    taken = step(before)
    if after is None:
        assert isinstance(taken, StepNotAllowed)
        assert taken.why
    else:
        assert taken.alert.status is after
        assert taken.alert.version == before.version + 1


def test_only_the_system_supersedes() -> None:
    with pytest.raises(InvalidInput, match="choose one of CONFIRMED, DATA_ERROR") as refused:
        lifecycle.resolve(
            OPEN, outcome_code=OutcomeCode.SUPERSEDED, note="", actor="anna", at=MONDAY
        )
    assert refused.value.pointer == "/outcome_code"


@pytest.mark.parametrize("owner_id", ["", " ", "two words", "ü", "x" * 129])
def test_an_owner_needs_a_plain_id(owner_id: str) -> None:
    with pytest.raises(InvalidInput, match="1 to 128 visible ASCII") as refused:
        lifecycle.assign(
            OPEN, owner_kind=OwnerKind.OFFICER, owner_id=owner_id, actor="anna", at=MONDAY
        )
    assert refused.value.pointer == "/owner_id"


@pytest.mark.parametrize("text", ["", " \n", "x" * 2001])
def test_a_comment_has_1_to_2000_characters(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        lifecycle.comment(OPEN, text=text, actor="anna", at=MONDAY)
    assert refused.value.pointer == "/text"
    assert isinstance(
        lifecycle.comment(OPEN, text="x" * 2000, actor="anna", at=MONDAY), AlertChange
    )


def test_a_note_has_at_most_2000_characters() -> None:
    with pytest.raises(InvalidInput) as refused:
        lifecycle.resolve(
            OPEN, outcome_code=OutcomeCode.FALSE, note="x" * 2001, actor="anna", at=MONDAY
        )
    assert refused.value.pointer == "/note"


def test_giving_an_alert_to_its_owner_changes_nothing() -> None:
    taken = lifecycle.assign(
        OPEN, owner_kind=OwnerKind.OFFICER, owner_id="o-7", actor="anna", at=MONDAY
    )
    assert isinstance(taken, StepNotAllowed)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": AlertStatus.RESOLVED},
        {"outcome_code": OutcomeCode.FALSE},
        {"actions": ()},
        {"headline": ""},
    ],
    ids=["closed without outcome", "outcome while open", "no action", "no headline"],
)
def test_an_alert_that_lacks_something_cannot_exist(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="alert"):
        replace(OPEN, **changes)  # type: ignore[arg-type]
