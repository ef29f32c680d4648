"""Where unpaid days lead: which worse state, in how many days, if which amount stays unpaid."""

from services.scoring.domain.assess.assessment import Cause
from services.scoring.domain.assess.explain import snapshot
from services.scoring.domain.borrower.risk import DEFAULT, HIGH_RISK, WATCH
from tests.fakes.story import Story
from tests.fakes.units import day


def borrower(amount: float = 1_000) -> Story:
    story = Story("SME", start="2024-01-01", rulebook="default")
    story.loan(10_000)
    story.schedule(("2024-01-31", amount))
    return story


def steps(story: Story) -> list[tuple[int, int, int, int]]:
    cause = Cause("core", "e-1", "day.closed.v1")
    now = snapshot(story.borrower, story.rules, story.today - 1, 0, cause)
    rows = now.worsening
    return [(row.state, row.days, row.minor, row.due_day) for row in rows]


def test_arrears_grow_by_a_day_a_day() -> None:
    story = borrower()
    story.close_through("2024-03-31")
    # 60 days after 31 January is 31 March: high risk is more than 60, default more than 90.
    assert story.days[1] == 60
    assert story.state == "WATCH"
    assert steps(story) == [(HIGH_RISK, 1, 100_000, 0), (DEFAULT, 31, 100_000, 0)]


def test_before_the_due_day_the_next_instalment_is_counted_from_it() -> None:
    story = borrower()
    story.close_through("2024-01-20")
    by_state = {state: (days, minor, due) for state, days, minor, due in steps(story)}
    # 11 days to the due day, then 31, 61 and 91 days late.
    due = day("2024-01-31")
    assert by_state[WATCH] == (42, 100_000, due)
    assert by_state[HIGH_RISK] == (72, 100_000, due)
    assert by_state[DEFAULT] == (102, 100_000, due)


def test_an_amount_that_would_not_count_leads_nowhere() -> None:
    # EUR 50 is below EUR 100 and 1 % of what is lent.
    story = borrower(50)
    story.close_through("2024-01-20")
    assert steps(story) == []


def test_nothing_is_worse_than_default() -> None:
    story = borrower()
    story.close_through("2024-05-10")
    assert story.state == "DEFAULT"
    assert steps(story) == []
