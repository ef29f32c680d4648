"""From WATCH on the score shown is the highest of 45 days: by hand, on `default`."""

from services.scoring.domain.borrower.risk import WATCH, RiskRecord
from tests.fakes.story import Story


def on_watch(rulebook: str = "default") -> Story:
    """Return a firm on watch for a covenant, with a debit that failed on 10 March."""
    story = Story(start="2024-01-01", rulebook=rulebook)
    story.loan(10_000)
    story.schedule(("2025-06-30", 10_000))
    story.on("2024-03-01").covenant(0.9, 1.2)
    story.on("2024-03-10").fails()
    story.close()
    assert story.state == "WATCH"
    return story


def scores(story: Story) -> tuple[int, int]:
    """Return the score shown and the one measured."""
    return story.borrower.risk.shown_score, story.borrower.risk.score


class TestOnWatch:
    def test_a_lower_score_is_shown_once_it_has_lasted(self) -> None:
        story = on_watch()
        peak, measured = scores(story)
        assert peak == measured
        shown, measured = scores(story.close_through("2024-03-20"))
        assert (shown, measured < peak) == (peak, True)
        assert story.latest.score == peak
        # 10 March to 23 April are 45 days, both included.
        assert scores(story.close_through("2024-04-23"))[0] == peak
        shown, _ = scores(story.close_through("2024-04-24"))
        assert shown < peak

    def test_it_rises_at_once(self) -> None:
        story = on_watch().close_through("2024-03-20")
        peak, _ = scores(story)
        story.on("2024-03-21").fails()
        shown, measured = scores(story.close_through("2024-03-21"))
        assert shown == measured > peak

    def test_a_correction_lowers_it_at_once(self) -> None:
        story = on_watch()
        mistaken = story.on("2024-03-12").fails()
        before, _ = scores(story.close_through("2024-03-20"))
        story.fails(corrects=mistaken, kind="reversal")
        shown, measured = scores(story)
        assert shown == measured < before

    def test_a_correction_that_lowers_nothing_leaves_it(self) -> None:
        story = on_watch()
        peak, _ = scores(story)
        promise = story.on("2024-03-12").promises(100, by="2024-12-31")
        story.close_through("2024-03-20").promises(100, by="2024-12-31", takes_back=promise)
        shown, measured = scores(story)
        assert shown == peak > measured

    def test_another_rulebook_shows_the_score_of_today(self) -> None:
        shown, measured = scores(on_watch("reference").close_through("2024-03-20"))
        assert shown == measured


def test_in_a_better_state_the_score_of_today_is_shown() -> None:
    story = Story(start="2024-01-01", rulebook="default")
    story.loan(10_000)
    story.schedule(("2025-06-30", 10_000))
    story.on("2024-03-10").fails()
    peak, _ = scores(story.close_through("2024-03-10"))
    shown, measured = scores(story.close_through("2024-03-20"))
    assert story.state == "NORMAL"
    assert shown == measured < peak


def test_a_day_counts_with_its_highest_score() -> None:
    risk = RiskRecord(state=WATCH)
    for day, score in ((1, 500), (1, 400), (1, 300), (2, 400), (3, 450), (4, 200)):
        risk.score = score
        risk.follow_score(day, 3)
    # Days 2 to 4 count: 400 was reached again by 450.
    assert (risk.shown_score, risk.peaks) == (450, [3, 450, 4, 200])
