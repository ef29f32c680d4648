"""What differs between two directories, and what one person may change."""

from collections.abc import Mapping
from typing import Any

import pytest

from services.alerts.directory.domain.directory_changes import changes

ANA = {"name": "Ana", "roles": ["OFFICER"], "email": "ana@bank.example"}
BEFORE: Mapping[str, Any] = {"calendar": "bank", "people": {"ana": ANA}, "teams": {"north": {}}}


def with_ana(**fields: Any) -> Mapping[str, Any]:
    return {**BEFORE, "people": {"ana": {**ANA, **fields}}}


@pytest.mark.parametrize(
    ("after", "paths", "needs_two"),
    [
        (with_ana(), [], []),
        (with_ana(email="a@bank.example"), ["people.ana.email"], [False]),
        (with_ana(name="Ana A"), ["people.ana.name"], [False]),
        (with_ana(language="es"), ["people.ana.language"], [False]),
        (with_ana(absences=[{"begins": "2026-12-01"}]), ["people.ana.absences"], [False]),
        (with_ana(roles=["OFFICER", "RISK"]), ["people.ana.roles"], [True]),
        (with_ana(officer_id="7"), ["people.ana.officer_id"], [True]),
        (with_ana(substitutes=["ben"]), ["people.ana.substitutes"], [True]),
        (with_ana(delegates=[]), ["people.ana.delegates"], [True]),
        (with_ana(superior="sam"), ["people.ana.superior"], [True]),
        (with_ana(left_on="2026-12-01"), ["people.ana.left_on"], [True]),
        (
            with_ana(approval_limit={"amount": "1", "currency": "EUR"}),
            ["people.ana.approval_limit.amount", "people.ana.approval_limit.currency"],
            [True, True],
        ),
        ({**BEFORE, "calendar": "other"}, ["calendar"], [True]),
        (
            {**BEFORE, "teams": {"north": {"lead": "ana"}}},
            ["teams.north", "teams.north.lead"],
            None,
        ),
        ({**BEFORE, "teams": {}}, ["teams", "teams.north"], None),
        (
            {**BEFORE, "people": {"ana": ANA, "b.email": {"name": "B", "roles": ["RISK"]}}},
            ["people.b.email.name", "people.b.email.roles"],
            [False, True],
        ),
        (
            {**BEFORE, "people": {"ana": {"name": "Ana", "roles": ["OFFICER"]}}},
            ["people.ana.email"],
            [False],
        ),
    ],
)
def test_what_needs_a_second_person(
    after: Mapping[str, Any], paths: list[str], needs_two: list[bool] | None
) -> None:
    differences = changes(BEFORE, after)
    assert [each.path for each in differences] == paths
    expected = [True] * len(paths) if needs_two is None else needs_two
    assert [each.needs_two_people for each in differences] == expected


def test_the_first_directory_needs_two_people() -> None:
    differences = changes(None, BEFORE)
    assert [each.path for each in differences if each.needs_two_people] == [
        "calendar",
        "people.ana.roles",
        "teams.north",
    ]


def test_both_values_are_named() -> None:
    (change,) = changes(BEFORE, with_ana(email="a@bank.example"))
    assert (change.before, change.after) == ("ana@bank.example", "a@bank.example")
