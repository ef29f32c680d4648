"""Plays many histories: `python -m tests.histories --examples 50000 [--seed N] [--parts N]`.

Hypothesis draws them, a part of 250 at a time, each part from a seed of its own; what fails is made
small and printed with the part's seed. One JSON line at the end.
"""

import argparse
import json
import multiprocessing
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.histories.happenings import Drawn, histories
from tests.histories.play import play

A_PART = 250


@dataclass
class Part:
    """What came of one part."""

    seed: int
    counts: Counter[str] = field(default_factory=Counter)
    failure: str = ""
    cpu_seconds: float = 0.0


def play_part(number: int, examples: int = A_PART, *, shrinks: bool = True) -> Part:
    """Play a number of histories, drawn from the part's own seed."""
    part, began = Part(number), time.process_time()

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink] if shrinks else [Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(histories, st.integers(0, 2**32 - 1))
    def every_history(drawn: list[Drawn], chance: int) -> None:
        played = play(drawn, chance)
        part.counts.update(played.counts)
        assert not played.failures, f"play({drawn!r}, {chance}): {played.failures}"

    try:
        every_history()
    except Exception as error:  # noqa: BLE001 - any error is the part's verdict
        part.failure = f"{type(error).__name__}: {error}"
    part.cpu_seconds = time.process_time() - began
    return part


def main() -> int:
    """Play what the command line names; 1 if any history failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.histories")
    parser.add_argument("--examples", type=int, default=A_PART, help="how many histories")
    parser.add_argument("--seed", type=int, default=0, help="the first part's seed")
    parser.add_argument("--processes", type=int, default=1)
    asked = parser.parse_args()
    parts = range(asked.seed, asked.seed + -(-asked.examples // A_PART))
    began, counts, failed, used = time.monotonic(), Counter[str](), [], 0.0
    with multiprocessing.get_context("fork").Pool(asked.processes) as pool:
        for done, part in enumerate(pool.imap(play_part, parts), start=1):
            counts.update(part.counts)
            used += part.cpu_seconds
            if part.failure:
                failed.append(part.seed)
                print(
                    f"part {part.seed} failed; again: python -m tests.histories --seed {part.seed}"
                )
                print(f"  {part.failure[:2000]}")
            print(
                f"{done} of {len(parts)} parts, {counts['histories']:,} histories, "
                f"{len(failed)} parts failed, {time.monotonic() - began:.0f} s",
                flush=True,
            )
    for name, count in sorted(counts.items()):
        print(f"{count:9,} {name}")
    summary = {
        "histories": counts["histories"],
        "seeds": [parts.start, parts.stop - 1],
        "failed": failed,
        "elapsed_s": round(time.monotonic() - began),
        "cpu_s": round(used),
    }
    print(json.dumps(summary))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
