"""Runs seeds: `python -m tests.simulation --seeds 1000 [--from N] [--jobs N]`, or `--seed N`.

Prints every failing seed with its failures and how to run it again, and one JSON line at the end.
`--keep` writes the result to docs/lab-notes/simulation.md; Ctrl-C ends early and writes it too.
"""

import argparse
import gc
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Generator, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.simulation.playing import configure_logs, play

# Small enough that the cores end together, large enough that handing out costs nothing.
SEEDS_A_PART = 20
PAGE = Path(__file__).resolve().parents[2] / "docs" / "lab-notes" / "simulation.md"


@dataclass
class SeedTotals:
    """The results of many seeds; `cpu_seconds` are those of the playing processes."""

    seeds: int = 0
    failed: dict[int, list[str]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    cpu_seconds: float = 0.0

    def add(self, other: "SeedTotals") -> None:
        """Adds the results of a part."""
        self.seeds += other.seeds
        self.failed.update(other.failed)
        self.counts.update(other.counts)
        self.cpu_seconds += other.cpu_seconds


def play_part(seeds: Iterable[int]) -> SeedTotals:
    """Plays some seeds in this process."""
    totals, began = SeedTotals(), time.process_time()
    for seed in seeds:
        result = play(seed)
        totals.seeds += 1
        totals.counts.update(result.counts)
        if result.failures:
            totals.failed[seed] = result.failures
    totals.cpu_seconds = time.process_time() - began
    return totals


def play_all(seeds: range, *, jobs: int) -> Generator[SeedTotals, None, None]:
    """Plays the seeds in a number of processes; yields the results of each part as it ends."""
    parts = [seeds[start : start + SEEDS_A_PART] for start in range(0, len(seeds), SEEDS_A_PART)]
    if jobs == 1:
        _begin()
        yield from map(play_part, parts)
        return
    pool = ProcessPoolExecutor(jobs, initializer=_begin)
    try:
        for ended in as_completed([pool.submit(play_part, part) for part in parts]):
            yield ended.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    configure_logs(verbose=False)
    # Imported modules stay for ever: no collection need visit them again.
    gc.freeze()


def print_failures(part: SeedTotals) -> None:
    """Prints each failing seed, its failures, and how to run it again."""
    for seed, failures in sorted(part.failed.items()):
        print(f"seed {seed} failed; again: python -m tests.simulation --seed {seed}", flush=True)
        for failure in failures[:5]:
            print(f"  {failure[:400]}", flush=True)


class Progress:
    """A progress line; on a terminal only."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._began = time.monotonic()
        self._is_shown = sys.stderr.isatty()

    @property
    def seconds(self) -> float:
        """Returns the time so far."""
        return time.monotonic() - self._began

    def clear(self) -> None:
        """Clears the line for other output."""
        if self._is_shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    def show(self, totals: SeedTotals) -> None:
        """Rewrites the line."""
        if self._is_shown:
            pace = totals.seeds / self.seconds * 60
            print(
                f"\r\033[K{totals.seeds:,} of {self._wanted:,} seeds, {pace:,.0f} a minute, "
                f"{len(totals.failed)} failed",
                end="",
                file=sys.stderr,
                flush=True,
            )


def page(totals: SeedTotals, seeds: range, *, seconds: float, jobs: int) -> str:
    """Returns docs/lab-notes/simulation.md."""
    failed = ", ".join(map(str, sorted(totals.failed))) or "none"
    rows = "\n".join(f"| {name} | {count:,} |" for name, count in sorted(totals.counts.items()))
    pace = totals.seeds / max(totals.cpu_seconds, 0.001) * 60
    return (
        "# The simulation: results of many seeds\n\n"
        f"Written by `python -m tests.simulation --seeds {len(seeds)} --keep`. Every seed is one "
        "history of the\nfenced consumer with its relay, and one of the webhook dispatcher, "
        "against a simulated broker,\ndatabase and clock. After each, everything written must "
        "have been applied once, in order, and\npublished in order; no older owner may have "
        "committed; every delivery must have arrived under its one\nid, in order where asked, or "
        "have used up its attempts. A failing seed prints itself, and\n`python -m "
        "tests.simulation --seed N` plays it again. `tests/contract/server_scenarios.py` compares "
        "what\nis simulated with the real servers.\n\n"
        f"{totals.seeds:,} of the seeds {seeds.start:,} to {seeds.stop - 1:,} were played. Failed: "
        f"{failed}. {pace:,.0f} seeds a minute of processor time;\n{seconds / 60:,.0f} minutes in "
        f"{jobs} processes.\n\n"
        "| what happened | times |\n|---|---|\n" + rows + "\n"
    )


def run(seeds: range, *, jobs: int, keep: bool) -> int:
    """Plays seeds and prints the result; returns the exit status."""
    totals, progress = SeedTotals(), Progress(len(seeds))
    with suppress(KeyboardInterrupt), closing(play_all(seeds, jobs=jobs)) as parts:
        for part in parts:
            totals.add(part)
            progress.clear()
            print_failures(part)
            progress.show(totals)
    progress.clear()
    for name, count in sorted(totals.counts.items()):
        print(f"{count:11,} {name}")
    if keep:
        PAGE.write_text(page(totals, seeds, seconds=progress.seconds, jobs=jobs), encoding="utf-8")
    summary = {
        "seeds": totals.seeds,
        "first": seeds.start,
        "failed": sorted(totals.failed),
        "jobs": jobs,
        "elapsed_s": round(progress.seconds, 1),
        "seeds_per_minute": round(totals.seeds / progress.seconds * 60),
        "seeds_per_cpu_minute": round(totals.seeds / max(totals.cpu_seconds, 0.001) * 60),
    }
    print(json.dumps(summary))
    return 1 if totals.failed or totals.seeds < len(seeds) else 0


def main() -> int:
    """Runs the command line; returns 1 if any seed failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seed", type=int, help="one seed, with everything that it logs")
    parser.add_argument("--seeds", type=int, default=200, help="how many")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first of them")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--keep", action="store_true", help="write the page of the outcome")
    options = parser.parse_args()
    if options.seed is None:
        return run(
            range(options.first, options.first + options.seeds),
            jobs=max(1, options.jobs),
            keep=options.keep,
        )
    configure_logs(verbose=True)
    part = SeedTotals(
        failed={options.seed: failures} if (failures := play(options.seed).failures) else {}
    )
    print_failures(part)
    print("failed" if part.failed else "every promise held")
    return 1 if part.failed else 0


if __name__ == "__main__":
    sys.exit(main())
