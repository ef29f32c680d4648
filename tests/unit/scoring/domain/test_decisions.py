"""Every arrow of the state machine by events, every decision of people, and every refusal.

The score and single rules have their own table in `test_states`; here a borrower lives through
events. Expected dates are counted by hand from domain 4.2 and 4.3.
"""

from collections.abc import Callable

import pytest

from services.scoring.adapters.state_bytes import decode, encode
from services.scoring.domain.arrears.days_past_due import arrears_of
from tests.fakes.story import Story
from tests.fakes.units import day, iso

MONTHLY = [(f"{2024 + month // 12}-{month % 12 + 1:02d}-15", 100.0) for month in range(36)]


def lent(start: str = "2024-01-05", **terms: object) -> Story:
    """A borrower with one loan of 36 monthly instalments of 100 from 15 January 2024 on."""
    story = Story("RETAIL", start=start)
    story.loan(3_600, **terms)
    story.schedule(*MONTHLY)
    return story


def paying(story: Story, until: str) -> Story:
    """Pay each instalment on its day until the date, and close the days before it."""
    for due in list(story.borrower.loans[0].due_days):
        if story.today <= due < day(until):
            story.on(iso(due))
            story.pays(100)
    story.on(until)
    return story


# Each arrow: the story up to the day before, what happens, and the states before and after.
def five_days_late(story: Story) -> None:
    story.close_through("2024-01-20")


def a_month_late(story: Story) -> None:
    story.close_through("2024-02-15")


def two_months_late(story: Story) -> None:
    story.close_through("2024-03-16")


def ninety_one_material_days(story: Story) -> None:
    # 100 is not above the absolute threshold of 100; with the second instalment, due 15 February,
    # it is from the close of 16 February on, which is day 1. Day 91 is 16 May.
    story.close_through("2024-05-15")
    assert story.state != "DEFAULT"
    story.close()


def conceded(story: Story) -> None:
    story.reschedule(*MONTHLY, version=2)


def tightened(story: Story) -> None:
    story.decide("TIGHTEN", state="WATCH", until="2024-06-01")


def unlikely_to_pay(story: Story) -> None:
    story.decide("UTP", trigger="NON_ACCRUAL")


def restructured_at_a_loss(story: Story) -> None:
    story.reschedule(*MONTHLY, version=2, loss=0.01)


def insolvent(story: Story) -> None:
    story.report("INSOLVENCY")


def all_loans_ended(story: Story) -> None:
    story.ends()
    story.close()


UPWARDS: list[tuple[str, Callable[[Story], None], str, str]] = [
    ("five days past due", five_days_late, "ATTENTION", "attention-arrears-5"),
    ("31 days past due", a_month_late, "WATCH", "watch-arrears-30"),
    ("61 days past due", two_months_late, "HIGH_RISK", "high-risk-arrears-60"),
    ("91 material days", ninety_one_material_days, "DEFAULT", "default-regulatory-90"),
    ("a concession", conceded, "WATCH", "watch-forborne"),
    ("two people tighten", tightened, "WATCH", "decision:o-1"),
    ("unlikely to pay", unlikely_to_pay, "DEFAULT", "default-unlikely-to-pay"),
    (
        "a restructuring at a loss of 1 %",
        restructured_at_a_loss,
        "DEFAULT",
        "default-distressed-restructuring",
    ),
    ("insolvency", insolvent, "DEFAULT", "default-insolvency"),
    ("all loans ended", all_loans_ended, "CLOSED", "closed-all-loans-ended"),
]


@pytest.mark.parametrize(
    ("happens", "state", "rule_id"), [row[1:] for row in UPWARDS], ids=[row[0] for row in UPWARDS]
)
def test_what_happens_leads_into_the_state(
    happens: Callable[[Story], None], state: str, rule_id: str
) -> None:
    story = lent()
    happens(story)
    assert story.state == state
    assert rule_id in story.borrower.risk.rule_ids
    record = story.latest.transition
    assert record is not None
    assert record.after == state
    assert rule_id in record.rule_ids
    assert record.reason
    assert record.correlation_id


def test_a_loss_below_one_percent_is_a_concession_and_no_default() -> None:
    story = lent()
    story.reschedule(*MONTHLY, version=2, loss=0.009999)
    assert (story.state, story.flags) == ("WATCH", {"FORBORNE"})


@pytest.mark.parametrize(
    ("effective", "counts"),
    [("2025-01-05", "2025-01-05"), ("2025-01-06", "2024-01-05"), ("2199-12-31", "2024-01-05")],
)
def test_a_concession_of_a_wrong_year_counts_from_its_booking(effective: str, counts: str) -> None:
    story = lent()
    # Booked on 5 January 2024; 366 days later is 5 January 2025.
    story.reschedule(*MONTHLY, version=2, loss=0.5, effective=effective)
    assert story.borrower.decisions.forbearance.measure_day == day(counts)


@pytest.mark.parametrize("reason", ["CONTRACTUAL_OPTION", "COMMERCIAL", "ERROR"])
def test_a_change_that_is_no_concession_sets_no_flag(reason: str) -> None:
    story = lent()
    story.reschedule(*MONTHLY, version=2, loss=0.5, reason=reason)
    assert (story.state, story.flags) == ("NORMAL", set())


# Decisions: the record, expiry, and what refuses.
def test_a_transition_by_people_is_recorded_whole() -> None:
    story = lent()
    story.decide("TIGHTEN", state="HIGH_RISK", until="2024-03-01", name="o-7")
    record = story.latest.transition
    assert record is not None
    assert (record.before, record.after) == ("NORMAL", "HIGH_RISK")
    assert (record.actor, record.approver) == ("officer-1", "senior-2")
    assert record.reason == "as agreed in the credit committee"
    assert record.expires_day == day("2024-03-01")
    assert record.correlation_id == "o-7"
    assessment = story.latest
    assert (assessment.rulebook, assessment.score, assessment.dpd_operational) == (
        "reference",
        0,
        0,
    )
    assert assessment.as_of == day("2024-01-05")
    assert "DECISION" in assessment.reasons


def test_a_transition_by_the_system_names_the_event_that_led_to_it() -> None:
    story = lent()
    five_days_late(story)
    record = story.latest.transition
    assert record is not None
    assert (record.actor, record.approver, record.expires_day) == ("system", None, None)
    assert record.correlation_id == f"core#{story.log[-1].id}"


def test_a_decision_for_a_later_day_waits_for_its_close() -> None:
    story = lent()
    story.decide("TIGHTEN", state="WATCH", effective="2024-01-08", until="2024-03-01")
    assert story.state == "NORMAL"
    assert story.close_through("2024-01-07").borrower.risk.state == 0
    story.close()
    assert story.state == "WATCH"


def test_a_decision_ends_at_the_close_of_the_day_on_which_it_expires() -> None:
    story = paying(lent(), "2024-01-20")
    story.decide("FLAG", flag="EXIT_LIST", until="2024-01-25")
    assert story.flags == {"EXIT_LIST"}
    story.close_through("2024-01-24")
    assert story.flags == {"EXIT_LIST"}
    story.close()
    assert story.flags == set()
    assert [change.kind for change in story.latest.changes] == ["EXPIRED", "FLAG"]
    assert story.borrower.decisions.overrides == []


def test_a_tightening_applies_until_it_expires_and_people_then_relax_it() -> None:
    story = lent()
    story.decide("TIGHTEN", state="WATCH", until="2024-05-01")
    paying(story, "2024-05-01")
    # Sixty calm days are long over, but the decision still applies.
    assert story.borrower.risk.proposed_to == -1
    story.close()
    assert "RELAXATION_PROPOSED" in story.latest.flags
    story.decide("RELAX", state="ATTENTION", until="2024-05-20", name="o-2")
    assert story.state == "WATCH"  # relaxed at a day close only
    story.close()
    assert story.state == "ATTENTION"
    record = story.latest.transition
    assert record is not None
    assert (record.actor, record.approver) == ("officer-1", "senior-2")
    assert record.rule_ids == ["watch-to-attention", "decision:o-2"]
    assert story.borrower.decisions.overrides == []  # used up


def test_an_approval_waits_for_the_conditions_until_it_expires() -> None:
    story = lent()
    a_month_late(story)
    story.pays(200)
    story.decide("RELAX", state="ATTENTION", until="2024-04-01")
    story.close_through("2024-03-31")
    assert story.state == "WATCH"
    story.close()
    assert any(change.kind == "EXPIRED" for change in story.latest.changes)
    paying(story, "2024-07-01")
    assert story.state == "WATCH"


def test_the_score_goes_up_and_down_by_points_that_people_decide() -> None:
    story = lent()
    story.decide("SCORE", points_micro=150_000, until="2024-02-01")
    assert (story.latest.score, story.latest.score_override) == (150_000, 150_000)
    story.decide("SCORE", points_micro=-100_000, until="2024-02-01")
    assert story.latest.score == 0  # never below nothing
    story.decide("SCORE", points_micro=50_000, until="2024-01-10", name="o-2")
    story.decide("SCORE", points_micro=120_000, until="2024-01-10")
    assert story.latest.score == 170_000
    paying(story, "2024-01-11")
    assert story.borrower.risk.score == 0


def watched_for_its_score() -> Story:
    """A borrower on watch by nothing but a score rule, since well over ten days ago."""
    story = paying(lent(), "2024-02-01")
    story.decide("TIGHTEN", state="WATCH", until="2024-02-02")
    story.decide("SCORE", points_micro=150_000, until="2025-01-01", name="o-s1")
    story.decide("SCORE", points_micro=150_000, until="2025-01-01", name="o-s2")
    return paying(story, "2024-06-01")


def test_an_exception_leaves_a_state_of_judgement_alone_and_ends_when_it_expires() -> None:
    story = watched_for_its_score()
    assert (story.state, story.borrower.risk.score) == ("WATCH", 300_000)  # not below the exit cut
    story.decide("RELAX", state="ATTENTION", until="2024-06-10", name="o-2")
    paying(story, "2024-06-10")
    assert story.state == "WATCH"
    story.decide("EXCEPTION", state="ATTENTION", until="2024-07-10", name="o-3")
    story.close()
    assert story.state == "ATTENTION"
    record = story.latest.transition
    assert record is not None
    assert record.expires_day == day("2024-07-10")


def test_an_exception_passes_over_no_arrears() -> None:
    story = lent()
    a_month_late(story)
    story.decide("EXCEPTION", state="ATTENTION", until="2024-05-01")
    story.close_through("2024-04-30")
    assert story.state in ("WATCH", "HIGH_RISK")


REFUSALS = [
    ("the same person twice", {"kind": "UTP", "approvers": ("officer-1",)}, "one_person"),
    (
        "the same person in other letters",
        {"kind": "UTP", "by": "Alice", "approvers": ("alice", "ALICE")},
        "one_person",
    ),
    ("no expiry", {"kind": "TIGHTEN", "state": "WATCH"}, "no_expiry"),
    ("no expiry of a relaxation", {"kind": "RELAX", "state": "NORMAL"}, "no_expiry"),
    (
        "over before it begins",
        {"kind": "TIGHTEN", "state": "WATCH", "until": "2024-01-05"},
        "no_time_left",
    ),
    (
        "tightened to default, which needs unlikeliness to pay",
        {"kind": "TIGHTEN", "state": "DEFAULT", "until": "2024-03-01"},
        "state_not_possible",
    ),
    (
        "relaxed from a state that it is not in",
        {"kind": "RELAX", "state": "ATTENTION", "until": "2024-03-01"},
        "state_not_possible",
    ),
    ("closed by hand", {"kind": "RELAX", "state": "CLOSED", "until": "2024-03-01"}, ""),
    (
        "a loan that nobody knows",
        {"kind": "TECHNICAL_DEFAULT", "loan_id": "l-9", "until": "2024-03-01"},
        "no_such_loan",
    ),
    ("no points", {"kind": "SCORE", "until": "2024-03-01"}, "points_out_of_range"),
    (
        "too many points",
        {"kind": "SCORE", "points_micro": 150_001, "until": "2024-03-01"},
        "points_out_of_range",
    ),
    ("a flag of the system", {"kind": "FLAG", "flag": "FORBORNE"}, "no_such_flag"),
    ("nothing to lift", {"kind": "LIFT_UTP"}, "nothing_to_lift"),
    ("no flag to take away", {"kind": "UNFLAG", "flag": "EXIT_LIST"}, "nothing_to_lift"),
]


@pytest.mark.parametrize(
    ("decision", "code"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS]
)
def test_a_decision_that_does_not_count_gives_its_reason_and_changes_nothing(
    decision: dict[str, object], code: str
) -> None:
    story = lent()
    before = story.borrower.risk.flags, story.state, story.borrower.risk.score
    assessment = story.decide(**decision)  # type: ignore[arg-type]
    assert assessment is not None
    assert assessment.reasons == ["DECISION"]
    (change,) = assessment.changes
    assert (change.kind, change.after) == ("REFUSED", code or "state_not_possible")
    assert (story.borrower.risk.flags, story.state, story.borrower.risk.score) == before
    assert story.borrower.decisions.overrides == []


@pytest.mark.parametrize(
    ("enter", "target"),
    [(tightened, "NORMAL"), (unlikely_to_pay, "PROBATION"), (unlikely_to_pay, "WATCH")],
    ids=["two steps at once", "default ends by its own clock", "default is not relaxed by hand"],
)
def test_no_relaxation_by_hand_outside_the_table(
    enter: Callable[[Story], None], target: str
) -> None:
    story = lent()
    enter(story)
    assessment = story.decide("RELAX", state=target, until="2024-05-01", name="o-2")
    assert assessment is not None
    assert assessment.changes[0].after == "state_not_possible"


# Default, probation, cure.
def test_default_ends_at_the_close_after_the_last_trigger_is_gone() -> None:
    story = paying(lent(), "2024-02-01")
    unlikely_to_pay(story)
    paying(story, "2024-03-01")
    assert story.state == "DEFAULT"
    story.decide("LIFT_UTP", name="o-2")
    assert (story.state, story.flags) == ("DEFAULT", set())
    story.close()
    assert story.state == "PROBATION"
    assert story.borrower.decisions.default.defaulted_day == day("2024-02-01")


def test_probation_needs_three_months_and_an_assessment_of_ability() -> None:
    story = paying(lent(), "2024-02-01")
    unlikely_to_pay(story)
    story.decide("LIFT_UTP", name="o-2")
    story.close()  # 1 February: PROBATION
    paying(story, "2024-06-01")
    assert (story.state, story.borrower.risk.proposed_to) == ("PROBATION", -1)
    story.inspection("SATISFACTORY")
    story.close()
    assert story.borrower.risk.proposed_to == 2
    story.decide("RELAX", state="WATCH", until="2024-07-01", name="o-3")
    story.close()
    assert story.state == "WATCH"


def test_an_instalment_paid_late_prolongs_probation() -> None:
    story = paying(lent(), "2024-02-01")
    unlikely_to_pay(story)
    story.decide("LIFT_UTP", name="o-2")
    story.close()
    paying(story, "2024-05-15")
    story.on("2024-05-16")
    story.pays(100)
    story.inspection("SATISFACTORY")
    story.close()
    assert (story.state, story.borrower.risk.proposed_to) == ("PROBATION", -1)


def forborne_in_default() -> Story:
    """Unlikely to pay on 1 February 2024, restructured on 1 March at a loss, payable from July."""
    story = paying(lent(), "2024-02-01")
    unlikely_to_pay(story)
    paying(story, "2024-03-01")
    rows = [row for row in MONTHLY if row[0] < "2024-03" or row[0] >= "2024-07"]
    story.reschedule(*rows, version=2, kind="MORATORIUM", loss=0.02)
    story.decide("LIFT_UTP", name="o-2")
    return story


def test_a_forborne_cure_counts_twelve_months_from_the_latest_of_measure_default_and_grace() -> (
    None
):
    story = forborne_in_default()
    assert {"FORBORNE", "FORMERLY_NON_PERFORMING"} <= story.flags
    assert "DISTRESSED_RESTRUCTURING" not in story.flags  # it is in default already
    story.close()
    assert story.state == "PROBATION"
    # Grace ends when principal falls due again: 15 July 2024.
    paying(story, "2025-01-01")
    story.inspection("SATISFACTORY")
    paying(story, "2025-07-15")
    story.pays(100)
    assert story.borrower.risk.proposed_to == -1
    story.close()  # 15 July 2025
    assert story.borrower.risk.proposed_to == 2


def cured_forborne() -> Story:
    story = forborne_in_default()
    paying(story, "2025-01-01")
    story.inspection("SATISFACTORY")
    paying(story, "2025-08-01")
    story.decide("RELAX", state="WATCH", until="2025-09-01", name="o-3")
    story.close()
    assert (story.state, story.today) == ("WATCH", day("2025-08-02"))
    return story


def test_more_than_thirty_days_late_in_forborne_probation_is_default_again() -> None:
    story = cured_forborne()
    story.close_through("2025-09-14")  # due 15 August, 30 days
    assert story.state == "WATCH"
    story.close()
    assert story.state == "DEFAULT"
    assert "default-forborne-relapse" in story.borrower.risk.rule_ids


def test_another_concession_in_forborne_probation_is_default_again() -> None:
    story = cured_forborne()
    rows = [(iso(due), 100.0) for due in story.borrower.loans[0].due_days]
    story.reschedule(*rows, version=3)
    assert story.state == "DEFAULT"
    assert story.borrower.risk.rule_ids == ["default-forborne-again"]
    assert "FORBORNE_AGAIN" not in story.flags  # used up by the default that it led to


def test_a_borrower_who_never_defaulted_may_be_late_or_conceded_to_again() -> None:
    story = paying(lent(), "2024-02-01")
    conceded(story)
    story.close_through("2024-03-17")  # due 15 February, 31 days
    story.reschedule(*MONTHLY, version=3)
    assert story.state == "WATCH"


def test_the_forborne_flag_ends_after_two_years_of_payments() -> None:
    story = paying(lent(), "2024-02-01")
    conceded(story)
    paying(story, "2026-01-31")
    assert "FORBORNE" in story.flags
    story.close()
    assert "FORBORNE" in story.flags
    story.close()  # 1 February 2026
    assert story.flags == set()
    assert ("FLAG", "FORBORNE", None) in [
        (change.kind, change.before, change.after) for change in story.latest.changes
    ]


def test_the_forborne_flag_stays_while_less_than_half_of_the_months_were_paid() -> None:
    story = paying(lent(), "2024-02-01")
    conceded(story)
    for due, amount in MONTHLY[1:25]:
        story.on(due)
        if due < "2024-12":
            story.pays(amount)
    # Ten of 24 months; then the rest at once, so that nothing is past due at the end.
    story.pays(1_400)
    story.close_through("2026-02-05")
    assert "FORBORNE" in story.flags
    assert story.borrower.counters.operational_days == 0


# The end.
def test_a_borrower_is_closed_when_the_last_loan_ended_and_opened_by_the_next() -> None:
    story = lent()
    story.loan(500, loan_id="l-2")
    paying(story, "2024-03-01")
    story.ends(loan_id="l-1")
    story.close_through("2024-04-01")
    assert (story.state, story.borrower.counters.past_due_minor) == ("NORMAL", 0)
    story.ends(loan_id="l-2")
    assert story.state == "NORMAL"  # at a day close only
    story.close()
    assert story.state == "CLOSED"
    story.close_through("2024-05-01")
    assert story.state == "CLOSED"
    story.loan(700, loan_id="l-3")
    assert (story.state, story.borrower.risk.rule_ids) == ("NORMAL", ["reopened-lent-again"])


def test_the_end_of_a_loan_that_is_taken_back_brings_its_arrears_back() -> None:
    story = lent()
    five_days_late(story)
    mistaken = story.ends()
    assert story.borrower.counters.operational_days == 0
    story.ends(kind="reversal", corrects=mistaken)
    assert story.borrower.counters.operational_days == 6


def test_everything_decided_is_stored_and_comes_back() -> None:
    for story in (forborne_in_default(), watched_for_its_score(), lent()):
        stored = encode(story.borrower)
        assert encode(decode(stored)) == stored
        assert decode(stored).decisions == story.borrower.decisions


# What tightens never lapses.
def test_unlikely_to_pay_that_expires_is_a_default_until_two_people_lift_it() -> None:
    story = paying(lent(), "2024-02-01")
    story.decide("UTP", until="2024-03-01", name="o-1")
    paying(story, "2024-03-01")
    assert "REVIEW_DUE" not in story.latest.flags
    story.close()  # 1 March
    assert [change.kind for change in story.latest.changes] == ["REVIEW_DUE"]
    assert "REVIEW_DUE" in story.latest.flags
    paying(story, "2024-09-01")
    assert (story.state, story.flags) == ("DEFAULT", {"UTP"})
    story.decide("LIFT_UTP", name="o-2")
    story.close()
    assert (story.state, story.flags) == ("PROBATION", set())
    assert "REVIEW_DUE" not in story.latest.flags


def test_a_flag_of_fraud_that_expires_stays_and_one_of_exit_does_not() -> None:
    story = paying(lent(), "2024-02-01")
    story.decide("FLAG", flag="FRAUD_RED_FLAG", until="2024-03-01", name="o-1")
    story.decide("FLAG", flag="EXIT_LIST", until="2024-03-01", name="o-2")
    paying(story, "2024-03-02")
    assert story.flags == {"FRAUD_RED_FLAG"}
    story.decide("UNFLAG", flag="FRAUD_RED_FLAG", name="o-3")
    assert story.flags == set()


def test_attention_that_people_set_is_left_by_people_only() -> None:
    story = paying(lent(), "2024-02-01")
    story.decide("TIGHTEN", state="ATTENTION", until="2024-03-01", name="o-1")
    paying(story, "2024-06-01")  # three calm months, where thirty days would do
    assert story.state == "ATTENTION"
    assert {"RELAXATION_PROPOSED", "REVIEW_DUE"} <= set(story.latest.flags)
    story.decide("RELAX", state="NORMAL", until="2024-07-01", name="o-2")
    story.close()
    assert story.state == "NORMAL"
    assert "REVIEW_DUE" not in story.latest.flags


def test_a_decision_under_review_is_renewed_under_its_id() -> None:
    story = paying(lent(), "2024-02-01")
    story.decide("TIGHTEN", state="WATCH", until="2024-03-01", name="o-1")
    paying(story, "2024-03-02")
    assert "REVIEW_DUE" in story.latest.flags
    story.decide("TIGHTEN", state="WATCH", until="2024-12-01", name="o-1")
    assert "REVIEW_DUE" not in story.latest.flags


def test_arrears_that_are_all_technical_take_the_lines_along() -> None:
    story = Story("RETAIL", start="2024-01-05")
    story.line(900, 500)
    story.close_through("2024-01-14")
    assert story.borrower.counters.operational_days == 9
    first = iso(story.today - 10)
    story.decide("TECHNICAL_DEFAULT", effective=first, until=iso(story.today + 30))
    counters = story.borrower.counters
    assert (counters.operational_days, counters.past_due_minor) == (0, 0)
    (row,) = arrears_of(story.borrower, story.rules.tolerance, story.today)
    assert (row.days_in_arrears, row.past_due_minor, row.is_technical) == (0, 0, True)
    assert row.days_late == 10
