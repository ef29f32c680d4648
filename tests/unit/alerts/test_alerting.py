"""What an assessment does to the alert: one row per rule, and why."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from services.alerts.decisions.adapters import policy_files
from services.alerts.decisions.domain import lifecycle
from services.alerts.decisions.domain.alert import Alert
from services.alerts.decisions.domain.assessment import AssessmentSummary
from services.alerts.decisions.domain.decision import NO_PRIOR_STATE, decide, state_after
from services.alerts.decisions.domain.novelty import LastNotified
from services.alerts.decisions.domain.pending_notice import AlertDecision, PriorState
from services.alerts.decisions.domain.policy import AlertPolicy
from services.alerts.directory.domain.working_calendar import WorkingCalendar
from services.alerts.primitives.vocabulary import (
    AlertEventKind,
    AlertStatus,
    AlertType,
    DecisionCode,
    Level,
    OutcomeCode,
    OwnerKind,
    RiskState,
    Severity,
)
from tests.fakes.assessments import MONDAY, assessment, contributor

POLICY = AlertPolicy(
    calendar=WorkingCalendar(timezone=ZoneInfo("Europe/Berlin")),
    routing=policy_files.read_routing(),
)
AMBER = contributor("A-03", Level.AMBER, 10.0)
OTHER_AMBER = contributor("A-09", Level.AMBER, 8.0)
RED = contributor("R-01", Level.RED, 30.0)
OTHER_RED = contributor("F-05", Level.RED, 20.0)
HARD = contributor("R-02", Level.HARD, 40.0)
OPENED, UPDATED, RESOLVED = (
    AlertEventKind.OPENED,
    AlertEventKind.UPDATED,
    AlertEventKind.RESOLVED,
)


def live(
    *assessments: AssessmentSummary, before: PriorState = NO_PRIOR_STATE
) -> tuple[list[AlertDecision], PriorState]:
    """Let a borrower live through assessments; return each decision and what is known then."""
    decisions = []
    for current in assessments:
        decision = decide(current, before=before, policy=POLICY)
        decisions.append(decision)
        before = state_after(before, current, decision)
    return decisions, before


def steps(decision: AlertDecision) -> list[tuple[AlertEventKind, AlertType, OutcomeCode | None]]:
    """Return each step with the kind of its news; without news, what the alert was opened for."""
    return [
        (
            change.kind,
            change.alert.news[0].kind if change.kind is UPDATED else change.alert.alert_type,
            change.alert.outcome_code,
        )
        for change in decision.changes
    ]


@pytest.mark.parametrize(
    ("history", "expected", "reason"),
    [
        pytest.param(
            [assessment(RiskState.NORMAL, AMBER)],
            [],
            "A-03 amber: in a normal state only a hard trigger opens an alert",
            id="a normal borrower with an amber signal is left alone",
        ),
        pytest.param(
            [assessment(RiskState.NORMAL, RED)],
            [],
            "R-01 red: in a normal state only a hard trigger opens an alert",
            id="a red signal opens no alert while the state is normal",
        ),
        pytest.param(
            [assessment(RiskState.NORMAL, HARD)],
            [(OPENED, AlertType.HARD_TRIGGER, None)],
            "R-02 hard",
            id="a hard trigger opens an alert even while the state is normal",
        ),
        pytest.param(
            [
                assessment(RiskState.CLOSED),
                assessment(RiskState.NORMAL, RED, sequence=2),
            ],
            [],
            "state CLOSED to NORMAL",
            id="a closed borrower that comes back to normal opens no alert",
        ),
        pytest.param(
            [assessment(RiskState.WATCH, RED, is_money_at_risk=False)],
            [],
            "no exposure",
            id="a worse state opens no alert where no money is at risk",
        ),
        pytest.param(
            [
                assessment(RiskState.WATCH, AMBER, is_money_at_risk=False),
                assessment(RiskState.WATCH, HARD, sequence=2, days_later=1, is_money_at_risk=False),
            ],
            [],
            "R-02 hard: no exposure",
            id="nor does a hard trigger",
        ),
        pytest.param(
            [
                assessment(RiskState.WATCH, AMBER, is_money_at_risk=False),
                assessment(RiskState.WATCH, AMBER, sequence=2, days_later=1),
            ],
            [(OPENED, AlertType.STATE_CHANGED, None)],
            "money is at risk in state WATCH",
            id="the alert opens when a loan is drawn in that state",
        ),
        pytest.param(
            [
                assessment(RiskState.HIGH_RISK, AMBER, is_money_at_risk=False),
                assessment(RiskState.WATCH, AMBER, sequence=2, is_money_at_risk=False),
                assessment(RiskState.WATCH, AMBER, sequence=3),
            ],
            [(OPENED, AlertType.STATE_CHANGED, None)],
            "money is at risk in state WATCH",
            id="also after the state relaxed meanwhile",
        ),
        pytest.param(
            [
                assessment(RiskState.WATCH, AMBER, is_money_at_risk=False),
                assessment(RiskState.NORMAL, AMBER, sequence=2, is_money_at_risk=False),
                assessment(RiskState.NORMAL, AMBER, sequence=3),
            ],
            [],
            "amber: in a normal state",
            id="but not when it is back to normal by then",
        ),
        pytest.param(
            [
                assessment(RiskState.ATTENTION, AMBER),
                assessment(RiskState.WATCH, RED, sequence=2, is_money_at_risk=False),
            ],
            [(UPDATED, AlertType.STATE_CHANGED, None)],
            "state ATTENTION to WATCH: no exposure",
            id="an open alert goes on when the last loan is repaid",
        ),
        pytest.param(
            [assessment(RiskState.ATTENTION, AMBER)],
            [(OPENED, AlertType.STATE_CHANGED, None)],
            "state NORMAL to ATTENTION",
            id="a tightened state opens an alert",
        ),
        pytest.param(
            [assessment(RiskState.DEFAULT, HARD)],
            [(OPENED, AlertType.HARD_TRIGGER, None)],
            "state NORMAL to DEFAULT",
            id="a hard trigger names itself",
        ),
        pytest.param(
            [assessment(RiskState.WATCH, RED), assessment(RiskState.WATCH, RED, sequence=2)],
            [],
            "no news",
            id="the same again is no news",
        ),
        pytest.param(
            [
                assessment(RiskState.WATCH, AMBER),
                assessment(RiskState.WATCH, AMBER, OTHER_AMBER, sequence=2, days_later=13.9),
            ],
            [],
            "amber news waits 14 days",
            id="a new amber indicator waits while the amber cool-off runs",
        ),
        pytest.param(
            [
                assessment(RiskState.WATCH, AMBER),
                assessment(RiskState.WATCH, AMBER, OTHER_AMBER, sequence=2, days_later=14),
            ],
            [(UPDATED, AlertType.NEW_SIGNAL, None)],
            "A-09 amber",
            id="a new amber indicator is announced at exactly 14 days",
        ),
        pytest.param(
            [
                assessment(RiskState.WATCH, AMBER),
                assessment(RiskState.WATCH, AMBER, RED, sequence=2, days_later=1),
            ],
            [(UPDATED, AlertType.NEW_RED_SIGNAL, None)],
            "R-01 red",
            id="the first red is not held back by an amber notice",
        ),
        pytest.param(
            [
                assessment(RiskState.WATCH, RED),
                assessment(RiskState.WATCH, RED, OTHER_RED, sequence=2, days_later=6.9),
            ],
            [],
            "red news waits 7 days",
            id="a second red waits while the red cool-off runs",
        ),
        pytest.param(
            [
                assessment(RiskState.WATCH, RED),
                assessment(RiskState.WATCH, RED, OTHER_RED, sequence=2, days_later=7),
            ],
            [(UPDATED, AlertType.NEW_RED_SIGNAL, None)],
            "F-05 red",
            id="a second red is announced at exactly 7 days",
        ),
        pytest.param(
            [
                assessment(RiskState.WATCH, RED),
                assessment(RiskState.WATCH, RED, HARD, sequence=2, days_later=0.01),
            ],
            [(UPDATED, AlertType.HARD_TRIGGER, None)],
            "R-02 hard",
            id="a hard trigger never waits",
        ),
        pytest.param(
            [
                assessment(RiskState.WATCH, contributor("A-03", Level.AMBER)),
                assessment(
                    RiskState.WATCH, contributor("A-03", Level.RED), sequence=2, days_later=1
                ),
            ],
            [(UPDATED, AlertType.NEW_RED_SIGNAL, None)],
            "A-03 red",
            id="a level that rises is news",
        ),
        pytest.param(
            [
                assessment(RiskState.WATCH, AMBER, score=40),
                assessment(RiskState.WATCH, AMBER, score=49.9, sequence=2, days_later=20),
            ],
            [],
            "no news",
            id="9.9 points of score are no news",
        ),
        pytest.param(
            [
                assessment(RiskState.WATCH, AMBER, score=40),
                assessment(RiskState.WATCH, AMBER, score=50, sequence=2, days_later=20),
            ],
            [(UPDATED, AlertType.NEW_SIGNAL, None)],
            "score up 10.0",
            id="10 points of score are news",
        ),
        pytest.param(
            [
                assessment(RiskState.ATTENTION, AMBER),
                assessment(RiskState.HIGH_RISK, RED, sequence=2),
            ],
            [
                (RESOLVED, AlertType.STATE_CHANGED, OutcomeCode.SUPERSEDED),
                (OPENED, AlertType.STATE_CHANGED, None),
            ],
            "state ATTENTION to HIGH_RISK",
            id="a worse state closes the milder alert and opens a new one",
        ),
        pytest.param(
            [
                assessment(RiskState.HIGH_RISK, RED),
                assessment(RiskState.WATCH, RED, sequence=2),
            ],
            [(UPDATED, AlertType.STATE_RELAXED, None)],
            "state HIGH_RISK to WATCH",
            id="a milder state updates the open alert, which stays open",
        ),
        pytest.param(
            [assessment(RiskState.WATCH, RED), assessment(RiskState.NORMAL, sequence=2)],
            [(UPDATED, AlertType.STATE_RELAXED, None)],
            "state WATCH to NORMAL",
            id="back to normal leaves an alert of a worse state than attention to a person",
        ),
        pytest.param(
            [
                assessment(RiskState.WATCH, RED),
                assessment(RiskState.NORMAL, sequence=2, is_corrected=True),
            ],
            [(RESOLVED, AlertType.STATE_CHANGED, OutcomeCode.DATA_ERROR)],
            "nobody had acted",
            id="back to normal by a correction was an error in the data",
        ),
        pytest.param(
            [
                assessment(RiskState.WATCH, RED, AMBER),
                assessment(RiskState.WATCH, AMBER, sequence=2, is_corrected=True),
            ],
            [(UPDATED, AlertType.CORRECTION, None)],
            "took away R-01",
            id="a correction that takes an announced reason away is announced",
        ),
        pytest.param(
            [
                assessment(RiskState.DEFAULT, HARD),
                assessment(RiskState.PROBATION, sequence=2),
            ],
            [(UPDATED, AlertType.STATE_RELAXED, None)],
            "state DEFAULT to PROBATION",
            id="probation is milder than default",
        ),
        pytest.param(
            [
                assessment(RiskState.PROBATION, RED),
                assessment(RiskState.DEFAULT, RED, sequence=2),
            ],
            [
                (RESOLVED, AlertType.STATE_CHANGED, OutcomeCode.SUPERSEDED),
                (OPENED, AlertType.STATE_CHANGED, None),
            ],
            "state PROBATION to DEFAULT",
            id="a relapse from probation into default is a tightening",
        ),
    ],
)
def test_the_last_assessment_of_a_history(
    history: list[AssessmentSummary], expected: list[object], reason: str
) -> None:
    decisions, _ = live(*history)
    assert steps(decisions[-1]) == expected
    assert reason in " → ".join(entry.reason for entry in decisions[-1].entries)


def test_news_that_had_to_wait_is_still_news_after_the_cool_off() -> None:
    decisions, _ = live(
        assessment(RiskState.WATCH, AMBER),
        assessment(RiskState.WATCH, AMBER, OTHER_AMBER, sequence=2, days_later=3),
        assessment(RiskState.WATCH, AMBER, OTHER_AMBER, sequence=3, days_later=15),
    )
    assert [len(decision.changes) for decision in decisions] == [1, 0, 1]


def test_an_indicator_that_swings_round_its_threshold_causes_one_notice_per_spell() -> None:
    decisions, _ = live(
        assessment(RiskState.WATCH, RED, AMBER),
        assessment(RiskState.WATCH, AMBER, sequence=2, days_later=10),
        assessment(RiskState.WATCH, RED, AMBER, sequence=3, days_later=20),
    )
    assert [len(decision.changes) for decision in decisions] == [1, 0, 0]


def test_a_new_spell_begins_without_earlier_notices() -> None:
    decisions, before = live(
        assessment(RiskState.WATCH, RED),
        assessment(RiskState.NORMAL, sequence=2, days_later=1),
        assessment(RiskState.WATCH, RED, sequence=3, days_later=2),
    )
    assert steps(decisions[2]) == [
        (RESOLVED, AlertType.STATE_CHANGED, OutcomeCode.SUPERSEDED),
        (OPENED, AlertType.STATE_CHANGED, None),
    ]
    assert before.notified.levels == {"R-01": Level.RED}


def test_red_news_after_the_alert_was_resolved_opens_the_next_one() -> None:
    _, before = live(assessment(RiskState.WATCH, AMBER))
    resolved = replace(before, open_alert=None)
    amber = decide(
        assessment(RiskState.WATCH, AMBER, OTHER_AMBER, sequence=2, days_later=30),
        before=resolved,
        policy=POLICY,
    )
    red = decide(
        assessment(RiskState.WATCH, AMBER, RED, sequence=2, days_later=30),
        before=resolved,
        policy=POLICY,
    )
    assert steps(amber) == []
    assert steps(red) == [(OPENED, AlertType.NEW_RED_SIGNAL, None)]


def test_an_alert_in_work_is_not_closed_by_a_recovery() -> None:
    _, before = live(assessment(RiskState.WATCH, RED))
    assert before.open_alert is not None
    seen = lifecycle.acknowledge(before.open_alert, actor="anna", at=MONDAY)
    assert not isinstance(seen, lifecycle.StepNotAllowed)
    decision = decide(
        assessment(RiskState.NORMAL, sequence=2),
        before=replace(before, open_alert=seen.alert),
        policy=POLICY,
    )
    assert steps(decision) == [(UPDATED, AlertType.STATE_RELAXED, None)]
    assert decision.changes[0].alert.status is AlertStatus.ACKNOWLEDGED


def test_an_owner_chosen_by_hand_stays_when_a_worse_alert_takes_over() -> None:
    _, before = live(assessment(RiskState.ATTENTION, AMBER))
    assert before.open_alert is not None
    given = lifecycle.assign(
        before.open_alert, owner_kind=OwnerKind.OFFICER, owner_id="o-9", actor="s", at=MONDAY
    )
    assert not isinstance(given, lifecycle.StepNotAllowed)
    decision = decide(
        assessment(RiskState.HIGH_RISK, RED, sequence=2),
        before=replace(before, open_alert=given.alert),
        policy=POLICY,
    )
    assert decision.changes[-1].alert.owner.id == "o-9"


def test_the_same_history_gives_the_same_ids() -> None:
    first, _ = live(assessment(RiskState.WATCH, RED))
    second, _ = live(assessment(RiskState.WATCH, RED))
    assert first[0].changes[0].event_id == second[0].changes[0].event_id
    assert first[0].changes[0].event_id.endswith("-1")


@pytest.mark.parametrize(
    ("current", "severity", "is_digest"),
    [
        (assessment(RiskState.ATTENTION, AMBER), Severity.LOW, True),
        (assessment(RiskState.ATTENTION, RED), Severity.LOW, False),
        (assessment(RiskState.WATCH, AMBER), Severity.MEDIUM, False),
        (assessment(RiskState.HIGH_RISK, RED), Severity.HIGH, False),
        (assessment(RiskState.DEFAULT, RED), Severity.HARD, False),
        (assessment(RiskState.ATTENTION, HARD), Severity.HARD, False),
    ],
    ids=["amber attention", "red attention", "watch", "high risk", "default", "hard trigger"],
)
def test_severity_and_digest_follow_state_and_worst_level(
    current: AssessmentSummary, severity: Severity, is_digest: bool
) -> None:
    alert = only_alert(current)
    assert (alert.severity, alert.is_digest) == (severity, is_digest)


def only_alert(current: AssessmentSummary) -> Alert:
    [decision], _ = live(current)
    return decision.changes[0].alert


def test_every_alert_says_who_why_what_and_until_when() -> None:
    alert = only_alert(assessment(RiskState.WATCH, RED, AMBER))
    assert alert.owner.id == "o-7"
    assert alert.reasons[0].line == (
        "Amounts have been overdue for 34 days (Level: red; amber at 5 days or more; "
        "red at more than 30 days; since 20 February 2026)."
    )
    assert alert.headline == ("b-1 is in state watch: Amounts have been overdue for 34 days")
    # Monday 10:00 in Berlin; three and ten working days later, in UTC.
    assert alert.deadlines.acknowledge_by == MONDAY + timedelta(days=3)
    assert alert.deadlines.act_by == MONDAY + timedelta(days=14)


def test_worse_news_never_gives_more_time() -> None:
    decisions, _ = live(
        assessment(RiskState.WATCH, AMBER),
        assessment(RiskState.WATCH, AMBER, RED, sequence=2, days_later=4),
    )
    first, second = (decision.changes[0].alert.deadlines for decision in decisions)
    assert second == first


def test_a_borrower_without_officer_goes_to_the_fallback_queue() -> None:
    alert = only_alert(assessment(RiskState.WATCH, RED, officer_id=None))
    assert (alert.owner.kind, alert.owner.id) == (OwnerKind.QUEUE, "credit-desk")


def test_a_default_case_has_two_owners() -> None:
    alert = only_alert(assessment(RiskState.DEFAULT, RED))
    assert alert.second_owner is not None
    assert (alert.owner.id, alert.second_owner.id) == ("o-7", "workout")


def test_without_a_notice_nothing_is_notified() -> None:
    assert NO_PRIOR_STATE.notified == LastNotified()


def test_an_alert_stays_what_it_was_opened_for_and_its_news_is_a_list() -> None:
    decisions, before = live(
        assessment(RiskState.WATCH, AMBER),
        assessment(RiskState.WATCH, AMBER, RED, sequence=2, days_later=1, score=58),
        assessment(RiskState.ATTENTION, RED, sequence=3, days_later=40, score=30),
    )
    alert = before.open_alert
    assert alert is not None
    assert [decision.changes[0].alert.alert_type for decision in decisions] == [
        AlertType.STATE_CHANGED
    ] * 3
    # The newest first; each compares with the message before it, not with the first one.
    assert [(item.kind, item.texts["en"]) for item in alert.news] == [
        (
            AlertType.STATE_RELAXED,
            (
                "The state went from watch to attention.",
                "“name of A-03” (A-03) went from amber to green.",
                "The score fell from 58.0 to 30.0.",
            ),
        ),
        (
            AlertType.NEW_RED_SIGNAL,
            (
                "“name of R-01” (R-01) went from green to red.",
                "The score rose from 45.0 to 58.0.",
            ),
        ),
    ]


def test_the_headline_is_about_now_not_about_the_last_news() -> None:
    _, before = live(
        assessment(RiskState.HIGH_RISK, RED, AMBER),
        assessment(RiskState.WATCH, AMBER, sequence=2, days_later=40),
    )
    assert before.open_alert is not None
    assert before.open_alert.headline.startswith("b-1 is in state watch: ")
    assert before.open_alert.texts["es"].headline.startswith("b-1 está en el estado «vigilancia»: ")
    assert before.open_alert.texts["zh"].headline.startswith("b-1处于“重点监测”状态：")


def test_what_changed_compares_with_the_last_message_not_with_the_last_assessment() -> None:
    decisions, before = live(
        assessment(RiskState.WATCH, AMBER, score=40),
        # Neither is announced: amber news waits 14 days.
        assessment(RiskState.WATCH, AMBER, OTHER_AMBER, sequence=2, days_later=2, score=44),
        assessment(RiskState.WATCH, AMBER, OTHER_AMBER, sequence=3, days_later=5, score=46),
        assessment(RiskState.WATCH, AMBER, OTHER_AMBER, sequence=4, days_later=14, score=47),
    )
    assert [len(decision.changes) for decision in decisions] == [1, 0, 0, 1]
    assert before.open_alert is not None
    assert before.open_alert.news[0].texts["en"] == (
        "“name of A-09” (A-09) went from green to amber.",
        "The score rose from 40.0 to 47.0.",
    )
    assert before.last_message is not None
    assert (before.last_message.sequence, before.last_message.was_sent) == (4, True)


def test_before_any_message_the_last_change_of_state_is_compared_with() -> None:
    quiet = (
        assessment(RiskState.NORMAL),
        assessment(RiskState.NORMAL, AMBER, sequence=2, days_later=1),
    )
    _, before = live(*quiet)
    assert before.last_message is not None
    assert (before.last_message.sequence, before.last_message.was_sent) == (1, False)
    _, before = live(*quiet, assessment(RiskState.CLOSED, sequence=3, days_later=2))
    assert before.last_message is not None
    assert (before.last_message.sequence, before.last_message.was_sent) == (3, False)


def test_a_correction_names_the_reason_that_it_took_away() -> None:
    _, before = live(
        assessment(RiskState.WATCH, RED, AMBER),
        assessment(RiskState.WATCH, AMBER, sequence=2, is_corrected=True),
    )
    assert before.open_alert is not None
    assert before.open_alert.news[0].texts["en"] == (
        "After a correction, “name of R-01” (R-01) is no longer at red.",
    )


def test_a_bank_that_watches_deposit_customers_gets_their_alerts() -> None:
    policy = replace(POLICY, watches_deposit_customers=True)
    current = assessment(RiskState.WATCH, RED, is_money_at_risk=False)
    decision = decide(current, before=NO_PRIOR_STATE, policy=policy)
    assert steps(decision) == [(OPENED, AlertType.STATE_CHANGED, None)]


@pytest.mark.parametrize(
    ("history", "code"),
    [
        ([assessment(RiskState.WATCH, RED)], DecisionCode.STATE_TIGHTENED),
        (
            [assessment(RiskState.WATCH, RED, is_money_at_risk=False)],
            DecisionCode.NO_MONEY_AT_RISK,
        ),
        ([assessment(RiskState.NORMAL, RED)], DecisionCode.NORMAL_STATE),
        ([assessment(RiskState.NORMAL)], DecisionCode.NO_NEWS),
        (
            [assessment(RiskState.WATCH, RED), assessment(RiskState.WATCH, RED, sequence=2)],
            DecisionCode.NO_NEWS,
        ),
        (
            [
                assessment(RiskState.WATCH, RED),
                assessment(RiskState.WATCH, RED, OTHER_RED, sequence=2, days_later=6.9),
            ],
            DecisionCode.COOLDOWN,
        ),
    ],
)
def test_each_decision_has_a_code(history: list[AssessmentSummary], code: DecisionCode) -> None:
    decisions, _ = live(*history)
    assert decisions[-1].code is code


def test_an_open_alert_shows_the_figures_of_the_newest_assessment_without_a_step() -> None:
    decisions, before = live(
        assessment(RiskState.WATCH, RED),
        assessment(RiskState.WATCH, RED, sequence=2, days_later=1, score=46, days_late=35),
    )
    assert decisions[1].changes == ()
    alert = before.open_alert
    assert alert is not None
    assert (alert.version, alert.score) == (1, 46)
    assert alert.as_of == (MONDAY + timedelta(days=1)).date()
    assert alert.headline == "b-1 is in state watch: Amounts have been overdue for 35 days"
    assert alert.texts["es"].reasons[0].startswith("Lleva 35 días con importes vencidos")


def test_a_signal_that_repeats_a_fact_is_not_gone_when_another_one_contributes() -> None:
    interest = contributor("R-09", Level.RED, 30.0)
    _, before = live(
        assessment(RiskState.WATCH, interest, also=(("R-01", "Days past due", Level.RED),)),
        assessment(
            RiskState.WATCH,
            contributor("R-01", Level.RED, 30.0, name="Days past due"),
            HARD,
            sequence=2,
            days_later=1,
            also=(("R-09", "Interest in arrears", Level.RED),),
        ),
    )
    assert before.open_alert is not None
    assert before.open_alert.news[0].texts["en"] == (
        "“name of R-02” (R-02) went from green to hard limit.",
    )


def test_news_of_a_covenant_is_a_covenant_test() -> None:
    covenant = contributor("F-18", Level.RED, 20.0)
    decisions, _ = live(
        assessment(RiskState.WATCH, AMBER),
        assessment(RiskState.WATCH, AMBER, covenant, sequence=2, days_later=20),
    )
    assert steps(decisions[1]) == [(UPDATED, AlertType.COVENANT_TEST, None)]
