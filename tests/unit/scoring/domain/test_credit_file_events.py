"""Events of the credit file: what each records, replaces, and when it is too late to count."""

from services.scoring.adapters.state_bytes import PARTS, decode, encode
from services.scoring.domain.borrower.borrower import CREDIT_FILE_PART
from services.scoring.domain.borrower.credit_file import NOT_REPORTED, CreditFile
from services.scoring.domain.borrower.risk import INSOLVENT, LEGAL, WATCH
from services.scoring.domain.handlers.credit_file import expect_related_state
from tests.fakes.story import Story
from tests.fakes.units import day, minor


def beginning() -> Story:
    return Story(start="2024-03-01")


def test_an_older_valuation_that_comes_late_changes_nothing() -> None:
    story = beginning()
    story.collateral(500)
    story.collateral(900, valued_day=day("2024-02-01"))
    story.collateral(70, piece="c-2")
    values = [piece.value_minor for piece in story.borrower.credit_file.collateral]
    assert values == [minor(500), minor(70)]


def test_released_collateral_is_no_longer_on_file() -> None:
    story = beginning()
    story.collateral(500)
    story.collateral(500, is_released=True)
    assert story.borrower.credit_file == CreditFile()


def test_a_covenant_keeps_the_test_before_the_newest_whatever_the_order() -> None:
    story = beginning()
    story.covenant(1.4, 1.2, tested="2023-12-31")
    story.covenant(1.6, 1.2, tested="2023-06-30")
    story.covenant(1.5, 1.2, tested="2023-09-30")
    story.covenant(9.9, 1.2, tested="2023-03-31")
    (covenant,) = story.borrower.credit_file.covenants
    assert (covenant.test_day, covenant.actual_micro) == (day("2023-12-31"), 1_400_000)
    assert (covenant.earlier_day, covenant.earlier_micro) == (day("2023-09-30"), 1_500_000)


def test_a_second_certificate_of_one_test_date_corrects_the_first() -> None:
    story = beginning()
    story.covenant(1.5, 1.2, tested="2023-09-30")
    story.covenant(1.4, 1.2, tested="2023-12-31")
    story.covenant(1.1, 1.2, tested="2023-12-31")
    (covenant,) = story.borrower.credit_file.covenants
    assert (covenant.actual_micro, covenant.earlier_micro) == (1_100_000, 1_500_000)


def test_nobody_guarantees_for_or_belongs_to_oneself() -> None:
    story = beginning()
    story.guarantor("b-1")
    story.link("b-1", "CONTROL")
    story.dependant("b-1")
    assert story.borrower.credit_file == CreditFile()


def test_a_state_that_was_not_requested_is_not_stored() -> None:
    story = beginning()
    story.related_state("stranger", "DEFAULT")
    assert story.borrower.credit_file == CreditFile()


def test_a_linked_borrowers_state_is_unknown_until_it_is_reported() -> None:
    story = beginning()
    file = story.borrower.credit_file
    story.guarantor("g-1")
    expect_related_state(file, "g-1")
    assert file.related[0].state == NOT_REPORTED
    story.related_state("g-1", "WATCH")
    assert file.related[0].state == WATCH


def test_links_that_ended_are_removed_with_their_states() -> None:
    story = beginning()
    story.guarantor("g-1", until="2024-03-10")
    story.link("m-1", "CONTROL")
    for name in ("g-1", "m-1"):
        expect_related_state(story.borrower.credit_file, name)
    story.on("2024-03-20")  # pruned on a day that is a multiple of seven
    file = story.borrower.credit_file
    assert not file.guarantors
    assert [link.linked_id for link in file.links] == ["m-1"]
    assert [state.related_id for state in file.related] == ["m-1"]


class TestReports:
    def test_the_newest_report_of_a_reporter_counts(self) -> None:
        story = beginning()
        story.report("ARREARS", 40, on="2024-02-01")
        story.report("ARREARS", 5, on="2024-02-20")
        story.report("ARREARS", 70, on="2024-01-10")
        story.report("ARREARS", 12, reporter="other bank")
        covenant = [
            (report.reporter, report.days_past_due) for report in story.borrower.credit_file.reports
        ]
        assert covenant == [("bureau", 5), ("other bank", 12)]

    def test_arrears_court_and_insolvency_are_separate_reports(self) -> None:
        story = beginning()
        for kind in ("ARREARS", "COURT", "INSOLVENCY", "DEFAULT"):
            story.report(kind)
        kinds = [report.kind for report in story.borrower.credit_file.reports]
        # The default took the place of the arrears; on one day they are in the order of kinds.
        assert kinds == [1, 3, 4]

    def test_insolvency_and_court_set_flags_that_clearing_takes_back(self) -> None:
        story = beginning()
        story.report("INSOLVENCY")
        story.report("COURT", reporter="court")
        assert story.borrower.risk.flags == INSOLVENT | LEGAL
        story.report("CLEARED")
        assert story.borrower.risk.flags == LEGAL
        story.report("CLEARED", reporter="court")
        assert story.borrower.risk.flags == 0

    def test_clearing_leaves_what_was_reported_later(self) -> None:
        story = beginning()
        story.report("COURT", on="2024-02-20")
        story.report("CLEARED", on="2024-02-10")
        assert len(story.borrower.credit_file.reports) == 1

    def test_insolvency_is_a_default(self) -> None:
        story = beginning()
        story.report("INSOLVENCY")
        assert story.assessments[-1].state == "DEFAULT"
        assert story.assessments[-1].trigger_rule_ids == ["default-insolvency"]


def test_a_settled_finding_goes_and_an_old_inspection_comes_too_late() -> None:
    story = beginning()
    story.finding("HIGH")
    story.finding("LOW", name="n-2")
    story.finding("HIGH", settled=True)
    story.inspection("SERIOUS", due="2024-06-01")
    file = story.borrower.credit_file
    assert [finding.finding_id for finding in file.findings] == ["n-2"]
    story.today -= 30
    story.inspection("SATISFACTORY")
    assert file.inspected_day == day("2024-03-01")
    assert file.inspection_due_day == day("2024-06-01")


def test_the_whole_file_survives_storage_and_an_empty_one_takes_two_bytes() -> None:
    empty = beginning()
    assert decode(encode(empty.borrower)).credit_file == CreditFile()
    stored = dict(zip(PARTS, empty.borrower.stored, strict=True))
    assert stored[CREDIT_FILE_PART] == b"\x90"  # an array of nothing
    story = beginning()
    story.collateral(500, haircut_micro=200_000)
    story.covenant(1.4, 1.2)
    story.guarantor()
    story.link(strength=0.3)
    expect_related_state(story.borrower.credit_file, "m-1")
    story.dependant("d-1")
    story.report("COURT", amount=50)
    story.finding()
    story.inspection(due="2024-09-01")
    assert decode(encode(story.borrower)).credit_file == story.borrower.credit_file


class TestLimits:
    def test_a_limit_below_what_is_drawn_makes_an_excess(self) -> None:
        story = beginning()
        story.line(900, 1_000)
        story.on("2024-03-04").limit(800)
        story.close_through("2024-03-06")
        assert story.borrower.counters.past_due_minor == minor(100)
        assert story.borrower.counters.operational_days == 2

    def test_a_temporary_limit_ends_and_the_one_before_is_in_force_again(self) -> None:
        story = beginning()
        story.line(900, 800)
        story.limit(1_000, until="2024-03-04")
        story.close_through("2024-03-03")
        assert story.borrower.counters.past_due_minor == 0
        story.close_through("2024-03-05")
        assert story.borrower.counters.past_due_minor == minor(100)

    def test_one_that_comes_late_corrects_the_days_behind_it(self) -> None:
        story = beginning()
        story.line(900, 800)
        story.close_through("2024-03-06")
        assert story.borrower.counters.operational_days == 5
        story.limit(1_000, since="2024-03-01")
        assert story.borrower.counters.operational_days == 0

    def test_the_drawing_power_goes_on_where_none_is_stated(self) -> None:
        story = beginning()
        story.line(900, 1_000, power=950)
        story.limit(1_200)
        facility = story.borrower.facilities[0]
        assert (facility.limit_minor, facility.power_minor) == ([minor(1_200)], [minor(950)])
