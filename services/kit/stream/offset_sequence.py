"""Proves that what was fetched continues at the partition's next offset.

The record before the resume point is fetched again and its digest compared with the stored one, so
a topic that was recreated or restored is noticed before anything is applied. After that every fetch
must follow the one before. A failed poll may mean that the broker went away and came back with
another log, so the last record that was accepted is then fetched and compared too. Offsets may have
gaps (compaction, transaction markers), but a gap is accepted only when a second fetch from the same
offset shows it again: the driver can lose fetched records when another partition's fetch fails. A
poll that fails between the two proves nothing either.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.kit.stream.records import Record, digest
from services.kit.stream.stop_reasons import StopPartition, StopReason


@dataclass(frozen=True, slots=True)
class Reseek:
    """The offset from which a fetch must be repeated."""

    offset: int


class OffsetSequence:
    """The offset at which the next record of one partition must start."""

    def __init__(self, *, next_offset: int, last_digest: bytes | None) -> None:
        self._next_offset = next_offset
        self._last_digest = last_digest
        self._last_record: Record | None = None
        self._gap_end: int | None = None
        self._gaps: dict[int, int] = {}

    @property
    def fetch_offset(self) -> int:
        """Returns the offset to fetch from: that of the record to compare, or the next one."""
        return self._next_offset if self._last_digest is None else self._next_offset - 1

    @property
    def is_compared(self) -> bool:
        """Returns whether the log is known to be the one that was read."""
        return self._last_digest is None

    def accept(self, records: Sequence[Record]) -> Sequence[Record] | Reseek:
        """Returns the records that continue the sequence, or where to fetch again.

        Raises:
            StopPartition: If the record before the resume point is not the one that was applied.
        """
        # What was fetched before a seek may arrive after it, from an earlier offset.
        following = self._from(records, self.fetch_offset)
        if not following:
            return ()
        if following[0].offset > self.fetch_offset and self._gap_end != following[0].offset:
            self._gap_end = following[0].offset
            return Reseek(self.fetch_offset)
        self._gap_end = None
        if self._last_digest is not None:
            self._compare(following[0])
            following = following[1:]
            if not following:
                return ()
        self._note_gaps(following)
        self._last_record = following[-1]
        self._next_offset = self._last_record.offset + 1
        return following

    def compare_again(self) -> None:
        """Requires the last accepted record once more, because a poll failed.

        The first sight of a gap counts no longer either: that poll may have lost the records in it.
        """
        self._gap_end = None
        if self._last_record is not None:
            self._last_digest = digest(self._last_record)

    def skip_comparison(self, first: int) -> bool:
        """Compares nothing if the log begins at the next offset; returns whether it does.

        Retention has deleted the record to compare, and no record after it.
        """
        if first != self._next_offset:
            return False
        self._last_digest = self._last_record = None
        return True

    def first_offset(self, record: Record) -> int:
        """Returns the offset that a batch starting with this record was read from."""
        return self._gaps.get(record.offset, record.offset)

    def _note_gaps(self, records: Sequence[Record]) -> None:
        if records[-1].offset + 1 - self._next_offset == len(records):
            return
        expected = self._next_offset
        for record in records:
            if record.offset != expected:
                self._gaps[record.offset] = expected
            expected = record.offset + 1

    def _compare(self, before: Record) -> None:
        if before.offset != self._next_offset - 1 or digest(before) != self._last_digest:
            raise StopPartition(
                StopReason.TOPIC_RECREATED,
                f"the record at offset {self._next_offset - 1} is not the one that was "
                f"applied; the fetch began at offset {before.offset}",
            )
        self._last_digest, self._last_record = None, before

    @staticmethod
    def _from(records: Sequence[Record], offset: int) -> Sequence[Record]:
        if not records or records[0].offset >= offset:
            return records
        return [record for record in records if record.offset >= offset]
