"""Why a state changed is recorded when it happens: tests, figures, subjects and evidence."""

from services.scoring.adapters.state_bytes import decode, encode
from services.scoring.domain.borrower.reasons import (
    CONDITION,
    COVENANT,
    DECISION,
    FAMILIES,
    FLAG,
    LOAN,
    PARTY,
    REFINANCED_LOAN,
    SCORE,
    SIGNAL,
    RecordedTest,
    Subject,
)
from services.scoring.domain.indicators.subjects import conceded_loans
from services.scoring.domain.primitives.measurement import MICRO
from tests.fakes.story import Story
from tests.fakes.units import day


def two_loans() -> tuple[Story, str]:
    """Loan l-1 is paid as agreed; of l-2 nothing is ever paid. Return the schedule of l-2."""
    story = Story(start="2024-01-01", rulebook="default")
    story.loan(100_000)
    story.schedule(("2024-01-31", 1_000), ("2024-02-29", 1_000), ("2024-03-31", 1_000))
    story.loan(20_000, "l-2")
    late = story.schedule(("2024-01-31", 2_000), ("2024-02-29", 2_000), loan_id="l-2")
    story.on("2024-01-31").pays(1_000)
    return story, late


def named(story: Story, rule_id: str) -> list[RecordedTest]:
    return [test for test in story.borrower.state_tests if test.rule_id == rule_id]


def test_the_late_loan_is_named_with_its_amount_due_day_and_schedule() -> None:
    story, schedule = two_loans()
    # 31 days after 31 January is 2 March; the rule is more than 30 days.
    story.close_through("2024-03-02")
    assert story.state == "WATCH"
    arrears = next(test for test in named(story, "watch-arrears-30") if test.code == "R-01")
    assert (arrears.value, arrears.operator, arrears.threshold) == (31 * MICRO, ">", 30 * MICRO)
    assert arrears.level > 0
    # Of l-2 both instalments are due; l-1 owes the one of 29 February, and is one month younger.
    first, second = arrears.subjects
    assert first == Subject(
        LOAN, "l-2", 400_000, "EUR", day("2024-01-31"), refs=[f"core#{schedule}"]
    )
    assert (second.id, second.minor, second.since) == ("l-1", 100_000, day("2024-02-29"))


def test_a_refinancing_names_both_loans_and_the_event_that_ended_the_old_one() -> None:
    story, _ = two_loans()
    story.on("2024-03-10").loan(22_000, "l-3")
    ended = story.ends("REFINANCED", loan_id="l-2", successor="l-3")
    (refinanced,) = conceded_loans(story.borrower, story.today, story.rules)
    assert refinanced == Subject(REFINANCED_LOAN, "l-2", detail="l-3", refs=[f"core#{ended}"])
    # Where no loan is named, the old one is one with eased terms.
    other, schedule = two_loans()
    other.on("2024-03-10").ends("REFINANCED", loan_id="l-2")
    assert conceded_loans(other.borrower, other.today, other.rules) == [
        Subject(LOAN, "l-2", detail="CONCESSION", refs=[f"core#{schedule}"])
    ]


def test_the_record_stays_when_the_cause_is_gone_and_others_come() -> None:
    story, _ = two_loans()
    story.close_through("2024-03-02")
    recorded = list(story.borrower.state_tests)
    story.pays(4_000, loan_id="l-2")
    story.pays(1_000)
    story.fails()
    story.close_through("2024-03-10")
    assert story.state == "WATCH"
    assert story.figure("R-01") == 0
    assert story.borrower.state_tests == recorded
    assert story.latest.tests == recorded


def test_a_score_is_recorded_with_its_cut_the_families_and_their_strongest_signals() -> None:
    story = Story(start="2023-01-01", accounts="a-1")
    assert story.borrower.state_tests == []
    story.loan(10_000)
    story.schedule(("2023-01-31", 1_000), ("2023-02-28", 1_000))
    # R-08 red (three failures) and C-01 red (half covered): 1 - .65 x .75 = 51.3 points.
    for _ in range(3):
        story.fails()
    story.collateral(5_000)
    assert story.state == "WATCH", story.latest.score
    tests = named(story, "watch-score")
    score = next(test for test in tests if test.kind == SCORE)
    assert score.threshold == 400_000
    assert score.value == story.latest.score
    families = next(test for test in tests if test.kind == FAMILIES)
    assert (families.code, families.value, families.threshold) == ("AMBER", 2, 2)
    signals = {test.code for test in tests if test.kind == SIGNAL}
    assert signals == {"R-08", "C-01"}


def test_a_failed_debit_names_its_amount_and_day() -> None:
    story = Story(start="2023-01-01", rulebook="default")
    story.loan(10_000)
    failures = [story.fails(350) for _ in range(3)]
    [bounced] = [test for test in story.borrower.state_tests if test.code == "R-08"]
    assert [subject.id for subject in bounced.subjects] == [
        f"core#{each}" for each in failures[::-1]
    ]
    assert {(subject.minor, subject.currency) for subject in bounced.subjects} == {(35_000, "EUR")}


def test_a_covenant_is_named_with_metric_figure_and_limit() -> None:
    story = Story(start="2024-01-01")
    story.loan(10_000)
    story.covenant(0.95, 1.2)
    assert story.state == "WATCH"
    [broken] = [test for test in named(story, "watch-covenant") if test.code == "F-18"]
    [covenant] = broken.subjects
    assert (covenant.kind, covenant.id, covenant.detail) == (COVENANT, "v-DSCR", "DSCR")
    assert (covenant.figure, covenant.limit, covenant.is_ceiling) == (950_000, 1_200_000, False)


def test_a_guarantor_is_named_with_its_state_and_what_it_guarantees() -> None:
    story = Story(start="2024-01-01")
    story.loan(10_000)
    story.guarantor("g-1", 5_000)
    story.related_state("g-1", "HIGH_RISK")
    [weak] = [test for test in named(story, "watch-guarantor") if test.code == "C-04"]
    [party] = weak.subjects
    assert (party.kind, party.id, party.detail, party.minor) == (
        PARTY,
        "g-1",
        "HIGH_RISK",
        500_000,
    )


def test_a_concession_is_recorded_as_a_flag_with_the_loan() -> None:
    story = Story(start="2024-01-01")
    story.loan(12_000)
    story.schedule(("2024-02-01", 1_000), ("2024-03-01", 1_000))
    change = story.on("2024-01-20").reschedule(
        ("2024-06-01", 2_000), version=2, effective="2024-01-20", reason="CONCESSION"
    )
    [flag] = [test for test in named(story, "watch-forborne") if test.kind == FLAG]
    assert flag.code == "FORBORNE"
    assert [(subject.id, subject.refs) for subject in flag.subjects] == [
        ("l-1", [f"core#{change}"])
    ]


def test_a_decision_of_people_is_recorded_by_its_id() -> None:
    story = Story(start="2024-01-01")
    story.loan(10_000)
    story.decide("TIGHTEN", state="WATCH", name="d-1", until="2024-06-30")
    [decided] = story.borrower.state_tests
    assert (decided.rule_id, decided.kind, decided.code) == ("decision:d-1", DECISION, "d-1")


def test_an_easing_records_the_conditions_as_they_were_met() -> None:
    story = Story("RETAIL", start="2024-01-01", rulebook="default")
    story.loan(10_000)
    story.schedule(("2024-01-31", 100), ("2025-01-31", 1_000))
    story.pays(100)
    for _ in range(3):
        story.fails()
    assert story.state == "ATTENTION"
    story.close_through("2024-04-30")
    assert story.state == "NORMAL"
    conditions = {test.code: test.threshold for test in story.borrower.state_tests}
    # attention-to-normal asks for 30 days below the exit cut and no open finding.
    assert conditions == {"score_not_calm": 30, "open_finding": 0}
    assert {test.kind for test in story.borrower.state_tests} == {CONDITION}


def test_the_record_survives_storage() -> None:
    story, _ = two_loans()
    story.close_through("2024-03-02")
    again = decode(encode(story.borrower))
    assert again.state_tests == story.borrower.state_tests
    assert encode(again) == encode(story.borrower)


def test_a_borrower_that_never_moved_is_in_its_state_since_its_first_event() -> None:
    story = Story(start="2024-01-05")
    story.loan(10_000)
    story.close_through("2024-02-29")
    assert story.state == "NORMAL"
    assert {assessment.state_since for assessment in story.assessments} == {day("2024-01-05")}
    assert story.latest.tests == []


def test_no_state_begins_after_the_day_that_is_assessed() -> None:
    story = Story(start="2024-01-01", accounts="a-1")
    story.loan(10_000)
    # Three debits fail on 1 February, before 31 January is closed (a month's end).
    story.today = day("2024-02-01")
    for _ in range(3):
        story.fails()
    assert (story.state, story.latest.state_since) == ("ATTENTION", day("2024-02-01"))
    story.today = day("2024-01-31")
    story.close()
    assert (story.latest.as_of, story.latest.state_since) == (day("2024-01-31"),) * 2
