"""Proves that what was fetched continues where the partition stands.

The record before the resume point is fetched again and its digest compared with the stored
one, so a topic that was recreated or restored is noticed before anything is applied. After
that every fetch must follow the one before. Offsets may have gaps (compaction, transaction
markers), but a gap is believed only when a second fetch from the same position shows it
again: the driver can lose fetched records when another partition's fetch fails. A poll that
fails in between makes the second fetch as doubtful as the first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.kit.stream.records import Record, digest
from services.kit.stream.stop_reasons import StopPartition, StopReason


@dataclass(frozen=True, slots=True)
class Reseek:
    """Fetch again from this offset."""

    offset: int


class Chain:
    """Where the next record of one partition must start."""

    def __init__(self, *, next_offset: int, last_digest: bytes | None) -> None:
        self._next_offset = next_offset
        self._last_digest = last_digest
        self._suspected: int | None = None
        self._gaps: dict[int, int] = {}

    @property
    def wanted(self) -> int:
        """Return the offset to fetch from."""
        return self._next_offset if self._last_digest is None else self._next_offset - 1

    def accept(self, records: Sequence[Record]) -> Sequence[Record] | Reseek:
        """Return those of the fetched records that are new, or where to fetch again.

        Raises:
            StopPartition: If the record before the resume point is not the one applied.
        """
        fresh = self._from(records, self.wanted)
        if not fresh:
            return ()
        if fresh[0].offset > self.wanted and self._suspected != fresh[0].offset:
            self._suspected = fresh[0].offset
            return Reseek(self.wanted)
        self._suspected = None
        if self._last_digest is not None:
            self._compare(fresh[0])
            fresh = fresh[1:]
            if not fresh:
                return ()
        self._note_gaps(fresh)
        self._next_offset = fresh[-1].offset + 1
        return fresh

    def doubt(self) -> None:
        """Forget the first sight of a gap: a poll failed since and may have lost records too."""
        self._suspected = None

    def first_offset(self, record: Record) -> int:
        """Return the position that a batch starting with this record was read from."""
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
                f"applied; found offset {before.offset}",
            )
        self._last_digest = None

    @staticmethod
    def _from(records: Sequence[Record], offset: int) -> Sequence[Record]:
        if not records or records[0].offset >= offset:
            return records
        return [record for record in records if record.offset >= offset]
