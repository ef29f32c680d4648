"""Corrections: what is taken back once is gone, and no second correction counts in silence."""

from services.scoring.domain.borrower.borrower import AssessmentChange
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
