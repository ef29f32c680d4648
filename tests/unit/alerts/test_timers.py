"""When who is reminded of an alert, and to whom it escalates: hand-counted in Berlin's time.

The bank works from 9 to 17, Monday to Friday. Alerts open on Monday, 2 March 2026, at 10.
"""

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from services.alerts.decisions.domain import lifecycle, timers
from services.alerts.decisions.domain.alert import Alert, AlertChange
from services.alerts.decisions.domain.policy import RoutingPlan
from services.alerts.directory.domain.member import Absence
from services.alerts.directory.domain.organisation import Organisation, without_directory
from services.alerts.primitives.vocabulary import (
    AlertEventKind,
    Level,
    OutcomeCode,
    OwnerKind,
    RiskState,
)
from tests.fakes.assessments import assessment, contributor
from tests.fakes.people import BERLIN, bank, member
from tests.unit.alerts.test_alerting import only_alert

REMINDED, ESCALATED = AlertEventKind.REMINDED, AlertEventKind.ESCALATED
ROUTING = RoutingPlan(
    fallback_queue="credit-desk", escalation=("senior-desk", "risk-desk", "committee")
)
ANA, SAM, RITA, COMMITTEE = ("ana",), ("sam",), ("rita",), ("cy", "dee")
Row = tuple[str, AlertEventKind, int, tuple[str, ...]]


def at(text: str) -> datetime:
    """Return a moment of March 2026 in Berlin, such as `02T10:00`."""
    return datetime.fromisoformat(f"2026-03-{text}").replace(tzinfo=ZoneInfo("Europe/Berlin"))


def opened(state: RiskState = RiskState.WATCH) -> Alert:
    """Return an alert of ana; WATCH has 3 days to acknowledge and 10 to act."""
    return only_alert(assessment(state, contributor(level=Level.RED), officer_id="o-ana"))


def run(
    alert: Alert, until: str = "31T17:00", *, organisation: Organisation | None = None
) -> tuple[Alert, list[Row]]:
    """Take every step when it is due; return the alert after them and what each was."""
    rows = []
    while alert.timer.due_at is not None and alert.timer.due_at <= at(until):
        now = alert.timer.due_at
        elapsed = timers.elapse(alert, at=now, organisation=organisation or bank(), routing=ROUTING)
        alert = elapsed.alert
        if elapsed.change is not None:
            rows.append(row(elapsed.change))
    return alert, rows


def row(change: AlertChange) -> Row:
    moment = change.at.astimezone(ZoneInfo("Europe/Berlin"))
    level, recipients = change.details["level"], change.details["recipients"]
    assert isinstance(level, int)
    assert isinstance(recipients, tuple)
    return moment.strftime("%dT%H:%M"), change.kind, level, recipients


def acknowledged(alert: Alert, moment: str) -> Alert:
    change = lifecycle.acknowledge(alert, actor="ana", at=at(moment))
    assert isinstance(change, AlertChange)
    return change.alert


@pytest.mark.parametrize(
    ("state", "steps"),
    [
        pytest.param(
            RiskState.WATCH,
            [
                ("03T14:00", REMINDED, 0, ANA),
                ("05T10:00", ESCALATED, 1, ANA + SAM),
                ("10T10:00", ESCALATED, 2, RITA),
                ("13T10:00", ESCALATED, 3, COMMITTEE),
            ],
            id="three days to acknowledge",
        ),
        pytest.param(
            RiskState.HIGH_RISK,
            [
                ("02T14:00", REMINDED, 0, ANA),
                ("03T10:00", ESCALATED, 1, ANA + SAM),
                ("04T10:00", ESCALATED, 2, RITA),
                ("05T10:00", ESCALATED, 3, COMMITTEE),
            ],
            id="one day, and nobody in the senior queue of a bank with a directory",
        ),
        pytest.param(
            RiskState.DEFAULT,
            [
                ("02T12:00", ESCALATED, 1, (*ANA, "wei", *SAM)),
                ("02T14:00", ESCALATED, 2, (*ANA, "wei", *RITA)),
                ("02T16:00", ESCALATED, 3, COMMITTEE),
            ],
            id="four hours: the first level at half of them, and both owners",
        ),
        pytest.param(
            RiskState.ATTENTION,
            [
                ("09T10:00", REMINDED, 0, ANA),
                ("16T10:00", ESCALATED, 1, ANA + SAM),
                ("30T10:00", ESCALATED, 2, RITA),
            ],
            id="ten days",
        ),
    ],
)
def test_an_alert_that_nobody_acknowledges(state: RiskState, steps: list[Row]) -> None:
    alert, rows = run(opened(state))
    assert rows == steps
    assert alert.version == 1 + len(steps)
    assert alert.timer.level == steps[-1][2]


def test_after_the_committee_nothing_follows() -> None:
    alert, _ = run(opened(RiskState.DEFAULT))
    assert alert.timer.due_at is None


def test_an_acknowledgement_cancels_the_rest_and_the_deadline_to_act_runs() -> None:
    alert, _ = run(opened(), until="03T16:00")
    _, rows = run(acknowledged(alert, "03T16:00"))
    assert rows == [
        ("09T10:00", REMINDED, 0, ANA),
        ("16T10:00", ESCALATED, 1, ANA + SAM),
        ("30T10:00", ESCALATED, 2, RITA),
    ]


def test_who_acknowledges_late_is_not_reminded_of_what_is_over() -> None:
    alert, _ = run(opened(), until="09T12:00")
    _, rows = run(acknowledged(alert, "09T12:00"), until="16T10:00")
    assert rows == [("16T10:00", ESCALATED, 1, ANA + SAM)]


def test_nothing_follows_a_resolution() -> None:
    alert = acknowledged(opened(), "02T11:00")
    change = lifecycle.resolve(
        alert, outcome_code=OutcomeCode.MITIGATED, note="", actor="ana", at=at("02T12:00")
    )
    assert isinstance(change, AlertChange)
    assert run(change.alert) == (change.alert, [])


def test_what_fell_due_during_an_outage_is_one_notice_to_everybody_concerned() -> None:
    alert, _ = run(opened(), until="02T10:00")
    elapsed = timers.elapse(alert, at=at("10T10:00"), organisation=bank(), routing=ROUTING)
    assert elapsed.change is not None
    assert row(elapsed.change) == ("10T10:00", ESCALATED, 2, ANA + SAM + RITA)
    assert elapsed.change.details["steps"] == ("HALF_TIME", "DEADLINE", "SENIOR", "RISK_HEAD")
    _, rows = run(elapsed.alert)
    assert rows == [("13T10:00", ESCALATED, 3, COMMITTEE)]


def test_a_step_that_was_taken_is_not_taken_again() -> None:
    alert, _ = run(opened(), until="03T14:00")
    elapsed = timers.elapse(alert, at=at("03T14:00"), organisation=bank(), routing=ROUTING)
    assert (elapsed.change, elapsed.alert) == (None, alert)


def test_worse_news_brings_the_deadline_forward() -> None:
    first = assessment(RiskState.WATCH, contributor(level=Level.RED), officer_id="o-ana")
    alert, _ = run(only_alert(first), until="02T10:00")
    # A hard trigger on Tuesday at 10: 4 hours to acknowledge, the first level after 2.
    tuesday = replace(
        alert.deadlines,
        acknowledge_by=at("03T14:00"),
        act_by=at("04T10:00"),
        escalate_at=at("03T12:00"),
    )
    worse = replace(
        alert, deadlines=tuesday, timer=timers.to_be_scheduled(alert.timer, at=at("03T10:00"))
    )
    _, rows = run(worse)
    # Half of the time since Monday at 10 (12 hours) is 6 hours: over before the trigger came.
    assert rows[0] == ("03T10:00", REMINDED, 0, ANA)
    assert rows[1:3] == [("03T12:00", ESCALATED, 1, SAM), ("03T14:00", REMINDED, 0, ANA)]


@pytest.mark.parametrize(
    ("absent", "recipients"),
    [
        pytest.param((), (*ANA, "sam"), id="everybody is there"),
        pytest.param(("ana",), ("ben", "sam"), id="the owner's substitute is reminded"),
        pytest.param(("sam",), (*ANA, "rita"), id="who takes over from the senior is notified"),
        pytest.param(("ana", "ben"), ("lea", "sam"), id="the team lead takes over"),
    ],
)
def test_absent_people_are_replaced(absent: tuple[str, ...], recipients: tuple[str, ...]) -> None:
    away = (Absence(begins=date(2026, 3, 1), ends=date(2026, 3, 31)),)
    people = [replace(bank().members[name], absences=away) for name in absent]
    _, rows = run(opened(), until="05T10:00", organisation=bank(*people))
    assert rows[-1] == ("05T10:00", ESCALATED, 1, recipients)


def test_a_level_without_anybody_is_skipped() -> None:
    alone = bank(member("ana"), risk_head=None)
    _, rows = run(opened(), until="10T10:00", organisation=alone)
    assert rows[1:] == [
        ("05T10:00", ESCALATED, 1, (*ANA, *COMMITTEE)),
        ("10T10:00", ESCALATED, 2, COMMITTEE),
    ]


def test_a_bank_without_a_directory_notifies_the_queues_of_the_routes() -> None:
    empty = without_directory(BERLIN)
    _, rows = run(opened(), organisation=empty)
    assert [recipients for _, _, _, recipients in rows] == [
        ("o-ana",),
        ("o-ana", "senior-desk"),
        ("risk-desk",),
        ("committee",),
    ]


def test_an_owner_whom_the_directory_lacks_still_escalates() -> None:
    nobody = only_alert(assessment(RiskState.WATCH, contributor(), officer_id="o-typo"))
    _, rows = run(nobody, until="05T10:00")
    assert [recipients for _, _, _, recipients in rows] == [(), RITA]


@pytest.mark.parametrize(
    ("calendar", "half", "deadline"),
    [
        pytest.param({}, "03T14:00", "05T10:00", id="no holiday"),
        # The deadline is that of the bank; half of what is left of it on the owner's calendar.
        pytest.param({date(2026, 3, 3)}, "04T10:00", "05T10:00", id="the owner's Tuesday is free"),
    ],
)
def test_time_counts_on_the_calendar_of_the_owner(
    calendar: set[date], half: str, deadline: str
) -> None:
    own = replace(BERLIN, holidays=frozenset(calendar))
    organisation = bank(calendars={**bank().calendars, "bank": own})
    _, rows = run(opened(), until="05T10:00", organisation=organisation)
    assert [moment for moment, *_ in rows] == [half, deadline]


def test_handing_over_an_overdue_alert_reminds_nobody_twice() -> None:
    alert, _ = run(opened(), until="06T12:00")
    change = lifecycle.assign(
        alert, owner_kind=OwnerKind.OFFICER, owner_id="o-ben", actor="sam", at=at("06T12:00")
    )
    assert isinstance(change, AlertChange)
    _, rows = run(change.alert)
    assert rows == [("10T10:00", ESCALATED, 2, RITA), ("13T10:00", ESCALATED, 3, COMMITTEE)]


def test_the_notice_says_why() -> None:
    alert = opened()
    texts = []
    while alert.timer.due_at is not None:
        elapsed = timers.elapse(alert, at=alert.timer.due_at, organisation=bank(), routing=ROUTING)
        alert = elapsed.alert
        texts += [elapsed.change.why] if elapsed.change else []
    assert texts[:2] == [
        "not acknowledged, due by 2026-03-05T09:00+00:00; reminded: ana",
        "not acknowledged, due by 2026-03-05T09:00+00:00; escalated to level 1: ana, sam",
    ]
