"""What came late, or was taken back, leaves the facts as if it had come in order."""

from copy import deepcopy
from typing import Any

from services.scoring.adapters.state_bytes import encode
from services.scoring.domain.arrears.facility_use import limit_on
from services.scoring.domain.borrower.flows import (
    CashForecasts,
    Drawdowns,
    LenderFlows,
    OutsideFunding,
    PassThrough,
    Promises,
)
from services.scoring.domain.borrower.risk import OFFICER_SIGNAL, slot_of
from services.scoring.domain.events.accounts import AccountItemReturned
from services.scoring.domain.handlers.credit_file import overdue_since
from services.scoring.domain.primitives.measurement import GREEN, Reason
from services.scoring.domain.primitives.vocabulary import CORRECTION_KINDS, RETURN_REASONS
from tests.fakes.story import Story
from tests.fakes.units import day

DISPUTED = RETURN_REASONS.index("DISPUTED")


class TestLimits:
    def reporting(self, *reports: tuple[str, float]) -> Story:
        story = Story(start="2024-03-20")
        for on, limit in reports:
            story.line(1_000, limit, on=on)
        return story

    def test_a_late_report_applies_until_the_next_one_and_no_longer(self) -> None:
        line = self.reporting(("2024-03-01", 10_000), ("2024-03-09", 8_000), ("2024-03-05", 6_000))
        (facility,) = line.borrower.facilities
        limits = [limit_on(facility, day(f"2024-03-0{number}")) for number in (4, 5, 8, 9)]
        assert limits == [1_000_000, 600_000, 600_000, 800_000]

    def test_the_limit_of_a_later_report_that_repeated_an_older_one_stays(self) -> None:
        line = self.reporting(("2024-03-01", 10_000), ("2024-03-09", 10_000), ("2024-03-05", 6_000))
        (facility,) = line.borrower.facilities
        assert limit_on(facility, day("2024-03-08")) == 600_000
        assert limit_on(facility, day("2024-03-09")) == 1_000_000

    def test_the_order_of_reports_leaves_no_trace(self) -> None:
        reports = [("2024-03-01", 10_000.0), ("2024-03-05", 10_000.0), ("2024-03-09", 6_000.0)]
        in_order, other = (
            self.reporting(*reports),
            self.reporting(reports[0], reports[2], reports[1]),
        )
        assert in_order.borrower.facilities == other.borrower.facilities
        (facility,) = other.borrower.facilities
        assert facility.limit_days == [day("2024-03-01"), day("2024-03-09")]


class TestTakenBack:
    def story(self) -> Story:
        return Story(start="2024-03-01", accounts="a-1")

    def test_a_payer_who_never_paid_is_none(self) -> None:
        story = self.story()
        flow = story.flow(500, counterparty_id="c-1")
        story.flow(500, reverses=flow, counterparty_id="c-1")
        assert story.borrower.payers == story.borrower.payer_months == []

    def test_payers_are_sorted_whoever_came_first(self) -> None:
        story = self.story()
        for payer in ("c-2", "c-3", "c-1"):
            story.flow(500, counterparty_id=payer)
        assert story.borrower.payers == ["c-1", "c-2", "c-3"]

    def test_a_lender_who_was_never_paid_leaves_no_months(self) -> None:
        story = self.story()
        flow = story.flow(-500, "DEBT_SERVICE_OTHER", counterparty_id="bank-x")
        story.flow(-500, "DEBT_SERVICE_OTHER", reverses=flow, counterparty_id="bank-x")
        flows = deepcopy(story.borrower.lender_flows)
        flows.ref = ""
        assert flows == LenderFlows()
        assert story.borrower.outside_funding == OutsideFunding()
        assert story.borrower.drawdowns == Drawdowns()
        assert story.borrower.promises == Promises()
        assert story.borrower.forecasts == CashForecasts()
        assert story.borrower.pass_through == PassThrough()

    def test_money_goes_nowhere_after_a_drawdown_that_never_was(self) -> None:
        story = self.story()
        drawdown = story.draws(5_000)
        story.flow(-700, "SECURITIES_OUT")
        assert story.borrower.drawdowns.use_minor == [70_000]
        story.draws(5_000, takes_back=drawdown)
        assert story.borrower.drawdowns.use_minor == []

    def test_money_that_left_before_the_drawdown_was_not_its_money(self) -> None:
        story = self.story()
        story.draws(5_000)
        story.flow(-700, "SECURITIES_OUT", value="2024-02-28")
        assert story.borrower.drawdowns.use_minor == []

    def test_two_promises_for_one_day_are_sorted(self) -> None:
        story = self.story()
        for amount in (100, 200):
            story.promises(amount, by="2024-03-10")
        assert story.borrower.promises.minor == [10_000, 20_000]


def test_an_inspection_that_is_entered_late_is_not_overdue() -> None:
    story = Story(start="2024-01-10")
    story.inspection("SATISFACTORY", due="2024-02-01")
    story.close_through("2024-02-05")
    assert overdue_since(story.borrower.credit_file) == day("2024-02-01")
    story.today = day("2024-01-30")
    story.inspection("SATISFACTORY", due="2024-05-01")
    story.today = day("2024-02-06")
    story.close()
    assert overdue_since(story.borrower.credit_file) == day("2024-05-01")
    assert story.figure("C-07") == 0


def test_a_default_by_days_that_becomes_one_by_insolvency_is_stored_so() -> None:
    story = Story(start="2024-03-01")
    story.loan(10_000)
    story.schedule(("2024-03-15", 1_000))
    story.close_through("2024-06-20")
    encode(story.borrower)
    assert story.borrower.decisions.default.is_by_days_only
    story.report("INSOLVENCY")
    assert not story.borrower.decisions.default.is_by_days_only
    unstored = deepcopy(story.borrower)
    unstored.stored = []
    assert encode(story.borrower) == encode(unstored)


class TestPutRightInOneStep:
    def test_a_flow_that_amends_another_counts_nothing_as_the_wire_refuses_it(self) -> None:
        # Only a reversal, which repeats the flow, can take 500 out of the sums again.
        story = Story(start="2024-03-01", accounts="a-1")
        wrong = story.flow(500)
        before = encode(story.borrower)
        right = story.log[-1]
        for kind in ("amendment", "backdate"):
            amended = deepcopy(right)
            amended.id, amended.corrects_id = f"right-{kind}", wrong
            amended.correction_kind = CORRECTION_KINDS.index(kind)
            story.apply(amended)
        assert encode(story.borrower) == before
        assert story.borrower.flows.operating_credits.cum == [50_000]

    def test_a_collection_that_did_not_fail_after_all_is_no_second_failure(self) -> None:
        story = Story(start="2024-03-01")
        story.loan()
        first, second = story.fails(), story.fails()
        assert story.figure("R-08") == 2
        story.fails(corrects=first, kind="reversal")
        assert story.figure("R-08") == 1
        # It failed, but for a technical reason.
        story.fails(reason="TECHNICAL", corrects=second, kind="amendment")
        assert story.figure("R-08") == 0
        assert story.borrower.signals.level[slot_of("R-08")] == GREEN

    def test_an_item_that_came_back_for_another_reason_is_judged_at_once(self) -> None:
        story = Story(start="2024-03-01", accounts="a-1")
        returned = story.returned(100)
        assert story.borrower.signals.level[slot_of("A-09")] > GREEN
        amended = deepcopy(story.log[-1])
        assert isinstance(amended, AccountItemReturned)
        amended.id, amended.corrects_id, amended.return_reason = "e-right", returned, DISPUTED
        amended.correction_kind = CORRECTION_KINDS.index("amendment")
        story.apply(amended)
        assert story.borrower.signals.level[slot_of("A-09")] == GREEN

    def test_a_statement_that_was_taken_back_leaves_no_figures(self) -> None:
        story = Story(start="2024-03-01")
        story.files("2023-12", equity=20, total_assets=100)
        assert story.figure("F-08") == 0.2
        wrong = deepcopy(story.log[-1])
        wrong.id, wrong.corrects_id = "e-back", wrong.id
        wrong.correction_kind = CORRECTION_KINDS.index("reversal")
        story.apply(wrong)
        assert story.borrower.statements == []
        assert story.measure("F-08").reason == Reason.NO_STATEMENT


class TestNothingStaysBehind:
    def goes_back_behind_the_close(self, story: Story) -> None:
        """Book an event on the 18th: it is judged as of the 20th, the last day closed."""
        story.today = day("2024-01-18")
        story.reschedule(("2024-06-30", 12_000.0), version=2, effective="2024-01-18")

    def test_days_that_a_new_schedule_ends_leave_their_signal_at_the_next_close(self) -> None:
        story = Story(start="2024-01-01")
        story.loan(12_000)
        story.schedule(("2024-01-15", 1_000.0), ("2024-06-15", 11_000.0))
        story.close_through("2024-02-20")
        # Material since the close of the 16th of January: 36 closes.
        assert story.figure("R-02") == 36
        story.reschedule(("2024-06-30", 12_000.0), version=2, effective="2024-02-21")
        story.close_through("2024-02-22")
        assert story.borrower.counters.regulatory_days == 0
        signals = story.borrower.signals
        assert signals.value[slot_of("R-02")] == 0
        assert signals.level[slot_of("R-02")] == GREEN

    def test_money_counts_at_the_next_close_though_a_late_event_was_judged_before_it(self) -> None:
        story = Story(start="2024-01-01")
        story.loan(12_000)
        story.schedule(("2024-01-15", 1_000.0), ("2024-06-15", 11_000.0))
        story.close_through("2024-01-20")
        story.pays(100)
        self.goes_back_behind_the_close(story)
        assert story.borrower.counters.exposure_minor == 1_200_000
        # Nobody closes the 21st, a Sunday.
        story.today = day("2024-01-22")
        story.close()
        assert story.borrower.counters.exposure_minor == 1_190_000

    def test_a_line_counts_at_the_next_close_though_a_late_event_was_judged_before_it(self) -> None:
        story = Story(start="2024-01-01")
        story.loan(12_000)
        story.schedule(("2024-06-15", 12_000.0))
        story.on("2024-01-20").line(1_000, 5_000)
        story.close()
        story.line(1_500, 5_000)
        assert story.borrower.counters.exposure_minor == 1_350_000
        self.goes_back_behind_the_close(story)
        assert story.borrower.counters.exposure_minor == 1_300_000
        story.today = day("2024-01-22")
        story.close()
        assert story.borrower.counters.exposure_minor == 1_350_000


class TestFindings:
    """A finding raised twice: medium (2) or high (3) on 1 March, another severity on 15 March."""

    def story(self) -> Story:
        return Story(start="2024-03-20")

    def raises(self, story: Story, severity: str, on: str, **more: Any) -> str:
        story.today = day(on)
        return story.finding(severity, **more)

    def on_file(self, story: Story) -> list[tuple[str, int, int]]:
        file = story.borrower.credit_file
        return [(finding.finding_id, finding.severity, finding.day) for finding in file.findings]

    def test_an_older_severity_that_comes_late_makes_it_no_milder(self) -> None:
        in_order, late = self.story(), self.story()
        self.raises(in_order, "MEDIUM", "2024-03-01")
        self.raises(in_order, "HIGH", "2024-03-15")
        self.raises(late, "HIGH", "2024-03-15")
        self.raises(late, "MEDIUM", "2024-03-01")
        assert self.on_file(in_order) == self.on_file(late) == [("n-1", 3, day("2024-03-15"))]

    def test_an_older_severity_that_comes_late_makes_it_no_worse(self) -> None:
        story = self.story()
        self.raises(story, "LOW", "2024-03-15")
        self.raises(story, "HIGH", "2024-03-01")
        assert self.on_file(story) == [("n-1", 1, day("2024-03-15"))]
        assert not story.borrower.risk.flags & OFFICER_SIGNAL

    def test_of_two_severities_of_one_day_the_last_in_the_log_counts(self) -> None:
        story = self.story()
        self.raises(story, "HIGH", "2024-03-15")
        self.raises(story, "MEDIUM", "2024-03-15")
        assert self.on_file(story) == [("n-1", 2, day("2024-03-15"))]

    def test_an_amendment_may_set_an_earlier_day(self) -> None:
        story = self.story()
        wrong = self.raises(story, "MEDIUM", "2024-03-15")
        self.raises(story, "HIGH", "2024-03-01", corrects=wrong)
        assert self.on_file(story) == [("n-1", 3, day("2024-03-01"))]

    def test_what_settles_it_may_name_the_day_on_which_it_was_raised_first(self) -> None:
        story = self.story()
        self.raises(story, "MEDIUM", "2024-03-01")
        self.raises(story, "HIGH", "2024-03-15")
        self.raises(story, "HIGH", "2024-03-01", settled=True)
        assert self.on_file(story) == []
        assert not story.borrower.risk.flags & OFFICER_SIGNAL
