"""Which step people may take on an alert in which status."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.alerts.decisions.domain import lifecycle
from services.alerts.decisions.domain.alert import Alert, AlertChange
from services.alerts.decisions.domain.lifecycle import StepNotAllowed
from services.alerts.primitives.errors import InvalidInput
from services.alerts.primitives.vocabulary import (
    AlertEventKind,
    AlertStatus,
    Level,
    OutcomeCode,
    OwnerKind,
    RiskState,
    Severity,
)
from tests.fakes.assessments import MONDAY, assessment, contributor
from tests.fakes.people import BERLIN
from tests.unit.alerts.test_alerting import live, only_alert

OPEN = only_alert(assessment(RiskState.WATCH, contributor()))
ACKNOWLEDGED = replace(OPEN, status=AlertStatus.ACKNOWLEDGED)
IN_PROGRESS = replace(OPEN, status=AlertStatus.IN_PROGRESS)
RESOLVED = replace(
    OPEN,
    status=AlertStatus.RESOLVED,
    outcome_code=OutcomeCode.FALSE,
    resolved_at=MONDAY - timedelta(days=30),
)
RESOLVED_LONG_AGO = replace(RESOLVED, resolved_at=MONDAY - timedelta(days=30, seconds=1))
SUPERSEDED = replace(RESOLVED, outcome_code=OutcomeCode.SUPERSEDED)
HARD = replace(OPEN, severity=Severity.HARD)
TUESDAY = MONDAY + timedelta(days=1)
SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
YES, NO = True, False


def acknowledge(alert: Alert) -> AlertChange | StepNotAllowed:
    return lifecycle.acknowledge(alert, actor="anna", at=MONDAY)


def assign(alert: Alert) -> AlertChange | StepNotAllowed:
    return lifecycle.assign(
        alert, owner_kind=OwnerKind.QUEUE, owner_id="workout", actor="anna", at=MONDAY
    )


def comment(alert: Alert) -> AlertChange | StepNotAllowed:
    return lifecycle.comment(alert, text="called", actor="anna", at=MONDAY)


def start(alert: Alert) -> AlertChange | StepNotAllowed:
    return lifecycle.start(alert, actor="anna", at=MONDAY)


def snooze(alert: Alert, until: datetime = TUESDAY) -> AlertChange | StepNotAllowed:
    return lifecycle.snooze(alert, until=until, reason="pays Friday", actor="anna", at=MONDAY)


def end_snooze(alert: Alert, at: datetime = TUESDAY) -> AlertChange | StepNotAllowed:
    return lifecycle.end_snooze(alert, calendar=BERLIN, actor="anna", at=at)


def reopen(alert: Alert) -> AlertChange | StepNotAllowed:
    return lifecycle.reopen(
        alert, reason="not paid", deadlines=OPEN.deadlines, actor="anna", at=MONDAY
    )


def link(
    alert: Alert, url: str = "https://dms.bank.example/1", sha256: str = SHA
) -> AlertChange | StepNotAllowed:
    return lifecycle.link(alert, url=url, sha256=sha256, title="Plan", actor="anna", at=MONDAY)


def done(taken: AlertChange | StepNotAllowed) -> Alert:
    """Return the alert after a step that was allowed."""
    assert isinstance(taken, AlertChange), taken
    return taken.alert


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
        (start, OPEN, AlertStatus.IN_PROGRESS),
        (start, ACKNOWLEDGED, AlertStatus.IN_PROGRESS),
        (start, IN_PROGRESS, None),
        (start, RESOLVED, None),
        (assign, ACKNOWLEDGED, AlertStatus.ACKNOWLEDGED),
        (assign, IN_PROGRESS, AlertStatus.IN_PROGRESS),
        (assign, RESOLVED, None),
        (comment, OPEN, AlertStatus.OPEN),
        (comment, ACKNOWLEDGED, AlertStatus.ACKNOWLEDGED),
        (comment, IN_PROGRESS, AlertStatus.IN_PROGRESS),
        (comment, RESOLVED, AlertStatus.RESOLVED),
        (resolve, OPEN, AlertStatus.RESOLVED),
        (resolve, ACKNOWLEDGED, AlertStatus.RESOLVED),
        (resolve, IN_PROGRESS, AlertStatus.RESOLVED),
        (resolve, RESOLVED, None),
        (snooze, OPEN, AlertStatus.OPEN),
        (snooze, IN_PROGRESS, AlertStatus.IN_PROGRESS),
        (snooze, RESOLVED, None),
        (snooze, HARD, None),
        (end_snooze, OPEN, None),
        (reopen, RESOLVED, AlertStatus.OPEN),
        (reopen, OPEN, None),
        (reopen, SUPERSEDED, None),
        (reopen, RESOLVED_LONG_AGO, None),
        (link, OPEN, AlertStatus.OPEN),
        (link, RESOLVED, AlertStatus.RESOLVED),
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


@pytest.mark.parametrize(
    ("severity", "days"), [(Severity.HIGH, 3), (Severity.MEDIUM, 14), (Severity.LOW, 30)]
)
def test_a_snooze_has_a_limit(severity: Severity, days: int) -> None:
    alert = replace(OPEN, severity=severity)
    last = MONDAY + timedelta(days=days)
    waiting = done(snooze(alert, last))
    assert waiting.snooze is not None
    assert (waiting.snooze.until, waiting.timer.due_at) == (last, last)
    for refused in (last + timedelta(seconds=1), MONDAY):
        with pytest.raises(InvalidInput, match=f"at most {days} days") as error:
            snooze(alert, refused)
        assert error.value.pointer == "/until"


def test_a_snooze_needs_a_reason() -> None:
    with pytest.raises(InvalidInput) as error:
        lifecycle.snooze(OPEN, until=TUESDAY, reason=" ", actor="anna", at=MONDAY)
    assert error.value.pointer == "/reason"


def test_an_alert_is_snoozed_three_times_a_round() -> None:
    alert = OPEN
    for _ in range(3):
        alert = done(end_snooze(done(snooze(alert))))
    assert isinstance(snooze(alert), StepNotAllowed)
    assert isinstance(snooze(done(snooze(OPEN))), StepNotAllowed)


def test_deadlines_stop_while_an_alert_is_snoozed() -> None:
    # From Monday at 10 to Tuesday at 10 in Berlin: 8 working hours.
    resumed = done(end_snooze(done(snooze(OPEN))))
    day = timedelta(days=1)
    # Thursday 10:00 to Friday 10:00; Monday 16 March 10:00 to Tuesday.
    assert resumed.deadlines.acknowledge_by == OPEN.deadlines.acknowledge_by + day
    assert resumed.deadlines.act_by == OPEN.deadlines.act_by + day
    assert resumed.timer.began_at == OPEN.timer.began_at + day
    assert resumed.snooze is None


def test_a_snooze_over_a_weekend_moves_nothing_by_the_weekend() -> None:
    friday, monday = MONDAY + timedelta(days=4), MONDAY + timedelta(days=7)
    taken = lifecycle.snooze(OPEN, until=monday, reason="x", actor="anna", at=friday)
    resumed = done(end_snooze(done(taken), monday))
    # One working day: the deadline of Thursday 5 March is Friday 6 March.
    assert resumed.deadlines.acknowledge_by == OPEN.deadlines.acknowledge_by + timedelta(days=1)


def test_a_reopened_alert_begins_a_round() -> None:
    alert = done(reopen(replace(RESOLVED, acknowledged_by="ben", is_ignored=True)))
    assert (alert.timer.round, alert.timer.due_at) == (2, MONDAY)
    assert (alert.outcome_code, alert.resolved_at, alert.is_ignored) == (None, None, False)
    assert alert.acknowledged_by is None


def test_comments_and_links_conflict_with_nothing() -> None:
    for remark in (comment, link):
        after = done(remark(OPEN))
        assert (after.version, after.changed_version) == (2, 1)
    after = done(acknowledge(OPEN))
    assert (after.version, after.changed_version) == (2, 2)


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"url": "ftp://x/y"}, "/url"),
        ({"url": "https:///y"}, "/url"),
        ({"url": "https://u:p@host/y"}, "/url"),
        ({"url": "https://host/\n"}, "/url"),
        ({"url": "https://host/" + "x" * 2000}, "/url"),
        ({"sha256": SHA.upper()}, "/sha256"),
        ({"sha256": SHA[1:]}, "/sha256"),
    ],
)
def test_a_link_is_an_address_and_a_hash(values: dict[str, str], pointer: str) -> None:
    with pytest.raises(InvalidInput) as error:
        link(OPEN, **values)
    assert error.value.pointer == pointer


def test_an_alert_has_at_most_fifty_links() -> None:
    alert = OPEN
    for _ in range(50):
        alert = done(link(alert))
    assert isinstance(link(alert), StepNotAllowed)


RED, OTHER_RED = contributor("R-01", Level.RED, 30.0), contributor("F-05", Level.RED, 20.0)
AMBER, HARD_TRIGGER = contributor("A-03", Level.AMBER), contributor("R-02", Level.HARD, 40.0)


@pytest.mark.parametrize(
    ("step", "news", "kind", "round_number"),
    [
        pytest.param(acknowledge, OTHER_RED, AlertEventKind.REARMED, 2, id="acknowledged, red"),
        pytest.param(acknowledge, HARD_TRIGGER, AlertEventKind.REARMED, 2, id="hard trigger"),
        pytest.param(start, OTHER_RED, AlertEventKind.UPDATED, 1, id="in progress, red"),
        pytest.param(start, HARD_TRIGGER, AlertEventKind.REARMED, 2, id="in progress, hard"),
        pytest.param(snooze, OTHER_RED, AlertEventKind.REARMED, 2, id="snoozed"),
        pytest.param(acknowledge, AMBER, AlertEventKind.UPDATED, 1, id="amber news"),
        pytest.param(comment, OTHER_RED, AlertEventKind.UPDATED, 1, id="nobody acted"),
    ],
)
def test_worse_news_opens_an_alert_again(step, news, kind, round_number) -> None:  # type: ignore[no-untyped-def]
    _, before = live(assessment(RiskState.WATCH, RED))
    assert before.open_alert is not None
    handled = replace(before, open_alert=done(step(before.open_alert)))
    worse = assessment(RiskState.WATCH, RED, news, sequence=2, days_later=20)
    decisions, after = live(worse, before=handled)
    (change,) = decisions[0].changes
    assert (change.kind, change.alert.timer.round) == (kind, round_number)
    assert after.open_alert is not None
    if kind is AlertEventKind.REARMED:
        alert = after.open_alert
        assert (alert.status, alert.acknowledged_by, alert.snooze) == (AlertStatus.OPEN, None, None)
        assert alert.timer.began_at == worse.at
        # The time to acknowledge begins again; the time to act, long over, does not.
        assert alert.deadlines.acknowledge_by > worse.at
        assert alert.deadlines.act_by == OPEN.deadlines.act_by
        assert "red" in change.why or "hard" in change.why


def test_what_may_follow_is_what_the_steps_allow() -> None:
    for alert in (OPEN, ACKNOWLEDGED, IN_PROGRESS, RESOLVED, RESOLVED_LONG_AGO, SUPERSEDED, HARD):
        for each in (alert, done(snooze(alert))) if alert is OPEN else (alert,):
            steps = {
                "acknowledge": acknowledge,
                "start": start,
                "snooze": snooze,
                "end-snooze": end_snooze,
                "assign": assign,
                "resolve": resolve,
                "reopen": reopen,
                "comments": comment,
                "links": link,
            }
            possible = {name for name, step in steps.items() if isinstance(step(each), AlertChange)}
            assert set(lifecycle.allowed_actions(each, at=MONDAY)) - {"take"} == possible
