"""Traps of event order (domain 4.5), and the rules of counting that need no trap (4.4).

`story.days` is days late, days in arrears, regulatory days.
"""

from copy import deepcopy
from operator import itemgetter
from typing import cast

from services.scoring.application.borrower_queries import known_by
from services.scoring.domain.arrears.days_past_due import arrears_of
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.events import control, loans
from services.scoring.domain.events.event import EVERYBODY
from services.scoring.domain.fold import fold, new_borrower
from services.scoring.domain.regimes.labels import labels
from tests.fakes.story import Story
from tests.fakes.units import DAY_US, UNIX_DAY, day


def owing(amount: float = 1_000, due: str = "2024-03-15", **terms: object) -> Story:
    """One instalment; 1,000 is material for an SME, above 500 and above one per cent."""
    story = Story(start="2024-03-01")
    story.loan(10_000, **terms)
    story.schedule((due, amount))
    return story


def test_a_fee_alone_that_is_unpaid_is_past_due() -> None:
    story = Story(start="2024-03-01")
    story.loan(10_000)
    story.apply(
        loans.SchedulePublished(
            *story.head(),
            loan_id="l-1",
            schedule_version=1,
            currency="EUR",
            due_days=[day("2024-03-15")],
            due_principal_minor=[50_000],
            due_interest_minor=[5_000],
            due_fees_minor=[2_000],
        )
    )
    story.on("2024-03-15")
    story.pays(550)
    story.close_through("2024-03-25")
    assert story.days == (10, 10, 0)  # 20 is above the tolerance and not material
    assert story.borrower.counters.past_due_minor == 2_000


def test_full_collateral_excuses_no_day() -> None:
    story = owing()
    story.collateral(1_000_000)
    story.close_through("2024-06-14")  # 91 days from 15 March
    assert story.days == (91, 91, 91)
    assert story.state == "DEFAULT"
    assert labels(story.borrower, story.rules, story.today - 1)["china"] == "SUBSTANDARD"


class TestCorrections:
    def test_a_payment_dated_back_and_then_reversed_leaves_the_count_as_it_was(self) -> None:
        story = owing()
        story.close_through("2024-04-20")
        assert story.days == (36, 36, 36)
        payment = story.pays(1_000, value="2024-03-20")
        assert story.days == (0, 0, 0)
        story.reverses(payment, 1_000)
        # 21 April runs: 37 days since the due day, 36 of them closed.
        assert story.days == (37, 37, 36)

    def test_a_chargeback_that_comes_before_its_payment_takes_only_its_own_amount(self) -> None:
        story = owing()
        story.on("2024-03-15")
        story.reverses(f"e{story._count + 2}", 300)
        story.pays(1_000)
        story.close_through("2024-03-25")
        assert story.borrower.counters.past_due_minor == 30_000
        assert story.borrower.reversed_keys == []

    def test_two_chargebacks_before_their_payment_add_up(self) -> None:
        story = owing()
        story.on("2024-03-15")
        payment = f"e{story._count + 3}"
        story.reverses(payment, 300)
        story.reverses(payment, 450)
        story.pays(1_000)
        story.close_through("2024-03-25")
        assert story.borrower.counters.past_due_minor == 75_000

    def test_an_amendment_that_comes_before_what_it_amends_replaces_it(self) -> None:
        story = owing()
        story.on("2024-03-15")
        wrong = f"e{story._count + 2}"
        right = story.pays(600)
        amendment = cast("loans.RepaymentPosted", story.log[-1])
        again = owing()
        again.on("2024-03-15")
        amended = deepcopy(amendment)
        amended.corrects_id, amended.correction_kind = wrong, 2
        again.apply(amended)
        late = deepcopy(amendment)
        late.id, late.paid_minor = wrong, 100_000
        again.apply(late)
        assert right != wrong
        assert again.borrower.loans[0].paid_minor == [60_000]

    def test_the_three_times_of_a_payment_stay_apart(self) -> None:
        story = owing()
        story.close_through("2024-04-10")
        # Took effect on 20 March, was booked on 2 April, and comes after the close of 10 April.
        story.today = day("2024-04-02")
        payment = story.pays(1_000, value="2024-03-20")
        booked = story.log[-1]
        assert story.borrower.loans[0].paid_days == [day("2024-03-20")]
        assert story.latest.at_us == booked.at_us
        assert booked.at_us // DAY_US == day("2024-04-02") - UNIX_DAY
        assert story.latest.as_of == day("2024-04-10")
        assert story.latest.cause.id == payment

    def test_a_correction_is_marked_and_what_was_sent_stays(self) -> None:
        story = owing()
        story.on("2024-03-15")
        payment = story.pays(1_000)
        story.close_through("2024-04-20")
        sent = deepcopy(story.assessments)
        taken_back = story.reverses(payment, 1_000)
        assert story.assessments[:-1] == sent
        corrected = story.latest
        assert (corrected.corrected, corrected.cause.id) == (True, taken_back)
        assert "CORRECTED" in corrected.reasons
        assert corrected.sequence == sent[-1].sequence + 1
        assert (corrected.dpd_operational, corrected.dpd_regulatory) == (37, 36)

    def test_a_tightening_that_lost_its_ground_is_named(self) -> None:
        story = owing()
        story.close_through("2024-04-20")
        known = story.borrower.risk.rule_ids
        assert (story.state, bool(known)) == ("WATCH", True)
        story.pays(1_000, value="2024-03-15")
        lost = [change.before for change in story.latest.changes if change.kind == "LOST_GROUND"]
        assert lost == known
        assert story.state == "WATCH"  # an approver may lift it; nothing relaxes without a decision


class TestWithoutEvents:
    def test_a_missed_payment_is_counted_without_any_event(self) -> None:
        story = owing()
        length = len(story.log)
        story.close_through("2024-03-25")
        assert {type(event) for event in story.log[length:]} == {control.DayClosed}
        assert story.days == (10, 10, 10)

    def test_days_that_nobody_closed_are_counted_by_the_next_close(self) -> None:
        story = owing()
        story.close_through("2024-03-15")
        story.today = day("2024-03-25")
        story.close()
        assert story.days == (10, 10, 10)

    def test_a_close_that_comes_twice_or_late_counts_nothing(self) -> None:
        story = owing().close_through("2024-03-25")
        for late in ("2024-03-25", "2024-03-20"):
            story.today = day(late)
            story.close()
        assert story.days == (10, 10, 10)

    def test_an_event_of_last_month_takes_no_month_back(self) -> None:
        story = owing()
        story.close_through("2024-03-30")
        story.today = day("2024-05-02")
        story.fails()
        assert story.figure("R-13") == 0
        assert story.borrower.counters.month_start == day("2024-05-01")
        before = story.borrower.signals.value[12]
        story.today = day("2024-04-20")  # older than what is known
        story.fails()
        assert story.borrower.signals.value[12] == before == 2_000_000  # March and April


def as_known(story: Story, as_of: str) -> Borrower:
    """Read as the read side does: the ledger as it was when the day was closed."""
    events = list(enumerate(deepcopy(story.log)))
    borrower = new_borrower("b-1")
    assert story.timeline is not None
    control = [logged for logged in events if logged[1].borrower_id == EVERYBODY]
    known = known_by(control, day(as_of))
    own = [
        (offset, event)
        for offset, event in events
        if event.borrower_id != EVERYBODY and offset < known.before and known.includes(event)
    ]
    for _, event in sorted([*own, *known.control], key=itemgetter(0)):
        borrower = fold(borrower, event, story.timeline.context).borrower
    return borrower


class TestAsOf:
    def story(self) -> Story:
        """Ten days of grace; paid on 20 April with value on 20 March, reversed on 10 May."""
        story = owing(contractual_grace_days=10)
        story.loan(5_000, loan_id="l-2")
        story.schedule(("2024-03-20", 700), loan_id="l-2")
        story.on("2024-03-27")
        story.pays(700, loan_id="l-2")
        story.on("2024-04-20")
        payment = story.pays(1_000, value="2024-03-20")
        story.on("2024-05-10")
        story.reverses(payment, 1_000)
        return story.close_through("2024-05-20")  # type: ignore[return-value]

    def test_as_of_a_day_gives_what_was_known_on_it(self) -> None:
        story = self.story()
        expected = {
            "2024-03-15": (0, 0, 0),
            # l-1 is 9 days late and in grace, l-2 four days in arrears.
            "2024-03-24": (9, 4, 9),
            "2024-03-26": (11, 11, 11),
            "2024-04-19": (35, 35, 35),
            # The payment is known; every assessment before it was wrong.
            "2024-04-20": (0, 0, 0),
            "2024-05-09": (0, 0, 0),
            # Reversed: as if it had never come.
            "2024-05-10": (56, 56, 56),
            "2024-05-20": (66, 66, 66),
        }
        for as_of, days in expected.items():
            counters = as_known(story, as_of).counters
            counted = counters.late_days, counters.operational_days, counters.regulatory_days
            assert (as_of, *counted) == (as_of, *days)

    def test_as_of_queries_give_days_late_and_days_in_arrears_loan_by_loan(self) -> None:
        borrower = as_known(self.story(), "2024-03-24")
        rules = self.story().rules
        rows = arrears_of(borrower, rules.tolerance, borrower.counters.closed_day)
        assert [(row.name, row.days_late, row.days_in_arrears) for row in rows] == [
            ("l-1", 9, 0),
            ("l-2", 4, 4),
        ]
