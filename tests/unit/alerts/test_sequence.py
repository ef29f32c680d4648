"""Which assessment of a borrower is the next one."""

import pytest

from services.alerts.decisions.domain.assessment import SequencePosition, check_sequence


@pytest.mark.parametrize(
    ("last_applied", "number", "position"),
    [
        (0, 1, SequencePosition.NEXT),
        (7, 8, SequencePosition.NEXT),
        (7, 7, SequencePosition.DUPLICATE),
        (7, 1, SequencePosition.DUPLICATE),
        (7, 9, SequencePosition.GAP),
        (7, 12, SequencePosition.GAP),
        (0, 2, SequencePosition.GAP),
    ],
)
def test_only_the_number_after_the_last_is_next(
    last_applied: int, number: int, position: SequencePosition
) -> None:
    assert check_sequence(last_applied=last_applied, number=number).position is position


def test_a_gap_says_how_many_are_missing() -> None:
    assert check_sequence(last_applied=3, number=7).reason == "number 7 follows 3; 3 are missing"
