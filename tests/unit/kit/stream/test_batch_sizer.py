"""Size and frequency of batches follow what batches cost."""

import pytest

from services.kit.stream.batch_sizer import BatchSizer
from services.kit.stream.ports import Limits


def pace_of(*, max_records: int) -> BatchSizer:
    return BatchSizer(Limits(max_records=max_records, batch_seconds=0.5))


def test_the_first_batch_is_small_and_quick_ones_grow_to_the_limit() -> None:
    sizer = pace_of(max_records=2000)
    sizes = []
    for _ in range(4):
        sizes.append(sizer.records)
        sizer.record_batch(records=sizer.records, seconds=0.01)
    assert sizes == [250, 500, 1000, 2000]
    assert sizer.records == 2000


def test_a_batch_that_took_too_long_halves_the_next() -> None:
    sizer = pace_of(max_records=200)
    sizer.record_batch(records=200, seconds=0.6)
    assert sizer.records == 100


def test_a_small_batch_that_took_too_long_makes_the_next_smaller_than_itself() -> None:
    sizer = pace_of(max_records=2000)
    sizer.record_batch(records=100, seconds=0.6)
    assert sizer.records == 50


def test_a_single_slow_record_leaves_one() -> None:
    sizer = pace_of(max_records=2000)
    sizer.record_batch(records=1, seconds=9.0)
    assert sizer.records == 1


def test_a_full_and_quick_batch_doubles_the_next_up_to_the_limit() -> None:
    sizer = pace_of(max_records=100)
    sizer.record_batch(records=100, seconds=0.6)
    sizer.record_batch(records=50, seconds=0.1)
    assert sizer.records == 100
    sizer.record_batch(records=100, seconds=0.1)
    assert sizer.records == 100


def test_a_quick_batch_that_was_not_full_changes_nothing() -> None:
    sizer = pace_of(max_records=100)
    sizer.record_batch(records=100, seconds=0.6)
    sizer.record_batch(records=3, seconds=0.01)
    assert sizer.records == 50


@pytest.mark.parametrize(
    ("spent", "between"), [(0.004, 0.05), (0.04, 0.12), (0.3, 0.2)], ids=["quick", "slow", "bound"]
)
def test_a_partition_that_keeps_up_spends_a_third_of_its_time_in_batches(
    spent: float, between: float
) -> None:
    sizer = pace_of(max_records=2000)
    assert sizer.seconds_between == 0.05
    sizer.record_batch(records=3, seconds=spent)
    assert sizer.seconds_between == pytest.approx(between)
