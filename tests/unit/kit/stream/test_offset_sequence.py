"""Fetched records must continue at the position of the partition."""

import pytest

from services.kit.stream.offset_sequence import OffsetSequence, Reseek
from services.kit.stream.records import digest
from services.kit.stream.stop_reasons import StopPartition, StopReason
from tests.fakes.stream import FakeRecord, records


def fresh(next_offset: int = 0) -> OffsetSequence:
    return OffsetSequence(next_offset=next_offset, last_digest=None)


def test_records_that_follow_are_taken() -> None:
    sequence = fresh()
    assert sequence.accept(records("a", "b")) == records("a", "b")
    assert sequence.accept(records("c", first=2)) == records("c", first=2)
    assert sequence.fetch_offset == 3


def test_records_from_before_the_position_are_dropped() -> None:
    sequence = fresh(next_offset=2)
    assert sequence.accept(records("a", "b", "c")) == records("c", first=2)


def test_the_record_before_the_position_is_compared_and_not_applied_again() -> None:
    before, after = records("a", "b", first=4)
    sequence = OffsetSequence(next_offset=5, last_digest=digest(before))
    assert sequence.fetch_offset == 4
    assert sequence.accept([before, after]) == [after]
    assert sequence.fetch_offset == 6


def test_another_record_at_the_place_before_the_position_stops_the_partition() -> None:
    (applied,) = records("a", first=4)
    sequence = OffsetSequence(next_offset=5, last_digest=digest(applied))
    with pytest.raises(StopPartition) as stopped:
        sequence.accept(records("someone else's", "b", first=4))
    assert stopped.value.reason is StopReason.TOPIC_RECREATED


def test_a_missing_record_before_the_position_stops_the_partition() -> None:
    (applied,) = records("a", first=4)
    sequence = OffsetSequence(next_offset=5, last_digest=digest(applied))
    assert sequence.accept(records("c", first=6)) == Reseek(4)
    with pytest.raises(StopPartition):
        sequence.accept(records("c", first=6))


def test_a_gap_is_fetched_again_before_it_is_believed() -> None:
    sequence = fresh()
    assert sequence.accept(records("c", first=2)) == Reseek(0)
    assert sequence.accept(records("a", "b", "c")) == records("a", "b", "c")


def test_a_gap_seen_again_after_a_failed_poll_is_not_believed_either() -> None:
    sequence = fresh()
    assert sequence.accept(records("c", first=2)) == Reseek(0)
    sequence.compare_again()
    assert sequence.accept(records("c", first=2)) == Reseek(0)
    assert sequence.accept(records("a", "b", "c")) == records("a", "b", "c")


def test_after_a_failed_poll_the_last_record_is_compared_before_anything_is_taken() -> None:
    sequence = fresh()
    sequence.accept(records("a", "b"))
    assert sequence.is_compared
    sequence.compare_again()
    assert (sequence.is_compared, sequence.fetch_offset) == (False, 1)
    assert sequence.accept(records("b", "c", first=1)) == records("c", first=2)
    sequence.compare_again()
    with pytest.raises(StopPartition) as stopped:
        sequence.accept(records("other", "d", first=2))
    assert stopped.value.reason is StopReason.TOPIC_RECREATED


def test_a_record_that_was_only_compared_is_compared_again_after_a_failed_poll() -> None:
    (before,) = records("a", first=4)
    sequence = OffsetSequence(next_offset=5, last_digest=digest(before))
    assert not sequence.accept([before])
    sequence.compare_again()
    with pytest.raises(StopPartition):
        sequence.accept(records("other", "b", first=4))


def test_a_record_to_compare_that_retention_deleted_is_not_awaited() -> None:
    sequence = fresh()
    sequence.accept(records("a", "b"))
    sequence.compare_again()
    assert not sequence.skip_comparison(3)
    assert sequence.skip_comparison(2)
    assert sequence.accept(records("c", first=2)) == records("c", first=2)


def test_a_gap_that_the_log_really_has_is_passed() -> None:
    sequence = fresh()
    assert sequence.accept(records("c", first=2)) == Reseek(0)
    (record,) = sequence.accept(records("c", first=2))
    assert sequence.first_offset(record) == 0
    assert sequence.fetch_offset == 3


def test_a_batch_after_a_gap_inside_a_fetch_starts_where_the_one_before_ended() -> None:
    sequence = fresh()
    first, second = FakeRecord(offset=0, value=b"a"), FakeRecord(offset=7, value=b"b")
    sequence.accept([first, second])
    assert sequence.first_offset(second) == 1


def test_a_digest_covers_key_value_time_and_offset() -> None:
    base = FakeRecord(offset=1, value=b"v", key=b"k", timestamp=5)
    others = [
        FakeRecord(offset=2, value=b"v", key=b"k", timestamp=5),
        FakeRecord(offset=1, value=b"w", key=b"k", timestamp=5),
        FakeRecord(offset=1, value=b"v", key=b"l", timestamp=5),
        FakeRecord(offset=1, value=b"v", key=b"k", timestamp=6),
        FakeRecord(offset=1, value=b"vk", key=b"", timestamp=5),
        FakeRecord(offset=1, value=b"v", key=None, timestamp=5),
    ]
    assert len({digest(record) for record in [base, *others]}) == 7
