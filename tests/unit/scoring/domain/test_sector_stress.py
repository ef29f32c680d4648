"""How stressed a sector is, by hand, and how it reaches its borrowers at a day boundary."""

import pytest

from services.scoring.domain.assess.entry_rules import signals_at
from services.scoring.domain.assess.explain import contributors
from services.scoring.domain.assess.facts import families_at
from services.scoring.domain.assess.score import combined, surcharge_shares, with_surcharge
from services.scoring.domain.borrower.risk import DEFAULT, HIGH_RISK, NORMAL, PROBATION, slot_of
from services.scoring.domain.events.control import DayClosed, SectorStressPublished
from services.scoring.domain.fold import fold
from services.scoring.domain.indicators.registry import BY_ID
from services.scoring.domain.portfolio.sector_stress import SectorMonth, SectorTally, z_score
from services.scoring.domain.primitives.measurement import (
    AMBER,
    GREEN,
    NOT_APPLICABLE,
    RED,
    UNMEASURABLE,
)
from services.scoring.domain.rulebook.context import Context
from services.scoring.domain.rulebook.rulebook import Rules
from services.scoring.domain.rulebook.timeline import Timeline
from tests.fakes.measured import note, note_level
from tests.fakes.story import EVERYTHING_ON, Story, context
from tests.fakes.units import day

SLOT = slot_of("X-02")


class TestZScore:
    def test_is_the_distance_from_the_mean_in_deviations(self) -> None:
        # Twelve months at 8 % and twelve at 12 %: mean 10 %, deviation 2 points.
        past = [SectorMonth(month, 100, 8 if month % 2 else 12) for month in range(24)]
        assert z_score(past, SectorMonth(24, 100, 16)) == 3_000_000
        assert z_score(past, SectorMonth(24, 100, 9)) == -500_000

    def test_only_the_last_24_months_count_whatever_their_order(self) -> None:
        old = [SectorMonth(month, 100, 90) for month in range(16)]
        past = [SectorMonth(16 + month, 100, 8 if month % 2 else 12) for month in range(24)]
        later = [SectorMonth(41, 100, 90)]
        z = z_score([*reversed(past), *old, *later], SectorMonth(40, 100, 14))
        assert z == 2_000_000

    @pytest.mark.parametrize("months", [0, 11])
    def test_a_short_past_gives_no_figure(self, months: int) -> None:
        past = [SectorMonth(month, 100, month) for month in range(months)]
        assert z_score(past, SectorMonth(12, 100, 14)) is None

    def test_a_past_that_never_moved_gives_no_figure(self) -> None:
        past = [SectorMonth(month, 100, 5) for month in range(24)]
        assert z_score(past, SectorMonth(24, 100, 14)) is None

    def test_a_month_with_few_borrowers_counts_neither_now_nor_in_the_past(self) -> None:
        past = [SectorMonth(month, 100, 8 if month % 2 else 12) for month in range(24)]
        assert z_score(past, SectorMonth(24, 100, 16, 19)) is None
        thin = [SectorMonth(month, 100, 8 if month % 2 else 12, 19) for month in range(13)]
        assert z_score([*thin, *past[13:]], SectorMonth(24, 100, 16)) is None  # eleven are left

    def test_a_sector_without_exposure_is_not_stressed(self) -> None:
        assert SectorMonth(1, 0, 0).share == 0


class TestTally:
    def test_adds_exposure_and_its_part_in_high_risk_or_worse(self) -> None:
        tally = SectorTally(7)
        tally.take("41.20", 600, NORMAL)
        tally.take("41.10", 300, HIGH_RISK)
        tally.take("41", 100, DEFAULT)
        tally.take("62", 50, PROBATION)
        tally.take("62", 0, DEFAULT)  # owes nothing
        assert tally.sectors == {
            "41": SectorMonth(7, 1_000, 400, 3),
            "62": SectorMonth(7, 50, 50, 1),
        }
        assert tally.sectors["41"].share == 400_000


class Sector:
    """One borrower of an industry, and a timeline that follows what is published."""

    def __init__(self, industry: str) -> None:
        self.story = Story(start="2024-03-01", industry=industry, rulebook=EVERYTHING_ON)
        everything = context(EVERYTHING_ON)
        self.timeline = Timeline(Context(everything.rulebook), _none)  # type: ignore[arg-type]

    def publish(self, **z: float) -> None:
        """Publish figures by industry code; names begin with n."""
        figures = {code[1:]: round(figure * 1_000_000) for code, figure in z.items()}
        day = self.story.today
        self.timeline.apply_control_event(SectorStressPublished(*self.story.head(), day, figures))

    def close(self) -> None:
        """Close a day in the timeline's context."""
        event = DayClosed(*self.story.head(), closed_day=self.story.today)
        self.timeline.apply_control_event(event)
        fold(self.story.borrower, event, self.timeline.context)
        self.story.today += 1

    @property
    def rules(self) -> Rules:
        """Return the rules in force."""
        return self.timeline.context.rules_for(self.story.borrower)

    @property
    def status(self) -> int:
        return self.story.borrower.signals.status[SLOT]

    @property
    def level(self) -> int:
        borrower = self.story.borrower
        note("X-02", BY_ID["X-02"].measure(borrower, self.story.today, self.rules))
        return note_level("X-02", borrower.signals.level[SLOT])


def _none(event: object) -> object:  # nothing is activated here
    raise AssertionError


def test_what_is_published_counts_from_the_next_close_on() -> None:
    sector = Sector("41.20")
    sector.close()
    assert sector.status == NOT_APPLICABLE
    sector.publish(n41=2)
    assert sector.status == NOT_APPLICABLE
    sector.close()
    assert sector.level == AMBER
    assert sector.story.borrower.signals.contribution[SLOT] == 50_000  # 5 points
    sector.publish(n41=3)
    sector.close()
    assert sector.level == RED
    assert sector.story.borrower.signals.contribution[SLOT] == 100_000  # 10 points


@pytest.mark.parametrize(
    ("z", "level"),
    [(1.99, GREEN), (2, AMBER), (2.99, AMBER), (3, RED)],
    ids=["1.99", "2 deviations are amber", "2.99 are amber", "3 are red"],
)
def test_each_level_from_both_sides(z: float, level: int) -> None:
    sector = Sector("41.20")
    sector.publish(n41=z)
    sector.close()
    assert sector.level == level


def test_the_longest_beginning_of_the_code_counts() -> None:
    sector = Sector("41.20")
    sector.publish(**{"n4": 3, "n41.2": 1, "n41": 2, "n42": 3})
    sector.close()
    assert sector.level == GREEN
    assert sector.story.borrower.signals.value[SLOT] == 1_000_000


def test_the_last_message_before_a_close_replaces_the_earlier_ones() -> None:
    sector = Sector("41.20")
    sector.publish(n41=3)
    sector.publish(n10=3)
    sector.close()
    assert sector.status == NOT_APPLICABLE


def test_figures_count_for_two_months() -> None:
    sector = Sector("41.20")
    sector.publish(n41=3)
    for _ in range(63):
        sector.close()
    assert (sector.level, sector.story.borrower.risk.score) == (RED, 100_000)
    sector.close()  # the 63rd day after they were measured
    assert (sector.status, sector.level) == (UNMEASURABLE, GREEN)
    assert sector.story.borrower.risk.score == 0
    sector.publish(n41=2)
    sector.close()
    assert sector.level == AMBER


def test_another_sector_is_not_touched() -> None:
    sector = Sector("62")
    sector.publish(n41=3)
    sector.close()
    assert sector.status == NOT_APPLICABLE


class TestASurcharge:
    def test_adds_its_points_to_the_score_whatever_the_score_is(self) -> None:
        # 31 days past due are 55 points; a quarter's shortfall is the same fact. Ten on top are 65;
        # as one more reason they would make 59.5.
        sector = Sector("41.20")
        story = sector.story
        story.loan(100_000)
        story.schedule(("2024-03-05", 400))
        while story.today <= day("2024-04-05"):
            sector.close()
        assert story.borrower.risk.score == 550_000
        sector.publish(n41=3)
        sector.close()
        risk = story.borrower.risk
        assert risk.score == 650_000
        assert combined(risk.families) == 550_000  # the families are unaffected

    def test_is_among_the_causes_with_its_points(self) -> None:
        sector = Sector("41.20")
        sector.publish(n41=2)
        sector.close()
        borrower, rules = sector.story.borrower, sector.rules
        (cause,) = contributors(borrower, rules, sector.story.today)
        assert (cause.indicator, cause.share) == ("X-02", 5_000_000)
        assert borrower.risk.score == 50_000

    def test_confirms_nothing_and_makes_no_state(self) -> None:
        sector = Sector("41.20")
        sector.publish(n41=4)
        sector.close()
        signals = sector.story.borrower.signals
        assert signals.level[SLOT] == RED
        assert signals_at(signals, sector.rules, AMBER) == 0
        assert families_at(sector.story.borrower.risk, signals, sector.rules, AMBER) == 0
        assert sector.story.borrower.risk.state == NORMAL  # a lone red is ATTENTION
        assert sector.story.borrower.risk.completeness == 0

    @pytest.mark.parametrize(
        ("score", "points", "expected"),
        [(0, 100_000, 100_000), (950_000, 100_000, 1_000_000), (500_000, 300_000, 600_000)],
        ids=["alone", "never beyond 100", "ten points at most"],
    )
    def test_has_a_cap(self, score: int, points: int, expected: int) -> None:
        sector = Sector("41.20")
        signals = sector.story.borrower.signals
        signals.contribution[SLOT] = points
        assert with_surcharge(score, signals, sector.rules) == expected
        (share,) = surcharge_shares(signals, sector.rules, score)
        assert share.points_micro == (expected - score) * 100


def test_a_section_letter_before_the_code_changes_nothing() -> None:
    sector = Sector("F41.20")
    sector.publish(n41=2)
    sector.close()
    assert sector.level == AMBER
