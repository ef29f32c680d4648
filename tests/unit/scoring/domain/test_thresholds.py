"""Levels by thresholds as printed, intensity by knots; equality falls by the sign."""

import pytest

from services.scoring.domain.primitives.measurement import AMBER, GREEN, HARD, RED
from services.scoring.domain.rulebook.thresholds import ComponentRule, Threshold, default_knots


def component(
    amber: Threshold | None = None, red: Threshold | None = None, hard: Threshold | None = None
) -> ComponentRule:
    at, intensity = default_knots(amber, red)
    return ComponentRule("value", amber, red, hard, at, intensity)


AT_LEAST_5 = Threshold(5_000_000, rising=True, strict=False)
MORE_THAN_30 = Threshold(30_000_000, rising=True, strict=True)
MORE_THAN_90 = Threshold(90_000_000, rising=True, strict=True)
BELOW_10_PCT = Threshold(100_000, rising=False, strict=True)
BELOW_5_PCT = Threshold(50_000, rising=False, strict=True)


@pytest.mark.parametrize(
    ("days", "level"),
    [(4, GREEN), (5, AMBER), (30, AMBER), (31, RED), (90, RED), (91, HARD)],
    ids=["before amber", "at >= 5", "at > 30", "beyond 30", "at > 90", "beyond 90"],
)
def test_days_past_due_take_the_level_as_printed(days: int, level: int) -> None:
    assert component(AT_LEAST_5, MORE_THAN_30, MORE_THAN_90).level(days * 1_000_000) == level


@pytest.mark.parametrize(
    ("ratio", "level", "intensity"),
    [
        (133_334, GREEN, 0),
        (133_333, GREEN, 0),
        (100_000, GREEN, 400_000),
        (99_999, AMBER, 400_012),
        (75_000, AMBER, 700_000),
        (50_000, AMBER, 1_000_000),
        (49_999, RED, 1_000_000),
    ],
)
def test_a_falling_ratio_is_linear_through_amber_and_red(
    ratio: int, level: int, intensity: int
) -> None:
    rule = component(BELOW_10_PCT, BELOW_5_PCT)
    assert (rule.level(ratio), rule.intensity(ratio)) == (level, intensity)


def test_nothing_past_due_is_no_reason_for_anything() -> None:
    # The line from 5 and 30 days would reach 0 at -11.7 days.
    rule = component(AT_LEAST_5, MORE_THAN_30)
    assert rule.intensity(0) == 0
    assert rule.intensity(2_500_000) == 200_000


def test_a_single_threshold_is_a_yes_or_no() -> None:
    amber_only = component(Threshold(-200_000, rising=False, strict=False))
    assert (amber_only.intensity(-199_999), amber_only.intensity(-200_000)) == (0, 400_000)
    red_only = component(red=Threshold(2_000_000, rising=True, strict=False))
    assert (red_only.intensity(1_999_999), red_only.intensity(2_000_000)) == (0, 1_000_000)
