"""Corrections: what is taken back once is gone, and no second correction counts in silence."""

from services.scoring.domain.borrower.borrower import AssessmentChange
from services.scoring.domain.regimes.labels import labels
from tests.fakes.story import Story
from tests.fakes.units import day

ALREADY = "already_corrected"


def received(story: Story) -> list[int]:
    """Return the operating credits by month."""
    return story.borrower.flows.operating_credit_months


def refusals(story: Story) -> list[AssessmentChange]:
    """Return the refused corrections of the newest assessment."""
    return [change for change in story.latest.changes if change.kind == "CORRECTION_REFUSED"]


def test_a_flow_that_is_reversed_twice_is_subtracted_once() -> None:
    story = Story(accounts="a-1")
    story.flow(500)
    flow = story.flow(300)
    story.flow(300, reverses=flow)
    again = story.flow(300, reverses=flow)
    assert received(story) == [50_000]
    (refusal,) = refusals(story)
    assert (refusal.before, refusal.after) == (f"core#{again}", ALREADY)


def test_a_payment_that_is_reversed_twice_is_taken_back_once() -> None:
    story = Story()
    story.loan()
    story.schedule(("2024-02-01", 100), ("2024-03-01", 100))
    payment = story.pays(100)
    story.reverses(payment, 100)
    story.reverses(payment, 100)
    assert story.borrower.loans[0].paid_minor == []
    assert [refusal.after for refusal in refusals(story)] == [ALREADY]
    assert story.borrower.reversed_keys == []


def test_two_partial_chargebacks_of_a_payment_both_count() -> None:
    story = Story()
    story.loan()
    payment = story.pays(100)
    story.reverses(payment, 30)
    story.reverses(payment, 30)
    assert story.borrower.loans[0].paid_minor == [4_000]


def test_a_promise_that_was_taken_back_before_it_came_never_counts() -> None:
    story = Story()
    story.loan()
    story.promises(100, by="2024-01-10", takes_back="e4")
    assert story.promises(100, by="2024-01-10") == "e4"
    assert story.borrower.promises.days == []
    assert story.borrower.reversed_keys == []


def test_a_drawdown_that_was_taken_back_leaves_the_right_one() -> None:
    story = Story(accounts="a-1")
    story.loan()
    wrong = story.draws(900)
    story.draws(90, takes_back=wrong)
    story.draws(90)
    assert story.borrower.drawdowns.minor == [9_000]


def amended_days(story: Story) -> list[int]:
    """Return how many days past due the loan is now, and by how many material closes."""
    return [story.borrower.counters.late_days, story.borrower.counters.regulatory_days]


class TestSchedules:
    """The right schedule alone counts, and what the wrong one replaced until then."""

    def owing(self) -> Story:
        story = Story(start="2024-01-05")
        story.loan(12_000)
        story.schedule(*[(f"2024-{month:02d}-15", 1_000) for month in range(1, 13)])
        return story

    def test_a_wrong_version_that_is_amended_was_never_in_force(self) -> None:
        story = self.owing()
        story.close_through("2024-02-20")  # past due from 16 January: 16 + 20 days
        rows = [(f"2024-{month:02d}-28", 1_000) for month in range(6, 13)]
        wrong = story.reschedule(*rows, version=2)
        story.close()
        assert (amended_days(story), story.flags) == ([0, 0], {"FORBORNE"})
        story.close_through("2024-03-01")
        right = [(f"2024-{month:02d}-15", 1_000) for month in range(1, 13)]
        story.schedule(*right, version=2, amends=wrong)
        # 15 January to 2 March: 47 days; closes of 16 January to 1 March: 16 + 29 + 1.
        assert (amended_days(story), story.flags) == ([47, 46], set())
        assert story.figure("R-10") == 0

    def test_a_default_that_a_wrong_version_hid_has_begun(self) -> None:
        story = self.owing()
        story.close_through("2024-02-20")
        rows = [(f"2024-{month:02d}-28", 1_000) for month in range(6, 13)]
        wrong = story.reschedule(*rows, version=2)
        story.close_through("2024-04-30")
        assert story.state == "WATCH"
        # Nobody paid since 15 January: 91 material closes on 15 April. The right dues end it then.
        right = [(f"2024-{month:02d}-28", 1_000) for month in range(7, 13)]
        story.reschedule(*right, version=2, effective="2024-04-20", amends=wrong)
        assert story.state == "DEFAULT"
        shown = labels(story.borrower, story.rules, story.today)
        assert (shown["eu_default"], shown["ifrs9"], shown["rbi"]) == (True, "STAGE_3", "NPA")

    def test_a_first_schedule_that_is_amended_leaves_no_other_one(self) -> None:
        story = Story(start="2024-01-05")
        story.loan(12_000)
        wrong = story.schedule(("2024-01-10", 12_000))
        story.close_through("2024-01-31")
        assert amended_days(story) == [21, 21]
        story.schedule(("2025-01-10", 12_000), amends=wrong)
        assert amended_days(story) == [0, 0]
        assert story.borrower.loans[0].past == []

    def test_a_schedule_that_was_corrected_is_not_corrected_again(self) -> None:
        story = self.owing()
        wrong = story.schedule(("2024-06-15", 12_000), version=2)
        story.schedule(("2024-07-15", 12_000), version=2, amends=wrong)
        story.schedule(("2024-08-15", 12_000), version=2, amends=wrong)
        assert story.borrower.loans[0].due_days == [day("2024-07-15")]
        assert [refusal.after for refusal in refusals(story)] == [ALREADY]

    def test_one_that_a_newer_version_replaced_is_not_corrected_in_silence(self) -> None:
        story = self.owing()
        old = story.schedule(("2024-06-15", 12_000), version=2)
        story.schedule(("2024-07-15", 12_000), version=3)
        story.schedule(("2024-05-15", 12_000), version=2, amends=old)
        assert story.borrower.loans[0].due_days == [day("2024-07-15")]
        assert [refusal.after for refusal in refusals(story)] == ["superseded"]


def test_of_too_many_corrections_that_wait_the_next_one_is_refused() -> None:
    story = Story()
    story.loan()
    for number in range(64):
        story.reverses(f"unknown-{number}", 10)
    story.reverses("unknown-64", 10)
    assert [refusal.after for refusal in refusals(story)] == ["too_many_wait"]
    assert len(story.borrower.reversed_keys) == 64
    story.promises(100, by="2024-01-10", takes_back="unknown-65")
    assert [refusal.after for refusal in refusals(story)] == ["too_many_wait"]


def test_a_replaced_event_gives_way_to_one_that_must_be_taken_back() -> None:
    story = Story()
    story.loan()
    story.schedule(("2024-02-01", 100), amends="unknown")
    for number in range(64):
        story.reverses(f"unknown-{number}", 10)
    assert refusals(story) == []
    assert len(story.borrower.reversed_keys) == 64


def test_a_memory_of_corrections_that_is_full_is_reported() -> None:
    story = Story()
    story.loan()
    for _ in range(250):
        story.reverses(story.pays(1), 1)
    assert ("CORRECTIONS_FORGOTTEN", "200") in [
        (change.kind, change.before) for change in story.latest.changes
    ]
    assert len(story.borrower.corrected_keys) == 200


def test_a_write_off_by_mistake_was_no_default() -> None:
    story = Story()
    story.loan()
    story.loan(5_000, loan_id="l-2")
    mistaken = story.ends("WRITTEN_OFF", loan_id="l-2")
    assert story.borrower.decisions.default.since
    story.ends("WRITTEN_OFF", loan_id="l-2", kind="reversal", corrects=mistaken)
    assert not story.borrower.decisions.default.since
    assert story.borrower.loans[1].closed_day is None


def test_a_third_party_s_payment_that_is_taken_back_leaves_the_concession_of_its_day() -> None:
    story = Story()
    story.loan()
    story.schedule(("2024-02-01", 100), ("2024-03-01", 100))
    story.on("2024-03-10").reschedule(("2024-04-01", 200), version=2)
    payment = story.third_party_pays(50)
    story.reverses(payment, 50)
    assert story.borrower.loans[0].concession_days == [day("2024-03-10")]
    assert story.borrower.outside_funding.repaid_days == []
