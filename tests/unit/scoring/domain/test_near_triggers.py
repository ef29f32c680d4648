"""What is about to turn worse, by hand-worked distances and days."""

from copy import deepcopy

import pytest

from services.scoring.adapters.state_bytes import encode
from services.scoring.domain.assess.outlook import NearTrigger, near_state, near_triggers
from services.scoring.domain.borrower.risk import ATTENTION, HIGH_RISK, NORMAL, WATCH
from services.scoring.domain.primitives.measurement import AMBER, RED
from tests.fakes.statements import statement
from tests.fakes.story import EVERYTHING_ON, Story
from tests.fakes.units import day


def near(story: Story, indicator: str) -> list[NearTrigger]:
    as_of = story.borrower.counters.closed_day or story.today
    triggers = near_triggers(story.borrower, story.rules, as_of)
    return [trigger for trigger in triggers if trigger.indicator == indicator]


def beginning(**profile: str) -> Story:
    return Story(start="2024-03-01", rulebook=EVERYTHING_ON, **profile)


class TestCovenants:
    def test_goes_on_as_between_the_last_two_tests(self) -> None:
        story = beginning()
        story.covenant(1.60, 1.2, tested="2023-09-30")
        story.covenant(1.40, 1.2, tested="2023-12-31")
        # 0.20 in 92 days; 0.20 are left: 92 days from 31 December, of which 61 have passed.
        (trigger,) = near(story, "F-18")
        assert (trigger.subject, trigger.level, trigger.days) == ("v-DSCR", RED, 31)
        assert (trigger.distance, trigger.relative) == (200_000, 166_667)

    def test_a_ceiling_is_approached_from_below(self) -> None:
        story = beginning()
        story.covenant(3.0, 3.5, ceiling=True, tested="2023-12-31")
        story.covenant(3.3, 3.5, ceiling=True, tested="2024-02-29")
        # 0.30 in 60 days; 0.20 are left: 40 days from 29 February, of which one has passed.
        (trigger,) = near(story, "F-18")
        assert trigger.days == 39

    @pytest.mark.parametrize(("actual", "shown"), [(1.32, True), (1.33, False)])
    def test_one_test_alone_shows_only_what_is_within_a_tenth(
        self, actual: float, shown: bool
    ) -> None:
        story = beginning()
        story.covenant(actual, 1.2)
        assert bool(near(story, "F-18")) is shown

    def test_one_that_gets_better_has_no_days(self) -> None:
        story = beginning()
        story.covenant(1.22, 1.2, tested="2023-09-30")
        story.covenant(1.25, 1.2, tested="2023-12-31")
        (trigger,) = near(story, "F-18")
        assert trigger.days == -1

    def test_a_broken_one_is_no_longer_near(self) -> None:
        story = beginning()
        story.covenant(1.1, 1.2)
        assert not near(story, "F-18")


class TestClocks:
    def test_what_the_calendar_drives_is_exact(self) -> None:
        story = beginning()
        story.loan(1_000)
        story.collateral(2_000, insured_until=day("2024-05-10"))
        story.close()
        # Seen on 1 March: 30 days before 10 May is 10 April, 40 days away.
        (trigger,) = near(story, "C-03")
        assert (trigger.level, trigger.days) == (AMBER, 40)

    def test_an_amber_signal_is_measured_against_red(self) -> None:
        story = beginning()
        story.loan(1_000)
        story.collateral(2_000, insured_until=day("2024-03-11"))
        story.close()
        (trigger,) = near(story, "C-03")
        assert (trigger.level, trigger.days) == (RED, 11)  # expired on the 12th

    def test_beyond_the_horizon_it_is_not_shown(self) -> None:
        story = beginning()
        story.loan(1_000)
        story.collateral(2_000, insured_until=day("2024-07-01"))
        story.close()
        assert not near(story, "C-03")

    def test_an_unpaid_instalment_counts_on(self) -> None:
        story = beginning()
        story.loan(1_000)
        story.schedule(("2024-03-01", 1_000))
        story.close_through("2024-03-04")
        (trigger,) = near(story, "R-01")
        assert (trigger.value, trigger.level, trigger.days) == (3_000_000, AMBER, 2)
        story.close_through("2024-03-11")
        (trigger,) = near(story, "R-01")
        assert (trigger.level, trigger.days) == (RED, 21)  # red is more than 30

    def test_nothing_unpaid_leads_nowhere(self) -> None:
        story = beginning()
        story.loan(1_000)
        story.schedule(("2024-03-01", 1_000))
        story.pays(1_000)
        story.close()
        assert not near(story, "R-01")


def test_account_figures_go_on_as_over_the_last_thirty_days() -> None:
    story = Story(start="2024-01-01", rulebook=EVERYTHING_ON)
    for number in range(80):
        story.line(500 + 5 * max(0, number - 20), 1_000)
        story.close()
    # The mean of 30 days: 50 % + 0.5 points a day; day 79: 0.5 + .005 x (59 + 30) / 2 = 0.7225.
    # Thirty days before: days 20 to 49, 0.5 + .005 x 14.5 = 0.5725. So 0.15 in 30 days;
    # to 0.85 are 0.1275: 25.5 days.
    (trigger,) = near(story, "A-03")
    assert (trigger.value, trigger.days) == (722_500, 26)


def test_statement_figures_go_on_as_between_balance_dates() -> None:
    story = beginning()
    for year, equity in ((2022, 20), (2023, 14)):
        made = statement(f"{year}-12", equity=equity, total_assets=100, total_liabilities=86)
        story.borrower.statements.append(made)
    story.close()
    # 6 points in 365 days; to 10 % are 4: 244 days from 31 December, of which 61 have passed.
    as_of = story.borrower.counters.closed_day
    assert not near(story, "F-08")  # 183 days are beyond the horizon
    story.borrower.statements[-1].lines[24] = 1_150
    # 8.5 points in 365 days; to 10 % are 1.5: 65 days, 61 have passed.
    (trigger,) = near(story, "F-08")
    assert trigger.days == 4
    assert as_of == day("2024-03-01")


@pytest.mark.parametrize(
    ("state", "score", "expected"),
    [
        (NORMAL, 150_000, (ATTENTION, 50_000)),  # the cut of ATTENTION is 20
        (NORMAL, 149_999, None),
        (ATTENTION, 380_000, (WATCH, 20_000)),
        (HIGH_RISK, 900_000, None),  # default is never by score
    ],
)
def test_a_state_is_near_within_five_points_of_its_cut(
    state: int, score: int, expected: tuple[int, int] | None
) -> None:
    story = beginning()
    story.borrower.risk.state, story.borrower.risk.score = state, score
    assert near_state(story.borrower, story.rules) == expected


def test_computing_triggers_changes_nothing() -> None:
    story = Story(start="2024-01-01", rulebook=EVERYTHING_ON, accounts="a-1")
    for number in range(70):
        story.flow(100 + number)
        story.balance(1_000 - 10 * number)
        story.line(10 * number, 1_000)
        story.close()
    before, views = encode(deepcopy(story.borrower)), story.borrower.line_view
    assert near_triggers(story.borrower, story.rules, story.today - 1)
    assert encode(story.borrower) == before
    assert story.borrower.line_view is views
