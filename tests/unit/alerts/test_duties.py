"""Who owns an alert on a day: absent, left and unknown owners, and the way back."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.alerts.decisions.adapters import policy_files
from services.alerts.decisions.domain.alert import Alert, Owner
from services.alerts.decisions.domain.duties import reassigned
from services.alerts.decisions.domain.ownership import owner_on_duty
from services.alerts.decisions.domain.policy import AlertPolicy, RoutingSubject
from services.alerts.directory.domain.member import Absence, Member, Queue
from services.alerts.directory.domain.organisation import EMPTY, Organisation
from services.alerts.primitives.vocabulary import (
    AlertEventKind,
    AlertStatus,
    OutcomeCode,
    OwnerKind,
    RiskState,
    Severity,
)
from tests.fakes.alerts_in_memory import an_alert
from tests.fakes.people import BERLIN, bank

TUESDAY = datetime(2026, 12, 1, 9, tzinfo=UTC)
AWAY = (Absence(begins=date(2026, 11, 30), ends=date(2026, 12, 4)),)
ANA = Owner(kind=OwnerKind.OFFICER, id="o-ana", route="rule")
DESK = Queue(queue_id="credit-desk", members=("ben",), calendar="bank")


def office(*people: Member, **changes: Any) -> Organisation:
    organisation = bank(*people)
    queues = {**organisation.queues, "credit-desk": DESK}
    return replace(organisation, queues=queues, **changes)


def person(name: str, **changes: Any) -> Member:
    return replace(bank().members[name], **changes)


def on_duty(owner: Owner, organisation: Organisation, at: datetime = TUESDAY) -> Owner:
    return owner_on_duty(owner, organisation=organisation, fallback_queue="credit-desk", at=at)


def brief(owner: Owner) -> tuple[str, str, str | None, str | None]:
    return owner.kind.value, owner.id, owner.substitute_for, owner.because


ABSENT = "absent until 2026-12-04"
ALL_ABSENT = tuple(person(name, absences=AWAY) for name in ("ana", "ben", "lea", "sam", "rita"))


@pytest.mark.parametrize(
    ("owner_id", "organisation", "expected"),
    [
        ("o-ana", office(), ("OFFICER", "o-ana", None, None)),
        (
            "o-ana",
            office(person("ana", absences=AWAY)),
            ("OFFICER", "o-ben", "o-ana", f"substitute of ana, {ABSENT}"),
        ),
        (
            "o-ana",
            office(person("ana", absences=AWAY), person("ben", absences=AWAY)),
            ("OFFICER", "lea", "o-ana", f"team lead of ana, {ABSENT}"),
        ),
        (
            "o-ana",
            office(person("ana", left_on=date(2026, 12, 1))),
            ("OFFICER", "o-ben", "o-ana", "substitute of ana, who left on 2026-12-01"),
        ),
        (
            "o-ana",
            office(*ALL_ABSENT),
            ("QUEUE", "credit-desk", "o-ana", f"nobody of ana, {ABSENT}"),
        ),
        (
            "o-zoe",
            office(),
            ("QUEUE", "credit-desk", "o-zoe", "the directory has no officer o-zoe"),
        ),
        (
            "cy",
            office(),
            ("QUEUE", "credit-desk", "cy", "officer cy has no role that handles alerts"),
        ),
        (
            "o-ana",
            office(person("ana", absences=AWAY), returns_work=False),
            ("OFFICER", "o-ben", None, f"substitute of ana, {ABSENT}"),
        ),
        ("o-zoe", EMPTY, ("OFFICER", "o-zoe", None, None)),
    ],
)
def test_who_owns_the_work_of_an_officer(
    owner_id: str, organisation: Organisation, expected: tuple[str, str, str | None, str | None]
) -> None:
    assert brief(on_duty(replace(ANA, id=owner_id), organisation)) == expected


def test_who_owns_the_work_of_a_queue() -> None:
    queue = Owner(kind=OwnerKind.QUEUE, id="workout", route="rule")
    assert on_duty(queue, office()) == queue
    unknown = on_duty(replace(queue, id="legal"), office())
    assert brief(unknown) == ("QUEUE", "credit-desk", None, "the directory has no queue legal")


def test_the_day_is_that_of_the_owners_calendar() -> None:
    organisation = office(
        person("ana", absences=(Absence(begins=date(2026, 12, 2), ends=date(2026, 12, 2)),))
    )
    # 22:59 UTC is the last minute of Tuesday in Berlin.
    assert on_duty(ANA, organisation, datetime(2026, 12, 1, 22, 59, tzinfo=UTC)).id == "o-ana"
    assert on_duty(ANA, organisation, datetime(2026, 12, 1, 23, tzinfo=UTC)).id == "o-ben"
    assert on_duty(ANA, organisation, datetime(2026, 12, 2, 22, 59, tzinfo=UTC)).id == "o-ben"
    assert on_duty(ANA, organisation, datetime(2026, 12, 2, 23, tzinfo=UTC)).id == "o-ana"


def alert(owner: Owner = ANA, **changes: Any) -> Alert:
    return an_alert("a-1", "b-1", owner=owner, **changes)


def moved(subject: Alert, organisation: Organisation, at: datetime = TUESDAY) -> Any:
    return reassigned(subject, organisation=organisation, fallback_queue="credit-desk", at=at)


def test_an_alert_goes_to_the_substitute_and_back() -> None:
    organisation = office(person("ana", absences=AWAY))
    there = moved(alert(), organisation)
    assert there.kind is AlertEventKind.ASSIGNED
    assert there.why == f"o-ben takes over from o-ana: substitute of ana, {ABSENT}"
    assert there.alert.version == 2
    assert (there.alert.deadlines, there.alert.status) == (alert().deadlines, AlertStatus.OPEN)
    assert there.alert.timer.due_at == TUESDAY
    assert moved(there.alert, organisation) is None
    back = moved(there.alert, organisation, datetime(2026, 12, 5, 9, tzinfo=UTC))
    assert brief(back.alert.owner) == ("OFFICER", "o-ana", None, None)
    assert back.why == "o-ana is present again and takes back from o-ben"
    assert moved(back.alert, organisation, datetime(2026, 12, 6, 9, tzinfo=UTC)) is None


def test_work_stays_with_the_substitute_where_it_does_not_return() -> None:
    organisation = office(person("ana", absences=AWAY), returns_work=False)
    there = moved(alert(), organisation)
    assert moved(there.alert, organisation, datetime(2026, 12, 7, 9, tzinfo=UTC)) is None


def test_a_substitute_who_is_absent_too_passes_the_work_of_the_owner_on() -> None:
    ana = person("ana", absences=(Absence(begins=date(2026, 11, 30), ends=date(2026, 12, 11)),))
    there = moved(alert(), office(ana))
    later = moved(there.alert, office(ana, person("ben", absences=AWAY)))
    assert brief(later.alert.owner) == (
        "OFFICER",
        "lea",
        "o-ana",
        "team lead of ana, absent until 2026-12-11",
    )


def test_a_longer_absence_makes_no_step() -> None:
    there = moved(alert(), office(person("ana", absences=AWAY)))
    longer = (Absence(begins=date(2026, 11, 30), ends=date(2026, 12, 31)),)
    assert moved(there.alert, office(person("ana", absences=longer))) is None


def test_the_second_owner_is_replaced_too() -> None:
    second = Owner(kind=OwnerKind.OFFICER, id="o-ben", route="rule")
    wei = Owner(kind=OwnerKind.OFFICER, id="o-wei", route="rule")
    organisation = office(person("ben", absences=AWAY, substitutes=("lea",)))
    there = moved(alert(wei, second_owner=second), organisation)
    assert there.alert.owner == wei
    assert there.alert.second_owner.id == "lea"
    assert there.why == f"lea takes over from o-ben: substitute of ben, {ABSENT}"


def test_a_closed_alert_moves_nowhere() -> None:
    closed = alert(status=AlertStatus.RESOLVED, outcome_code=OutcomeCode.MITIGATED)
    assert moved(closed, office(person("ana", absences=AWAY))) is None


def test_a_new_alert_belongs_to_who_is_on_duty_and_counts_by_that_calendar() -> None:
    policy = AlertPolicy(
        calendar=BERLIN,
        routing=policy_files.read_routing(),
        organisation=office(person("ana", absences=AWAY, substitutes=("wei",))),
    )
    subject = RoutingSubject(
        severity=Severity.MEDIUM,
        state=RiskState.WATCH,
        risk_types=frozenset(),
        segment="SME",
        branch_id="b1",
        officer_id="o-ana",
    )
    owner = policy.route(subject, at=TUESDAY).owner
    assert brief(owner) == ("OFFICER", "o-wei", "o-ana", f"substitute of ana, {ABSENT}")
    assert str(policy.calendar_of(owner).timezone) == "Europe/Madrid"
    unknown = policy.route(replace(subject, officer_id="o-zoe"), at=TUESDAY).owner
    assert (unknown.id, unknown.because) == ("credit-desk", "the directory has no officer o-zoe")
