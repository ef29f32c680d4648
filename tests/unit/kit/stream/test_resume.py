"""Where a new owner goes on, by the offsets that the topic still has."""

import pytest

from services.kit.stream.progress import Claim
from services.kit.stream.resume import continue_from
from services.kit.stream.stop_reasons import StopPartition, StopReason


def claim(next_offset: int) -> Claim:
    return Claim(
        topic="events",
        partition=0,
        epoch=1,
        next_offset=next_offset,
        last_digest=b"digest",
        partition_count=1,
    )


def test_records_that_are_gone_unread_stop_it_with_their_number() -> None:
    with pytest.raises(StopPartition, match="15 records are gone") as stopped:
        continue_from(claim(5), first=20, end=30)
    assert stopped.value.reason is StopReason.OFFSET_OUT_OF_RANGE


def test_a_log_that_ends_before_the_position_stops_it() -> None:
    with pytest.raises(StopPartition) as stopped:
        continue_from(claim(31), first=0, end=30)
    assert stopped.value.reason is StopReason.TOPIC_TRUNCATED


def test_the_record_before_the_position_is_fetched_again_for_comparison() -> None:
    assert continue_from(claim(30), first=0, end=30).fetch_offset == 29


def test_where_retention_took_all_that_was_applied_there_is_nothing_to_compare() -> None:
    assert continue_from(claim(20), first=20, end=30).fetch_offset == 20
