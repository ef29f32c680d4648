"""A position is one number that orders as the pair of generation and offset does."""

from hypothesis import given
from hypothesis import strategies as st

from services.kit.stream.records import (
    MAX_GENERATION,
    OFFSET_BITS,
    Batch,
    generation_and_offset,
    log_position,
)
from tests.fakes.stream import FakeRecord

pairs = st.tuples(st.integers(0, MAX_GENERATION), st.integers(0, 2**OFFSET_BITS - 1))


@given(first=pairs, second=pairs)
def test_positions_order_as_their_pairs_and_give_them_back(
    first: tuple[int, int], second: tuple[int, int]
) -> None:
    assert (log_position(*first) < log_position(*second)) == (first < second)
    assert generation_and_offset(log_position(*first)) == first
    assert 0 <= log_position(*first) < 2**63


def test_the_first_log_has_the_offsets_of_the_topic() -> None:
    assert log_position(0, 4_711) == 4_711


def test_a_part_of_a_batch_is_of_the_same_log() -> None:
    records = [FakeRecord(offset=offset, value=b"") for offset in (5, 6)]
    batch = Batch(topic="t", partition=0, first_offset=5, records=records, generation=2)
    assert batch.part(1, 2).position(records[1]) == log_position(2, 6)
