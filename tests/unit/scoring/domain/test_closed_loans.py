"""A loan that is repaid early and closed keeps its payment history, by hand (R-03, R-05, R-06).

1,000 fall due on the 10th of each month of 2024; month m is paid m days late, and of September only
500: the rest comes on 1 October with everything else, 21 days late. Of the last six, five are at
least five days late. The last three are 7, 8 and 21 days late, 12 on average, the six before 3.5.
Of the last three 500 of 3,000 were missing after ten days.
"""

from tests.fakes.edges import borrower
from tests.fakes.story import Story

HISTORY = (5.0, 8.5, 0.166667)


def repaid_early(months: int = 12) -> Story:
    story = borrower()
    story.loan(1_000 * months)
    dues = [f"{2024 + month // 12}-{month % 12 + 1:02d}-10" for month in range(months)]
    story.schedule(*[(due, 1_000.0) for due in dues])
    for month in range(1, 10):
        story.on(f"2024-{month:02d}-{10 + month:02d}").pays(500 if month == 9 else 1_000)
    story.on("2024-10-01").pays(1_000 * (months - 9) + 500)
    return story


def history(story: Story) -> tuple[float, ...]:
    return tuple(round(story.figure(name), 6) for name in ("R-03", "R-05", "R-06"))


def test_it_stays_when_the_loan_ends() -> None:
    story = repaid_early()
    story.ends()
    story.close()
    assert history(story) == HISTORY
    story.close_through("2025-02-28")
    assert history(story) == HISTORY


def test_the_due_days_that_were_left_push_nothing_out_of_memory() -> None:
    story = repaid_early(months=36)
    story.ends()
    story.close_through("2028-06-30")  # all of 2024 to 2026 are more than 400 days ago
    assert history(story) == HISTORY


def test_an_end_that_is_taken_back_never_was() -> None:
    ended, never = repaid_early(), repaid_early()
    ended.ends()
    ended.close_through("2024-10-20")
    ended.ends(kind="reversal")
    for story in (ended, never):
        story.close_through("2025-01-15")
    assert history(ended) == history(never)
    # October to December were paid 9, 40 and 70 days before they fell due.
    assert round(ended.figure("R-05", component=1), 6) == -39.666667


def test_the_history_of_a_refinanced_loan_goes_on_with_the_new_one() -> None:
    story = repaid_early()
    story.ends("REFINANCED")
    story.loan(3_000, loan_id="l-2")
    story.schedule(("2024-11-10", 1_000), ("2024-12-10", 2_000), loan_id="l-2")
    story.close()
    assert history(story) == HISTORY
    story.on("2024-11-10").pays(1_000, loan_id="l-2")
    story.close_through("2024-11-20")
    # Of the last six (May to September, November) five are late; 8, 21 and 0 days, before them 4.5
    # on average (2 to 7); of the last three 500 of 3,000 were missing.
    assert history(story) == (5.0, round(29 / 3 - 4.5, 6), 0.166667)
