"""Opens files of events, and shows how far a long one has been read."""

import gzip
import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Final

from rich.console import Console
from rich.progress import Progress

from services.cli.errors import CommandError
from services.scoring.adapters.offline import OutOfOrder

GZIP: Final = b"\x1f\x8b"
LINES_A_TICK: Final = 2_000
LONG_FILE_BYTES: Final = 4_000_000
PERCENT_A_LINE: Final = 5


@contextmanager
def opened(file: str) -> Iterator[IO[bytes]]:
    """Open a file that is read more than once; standard input is copied to a temporary file."""
    with ExitStack() as stack:
        if file == "-":
            source: IO[bytes] = stack.enter_context(tempfile.TemporaryFile())
            while piece := sys.stdin.buffer.read(1 << 20):
                source.write(piece)
            source.seek(0)
        else:
            source = stack.enter_context(_existing(file))
        start = source.read(2)
        source.seek(0)
        if start == GZIP:
            yield io.BufferedReader(stack.enter_context(gzip.GzipFile(fileobj=source)))
        else:
            yield source


def _existing(file: str) -> IO[bytes]:
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise CommandError(
            f"Cannot read {file}: {error.strerror}", remedy="Give a file of events, or -."
        ) from error


@contextmanager
def in_time_order() -> Iterator[None]:
    """End the command with a remedy where the file that is scored inside goes back in time."""
    try:
        yield
    except OutOfOrder as error:
        raise CommandError(str(error), remedy="Sort the file by `time` and try again.") from error


def with_progress(source: IO[bytes], *, hidden: bool = False) -> Iterator[bytes]:
    """Yield the lines; shows the progress of a long file, as a bar on a terminal."""
    # Not `yield from`: it would close the file when the reader stops before its end.
    with ExitStack() as stack:
        size = _size(source)
        show = None if hidden or size < LONG_FILE_BYTES else _progress(stack)
        for number, line in enumerate(source):
            if show is not None and number % LINES_A_TICK == 0:
                show(os.lseek(source.fileno(), 0, os.SEEK_CUR) / size)
            yield line


def _progress(stack: ExitStack) -> Callable[[float], None]:
    """Return a function that shows the share of the file that has been read."""
    if sys.stderr.isatty():
        progress = stack.enter_context(Progress(console=Console(stderr=True), transient=True))
        task = progress.add_task("scoring", total=1.0)
        return lambda share: progress.update(task, completed=share)
    shown = 0

    def show(share: float) -> None:
        nonlocal shown
        if 100 * share >= shown + PERCENT_A_LINE:
            shown = int(100 * share)
            print(f"{shown} % of the file", file=sys.stderr, flush=True)

    return show


def _size(source: IO[bytes]) -> int:
    try:
        return os.fstat(source.fileno()).st_size
    except OSError:
        return 0
