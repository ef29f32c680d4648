"""What ends a default and what does not: payments, clocks and people, never paper."""

from services.scoring.domain.regimes.labels import Labels, labels
from tests.fakes.story import Story


def in_default(segment: str = "SME", **terms: object) -> Story:
    """A loan of 12,000; the instalments of 1,000 from 15 January 2024 on are not paid.

    Material from the close of 16 January on: day 91 is the close of 15 April.
    """
    story = Story(segment, start="2024-01-05")
    story.loan(12_000, **terms)
    story.schedule(
        *[(f"{2024 + month // 12}-{month % 12 + 1:02d}-15", 1_000) for month in range(24)]
    )
    story.close_through("2024-04-14")
    assert story.state == "HIGH_RISK"
    story.close_through("2024-04-20")
    assert story.state == "DEFAULT"
    return story


def shown(story: Story) -> Labels:
    return labels(story.borrower, story.rules, story.borrower.counters.closed_day)


def test_a_growing_exposure_ends_no_default() -> None:
    story = in_default()
    story.loan(10_000_000, loan_id="l-2")
    # 4,000 of ten millions are less than one per cent: the count starts again …
    story.close_through("2024-05-10")
    assert story.borrower.counters.regulatory_days == 0
    # … and the default goes on.
    assert (story.state, shown(story)["eu_default"]) == ("DEFAULT", True)


def test_a_small_rest_ends_no_default_where_only_the_exposure_grew() -> None:
    story = in_default()
    story.loan(10_000_000, loan_id="l-2")
    story.pays(3_400)  # 600 are left: 5 % of the 12,000 at the beginning
    story.close()
    assert story.state == "DEFAULT"
    story.pays(101)  # 499: below the absolute threshold of 500
    story.close()
    assert story.state == "PROBATION"


def test_a_dispute_ends_no_default() -> None:
    story = in_default()
    story.disputes(4_000)
    story.close()
    assert story.borrower.counters.past_due_minor == 0
    assert (story.state, shown(story)["npe"]) == ("DEFAULT", True)


def test_another_segment_with_higher_thresholds_waits_for_the_cure() -> None:
    story = in_default("MICRO")
    assert story.state == "DEFAULT"
    story.pays(3_800)  # 200 are left: material for a micro firm, not for others
    story.close()
    assert story.state == "DEFAULT"


def test_a_default_that_the_rulebook_does_not_name_is_one_all_the_same() -> None:
    """The label has more than 90 days, whatever the state's rules ask for."""
    story = in_default()
    assert shown(story)["npe_reason"] == "DPD_90"
    assert shown(story)["china"] == "SUBSTANDARD"


def test_late_again_when_formerly_non_performing_is_npe_and_no_european_default() -> None:
    story = in_default("RETAIL")
    rows = [(f"{2024 + month // 12}-{month % 12 + 1:02d}-25", 1_000) for month in range(4, 28)]
    story.reschedule(*rows, version=2)
    assert story.flags >= {"FORBORNE", "FORMERLY_NON_PERFORMING"}
    for due, amount in rows[:16]:
        story.on(due)
        story.pays(amount)
        story.close()
        if due == "2025-02-25":
            story.inspection("SATISFACTORY")
    story.close()
    assert (shown(story)["eu_default"], shown(story)["npe"]) == (False, False)
    story.decide("RELAX", state="WATCH", until="2025-12-31")
    story.close()
    assert story.state == "WATCH"
    story.close_through("2025-10-25")  # the instalment of 25 September, 30 days
    assert shown(story)["npe"] is False
    story.close()
    assert story.state == "DEFAULT"
    assert (shown(story)["eu_default"], shown(story)["eu_reason"]) == (False, "NONE")
    assert (shown(story)["npe"], shown(story)["npe_reason"]) == (True, "FORBORNE_RELAPSE")
    assert (shown(story)["ifrs9"], shown(story)["china"]) == ("STAGE_3", "SUBSTANDARD")
