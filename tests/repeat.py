"""Runs a suite on real servers many times, to find a test that fails once in twenty.

    python -m tests.repeat --suite outages --times 20 [--busy] [--restart]

`--busy` runs a second process that uses one core all the time. Each finished run is a
line in `.tocsin/repeat/`, so an interrupted series goes on where it was; changed sources start a
new one. The output of each run that failed stays there. Exit status 0 only without a failure.
"""

import argparse
import hashlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".tocsin" / "repeat"
SOURCES = ("services", "lab", "tests")
STOP_SECONDS = 120

SUITES: dict[str, tuple[str, ...]] = {
    # Everything that kills, pauses or takes away a server, a process or a topic.
    "outages": (
        "tests/integration/kit/stream/test_outages.py",
        "tests/integration/kit/stream/test_holes.py",
        "tests/integration/kit/stream/test_fenced_consumer.py",
        "tests/integration/kit/stream/test_real_servers_agree.py",
        "tests/integration/ingest/test_accepted_is_durable.py",
        "tests/integration/scoring/test_rulebooks_in_force.py",
        "tests/integration/scoring/test_isolation_under_kills.py",
        "tests/integration/alerts/test_a_running_service.py",
        "tests/integration/test_stack.py",
    ),
    "servers": ("tests/integration", "tests/e2e", "tests/chaos"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One finished run of a suite."""

    sources: str
    status: int
    seconds: float
    summary: str


class Series:
    """The runs of one suite so far, one JSON line each."""

    def __init__(self, path: Path, *, sources: str) -> None:
        self._path = path
        self._sources = sources

    def runs(self) -> list[Run]:
        """Returns the finished runs of these sources."""
        if not self._path.exists():
            return []
        lines = self._path.read_text(encoding="utf-8").splitlines()
        runs = [Run(**json.loads(line)) for line in lines]
        return [run for run in runs if run.sources == self._sources]

    def add(self, *, status: int, seconds: float, summary: str) -> Run:
        """Appends a finished run and returns it."""
        run = Run(sources=self._sources, status=status, seconds=round(seconds, 1), summary=summary)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(run)) + "\n")
        return run

    def clear(self) -> None:
        """Deletes the record of all runs."""
        self._path.unlink(missing_ok=True)


def repeat(series: Series, *, times: int, run_once: Callable[[int], tuple[int, str]]) -> int:
    """Runs the suite until the series has the wanted number of runs; returns how many failed."""
    for number in range(len(series.runs()) + 1, times + 1):
        began = time.monotonic()
        status, summary = run_once(number)
        run = series.add(status=status, seconds=time.monotonic() - began, summary=summary)
        print(f"{number} of {times}: {run.summary}", flush=True)
    return sum(run.status != 0 for run in series.runs()[:times])


def run_suite(suite: str, *, output: Path) -> tuple[int, str]:
    """Runs pytest once; returns its exit status and last line. A failed run leaves its output."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with output.open("w", encoding="utf-8") as file:
        command = [sys.executable, "-m", "pytest", "-q", *SUITES[suite]]
        process = subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=file)
        try:
            status = process.wait()
        finally:
            # Interrupted: the tests stop their servers before they end.
            process.terminate()
            process.wait(STOP_SECONDS)
    lines = output.read_text(encoding="utf-8").splitlines()
    if status == 0:
        output.unlink()
    return status, lines[-1] if lines else f"no output (exit status {status})"


@contextmanager
def one_core_in_use() -> Iterator[None]:
    """Uses one core inside the block."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def quiet() -> Iterator[None]:
    """Uses no core."""
    yield


def digest_of_sources() -> str:
    """Returns a digest of everything that a run depends on."""
    digest = hashlib.sha256((ROOT / "requirements.lock").read_bytes())
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def main() -> int:
    """Runs the series of the command line; returns 0 when no run failed."""
    # A shell that starts this in the background ignores Ctrl-C for it; both signals end it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    parser = argparse.ArgumentParser(prog="python -m tests.repeat")
    parser.add_argument("--suite", choices=sorted(SUITES), default="outages")
    parser.add_argument("--times", type=int, default=20, help="how many runs, earlier ones counted")
    parser.add_argument("--busy", action="store_true", help="use one core meanwhile")
    parser.add_argument("--restart", action="store_true", help="forget the runs so far")
    options = parser.parse_args()
    name = f"{options.suite}-busy" if options.busy else options.suite
    series = Series(FOLDER / f"{name}.jsonl", sources=digest_of_sources())
    if options.restart:
        series.clear()
    with one_core_in_use() if options.busy else quiet():
        failed = repeat(
            series,
            times=options.times,
            run_once=lambda number: run_suite(
                options.suite, output=FOLDER / f"{name}-{number:03}.log"
            ),
        )
    print(f"{name}: {options.times - failed} of {options.times} runs passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
