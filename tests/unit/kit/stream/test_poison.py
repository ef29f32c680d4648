"""A few bad records are set aside, a flood from every source stops the partition."""

import pytest

from services.kit.stream.handler import Tally
from services.kit.stream.poison import PoisonLimit
from services.kit.stream.stop_reasons import StopPartition, StopReason


def settle(limit: PoisonLimit, *, quarantined: int, records: int) -> None:
    tally = Tally(quarantined=quarantined)
    limit.check(tally, records=records)
    limit.committed(tally, records=records)


def test_as_many_as_allowed_are_set_aside_and_not_one_more() -> None:
    limit = PoisonLimit(max_in_a_row=3)
    for _ in range(3):
        settle(limit, quarantined=1, records=1)
    with pytest.raises(StopPartition) as stopped:
        settle(limit, quarantined=1, records=1)
    assert stopped.value.reason is StopReason.TOO_MUCH_POISON


def test_a_good_record_in_between_restarts_the_count() -> None:
    limit = PoisonLimit(max_in_a_row=3)
    for _ in range(10):
        settle(limit, quarantined=3, records=3)
        settle(limit, quarantined=0, records=1)


def test_a_big_batch_that_is_bad_throughout_is_not_committed() -> None:
    with pytest.raises(StopPartition):
        PoisonLimit(max_in_a_row=100).check(Tally(quarantined=2000), records=2000)


def test_a_batch_that_is_mostly_bad_is_not_committed() -> None:
    with pytest.raises(StopPartition):
        PoisonLimit(max_in_a_row=100).check(Tally(quarantined=1999), records=2000)


def test_a_big_batch_with_some_bad_records_passes() -> None:
    settle(PoisonLimit(max_in_a_row=100), quarantined=150, records=2000)


def by_source(limit: PoisonLimit, **sources: tuple[int, int]) -> None:
    """Commit a batch in which each source has so many bad records of so many."""
    tally = Tally(quarantined=sum(bad for bad, _ in sources.values()), sources=sources)
    records = sum(total for _, total in sources.values())
    limit.check(tally, records=records)
    limit.committed(tally, records=records)


def test_one_source_whose_records_are_bad_does_not_stop_the_others() -> None:
    limit = PoisonLimit(max_in_a_row=100)
    by_source(limit, loans=(1_200, 1_200), accounts=(0, 800))
    by_source(limit, loans=(1_000, 1_000), accounts=(0, 1_000))
    by_source(limit, loans=(900, 900), cards=(500, 500), accounts=(0, 100))
    by_source(limit, loans=(2_000, 2_000))
    by_source(limit, loans=(130, 130))


def test_records_that_are_bad_from_every_source_stop_the_partition() -> None:
    with pytest.raises(StopPartition):
        by_source(PoisonLimit(max_in_a_row=100), loans=(900, 1_000), accounts=(600, 1_000))
    limit = PoisonLimit(max_in_a_row=100)
    by_source(limit, loans=(60, 60))
    with pytest.raises(StopPartition, match="120 records in a row"):
        by_source(limit, accounts=(60, 60))


def test_records_that_are_no_fault_of_a_source_are_not_part_of_the_row() -> None:
    limit = PoisonLimit(max_in_a_row=100)
    reused = Tally(quarantined=1_000, sources={"loans": (0, 500), "accounts": (0, 500)})
    limit.check(reused, records=1_000)
    limit.committed(reused, records=1_000)
    by_source(limit, loans=(50, 50), accounts=(50, 50))


def test_a_good_record_of_another_source_ends_the_row() -> None:
    limit = PoisonLimit(max_in_a_row=100)
    by_source(limit, loans=(60, 60), accounts=(30, 30))
    by_source(limit, cards=(0, 1))
    by_source(limit, loans=(60, 60), accounts=(30, 30))
