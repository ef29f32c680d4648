"""The organisation: who is responsible on a day, who is notified next, who may not approve."""

from dataclasses import replace
from datetime import date, time
from typing import Any

import pytest

from services.alerts.directory.domain.member import (
    HANDLING_ROLES,
    Absence,
    Delegation,
    Member,
    Queue,
)
from services.alerts.directory.domain.organisation import EMPTY, NotAssignableCode, Organisation
from services.alerts.directory.domain.organisation_faults import faults
from services.alerts.primitives.vocabulary import OwnerKind
from services.kit.access.keys import PEOPLE, Role
from tests.fakes.people import BERLIN, MADRID, bank

TUESDAY = date(2026, 12, 1)
AWAY = (Absence(begins=date(2026, 11, 30), ends=date(2026, 12, 4)),)
SENIOR = frozenset({"SENIOR"})


def officer(organisation: Organisation, owner_id: str, on: date = TUESDAY) -> tuple[Any, str]:
    responsible = organisation.responsible(OwnerKind.OFFICER, owner_id, on=on)
    return responsible.person_ids, responsible.because


def ana(**changes: Any) -> Member:
    return replace(bank().members["ana"], **changes)


@pytest.mark.parametrize(
    ("absences", "on", "until"),
    [
        ((), "2026-12-01", None),
        ((("2026-12-02", "2026-12-04"),), "2026-12-01", None),
        ((("2026-12-01", "2026-12-04"),), "2026-12-01", "2026-12-04"),
        ((("2026-11-30", "2026-12-01"),), "2026-12-01", "2026-12-01"),
        ((("2026-11-29", "2026-11-30"),), "2026-12-01", None),
        # Overlapping, contained and adjacent absences are one; a day between ends it.
        ((("2026-12-01", "2026-12-04"), ("2026-12-03", "2026-12-08")), "2026-12-01", "2026-12-08"),
        ((("2026-12-01", "2026-12-09"), ("2026-12-03", "2026-12-04")), "2026-12-03", "2026-12-09"),
        ((("2026-12-05", "2026-12-06"), ("2026-12-01", "2026-12-04")), "2026-12-01", "2026-12-06"),
        ((("2026-12-01", "2026-12-04"), ("2026-12-06", "2026-12-07")), "2026-12-01", "2026-12-04"),
    ],
)
def test_absences_that_touch_are_one(
    absences: tuple[tuple[str, str], ...], on: str, until: str | None
) -> None:
    person = ana(
        absences=tuple(
            Absence(begins=date.fromisoformat(begins), ends=date.fromisoformat(ends))
            for begins, ends in absences
        )
    )
    expected = None if until is None else date.fromisoformat(until)
    assert person.absent_until(date.fromisoformat(on)) == expected


def test_a_present_owner_is_responsible() -> None:
    assert officer(bank(), "o-ana") == (("ana",), "owner")
    assert officer(bank(), "sam") == (("sam",), "owner")  # no officer id: owns under the person id


ABSENT = "absent until 2026-12-04"


@pytest.mark.parametrize(
    ("also_absent", "person_id", "because"),
    [
        ((), "wei", f"delegate of ana, {ABSENT}"),
        (("wei",), "ben", f"substitute of ana, {ABSENT}"),
        (("wei", "ben"), "lea", f"team lead of ana, {ABSENT}"),
        (("wei", "ben", "lea"), "sam", f"superior of ana, {ABSENT}"),
        (("wei", "ben", "lea", "sam"), "rita", f"superior of ana, {ABSENT}"),
        (("wei", "ben", "lea", "sam", "rita"), None, f"nobody of ana, {ABSENT}"),
    ],
)
def test_who_takes_over_from_an_absent_owner(
    also_absent: tuple[str, ...], person_id: str | None, because: str
) -> None:
    delegation = Delegation(person_id="wei", begins=TUESDAY, ends=TUESDAY)
    absent = ana(absences=AWAY, delegates=(delegation,))
    others = [replace(bank().members[name], absences=AWAY) for name in also_absent]
    person_ids, reason = officer(bank(absent, *others), "o-ana")
    assert (person_ids, reason) == ((person_id,) if person_id else (), because)


def test_a_delegation_counts_only_on_its_days() -> None:
    delegation = Delegation(person_id="wei", begins=date(2026, 12, 2), ends=date(2026, 12, 3))
    organisation = bank(ana(absences=AWAY, delegates=(delegation,)))
    takes_over = [officer(organisation, "o-ana", date(2026, 12, day))[0] for day in (1, 2, 3, 4)]
    assert takes_over == [("ben",), ("wei",), ("wei",), ("ben",)]


def test_a_delegate_does_not_replace_a_present_owner() -> None:
    delegation = Delegation(person_id="wei", begins=TUESDAY, ends=TUESDAY)
    assert officer(bank(ana(delegates=(delegation,))), "o-ana") == (("ana",), "owner")


def test_the_work_of_who_left_goes_to_the_substitute() -> None:
    organisation = bank(ana(left_on=TUESDAY))
    assert officer(organisation, "o-ana", date(2026, 11, 30)) == (("ana",), "owner")
    reason = "substitute of ana, who left on 2026-12-01"
    assert officer(organisation, "o-ana", TUESDAY) == (("ben",), reason)


def test_work_never_goes_to_who_cannot_handle_it() -> None:
    auditor = replace(bank().members["ben"], roles=frozenset({"AUDITOR"}))
    assert officer(bank(ana(absences=AWAY), auditor), "o-ana")[0] == ("lea",)


def test_a_queue_is_worked_off_by_who_is_present() -> None:
    def queue(organisation: Organisation) -> tuple[Any, str]:
        responsible = organisation.responsible(OwnerKind.QUEUE, "workout", on=TUESDAY)
        return responsible.person_ids, responsible.because

    wei_absent = replace(bank().members["wei"], absences=AWAY)
    sam_absent = replace(bank().members["sam"], absences=AWAY)
    assert queue(bank()) == (("wei",), "member of queue workout")
    assert queue(bank(wei_absent)) == (("sam",), "lead of queue workout")
    assert queue(bank(wei_absent, sam_absent)) == (("rita",), "lead of queue workout")
    rita_absent = replace(bank().members["rita"], absences=AWAY)
    assert queue(bank(wei_absent, sam_absent, rita_absent)) == ((), "nobody of queue workout")


def test_an_unknown_owner_resolves_to_nobody() -> None:
    assert officer(bank(), "officer-typo") == ((), "no such owner in the directory")
    responsible = bank().responsible(OwnerKind.QUEUE, "workuot", on=TUESDAY)
    assert responsible.person_ids == ()


@pytest.mark.parametrize(
    ("kind", "owner_id", "code", "near"),
    [
        (OwnerKind.OFFICER, "o-ana", None, ()),
        (OwnerKind.QUEUE, "workout", None, ()),
        (OwnerKind.QUEUE, "workuot", NotAssignableCode.UNKNOWN, ("workout",)),
        (OwnerKind.OFFICER, "o-ann", NotAssignableCode.UNKNOWN, ("o-ana",)),
        (OwnerKind.OFFICER, "zzzz", NotAssignableCode.UNKNOWN, ()),
        (OwnerKind.OFFICER, "workout", NotAssignableCode.UNKNOWN, ()),
        (OwnerKind.OFFICER, "cy", NotAssignableCode.NO_ROLE, ()),
    ],
)
def test_what_can_be_assigned(
    kind: OwnerKind, owner_id: str, code: NotAssignableCode | None, near: tuple[str, ...]
) -> None:
    refusal = bank().assignable(kind, owner_id, on=TUESDAY)
    assert (refusal.code if refusal else None) == code
    assert near == () if refusal is None else set(near) <= set(refusal.near)
    assert refusal is None or owner_id in refusal.detail


def test_nothing_is_assigned_to_who_has_left() -> None:
    organisation = bank(ana(left_on=TUESDAY))
    assert organisation.assignable(OwnerKind.OFFICER, "o-ana", on=date(2026, 11, 30)) is None
    refusal = organisation.assignable(OwnerKind.OFFICER, "o-ana", on=TUESDAY)
    assert refusal is not None
    assert refusal.code is NotAssignableCode.LEFT
    assert refusal.detail == "officer o-ana left on 2026-12-01"


def test_calendars_of_owners() -> None:
    assert bank().calendar_of(OwnerKind.OFFICER, "o-ana") is BERLIN
    assert bank().calendar_of(OwnerKind.OFFICER, "o-wei") is MADRID
    assert bank().calendar_of(OwnerKind.QUEUE, "workout") is MADRID
    assert bank().calendar_of(OwnerKind.OFFICER, "unknown") is BERLIN


@pytest.mark.parametrize(
    ("kind", "owner_id", "level", "person_ids"),
    [
        (OwnerKind.OFFICER, "o-ana", 1, ("sam",)),
        (OwnerKind.OFFICER, "o-ana", 2, ("rita",)),
        (OwnerKind.OFFICER, "o-ana", 3, ("cy", "dee")),
        (OwnerKind.OFFICER, "o-ana", 4, ()),
        (OwnerKind.OFFICER, "rita", 1, ()),
        (OwnerKind.OFFICER, "unknown", 1, ()),
        (OwnerKind.QUEUE, "workout", 1, ("sam",)),
        (OwnerKind.QUEUE, "unknown", 1, ()),
    ],
)
def test_escalation(
    kind: OwnerKind, owner_id: str, level: int, person_ids: tuple[str, ...]
) -> None:
    assert bank().escalation(kind, owner_id, level, on=TUESDAY) == person_ids


def test_escalation_reaches_who_takes_over_from_an_absent_superior() -> None:
    absent = replace(bank().members["sam"], absences=AWAY, substitutes=("lea",))
    assert bank(absent).escalation(OwnerKind.OFFICER, "o-ana", 1, on=TUESDAY) == ("lea",)


def test_escalation_without_superior_reaches_the_lead() -> None:
    alone = ana(superior=None)
    assert bank(alone).escalation(OwnerKind.OFFICER, "o-ana", 1, on=TUESDAY) == ("lea",)
    queues = {"q": Queue(queue_id="q", members=("ana", "ben", "wei"), calendar="bank")}
    person_ids = bank(queues=queues).escalation(OwnerKind.QUEUE, "q", 1, on=TUESDAY)
    assert person_ids == ("sam",)


def test_who_may_not_approve_for_whom() -> None:
    delegation = Delegation(person_id="wei", begins=TUESDAY, ends=TUESDAY)
    organisation = bank(ana(delegates=(delegation,)))
    assert organisation.related("ana") == {"ben", "wei"}
    assert organisation.related("wei") == frozenset()
    assert organisation.related("sam") == {"ana", "ben", "lea"}
    assert organisation.related("rita") == {"ana", "ben", "lea", "sam"}
    assert organisation.related("cy") == frozenset()


def test_a_bank_without_directory() -> None:
    assert EMPTY.is_empty
    assert EMPTY.assignable(OwnerKind.OFFICER, "officer-typo", on=TUESDAY) is None
    assert EMPTY.responsible(OwnerKind.OFFICER, "o-ana", on=TUESDAY).person_ids == ()
    assert EMPTY.escalation(OwnerKind.OFFICER, "o-ana", 1, on=TUESDAY) == ()
    assert EMPTY.calendar_of(OwnerKind.QUEUE, "x").opens == time(9)
    assert EMPTY.related("ana") == frozenset()


def test_a_sound_directory_has_no_fault() -> None:
    mutual = replace(bank().members["ben"], substitutes=("ana",))
    assert faults(bank(mutual)) == ()


def test_all_faults_are_listed_at_once_with_path_and_remedy() -> None:
    backwards = Absence(begins=date(2026, 12, 4), ends=date(2026, 12, 1))
    organisation = bank(
        ana(superior="nobody", substitutes=("ben", "bne"), team="south", absences=(backwards,)),
        replace(bank().members["ben"], officer_id="o-wei", substitutes=("ben",)),
        replace(bank().members["rita"], superior="sam"),
        queues={"q": Queue(queue_id="q", members=("x",), calendar="none", lead="y", branch_id="z")},
        risk_head="r",
        committee=("cy", "d"),
    )
    assert [(each.path, each.fault) for each in faults(organisation)] == [
        ("risk_head", "there is no person r"),
        ("committee[1]", "there is no person d"),
        ("people.ana.superior", "there is no person nobody"),
        ("people.ana.team", "there is no team south"),
        ("people.ana.substitutes[1]", "there is no person bne"),
        ("queues.q.members[0]", "there is no person x"),
        ("queues.q.lead", "there is no person y"),
        ("queues.q.branch", "there is no branch z"),
        ("queues.q.calendar", "there is no calendar none"),
        ("people.sam.superior", "rita, sam are superiors of each other"),
        ("people.ben.substitutes[0]", "ben takes over from ben"),
        ("people.wei.officer_id", "ben, wei have the same officer id o-wei"),
        ("people.ana.absences[0].ends", "2026-12-01 is before it begins, 2026-12-04"),
    ]
    assert all(each.remedy for each in faults(organisation))


def test_a_person_id_is_no_other_persons_officer_id() -> None:
    organisation = bank(replace(bank().members["ben"], officer_id="sam"))
    assert [each.path for each in faults(organisation)] == ["people.sam.officer_id"]


def test_a_calendar_without_working_day_is_a_fault() -> None:
    days = [date.fromordinal(date(2026, 12, 1).toordinal() + day) for day in range(40)]
    closed = replace(BERLIN, holidays=frozenset(days))
    (fault,) = faults(bank(calendars={"bank": closed, "madrid": MADRID}))
    assert (fault.path, fault.fault) == (
        "calendars.bank",
        "no working day within 31 days after 2026-12-01",
    )
    month = replace(BERLIN, holidays=frozenset(days[:21]))
    assert faults(bank(calendars={"bank": month, "madrid": MADRID})) == ()


def test_the_roles_that_handle_alerts_are_those_of_the_keys() -> None:
    assert PEOPLE - {Role.APPROVER} == HANDLING_ROLES
