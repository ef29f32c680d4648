"""Which assessment of a borrower is the next one."""

import pytest

from services.alerts.decisions.domain.sequence import Place, judge_sequence


@pytest.mark.parametrize(
    ("last_applied", "found", "place"),
    [
        (0, 1, Place.NEXT),
        (7, 8, Place.NEXT),
        (7, 7, Place.DUPLICATE),
        (7, 1, Place.DUPLICATE),
        (7, 9, Place.GAP),
        (0, 2, Place.GAP),
    ],
)
def test_only_the_number_after_the_last_is_next(
    last_applied: int, found: int, place: Place
) -> None:
    assert judge_sequence(last_applied=last_applied, found=found).place is place


def test_a_gap_says_how_many_are_missing() -> None:
    assert judge_sequence(last_applied=3, found=7).reason == "number 7 follows 3; 3 are missing"
