"""The state machine arrow by arrow: what lets a borrower in, what lets it out, what refuses."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.scoring.adapters.rulebook_reader import load_rulebook
from services.scoring.domain.assess.entry_rules import is_nothing_triggered
from services.scoring.domain.assess.exit_rules import blockers, exit_rule_of
from services.scoring.domain.assess.state_inputs import StateInputs
from services.scoring.domain.assess.states import (
    Transition,
    close_day,
    distance_to_next,
    escalate,
    relax,
)
from services.scoring.domain.borrower import risk as states
from services.scoring.domain.borrower.decisions import RELAX, Override
from services.scoring.domain.borrower.risk import RiskRecord, Signals, slot_of
from services.scoring.domain.primitives.measurement import (
    AMBER,
    GREEN,
    HARD,
    MEASURED,
    RED,
    UNMEASURABLE,
)
from services.scoring.domain.rulebook.rulebook import ACCOUNT, STATEMENT, Rules

MONDAY = date(2024, 7, 1).toordinal()


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load_rulebook("reference").rules_for("SME")


def signals_with(**figures: tuple[int, int]) -> Signals:
    """Return signals such as ``R01=(RED, 31)``: level and figure in whole units."""
    signals = Signals()
    for name, (level, figure) in figures.items():
        slot = slot_of(f"{name[0]}-{name[1:]}")
        signals.status[slot] = MEASURED
        signals.level[slot] = level
        signals.value[slot] = figure * 1_000_000
    return signals


def standing(rules: Rules, signals: Signals | None = None, **risk: Any) -> StateInputs:
    day = risk.pop("day", MONDAY)
    arrears = risk.pop("arrears_days", 0)
    regulatory = risk.pop("regulatory_days", 0)
    on_time = risk.pop("on_time", 2)
    is_able = risk.pop("is_able", True)
    state = RiskRecord(completeness=1_000_000)
    for name, value in risk.items():
        setattr(state, name, value)
    return StateInputs(
        as_of=day,
        risk=state,
        signals=signals or Signals(),
        rules=rules,
        arrears_days=arrears,
        regulatory_days=regulatory,
        on_time=on_time,
        is_able=is_able,
    )


ENTRIES = [
    ("five days past due", {"R01": (AMBER, 5)}, {}, states.ATTENTION, "attention-arrears-5"),
    ("a red signal", {"A01": (RED, 0)}, {}, states.ATTENTION, "attention-red"),
    ("score at the cut", {}, {"score": 200_000}, states.ATTENTION, "attention-score"),
    (
        "statement 16 days late",
        {"F01": (AMBER, 16)},
        {},
        states.ATTENTION,
        "attention-statement-late",
    ),
    ("31 days past due", {"R01": (RED, 31)}, {}, states.WATCH, "watch-arrears-30"),
    ("forborne", {}, {"flags": states.FORBORNE}, states.WATCH, "watch-forborne"),
    (
        "score and two families",
        {"A01": (AMBER, 0), "F02": (AMBER, 0)},
        {"score": 400_000},
        states.WATCH,
        "watch-score",
    ),
    (
        "one family for ten business days",
        {},
        {"family_days": [0, 10, 0, 0, 0]},
        states.WATCH,
        "watch-family",
    ),
    ("61 days past due", {"R01": (RED, 61)}, {}, states.HIGH_RISK, "high-risk-arrears-60"),
    (
        "two severe signals",
        {"F08": (RED, 0), "R08": (RED, 3)},
        {},
        states.HIGH_RISK,
        "high-risk-two-severe",
    ),
    (
        "score with two reds in two families",
        {"A01": (RED, 0), "F02": (RED, 0)},
        {"score": 700_000},
        states.HIGH_RISK,
        "high-risk-score",
    ),
    ("91 material days", {"R02": (HARD, 91)}, {}, states.DEFAULT, "default-regulatory-90"),
    ("unlikely to pay", {}, {"flags": states.UTP}, states.DEFAULT, "default-unlikely-to-pay"),
    ("insolvency", {}, {"flags": states.INSOLVENT}, states.DEFAULT, "default-insolvency"),
]


@pytest.mark.parametrize(
    ("figures", "risk", "state", "rule_id"),
    [row[1:] for row in ENTRIES],
    ids=[row[0] for row in ENTRIES],
)
def test_each_rule_lets_in(
    rules: Rules,
    figures: dict[str, tuple[int, int]],
    risk: dict[str, Any],
    state: int,
    rule_id: str,
) -> None:
    seen = standing(rules, signals_with(**figures), **risk)
    assert not is_nothing_triggered(seen.risk, seen.signals, rules)
    transition = escalate(seen)
    assert transition is not None
    assert transition.after == seen.risk.state == state
    assert rule_id in transition.rule_ids
    assert seen.risk.since == seen.risk.tightened_on == MONDAY


REFUSED_ENTRIES = [
    ("four days past due", {"R01": (AMBER, 4)}, {}, states.NORMAL),
    ("a score just below the cut", {}, {"score": 199_999}, states.NORMAL),
    ("30 days past due is not more than 30", {"R01": (AMBER, 30)}, {}, states.ATTENTION),
    (
        "a high score in one family alone",
        {"A01": (AMBER, 0), "A02": (AMBER, 0)},
        {"score": 690_000},
        states.ATTENTION,
    ),
    (
        "nine business days at the family cut",
        {},
        {"family_days": [0, 9, 0, 0, 0]},
        states.NORMAL,
    ),
    ("one severe signal", {"F08": (RED, 0)}, {}, states.ATTENTION),
    (
        "score of high risk with both reds in one family",
        {"A01": (RED, 0), "A02": (RED, 0), "F02": (AMBER, 0)},
        {"score": 990_000},
        states.WATCH,
    ),
    ("90 material days", {"R02": (RED, 90)}, {}, states.WATCH),
]


@pytest.mark.parametrize(
    ("figures", "risk", "state"),
    [row[1:] for row in REFUSED_ENTRIES],
    ids=[row[0] for row in REFUSED_ENTRIES],
)
def test_each_rule_refuses_what_is_not_enough(
    rules: Rules, figures: dict[str, tuple[int, int]], risk: dict[str, Any], state: int
) -> None:
    seen = standing(rules, signals_with(**figures), **risk)
    escalate(seen)
    assert seen.risk.state == state


def test_default_is_never_entered_by_score_alone(rules: Rules) -> None:
    seen = standing(rules, signals_with(A01=(RED, 0), F02=(RED, 0)), score=1_000_000)
    escalate(seen)
    assert seen.risk.state == states.HIGH_RISK


def test_a_note_without_weight_does_not_count(rules: Rules) -> None:
    calibrated = load_rulebook("default").rules_for("SME")
    seen = standing(calibrated, signals_with(F10=(RED, 1)))
    assert escalate(seen) is None


def test_from_probation_only_default_is_entered(rules: Rules) -> None:
    seen = standing(rules, signals_with(R01=(RED, 61)), state=states.PROBATION)
    assert escalate(seen) is None
    seen = standing(rules, signals_with(R02=(HARD, 91)), state=states.PROBATION)
    assert escalate(seen) is not None
    assert seen.risk.state == states.DEFAULT


def run_closes(seen: StateInputs, *, days: int) -> list[int]:
    """Close a number of days in a row from Monday on and return the states after each."""
    proposals = []
    for step in range(days):
        seen.as_of = MONDAY + step
        close_day(seen)
        proposals.append(seen.risk.state)
    return proposals


def test_attention_ends_by_itself_after_thirty_calm_closes(rules: Rules) -> None:
    seen = standing(rules, state=states.ATTENTION, since=MONDAY - 100, score=139_999)
    after = run_closes(seen, days=30)
    assert after == [states.ATTENTION] * 29 + [states.NORMAL]
    assert seen.risk.rule_ids == ["attention-to-normal"]


def test_the_exit_cut_lies_below_the_entry_cut(rules: Rules) -> None:
    seen = standing(rules, state=states.ATTENTION, since=MONDAY - 100, score=150_000)
    assert set(run_closes(seen, days=60)) == {states.ATTENTION}


def test_a_day_above_the_cut_starts_the_run_again(rules: Rules) -> None:
    seen = standing(rules, state=states.ATTENTION, since=MONDAY - 100)
    for step in range(40):
        seen.as_of = MONDAY + step
        seen.risk.score = 150_000 if step == 20 else 0
        close_day(seen)
    assert seen.risk.state == states.ATTENTION
    assert seen.risk.calm_since[0] == MONDAY + 21


@pytest.mark.parametrize(
    ("figures", "risk", "code"),
    [
        ({"A01": (RED, 0)}, {}, "red_signal"),
        ({}, {"completeness": 599_999}, "low_completeness"),
        ({}, {"tightened_on": MONDAY + 30}, "recently_tightened"),
        ({}, {"turns": [MONDAY + 1, MONDAY + 2, MONDAY + 3]}, "flip_guard"),
        ({"R01": (AMBER, 5)}, {}, "rule_true"),
    ],
    ids=["a red", "too little measured", "tightened lately", "too many moves", "a rule is true"],
)
def test_attention_stays_while_a_reason_remains(
    rules: Rules, figures: dict[str, tuple[int, int]], risk: dict[str, Any], code: str
) -> None:
    seen = standing(
        rules, signals_with(**figures), state=states.ATTENTION, since=MONDAY - 100, **risk
    )
    assert set(run_closes(seen, days=31)) == {states.ATTENTION}
    assert code in blockers(seen, rules.policy.exits[0])


@pytest.mark.parametrize(
    ("without_data", "blocks"),
    [([], True), ([STATEMENT], False), ([ACCOUNT], True)],
    ids=["all came once", "no statement ever came", "accounts never came"],
)
def test_what_never_came_does_not_keep_a_state(
    rules: Rules, without_data: list[int], blocks: bool
) -> None:
    signals = signals_with(R01=(GREEN, 0))
    for name in ("F-02", "F-05", "F-06", "F-08"):
        signals.status[slot_of(name)] = UNMEASURABLE
    seen = standing(rules, signals, state=states.ATTENTION, since=MONDAY - 100, completeness=0)
    seen.without_data = without_data
    seen.as_of = MONDAY
    assert ("low_completeness" in blockers(seen, rules.policy.exits[0])) is blocks


def test_ten_business_days_must_pass_after_tightening(rules: Rules) -> None:
    # Tightened on Monday 1 July; Monday 15 July is the tenth business day after it.
    seen = standing(
        rules,
        state=states.ATTENTION,
        since=MONDAY - 100,
        tightened_on=MONDAY,
        calm_since=[MONDAY - 60, MONDAY - 60, MONDAY - 60],
    )
    after = run_closes(seen, days=16)
    assert after == [states.ATTENTION] * 15 + [states.NORMAL]


def watch_that_healed(rules: Rules, **changes: Any) -> StateInputs:
    settled = {
        "state": states.WATCH,
        "since": MONDAY - 100,
        "score": 0,
        "calm_since": [MONDAY - 90] * 3,
        "no_arrears_since": MONDAY - 90,
        "no_hard_since": MONDAY - 90,
    }
    return standing(rules, **(settled | changes))


def test_watch_is_only_proposed_to_be_left(rules: Rules) -> None:
    seen = watch_that_healed(rules)
    assert close_day(seen) is None
    assert seen.risk.state == states.WATCH
    assert seen.risk.proposed_to == states.ATTENTION


def approved(seen: StateInputs, *, actor: str, approver: str) -> Transition | None:
    """Let two people relax the state by its exit rule."""
    rule = exit_rule_of(seen)
    assert rule is not None
    approval = Override("o-1", "", RELAX, rule.to, "healed", actor, approver, MONDAY, MONDAY + 9)
    seen.decisions.overrides.append(approval)
    return relax(seen, rule, approval)


def test_a_second_person_relaxes_watch_by_one_step(rules: Rules) -> None:
    seen = watch_that_healed(rules)
    close_day(seen)
    transition = approved(seen, actor="officer-1", approver="senior-2")
    assert transition is not None
    assert (transition.before, transition.after) == (states.WATCH, states.ATTENTION)
    assert (transition.actor, transition.approver) == ("officer-1", "senior-2")


def test_one_person_cannot_relax_alone(rules: Rules) -> None:
    with pytest.raises(ValueError, match="two people"):
        approved(watch_that_healed(rules), actor="officer-1", approver="officer-1")


def test_an_approval_that_comes_too_late_changes_nothing(rules: Rules) -> None:
    seen = watch_that_healed(rules, score=350_000)
    seen.risk.calm_since = [0, 0, 0]
    assert approved(seen, actor="officer-1", approver="senior-2") is None
    assert seen.risk.state == states.WATCH


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"calm_since": [MONDAY - 58] * 3}, "score_not_calm"),
        ({"since": MONDAY - 20, "calm_since": [MONDAY - 90] * 3}, "dwell"),
        ({"no_arrears_since": MONDAY - 58}, "arrears_run"),
        ({"on_time": 1}, "instalments_late"),
    ],
)
def test_watch_stays_while_a_reason_remains(
    rules: Rules, changes: dict[str, Any], code: str
) -> None:
    seen = watch_that_healed(rules, **changes)
    close_day(seen)
    assert seen.risk.proposed_to == -1
    assert code in blockers(seen, rules.policy.exits[1])


def test_high_risk_needs_sixty_days_without_a_hard_rule(rules: Rules) -> None:
    healed = {
        "state": states.HIGH_RISK,
        "since": MONDAY - 100,
        "calm_since": [MONDAY - 90] * 3,
    }
    early = standing(rules, **healed, no_hard_since=MONDAY - 58)
    close_day(early)
    assert early.risk.proposed_to == -1
    ripe = standing(rules, **healed, no_hard_since=MONDAY - 59)
    close_day(ripe)
    assert ripe.risk.proposed_to == states.WATCH


def test_default_becomes_probation_on_the_first_close_without_trigger(rules: Rules) -> None:
    seen = standing(
        rules, state=states.DEFAULT, since=MONDAY - 5, tightened_on=MONDAY - 5, regulatory_days=95
    )
    close_day(seen)
    assert seen.risk.state == states.DEFAULT
    seen.regulatory_days, seen.as_of = 0, MONDAY + 1
    transition = close_day(seen)
    assert transition is not None
    assert seen.risk.state == states.PROBATION


@pytest.mark.parametrize(
    ("flags", "months", "proposed"),
    [
        (0, 2, -1),
        (0, 3, states.WATCH),
        (states.FORBORNE, 11, -1),
    ],
    ids=["two months", "three months", "eleven months when forborne"],
)
def test_probation_waits_for_calendar_months(
    rules: Rules, flags: int, months: int, proposed: int
) -> None:
    start = date(2024, 1, 31).toordinal()
    end = {2: date(2024, 3, 31), 3: date(2024, 4, 30), 11: date(2024, 12, 31)}[months].toordinal()
    seen = standing(
        rules,
        state=states.PROBATION,
        since=start,
        no_default_since=start,
        flags=flags,
        day=end,
    )
    close_day(seen)
    assert seen.risk.proposed_to == proposed


def test_family_days_count_business_days_and_break_below_the_cut(rules: Rules) -> None:
    seen = standing(rules, families=[600_000, 0, -1, -1, -1])
    after = run_closes(seen, days=12)
    # Monday 1 to Friday 12 July: the tenth business day is Friday 12.
    assert after == [states.NORMAL] * 11 + [states.WATCH]
    seen.risk.families[0] = 599_999
    close_day(seen)
    assert seen.risk.family_days[0] == 0


def test_days_that_nobody_closed_count_for_a_family_that_stood_before_them(rules: Rules) -> None:
    seen = standing(rules, families=[600_000, 0, -1, -1, -1])
    close_day(seen)
    # From Monday 1 July to Monday 15: ten business days later, the eleventh in all.
    seen.closed_before, seen.as_of = MONDAY, MONDAY + 14
    close_day(seen)
    assert seen.risk.family_days[0] == 11
    assert seen.risk.state == states.WATCH


def test_a_family_that_came_to_the_cut_just_now_has_stood_one_day(rules: Rules) -> None:
    seen = standing(rules, families=[600_000, 0, -1, -1, -1], day=MONDAY + 14)
    seen.closed_before = MONDAY
    close_day(seen)
    assert seen.risk.family_days[0] == 1


def test_too_many_turns_are_counted_in_the_window() -> None:
    risk = RiskRecord(turns=[MONDAY - 90, MONDAY - 89, MONDAY])
    assert risk.recent_turns(MONDAY, 90) == 2


@pytest.mark.parametrize(
    ("before", "state", "to", "is_turn"),
    [
        (states.NORMAL, states.NORMAL, states.ATTENTION, False),
        (states.NORMAL, states.ATTENTION, states.WATCH, False),
        (states.HIGH_RISK, states.WATCH, states.ATTENTION, False),
        (states.DEFAULT, states.PROBATION, states.WATCH, False),
        (states.ATTENTION, states.WATCH, states.ATTENTION, True),
        (states.WATCH, states.ATTENTION, states.WATCH, True),
        (states.DEFAULT, states.PROBATION, states.DEFAULT, True),
        (states.WATCH, states.CLOSED, states.NORMAL, False),
        (states.CLOSED, states.NORMAL, states.ATTENTION, False),
    ],
)
def test_a_step_in_the_same_direction_is_no_turn(
    before: int, state: int, to: int, is_turn: bool
) -> None:
    assert RiskRecord(from_state=before, state=state).turns_by(to) == is_turn


def test_the_distance_to_the_next_state_is_in_score(rules: Rules) -> None:
    assert distance_to_next(RiskRecord(score=150_000), rules.cuts) == (states.ATTENTION, 50_000)
    worse = RiskRecord(state=states.WATCH, score=750_000)
    assert distance_to_next(worse, rules.cuts) == (states.HIGH_RISK, 0)
    assert distance_to_next(RiskRecord(state=states.DEFAULT), rules.cuts) is None


@pytest.mark.parametrize(
    ("figures", "score", "enters"),
    [
        pytest.param({"A04": RED, "A16": RED}, 550_000, True, id="the line and wages"),
        pytest.param({"A01": RED, "A23": RED}, 550_000, True, id="income and what is left"),
        pytest.param({"A04": RED, "A16": RED}, 540_000, False, id="below the cut"),
        pytest.param({"A04": RED, "A16": AMBER}, 550_000, False, id="one of them amber"),
        pytest.param({"A01": RED, "A16": RED}, 550_000, False, id="pay that is missing twice"),
        pytest.param({"A19": RED, "A23": RED}, 550_000, False, id="one fact"),
    ],
)
def test_two_separate_signals_of_the_account_corroborate_each_other(
    figures: dict[str, int], score: int, enters: bool
) -> None:
    rules = load_rulebook("default").rules_for("SME")
    cuts = replace(rules.cuts, watch=550_000)
    lit = {name: (level, 0) for name, level in figures.items()}
    seen = standing(replace(rules, cuts=cuts), signals_with(**lit), score=score)
    transition = escalate(seen)
    assert transition is not None
    assert (transition.after == states.WATCH) == enters
    assert bool({"watch-account", "watch-income"} & {*transition.rule_ids}) == enters


@pytest.mark.parametrize(
    ("figures", "enters"),
    [
        pytest.param({"A02": AMBER, "A23": AMBER}, True, id="it falls and runs out"),
        pytest.param({"A02": RED, "A19": RED}, False, id="it falls from much"),
        pytest.param({"A19": RED, "A23": RED, "A24": RED}, False, id="spent by each payday"),
    ],
)
def test_a_balance_that_falls_and_does_not_carry_the_worst_month_is_a_warning_at_any_score(
    figures: dict[str, int], enters: bool
) -> None:
    rules = load_rulebook("default").rules_for("RETAIL")
    lit = {name: (level, 0) for name, level in figures.items()}
    transition = escalate(standing(rules, signals_with(**lit), score=100_000))
    assert transition is not None
    assert ("watch-money-left" in transition.rule_ids) == enters
