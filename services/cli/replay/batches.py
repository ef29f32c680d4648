"""Cuts a file of events into batches that ingest accepts: bounded in events and in bytes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MOST_BYTES = 900_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some lines of the file.

    Attributes:
        first_line: The number of its first event's line in the file, counted from 1.
        read_bytes: How much of the file it covers, empty lines included.
    """

    first_line: int
    lines: tuple[bytes, ...]
    read_bytes: int

    @property
    def body(self) -> bytes:
        """Return the body of the request."""
        return b"\n".join(self.lines) + b"\n"


def cut(
    file: Iterable[bytes], *, most_events: int, most_bytes: int = MOST_BYTES
) -> Iterator[Batch]:
    """Yield the batches; empty lines are skipped, an overlong line is a batch of its own."""
    lines: list[bytes] = []
    first_line, size_bytes, read_bytes = 1, 0, 0
    for number, raw in enumerate(file, start=1):
        line = raw.strip()
        if line and (len(lines) == most_events or (lines and size_bytes + len(line) > most_bytes)):
            yield Batch(first_line=first_line, lines=tuple(lines), read_bytes=read_bytes)
            lines, size_bytes, read_bytes = [], 0, 0
        read_bytes += len(raw)
        if line:
            if not lines:
                first_line = number
            lines.append(line)
            size_bytes += len(line) + 1
    if lines:
        yield Batch(first_line=first_line, lines=tuple(lines), read_bytes=read_bytes)
