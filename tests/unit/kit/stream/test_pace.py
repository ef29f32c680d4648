"""The batch size follows what batches cost."""

from services.kit.stream.pace import Pace


def test_the_first_batch_is_small_and_quick_ones_grow_to_the_limit() -> None:
    pace = Pace(most_records=2000, batch_seconds=0.5)
    sizes = []
    for _ in range(4):
        sizes.append(pace.records)
        pace.learn(records=pace.records, seconds=0.01)
    assert sizes == [250, 500, 1000, 2000]
    assert pace.records == 2000


def test_a_batch_that_took_too_long_halves_the_next() -> None:
    pace = Pace(most_records=200, batch_seconds=0.5)
    pace.learn(records=200, seconds=0.6)
    assert pace.records == 100


def test_a_small_batch_that_took_too_long_makes_the_next_smaller_than_itself() -> None:
    pace = Pace(most_records=2000, batch_seconds=0.5)
    pace.learn(records=100, seconds=0.6)
    assert pace.records == 50


def test_a_single_slow_record_leaves_one() -> None:
    pace = Pace(most_records=2000, batch_seconds=0.5)
    pace.learn(records=1, seconds=9.0)
    assert pace.records == 1


def test_a_full_and_quick_batch_doubles_the_next_up_to_the_limit() -> None:
    pace = Pace(most_records=100, batch_seconds=0.5)
    pace.learn(records=100, seconds=0.6)
    pace.learn(records=50, seconds=0.1)
    assert pace.records == 100
    pace.learn(records=100, seconds=0.1)
    assert pace.records == 100


def test_a_quick_batch_that_was_not_full_says_nothing() -> None:
    pace = Pace(most_records=100, batch_seconds=0.5)
    pace.learn(records=100, seconds=0.6)
    pace.learn(records=3, seconds=0.01)
    assert pace.records == 50
