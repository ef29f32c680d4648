"""The cure packs of docs/reference/rulebook.md as printed there, at the boundary and before it.

Sources: Bahrain, six months of payments on time, a year where they come twice a year; India,
non-performing until all arrears are paid; China, an observation period; the Emirates, a year on
watch (domain 4.3).
"""

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from services.scoring.adapters.rulebook_reader import SHIPPED, read_text
from services.scoring.domain.assess.exit_rules import blockers, exit_rule_of
from services.scoring.domain.assess.state_inputs import StateInputs
from services.scoring.domain.assess.states import close_day
from services.scoring.domain.borrower import risk as states
from services.scoring.domain.borrower.risk import RiskRecord, Signals
from services.scoring.domain.rulebook.rulebook import Rules

ROOT = Path(__file__).resolve().parents[4]
PAGE = (ROOT / "docs" / "reference" / "rulebook.md").read_text(encoding="utf-8")
START = "2024-01-31"


@cache
def rules_with(*marks: str) -> Rules:
    """Return the reference rules with the page's exit rule that has each mark in its line."""
    text = (SHIPPED / "reference.yaml").read_text(encoding="utf-8")
    for mark in marks:
        (line,) = [
            splitline
            for splitline in PAGE.splitlines()
            if splitline.startswith("- {id: ") and mark in splitline
        ]
        (name,) = re.findall(r"{id: ([\w-]+)", line)
        text, count = re.subn(rf"^ +- {{id: {name},.*$", f"    {line}", text, flags=re.MULTILINE)
        assert count == 1
    return read_text(text).rules_for("SME")


@dataclass
class Case:
    """A borrower in a state since `START`, on a day, and what prevents leaving."""

    state: int
    day: str
    stands: list[str]
    was_late: bool = False
    is_sparse: bool = False
    past_due_minor: int = 0


def standing(case: Case, rules: Rules) -> StateInputs:
    start = date.fromisoformat(START).toordinal()
    risk = RiskRecord(
        completeness=1_000_000,
        state=case.state,
        since=start,
        no_default_since=start,
        calm_since=[start] * 3,
        no_arrears_since=start,
        no_hard_since=start,
    )
    return StateInputs(
        as_of=date.fromisoformat(case.day).toordinal(),
        risk=risk,
        signals=Signals(),
        rules=rules,
        on_time=2,
        is_able=True,
        was_late=case.was_late,
        is_sparse=case.is_sparse,
        past_due_minor=case.past_due_minor,
    )


def check(case: Case, rules: Rules, to: int) -> None:
    seen = standing(case, rules)
    rule = exit_rule_of(seen)
    assert rule is not None
    assert blockers(seen, rule) == case.stands
    moved = close_day(seen)
    left = seen.risk.proposed_to == to or (moved is not None and moved.after == to)
    assert left is not bool(case.stands)


@pytest.mark.parametrize(
    "case",
    [
        Case(states.PROBATION, "2024-07-30", ["cure_period"]),
        Case(states.PROBATION, "2024-07-31", []),
        Case(states.PROBATION, "2024-07-31", ["cure_period"], was_late=True),
        Case(states.PROBATION, "2025-01-30", ["cure_period"], is_sparse=True),
        Case(states.PROBATION, "2025-01-31", [], is_sparse=True),
    ],
    ids=["a day early", "six months", "one was late", "sparse, a day early", "sparse, a year"],
)
def test_bahrain_six_months_on_time_or_a_year(case: Case) -> None:
    check(case, rules_with("months_on_time: 6"), states.WATCH)


@pytest.mark.parametrize(
    "case",
    [
        Case(states.DEFAULT, "2024-02-01", ["arrears_left"], past_due_minor=1),
        Case(states.DEFAULT, "2024-02-01", []),
    ],
    ids=["a cent is left", "all is paid"],
)
def test_india_default_until_all_arrears_are_paid(case: Case) -> None:
    check(case, rules_with("automatic: true, all_arrears_paid: true"), states.PROBATION)


@pytest.mark.parametrize(
    "case",
    [
        Case(states.PROBATION, "2024-07-30", ["cure_period"]),
        Case(states.PROBATION, "2024-07-31", []),
        Case(states.PROBATION, "2024-07-31", ["arrears_left"], past_due_minor=1),
    ],
    ids=["a day early", "six months", "a cent is left"],
)
def test_china_an_observation_period(case: Case) -> None:
    check(case, rules_with("months_without_default: 6"), states.WATCH)


@pytest.mark.parametrize(
    "case",
    [Case(states.WATCH, "2025-01-30", ["dwell"]), Case(states.WATCH, "2025-01-31", [])],
    ids=["a day early", "a year"],
)
def test_the_emirates_a_year_on_watch(case: Case) -> None:
    check(case, rules_with("dwell_months: 12"), states.ATTENTION)
